"""Types of a model's variables, and what they say about its expressions before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.definitions import files_of, survey
from engine.errors import Finding
from engine.kinds import variable_types
from handlers import services
from tests.engine.conftest import Office
from tests.engine.errand import FILES

CADS = files_of(Path(__file__).parents[2] / "bpmn" / "cads")
GIVEN = b'[given]\nurgent = "boolean"\n'


def findings(*changes: tuple[str, str, str], given: bytes = GIVEN) -> list[Finding]:
    """What is found in the errand model with changes of a file's text."""
    files = {**FILES, "model.toml": FILES["model.toml"] + given}
    for path, old, new in changes:
        content = files[path].decode()
        assert old in content
        files[path] = content.replace(old, new).encode()
    return list(survey(files, Office().services).findings)


def test_the_shipped_model_has_no_finding() -> None:
    found = survey(CADS, services, rules=False)
    assert found.findings == ()
    types = variable_types(found.model, services)
    assert types["qa_passed"].name == "boolean"
    assert types["stepped_down_on"].name == "date"
    assert types["family_asked"].allowed is not None


def test_the_small_model_has_no_finding() -> None:
    assert findings() == []


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("result = true", "can never be equal"),
        ('result = "dnoe"', 'never "dnoe"'),
        ('resutl = "done"', "Did you mean result?"),
        ("urgent > 1", "have no order"),
        ("urgent = true and result + 1 = 2", "a text + a number is always null"),
        ('result.size = "big"', "a text has no size"),
        ("count(result) = result", "can never be equal"),
        ("contains(urgent, result)", "it is always null"),
        ('result in ("again", 5)', "can never be equal"),
        ('registered = "yes"', ""),
    ],
)
def test_a_condition_that_is_never_true_is_a_finding(new: str, message: str) -> None:
    found = findings(("errand.bpmn", 'result = "done"', new))
    if not message:
        assert found == []
        return
    (only,) = found
    assert (only.severity, only.code) == ("warning", "feel-type")
    assert message in only.message
    assert only.line is not None
    assert only.element is not None


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        ("errand.bpmn", 'timescale("late")', "timescale(urgent &lt; 1)", "have no order"),
        ("errand.bpmn", 'value="helper"', 'value="hepler"', "Did you mean helper?"),
        ("errand.bpmn", "value='&quot;agree&quot;'", "value='urgent &lt; 1'", "have no order"),
        ("decisions/route.dmn", "<text>size</text>", "<text>urgent</text>", "needs a text"),
        ("decisions/route.dmn", '"big"', '"bgi"', 'never "bgi"'),
    ],
)
def test_timers_assignees_parameters_and_tables_are_looked_at_too(
    path: str, old: str, new: str, message: str
) -> None:
    assert any(message in found.message for found in findings((path, old, new)))


def test_a_model_that_lists_nothing_given_has_no_variable_that_nobody_gives() -> None:
    change = ("errand.bpmn", 'result = "done"', "walk_in = true")
    assert findings(change, given=b"") == []
    assert any("walk_in" in found.message for found in findings(change))


def test_a_type_that_is_none_is_refused() -> None:
    (found,) = findings(given=b'[given]\nurgent = "text"\n')
    assert "given.urgent”: text is no type" in found.message
