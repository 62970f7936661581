"""Types of a model's variables, and what they say about its expressions before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.definitions import files_of, read_model
from engine.errors import Finding, InvalidModel
from engine.kinds import variable_types
from handlers import services

CADS = files_of(Path(__file__).parents[2] / "bpmn" / "cads")


def findings(path: str, old: str, new: str) -> list[Finding]:
    content = CADS[path].decode()
    assert old in content
    return read_model({**CADS, path: content.replace(old, new).encode()}, services)[1]


def test_the_shipped_model_has_no_finding() -> None:
    model, found = read_model(CADS, services)
    assert found == []
    types = variable_types(model, services)
    assert types["qa_passed"].name == "boolean"
    assert types["stepped_down_on"].name == "date"
    assert types["family_asked"].allowed is not None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('family_asked = "yes"', "family_asked = true", "can never be equal"),
        ('family_asked = "yes"', 'family_asked = "yse"', 'never "yse"'),
        ("advice_only = true", "advice_onyl = true", "Did you mean advice_only?"),
    ],
)
def test_a_condition_that_is_never_true_is_a_finding(old: str, new: str, message: str) -> None:
    (found,) = findings("cads_to_caf.bpmn", old, new)
    assert (found.severity, found.code) == ("warning", "feel-type")
    assert message in found.message
    assert found.line is not None
    assert found.element is not None


def test_a_model_that_lists_nothing_given_has_no_variable_that_nobody_gives() -> None:
    listed = '[given]\nadvice_only = "boolean"\nsource = "string"\n'
    found = findings("model.toml", listed, "")
    assert not any("Nobody gives" in each.message for each in found)
    found = findings("model.toml", listed, "[given]\n")
    assert any("advice_only" in each.message for each in found)


def test_a_type_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidModel, match=r"given\.source”: text is no type"):
        findings("model.toml", 'source = "string"', 'source = "text"')
