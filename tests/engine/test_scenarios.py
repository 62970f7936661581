"""Scenarios over small drawn models: what they cover, what they report, and that they can fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import database
from engine.definitions import files_of, read_model
from engine.errors import ServiceError
from engine.scenarios import Report, Site, find, play, try_model
from engine.scenarios.dependence import depends_on
from engine.services import ServiceContext, ServiceRegistry
from tests.engine.conftest import Office, write
from tests.engine.drawing import document, element, flows, message, process, properties, timer
from tests.engine.errand import FILES, form, radio, text

HEAD = """
id = "small"
name = "Small"
start = "p"
[roles]
worker = "Worker"
[trays]
"""


def model(folder: Path, drawing: bytes, more: str = "", **forms: bytes) -> Path:
    files = {"model.toml": (HEAD + more).encode(), "p.bpmn": drawing}
    files["clauses.csv"] = b"id,map,step,responsible,what\n"
    files |= {f"forms/{name}.form": content for name, content in forms.items()}
    return write(folder / "small", files)


def task(id: str, form: str) -> str:
    return element("userTask", id, properties(form=form))


CHOOSE = element("userTask", "choose", properties(form="choose"))
TURN = element(
    "serviceTask",
    "choose",
    "<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id='turn'/>"
    "</bpmn:extensionElements>",
)


def review(folder: Path, good: str = 'verdict = "fine"', choose: str = CHOOSE) -> Path:
    """A task that goes round until the verdict is fine, and then one more choice."""
    drawing = document(
        process(
            "p",
            element("startEvent", "s")
            + element("exclusiveGateway", "again")
            + task("judge", "judge")
            + element("exclusiveGateway", "good", default="good_to_again")
            + choose
            + element("exclusiveGateway", "which", default="which_to_plain")
            + element("endEvent", "special")
            + element("endEvent", "plain")
            + flows(f"s > again > judge > good; good > again; good > choose | {good}")
            + flows('choose > which > plain; which > special | kind = "rare"'),
            {"judge": "Worker", "choose": "Worker"},
        )
    )
    forms = {
        "judge": form("judge", radio("verdict", "poor", "fine")),
        "choose": form("choose", radio("kind", "usual", "rare")),
    }
    return model(folder, drawing, **forms)


def site(registry: ServiceRegistry | None = None) -> Site:
    return Site(registry or ServiceRegistry())


def shown(report: Report) -> dict[str, tuple[int, int, int, int]]:
    return {
        one.process: (one.flows - len(one.missing), one.flows, one.pairs_shown, one.pairs)
        for one in report.coverage
    }


def test_every_flow_and_every_pair_of_the_errand_model_is_shown(tmp_path: Path) -> None:
    report = try_model(write(tmp_path / "errand", FILES), Site(Office().services))
    assert shown(report) == {"errand": (14, 14, 6, 6), "check": (4, 4, 2, 2)}
    assert [one.message for one in report.scenarios if not one.passed] == []
    assert report.good
    assert report.refused == []


def test_a_loop_is_gone_round_once_more_so_that_it_follows_itself(tmp_path: Path) -> None:
    report = try_model(review(tmp_path), site())
    assert shown(report) == {"p": (8, 8, 4, 4)}
    assert ("p/good_to_again", "p/good_to_again") in {
        pair for one in report.scenarios for pair in one.pairs
    }


def test_a_way_depends_only_on_what_is_read_before_it_is_set_anew(tmp_path: Path) -> None:
    drawn, _ = read_model(files_of(review(tmp_path)), ServiceRegistry())
    found = depends_on(drawn, ServiceRegistry(), drawn.processes["p"])
    assert {name: set(found[name]) for name in ("judge", "good", "choose", "which")} == {
        "judge": set(),
        "good": {"verdict"},
        "choose": set(),
        "which": {"kind"},
    }


def test_names_say_how_a_case_ends_and_what_it_shows(tmp_path: Path) -> None:
    names = [one.name for one in try_model(review(tmp_path), site()).scenarios]
    assert len(set(names)) == len(names)
    assert any(name.startswith("special: ") and "which special" in name for name in names)


def test_a_flow_that_no_answers_lead_to_is_reported(tmp_path: Path) -> None:
    report = try_model(review(tmp_path, 'verdict = "brilliant"'), site())
    (one,) = report.coverage
    assert set(one.missing) == {
        "good_to_choose",
        "choose_to_which",
        "which_to_plain",
        "which_to_special",
    }
    assert not report.good


def test_pairs_that_contradict_each_other_are_told_from_those_not_found(tmp_path: Path) -> None:
    drawing = document(
        process(
            "p",
            element("startEvent", "s")
            + task("ask", "judge")
            + element("exclusiveGateway", "first", default="first_to_merge")
            + element("intermediateThrowEvent", "noted")
            + element("exclusiveGateway", "merge")
            + element("exclusiveGateway", "second", default="second_to_b")
            + element("endEvent", "a")
            + element("endEvent", "b")
            + flows('s > ask > first; first > noted | verdict = "fine"; first > merge')
            + flows('noted > merge > second; second > a | verdict = "fine"; second > b'),
            {"ask": "Worker"},
        )
    )
    judge = form("judge", radio("verdict", "poor", "fine"))
    report = try_model(model(tmp_path, drawing, judge=judge), site())
    (one,) = report.coverage
    assert (one.pairs, one.pairs_shown, one.not_found) == (4, 2, ())
    assert {(pair.first, pair.then) for pair in one.impossible} == {
        ("first_to_noted", "second_to_b"),
        ("first_to_merge", "second_to_a"),
    }
    assert "verdict" in one.impossible[0].why
    assert one.impossible[0].words == "first noted, then second b"


KEEP = element(
    "serviceTask",
    "keep",
    "<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id='keep_it'/>"
    "</bpmn:extensionElements>",
)


def kept_or_not(folder: Path) -> Path:
    """What is fine is kept by a handler; later it is asked whether anything was."""
    drawing = document(
        process(
            "p",
            element("startEvent", "s")
            + task("ask", "judge")
            + element("exclusiveGateway", "first", default="first_to_merge")
            + KEEP
            + element("exclusiveGateway", "merge")
            + element("exclusiveGateway", "second", default="second_to_b")
            + element("endEvent", "a")
            + element("endEvent", "b")
            + flows('s > ask > first; first > keep | verdict = "fine"; first > merge')
            + flows("keep > merge > second; second > a | kept = true; second > b"),
            {"ask": "Worker"},
        )
    )
    return model(folder, drawing, judge=form("judge", radio("verdict", "poor", "fine")))


def keeping(result: bool, **always: Any) -> ServiceRegistry:
    registry = ServiceRegistry()
    registry.handler("keep_it", results=("kept",), always=always)(lambda context: {"kept": result})
    return registry


def test_what_a_handler_always_gives_and_what_nobody_set_rule_pairs_out(tmp_path: Path) -> None:
    (one,) = try_model(kept_or_not(tmp_path), site(keeping(True, kept=True))).coverage
    assert (one.pairs, one.pairs_shown, one.not_found) == (4, 2, ())
    assert {(pair.first, pair.then) for pair in one.impossible} == {
        ("first_to_keep", "second_to_b"),
        ("first_to_merge", "second_to_a"),
    }
    assert {pair.why for pair in one.impossible} == {
        "by what kept can be there, a case always goes another way"
    }


def test_without_a_promise_of_the_handler_a_pair_is_only_not_found(tmp_path: Path) -> None:
    (one,) = try_model(kept_or_not(tmp_path), site(keeping(True))).coverage
    assert [(pair.first, pair.then) for pair in one.not_found] == [("first_to_keep", "second_to_b")]


def test_a_handler_is_held_to_what_it_always_gives(tmp_path: Path) -> None:
    report = try_model(kept_or_not(tmp_path), site(keeping(False, kept=True)))
    (refused,) = report.refused
    assert "gave something else for “kept” than it always gives" in refused.message
    assert not report.good


def beside(folder: Path, inside: str, leading: str, more: str = "", **forms: bytes) -> Path:
    """Work in a sub-process beside which something else may go on, and then a choice."""
    drawing = document(
        process(
            "p",
            element("startEvent", "s")
            + element(
                "subProcess",
                "scope",
                element("startEvent", "begins")
                + task("work", "judge")
                + inside
                + element("endEvent", "worked")
                + flows(f"begins > work > worked; {leading}"),
            )
            + element("exclusiveGateway", "which", default="which_to_plain")
            + element("endEvent", "special")
            + element("endEvent", "plain")
            + flows('s > scope > which > plain; which > special | verdict = "fine"'),
            {"scope": "Worker"},
        ),
        messages=("look",),
    )
    judge = form("judge", radio("verdict", "poor", "fine"))
    return model(folder, drawing, more, judge=judge, **forms)


def test_what_ends_while_its_task_is_still_open_leads_nowhere(tmp_path: Path) -> None:
    late = element(
        "boundaryEvent",
        "late",
        timer("timeDuration", 'duration("P9D")'),
        attachedToRef="work",
        cancelActivity="false",
    )
    folder = beside(tmp_path, late + element("endEvent", "told"), "late > told")
    (one,) = try_model(folder, site()).coverage
    assert (one.pairs, one.pairs_shown, one.not_found) == (2, 0, ())
    assert {pair.why for pair in one.impossible} == {
        "whenever the first way comes to its end, something beside it still goes on"
    }


def test_what_is_beside_is_done_last_where_that_shows_more(tmp_path: Path) -> None:
    look = element(
        "boundaryEvent", "asked", message("look"), attachedToRef="work", cancelActivity="false"
    )
    folder = beside(
        tmp_path,
        look + task("look_at", "look") + element("endEvent", "seen"),
        "asked > look_at > seen",
        '[messages.look]\nlabel = "Look"\nroles = ["worker"]\n',
        look=form("look", text("note")),
    )
    report = try_model(folder, site())
    (one,) = report.coverage
    assert (one.pairs, one.pairs_shown) == (2, 2)
    assert all(scenario.ended for scenario in report.scenarios)


def test_messages_and_timers_that_interrupt_are_waited_for(tmp_path: Path) -> None:
    drawing = document(
        process(
            "p",
            element("startEvent", "s")
            + task("work", "judge")
            + element("boundaryEvent", "stopped", message("stop"), attachedToRef="work")
            + element(
                "boundaryEvent",
                "late",
                timer("timeDuration", 'duration("P90D")'),
                attachedToRef="work",
            )
            + element("endEvent", "done")
            + element("endEvent", "off")
            + element("endEvent", "too_late")
            + flows("s > work > done; stopped > off; late > too_late"),
            {"work": "Worker"},
        ),
        messages=("stop",),
    )
    more = '[messages.stop]\nlabel = "Stop"\nroles = ["worker"]\n'
    judge = form("judge", radio("verdict", "poor", "fine"))
    report = try_model(model(tmp_path, drawing, more, judge=judge), site())
    assert shown(report) == {"p": (4, 4, 0, 0)}
    assert sorted(one.name.split(":")[0] for one in report.scenarios) == ["done", "off", "too_late"]


def served(folder: Path) -> Path:
    """A task whose answers a handler takes or refuses."""
    drawing = document(
        process(
            "p",
            element("startEvent", "s")
            + task("judge", "judge")
            + element(
                "serviceTask",
                "keep",
                "<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id='keep_it'/>"
                "</bpmn:extensionElements>",
            )
            + element("endEvent", "e")
            + flows("s > judge > keep > e"),
            {"judge": "Worker"},
        )
    )
    return model(folder, drawing, judge=form("judge", radio("verdict", "poor", "fine")))


def test_answers_that_a_handler_refuses_are_reported(tmp_path: Path) -> None:
    registry = ServiceRegistry()

    @registry.handler("keep_it")
    def keep_it(context: ServiceContext) -> None:
        if (context.submission("judge") or {})["verdict"] == "poor":
            raise ServiceError("Nothing poor is kept.")

    report = try_model(served(tmp_path), site(registry))
    assert report.good
    (refused,) = report.refused
    assert refused.element == "p/judge"
    assert "Nothing poor is kept." in refused.message


def test_a_form_for_which_no_answers_are_found_is_reported(tmp_path: Path) -> None:
    registry = ServiceRegistry()
    registry.handler("keep_it")(lambda context: None)
    folder = served(tmp_path)
    code = {
        "type": "textfield",
        "key": "code",
        "label": "Code",
        "validate": {"required": True, "pattern": "^[0-9]{6}$"},
    }
    (folder / "forms/judge.form").write_bytes(form("judge", code))
    report = try_model(folder, site(registry))
    assert not report.good
    assert [(one.element, one.message) for one in report.refused] == [
        ("form judge", "No answers were found that this form takes.")
    ]


def test_a_hurried_answer_leads_where_a_handler_sends_it(tmp_path: Path) -> None:
    registry = ServiceRegistry()

    @registry.handler("turn", results=("kind",))
    def turn(context: ServiceContext) -> dict[str, Any]:
        said = (context.submission("judge") or {})["note"]
        return {"kind": "rare" if said == "TBC" else "usual"}

    folder = review(tmp_path, choose=TURN)
    judge = form("judge", radio("verdict", "poor", "fine"), text("note"))
    (folder / "forms/judge.form").write_bytes(judge)
    assert try_model(folder, site(registry)).good


def test_a_scenario_whose_handler_fails_when_it_is_played_fails(tmp_path: Path) -> None:
    registry, fails = ServiceRegistry(), [False]

    @registry.handler("keep_it")
    def keep_it(context: ServiceContext) -> None:
        if fails[0]:
            raise ServiceError("The register is closed.")

    found = find(served(tmp_path), site(registry))
    assert play(found).good
    fails[0] = True
    report = play(found)
    assert not report.good
    assert "Step 2, “judge” is done" in report.scenarios[0].message
    assert "The register is closed." in report.scenarios[0].message


def test_a_scenario_that_goes_another_way_when_it_is_played_fails(tmp_path: Path) -> None:
    registry, results = ServiceRegistry(), [{"kind": "rare"}]

    @registry.handler("turn", results=("kind",))
    def turn(context: ServiceContext) -> dict[str, Any]:
        return results[0]

    found = find(review(tmp_path, choose=TURN), site(registry))
    results[0] = {"kind": "usual"}
    messages = [one.message for one in play(found).scenarios]
    assert any("another way" in one and "p/which_to_plain" in one for one in messages)


def test_dates_are_judged_by_the_day_on_which_a_scenario_happens(tmp_path: Path) -> None:
    date = {
        "type": "datetime",
        "subtype": "date",
        "key": "meet_on",
        "dateLabel": "When do you meet?",
        "disallowPassedDates": True,
        "validate": {"required": True},
    }
    folder = review(tmp_path)
    (folder / "forms/choose.form").write_bytes(form("choose", radio("kind", "usual", "rare"), date))
    report = try_model(folder, site())
    assert report.good
    assert report.refused == []


def test_the_same_model_gives_the_same_scenarios(tmp_path: Path) -> None:
    folder = write(tmp_path / "errand", FILES)
    first, second = (try_model(folder, Site(Office().services)).as_json() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_scenarios_leave_nothing_behind(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgresql_url") if kind == "postgresql" else None
    assert try_model(review(tmp_path), site(), url).good
    if url is not None:
        engine = database.connect(url)
        with engine.connect() as connection:
            schemas = sa.inspect(connection).get_schema_names()
            tables = connection.execute(sa.text("select count(*) from instance")).scalar_one()
        engine.dispose()
        assert not [name for name in schemas if name.startswith("scenarios")]
        assert tables == 0
