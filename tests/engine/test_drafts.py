"""Drafts: written by several people without loss, decided by somebody else, then live."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine import approvals, commands, drafts, queries
from engine.errors import (
    InvalidAnswers,
    InvalidModel,
    NotAllowed,
    NotFound,
    Overtaken,
)
from engine.identity import Actor
from engine.runtime import Runtime
from tests.engine.conftest import MANAGER, WORKER, write
from tests.engine.errand import FILES

ANNE = Actor("anne")
BEN = Actor("ben")
BOSS = Actor("boss")

BETTER = FILES["errand.bpmn"].replace(b'name="do"', b'name="Do it well"')
OTHERWISE = FILES["errand.bpmn"].replace(b'name="do"', b'name="Do it otherwise"')
BROKEN = FILES["errand.bpmn"].replace(b'value="agree"', b'value="agre"')
assert len({BETTER, OTHERWISE, BROKEN, FILES["errand.bpmn"]}) == 4


def begin(runtime: Runtime, title: str = "Do it well") -> int:
    return drafts.begin(runtime, "errand", title, ANNE)


def asked(runtime: Runtime, content: bytes = BETTER) -> int:
    """A draft that waits for approval."""
    number = begin(runtime)
    drafts.save(runtime, number, "errand.bpmn", content, 1, ANNE)
    approvals.ask(runtime, number, "So that it is done well", ANNE)
    return number


def digest(runtime: Runtime, number: int) -> str:
    event = queries.draft(runtime, "errand", number).latest("asked")
    assert event is not None and event.digest is not None
    return event.digest


def approve(runtime: Runtime, number: int, actor: Actor = BOSS) -> commands.Deployment:
    return approvals.approve(runtime, number, digest(runtime, number), "Fine", actor)


def live(runtime: Runtime) -> int:
    return queries.model_row(runtime, "errand").live


def test_a_draft_begins_as_the_live_version_and_says_what_is_different(runtime: Runtime) -> None:
    number = begin(runtime)
    assert queries.draft_files(runtime, number) == queries.version_files(runtime, "errand", 1)
    assert not queries.draft(runtime, "errand", number).different
    drafts.save(runtime, number, "errand.bpmn", BETTER, 1, ANNE)
    drafts.save(runtime, number, "forms/new.form", b'{"id": "new", "components": []}', 0, BEN)
    drafts.remove(runtime, number, "decisions/route.dmn", BEN)
    found = queries.draft(runtime, "errand", number)
    assert {file.path: file.change for file in found.files if file.change} == {
        "errand.bpmn": "changed",
        "forms/new.form": "added",
    }
    assert found.removed == ("decisions/route.dmn",)
    assert (found.authors, found.base, found.status) == (("anne", "ben"), 1, "open")


def test_a_draft_needs_a_title_and_a_model(runtime: Runtime) -> None:
    with pytest.raises(InvalidAnswers, match="what you want to change"):
        begin(runtime, " ")
    with pytest.raises(InvalidAnswers, match="200 characters"):
        begin(runtime, "x" * 201)
    with pytest.raises(NotFound):
        drafts.begin(runtime, "unknown", "Title", ANNE)
    with pytest.raises(NotFound):
        drafts.save(runtime, 99, "errand.bpmn", BETTER, 1, ANNE)


def test_the_second_save_is_told_of_the_first_and_neither_is_lost(runtime: Runtime) -> None:
    number = begin(runtime)
    first = drafts.save(runtime, number, "errand.bpmn", BETTER, 1, ANNE)
    with pytest.raises(Overtaken) as late:
        drafts.save(runtime, number, "errand.bpmn", OTHERWISE, 1, BEN)
    refused = late.value
    assert (refused.revision, refused.content, refused.author) == (first.revision, BETTER, "anne")
    assert queries.draft_files(runtime, number)["errand.bpmn"] == BETTER
    kept = {save.content: save.aside for save in queries.saves(runtime, number, "errand.bpmn")}
    assert kept == {OTHERWISE: True, BETTER: False, FILES["errand.bpmn"]: False}
    # What was seen may be overwritten on purpose.
    done = drafts.save(runtime, number, "errand.bpmn", OTHERWISE, refused.revision, BEN)
    assert queries.draft_files(runtime, number)["errand.bpmn"] == OTHERWISE
    assert drafts.save(runtime, number, "errand.bpmn", BETTER, done.revision, ANNE).revision > 3


def test_saving_what_is_there_already_is_no_new_revision(runtime: Runtime) -> None:
    number = begin(runtime)
    first = drafts.save(runtime, number, "errand.bpmn", BETTER, 1, ANNE)
    assert drafts.save(runtime, number, "errand.bpmn", BETTER, 1, BEN) == first
    assert queries.draft(runtime, "errand", number).authors == ("anne",)


def test_a_new_file_takes_no_other_ones_place(runtime: Runtime) -> None:
    number = begin(runtime)
    with pytest.raises(Overtaken):
        drafts.save(runtime, number, "errand.bpmn", BETTER, 0, ANNE)
    with pytest.raises(NotFound):
        drafts.save(runtime, number, "other.bpmn", BETTER, 3, ANNE)
    drafts.remove(runtime, number, "errand.bpmn", ANNE)
    with pytest.raises(Overtaken) as late:
        drafts.save(runtime, number, "errand.bpmn", BETTER, 1, BEN)
    assert late.value.content is None
    drafts.save(runtime, number, "errand.bpmn", BETTER, 0, BEN)
    assert queries.draft_files(runtime, number)["errand.bpmn"] == BETTER


def test_of_many_saves_at_one_moment_one_stands_and_all_are_kept(runtime: Runtime) -> None:
    number = begin(runtime)
    won: list[int] = []
    lost: list[int] = []

    def save(turn: int) -> None:
        content = BETTER.replace(b"Do it well", f"Do it as {turn}".encode())
        try:
            drafts.save(runtime, number, "errand.bpmn", content, 1, Actor(f"w{turn}"))
            won.append(turn)
        except Overtaken:
            lost.append(turn)

    threads = [threading.Thread(target=save, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 3)
    assert len(queries.saves(runtime, number, "errand.bpmn")) == 5
    assert f"Do it as {won[0]}".encode() in queries.draft_files(runtime, number)["errand.bpmn"]


def test_a_published_draft_is_the_version_that_new_instances_start_on(runtime: Runtime) -> None:
    old = commands.start(runtime, "errand", "errand", {}, WORKER)
    number = asked(runtime)
    done = approve(runtime, number)
    assert (done.version, done.new, live(runtime)) == (2, True, 2)
    new = commands.start(runtime, "errand", "errand", {}, WORKER)
    running = [queries.instances(runtime, one.business_key)[0] for one in (old, new)]
    assert [one.deployment_id for one in running] == [1, done.id]
    found = queries.draft(runtime, "errand", number)
    assert (found.status, found.version) == ("published", 2)
    newest, first = queries.versions(runtime, "errand")
    assert (newest.number, newest.deployed_by, newest.authors) == (2, "boss", ("anne",))
    assert newest.activations[0].reason == "Do it well: So that it is done well"
    assert (newest.live, first.live, first.draft_id) == (True, False, None)
    assert queries.version_files(runtime, "errand", 2)["errand.bpmn"] == BETTER
    files = queries.version_listing(runtime, "errand", 2)
    listed = {one.path: (one.since, one.author) for one in files}
    assert (listed["errand.bpmn"], listed["model.toml"]) == ((2, "anne"), (1, "max"))
    assert queries.version_files(runtime, "errand", 1)["errand.bpmn"] == FILES["errand.bpmn"]


@pytest.mark.parametrize("how", ["begun", "saved", "asked", "caught up"])
def test_whoever_worked_on_a_draft_does_not_decide_on_it(runtime: Runtime, how: str) -> None:
    number = begin(runtime)
    author = ANNE if how == "begun" else BEN
    drafts.save(runtime, number, "errand.bpmn", BETTER, 1, BEN if how == "saved" else ANNE)
    if how == "caught up":
        publish_beside(runtime)
        drafts.catch_up(runtime, number, {}, BEN)
    approvals.ask(runtime, number, "Why", BEN if how == "asked" else ANNE)
    with pytest.raises(NotAllowed, match="worked on this draft yourself"):
        approve(runtime, number, author)
    with pytest.raises(NotAllowed, match="worked on this draft yourself"):
        approvals.give_back(runtime, number, "No", author)
    assert queries.draft(runtime, "errand", number).status == "asked"
    approve(runtime, number)


def publish_beside(runtime: Runtime, path: str = "clauses.csv") -> None:
    """Somebody else's draft becomes live meanwhile."""
    other = drafts.begin(runtime, "errand", "Meanwhile", Actor("cat"))
    content = FILES[path] + b"3,Errands,More,Worker,More is done.\n"
    drafts.save(runtime, other, path, content, 1, Actor("cat"))
    approvals.ask(runtime, other, "Meanwhile", Actor("cat"))
    approve(runtime, other)


def test_errors_bar_asking_and_all_of_them_are_told(runtime: Runtime) -> None:
    number = begin(runtime)
    drafts.save(runtime, number, "errand.bpmn", BROKEN, 1, ANNE)
    with pytest.raises(InvalidModel) as refused:
        approvals.ask(runtime, number, "Why", ANNE)
    assert "unknown-form" in {finding.code for finding in refused.value.findings}
    assert queries.draft(runtime, "errand", number).status == "open"


def test_what_is_the_same_as_before_is_not_asked_for(runtime: Runtime) -> None:
    number = begin(runtime)
    with pytest.raises(NotAllowed, match="Nothing is different"):
        approvals.ask(runtime, number, "Why", ANNE)
    drafts.save(runtime, number, "errand.bpmn", BETTER, 1, ANNE)
    with pytest.raises(InvalidAnswers, match="what changes and why"):
        approvals.ask(runtime, number, "  ", ANNE)


def test_a_draft_of_one_model_does_not_become_another(runtime: Runtime) -> None:
    number = begin(runtime)
    other = FILES["model.toml"].replace(b'id = "errand"', b'id = "other"')
    drafts.save(runtime, number, "model.toml", other, 1, ANNE)
    with pytest.raises(InvalidModel, match="draft of “errand”"):
        approvals.ask(runtime, number, "Why", ANNE)


def test_while_approval_is_asked_nothing_changes(runtime: Runtime) -> None:
    number = asked(runtime)
    for attempt in (
        lambda: drafts.save(runtime, number, "errand.bpmn", OTHERWISE, 2, ANNE),
        lambda: drafts.remove(runtime, number, "errand.bpmn", ANNE),
        lambda: drafts.take_in(runtime, number, {"errand.bpmn": OTHERWISE}, False, ANNE),
        lambda: drafts.catch_up(runtime, number, {}, ANNE),
        lambda: drafts.discard(runtime, number, ANNE),
        lambda: approvals.ask(runtime, number, "Again", ANNE),
    ):
        with pytest.raises(NotAllowed, match="waits for approval"):
            attempt()
    assert queries.draft_files(runtime, number)["errand.bpmn"] == BETTER
    approvals.withdraw(runtime, number, ANNE)
    drafts.save(runtime, number, "errand.bpmn", OTHERWISE, 2, ANNE)


def test_only_what_was_looked_at_is_published(runtime: Runtime) -> None:
    number = asked(runtime)
    seen = digest(runtime, number)
    approvals.withdraw(runtime, number, ANNE)
    with pytest.raises(NotAllowed, match="Nobody asks"):
        approvals.approve(runtime, number, seen, "", BOSS)
    drafts.save(runtime, number, "errand.bpmn", OTHERWISE, 2, ANNE)
    approvals.ask(runtime, number, "Why", ANNE)
    with pytest.raises(NotAllowed, match="changed since you looked"):
        approvals.approve(runtime, number, seen, "", BOSS)
    assert live(runtime) == 1
    approve(runtime, number)
    with pytest.raises(NotAllowed, match="Nobody asks"):
        approvals.approve(runtime, number, seen, "", BOSS)


def test_a_draft_is_given_back_with_words_and_can_be_asked_for_again(runtime: Runtime) -> None:
    number = asked(runtime)
    with pytest.raises(InvalidAnswers, match="what has to change"):
        approvals.give_back(runtime, number, "", BOSS)
    approvals.give_back(runtime, number, "Say why in the documentation", BOSS)
    found = queries.draft(runtime, "errand", number)
    returned = found.latest("returned")
    assert returned is not None
    assert (found.status, returned.words) == ("open", "Say why in the documentation")
    assert [event.kind for event in found.events] == ["begun", "asked", "returned"]
    approvals.ask(runtime, number, "It says so now", ANNE)
    approve(runtime, number)


def test_publishing_never_undoes_what_became_live_meanwhile(runtime: Runtime) -> None:
    number = asked(runtime)
    publish_beside(runtime)
    with pytest.raises(NotAllowed, match="would undo"):
        approve(runtime, number)
    approvals.withdraw(runtime, number, ANNE)
    with pytest.raises(NotAllowed, match="would undo"):
        approvals.ask(runtime, number, "Why", ANNE)
    assert queries.draft(runtime, "errand", number).behind
    assert drafts.catch_up(runtime, number, {}, ANNE) == ["clauses.csv"]
    approvals.ask(runtime, number, "Why", ANNE)
    assert approve(runtime, number).version == 3
    files = queries.version_files(runtime, "errand", 3)
    assert b"More is done." in files["clauses.csv"]
    assert files["errand.bpmn"] == BETTER


@pytest.mark.parametrize("kept", ["draft", "live"])
def test_where_both_changed_one_file_a_person_chooses(runtime: Runtime, kept: str) -> None:
    number = begin(runtime)
    drafts.save(runtime, number, "errand.bpmn", OTHERWISE, 1, ANNE)
    approve(runtime, asked(runtime))
    found = queries.draft(runtime, "errand", number)
    assert found.clashing == ("errand.bpmn",)
    with pytest.raises(InvalidAnswers, match="Choose which errand"):
        drafts.catch_up(runtime, number, {}, ANNE)
    drafts.catch_up(runtime, number, {"errand.bpmn": kept == "draft"}, ANNE)
    now = queries.draft_files(runtime, number)["errand.bpmn"]
    assert now == (OTHERWISE if kept == "draft" else BETTER)
    assert OTHERWISE in {save.content for save in queries.saves(runtime, number, "errand.bpmn")}
    assert not queries.draft(runtime, "errand", number).behind


def test_a_whole_model_taken_in_replaces_all_files_and_others_only_their_own(
    runtime: Runtime,
) -> None:
    number = begin(runtime)
    changed = drafts.take_in(runtime, number, {"errand.bpmn": BETTER}, False, ANNE)
    assert changed == ["errand.bpmn"]
    assert queries.draft(runtime, "errand", number).removed == ()
    few = {path: FILES[path] for path in ("model.toml", "errand.bpmn")}
    drafts.take_in(runtime, number, few, True, ANNE)
    assert queries.draft_files(runtime, number) == few
    with pytest.raises(InvalidModel):
        drafts.take_in(runtime, number, {"../errand.bpmn": BETTER}, False, ANNE)


def test_a_draft_that_was_laid_aside_stays_so(runtime: Runtime) -> None:
    number = begin(runtime)
    drafts.discard(runtime, number, ANNE)
    with pytest.raises(NotAllowed, match="can't be changed any more"):
        drafts.save(runtime, number, "errand.bpmn", BETTER, 1, ANNE)
    assert queries.drafts(runtime, "errand") == []
    assert queries.draft(runtime, "errand", number).status == "discarded"


# Which version is live


def test_a_version_is_made_live_again_with_a_reason(runtime: Runtime) -> None:
    approve(runtime, asked(runtime))
    with pytest.raises(InvalidAnswers, match="why"):
        commands.make_live(runtime, "errand", 1, " ", BOSS)
    with pytest.raises(NotFound):
        commands.make_live(runtime, "errand", 9, "Why", BOSS)
    with pytest.raises(NotAllowed, match="live version already"):
        commands.make_live(runtime, "errand", 2, "Why", BOSS)
    commands.make_live(runtime, "errand", 1, "The new one confuses", BOSS)
    assert live(runtime) == 1
    started = commands.start(runtime, "errand", "errand", {}, WORKER)
    assert queries.instances(runtime, started.business_key)[0].deployment_id == 1
    first = queries.versions(runtime, "errand")[1]
    assert [(each.by, each.reason) for each in first.activations] == [
        ("max", ""),
        ("boss", "The new one confuses"),
    ]


def test_deploying_what_was_deployed_before_makes_it_live_again(
    runtime: Runtime, folder: Path
) -> None:
    write(folder, {"errand.bpmn": BETTER})
    assert commands.deploy(runtime, folder, MANAGER).version == 2
    write(folder, {"errand.bpmn": FILES["errand.bpmn"]})
    again = commands.deploy(runtime, folder, MANAGER)
    assert (again.version, again.new, again.changed, live(runtime)) == (1, False, True, 1)
    assert not commands.deploy(runtime, folder, MANAGER).changed
    assert len(queries.versions(runtime, "errand")) == 2
