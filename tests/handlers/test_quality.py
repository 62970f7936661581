from __future__ import annotations

import pytest

from engine.errors import ServiceError
from handlers.quality import CRITERIA
from tests.handlers.desk import Desk, action

ASSESSMENT, TAC = CRITERIA["assessment"], CRITERIA["tac"]


def review(desk: Desk, by: str = "coordinator", reasons: str = "", **verdict: str) -> bool:
    answers = dict.fromkeys(ASSESSMENT, "yes") | verdict
    desk.submit("quality_assure_assessment", by, qa_reasons=reasons, **answers)
    result = desk.run(
        "record_quality_assurance",
        form="quality_assure_assessment",
        subject="complete_caf_assessment",
    )
    return bool(result["qa_passed"])


def test_an_assessment_passes_with_all_four_criteria(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    assert review(desk, next_step="agree_plan") is True
    file = desk.file()
    assert file.assessments[0].status == "authorised"
    (verdict,) = file.reviews
    assert verdict.criteria == {
        "The child's voice is clear": True,
        "Need is identified": True,
        "The plan is designed to meet the needs": True,
        "A review date is recorded": True,
    }
    assert (verdict.reviewer, verdict.next_step) == ("Casey Co-ordinator", "agree_plan")


@pytest.mark.parametrize("criterion", ASSESSMENT)
def test_one_criterion_that_is_not_met_returns_it_with_reasons(desk: Desk, criterion: str) -> None:
    desk.open_episode()
    desk.assess(action())
    assert review(desk, reasons="Please ask Robin again.", **{criterion: "no"}) is False
    file = desk.file()
    assert file.assessments[0].status == "returned"
    assert (file.reviews[0].passed, file.reviews[0].reasons) == (False, "Please ask Robin again.")


def test_returning_needs_reasons(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    with pytest.raises(ServiceError, match=r"Not met: Need is identified. The author needs"):
        review(desk, needs_identified="no")
    assert desk.file().assessments[0].status == "submitted"


def test_an_unanswered_criterion_is_refused(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    with pytest.raises(ServiceError, match=r"Not answered yes or no .*: A review date is recorded"):
        review(desk, review_date_recorded="")


def test_nobody_quality_assures_their_own_work(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    with pytest.raises(ServiceError, match="someone else has to quality assure it"):
        review(desk, by="leadpro")


def test_only_the_latest_version_is_authorised(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    review(desk, reasons="Plan too thin.", plan_meets_needs="no")
    desk.assess(action(), action(action="Join the parents' group"))
    review(desk)
    assert [item.status for item in desk.file().assessments] == ["authorised", "returned"]


@pytest.mark.parametrize("failing", [None, *TAC])
def test_tac_outcomes_have_three_criteria_of_their_own(desk: Desk, failing: str | None) -> None:
    desk.open_episode()
    desk.assess(action())
    desk.submit("hold_tac", "leadpro", held_on="2026-06-01", actions_complete="no")
    desk.run("record_tac", form="hold_tac")
    verdict = dict.fromkeys(TAC, "yes") | ({failing: "no"} if failing else {})
    desk.submit("review_tac_outcomes", "coordinator", review_comment="Thank you.", **verdict)
    result = desk.run("record_quality_assurance", form="review_tac_outcomes", subject="hold_tac")
    assert result == {"qa_passed": failing is None}
    assert desk.file().reviews[0].kind == "tac"
    assert desk.file().assessments[0].status == "submitted"


def test_a_form_without_criteria_is_refused(desk: Desk) -> None:
    desk.open_episode()
    desk.submit("odd_form", "coordinator", comment="Fine")
    with pytest.raises(ServiceError, match="asks none of the quality criteria"):
        desk.run("record_quality_assurance", form="odd_form", subject="odd_form")
