"""The commands `feel` and `decide`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from web.cli import main

RATING = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" namespace="n">
<decision id="rating" name="Rating"><decisionTable hitPolicy="UNIQUE">
<input label="Points">
<inputExpression typeRef="number"><text>points</text></inputExpression></input>
<output name="rating" typeRef="string"/>
<rule id="low"><description>Few points</description><inputEntry><text>&lt; 5</text></inputEntry>
<outputEntry><text>"green"</text></outputEntry></rule>
<rule id="high"><inputEntry><text>&gt; 5</text></inputEntry>
<outputEntry><text>"red"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


@pytest.fixture
def rating(tmp_path: Path) -> str:
    path = tmp_path / "rating.dmn"
    path.write_text(RATING, encoding="utf-8")
    return str(path)


def test_feel_prints_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feel", "a.b + 0.2", "--context", '{"a": {"b": 0.1}}']) == 0
    assert capsys.readouterr() == ("0.3\n", "")
    day = '{"d": {"@": "2024-03-28"}}'
    assert main(["feel", "add working days(d, 1)", "--context", day, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "result": {"@": "2024-04-02"},
        "findings": [],
    }


def test_feel_says_what_can_only_be_null(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feel", 'scor > 1 or substrin("a")', "--context", '{"score": 1}']) == 0
    out, err = capsys.readouterr()
    assert out == "null\n"
    assert "Did you mean score?" in err
    assert "Did you mean substring?" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["feel", "1 +"], "Expected an expression, but found the end. (line 1, column 4)"),
        (["feel", "1", "--context", "[1]"], "--context has to be a JSON object"),
        (["feel", "1", "--context", "{"], "What --context says can't be read: This is not JSON"),
        (["decide", "nowhere.dmn", "x"], "There is no file nowhere.dmn"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err


def test_decide_prints_result_rules_inputs_and_findings(
    rating: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decide", rating, "Rating", "--inputs", '{"points": 3}']) == 0
    out, err = capsys.readouterr()
    assert out == '"green"\nPoints = 3\nrule 1 Few points\n'
    assert "has no rule for Points = 5" in err
    assert main(["decide", rating, "rating", "--inputs", '{"points": 7}', "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["result"] == "red"
    assert shown["rules"] == [{"number": 2, "id": "high", "description": ""}]
    assert shown["inputs"] == {"Points": 7}
    assert len(shown["findings"]) == 1


def test_decide_says_why_there_is_no_answer(
    rating: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decide", rating, "rating", "--inputs", '{"points": "3"}']) == 1
    assert 'input "Points" needs a number, but got a text, "3"' in capsys.readouterr().err
    assert main(["decide", rating, "nothing"]) == 1
    assert "There is no decision" in capsys.readouterr().err
