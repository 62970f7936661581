"""Files that a stranger made: each is refused in words, quickly, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from engine.definitions import check_paths, files_of, read_model
from engine.errors import InvalidModel
from engine.services import ServiceRegistry
from engine.xml import parse_xml
from tests.engine.conftest import Office, write
from tests.engine.drawing import document, element, flows, process
from tests.engine.errand import FILES

BILLION_LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9))
    + b"]><definitions>&j;</definitions>"
)
OUTSIDE = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions>&x;</definitions>'
UTF16 = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE d []><d/>'.encode("utf-16")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not well-formed"),
        (b"hello", "not well-formed"),
        (b"<definitions><process>", "not well-formed"),
        (b"<a>" + b"x" * (50 * 1024 * 1024) + b"</a>", "50.0 MB; at most 5 MB"),
        (b"<a>" * 10_000 + b"</a>" * 10_000, "more than 200 deep"),
        (BILLION_LAUGHS, "document type definition"),
        (OUTSIDE, "document type definition"),
        (b"<!doctype html><html></html>", "document type definition"),
        (UTF16, "not in UTF-8"),
        (b"<a>&undefined;</a>", "not well-formed"),
        (b"\x89PNG\r\n\x1a\n", "not well-formed"),
    ],
)
@pytest.mark.parametrize("suffix", [".bpmn", ".dmn"])
def test_hostile_xml_is_refused_in_words(
    tmp_path: Path, content: bytes, words: str, suffix: str
) -> None:
    path = tmp_path / f"hostile{suffix}"
    path.write_bytes(content)
    start = time.process_time()
    findings = check_paths([path], ServiceRegistry())
    assert time.process_time() - start < 2
    assert any(words in finding.message for finding in findings), findings
    assert all(finding.path == str(path) for finding in findings)
    assert "root:" not in str(findings), "nothing from outside the file is read"


def test_an_ordinary_file_is_read() -> None:
    assert parse_xml(b"<a><!-- a comment --><b/></a>", "x").tag == "a"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a BPMN 2.0 diagram"),
        (document(), "no executable process"),
        (document(process("p", element("task", "t"))), "say what kind of task"),
        (document(process("p", element("scriptTask", "t"))), "scripts in a diagram are never run"),
        (document(process("p", element("complexGateway", "t"))), "complex gateway is not run"),
        (document(process("p", element("dragon", "t"))), "“dragon” is not supported"),
        (document(process("p", element("startEvent", "s") + flows("s > e"))), "not connected"),
        (document(process("p", element("endEvent", "e"))), "0 start events"),
        (
            document(process("p", element("startEvent", "s") + element("startEvent", "s"))),
            "share the id “s”",
        ),
        (
            document(
                process(
                    "p",
                    element("startEvent", "s")
                    + element("userTask", "t", "<bpmn:multiInstanceLoopCharacteristics/>")
                    + flows("s > t"),
                )
            ),
            "multi-instance markers are not run",
        ),
        (
            document(
                process(
                    "p",
                    element("startEvent", "s")
                    + element("subProcess", "t", triggeredByEvent="true")
                    + flows("s > t"),
                )
            ),
            "event sub-processes are not run",
        ),
        (
            document(
                process(
                    "p",
                    element("startEvent", "s")
                    + element("intermediateThrowEvent", "t", "<bpmn:compensateEventDefinition/>")
                    + flows("s > t"),
                )
            ),
            "“compensate” is not run",
        ),
        (
            document(
                process(
                    "p",
                    element("startEvent", "s")
                    + element("parallelGateway", "join")
                    + element("userTask", "t")
                    + element("exclusiveGateway", "x", default="x_to_e")
                    + element("endEvent", "e")
                    + flows("s > join > t > x > e; x > join | again"),
                )
            ),
            "it would wait for ever",
        ),
        (
            document(
                process(
                    "p",
                    element("startEvent", "s")
                    + element("userTask", "t")
                    + element("userTask", "island")
                    + element("endEvent", "e")
                    + flows("s > t > e; island > e"),
                )
            ),
            "Nothing leads to “island”",
        ),
        (
            document(
                process(
                    "p",
                    element("startEvent", "s")
                    + element("userTask", "t")
                    + element("exclusiveGateway", "x")
                    + flows("s > t > x; x > t"),
                )
            ),
            "no way to an end",
        ),
    ],
)
def test_a_diagram_that_would_not_run_is_refused_with_the_element(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "diagram.bpmn"
    path.write_bytes(content)
    findings = check_paths([path], ServiceRegistry())
    assert any(words in finding.message for finding in findings), findings


def test_a_broken_file_names_itself_among_the_others(folder: Path, office: Office) -> None:
    write(folder, {"check.bpmn": b"<broken", "forms/do.form": b"{", "decisions/route.dmn": b""})
    with pytest.raises(InvalidModel) as refused:
        read_model(files_of(folder), office.services)
    paths = {finding.path for finding in refused.value.findings}
    assert {"check.bpmn", "forms/do.form", "decisions/route.dmn"} <= paths


ESCAPES = [
    "__import__('os').system('touch {proof}')",
    "open('{proof}', 'w')",
    "exec('import os')",
    "eval('1')",
    "().__class__.__bases__[0].__subclasses__()",
    "[x for x in ().__class__.__base__.__subclasses__()]",
    "(lambda: 1)()",
    "globals()",
    "result.__class__.__mro__",
    "result.__init__.__globals__",
    "{{}}.__class__",
    "f'{{open}}'",
    "import os",
    "task.workflow.script_engine",
]


@pytest.mark.parametrize("escape", ESCAPES)
def test_python_in_a_condition_is_never_executed(
    folder: Path, office: Office, tmp_path: Path, escape: str
) -> None:
    """It is refused as FEEL, or it is FEEL about variables that do not exist and so is null."""
    proof = tmp_path / "proof"
    source = escape.format(proof=proof)
    safe = source.replace("&", "&amp;").replace("<", "&lt;")
    changed = FILES["errand.bpmn"].replace(b'result = "done"', safe.encode())
    write(folder, {"errand.bpmn": changed})
    try:
        model, _ = read_model(files_of(folder), office.services)
    except InvalidModel as refused:
        assert any(finding.code == "feel" for finding in refused.findings)
    else:
        value = model.expressions[source].evaluate({"result": "done"})
        assert value is None or isinstance(value, bool), value
    assert not proof.exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'name="late"', b'name="late"'),
        (b'timescale("late")', b"__import__('os').getcwd()"),
        (b'value="helper"', b"value=\"__import__('os').getcwd()\""),
        (b"value='&quot;agree&quot;'", b"value='__import__(&quot;os&quot;).getcwd()'"),
    ],
)
def test_python_in_timers_assignees_and_parameters_is_refused(
    folder: Path, office: Office, old: bytes, new: bytes
) -> None:
    assert old in FILES["errand.bpmn"]
    write(folder, {"errand.bpmn": FILES["errand.bpmn"].replace(old, new)})
    if old == new:
        read_model(files_of(folder), office.services)
        return
    with pytest.raises(InvalidModel) as refused:
        read_model(files_of(folder), office.services)
    assert {finding.code for finding in refused.value.findings} == {"feel"}


@pytest.mark.parametrize("script", ["preScript", "postScript"])
def test_scripts_beside_a_task_are_refused(folder: Path, office: Office, script: str) -> None:
    added = f"<spiffworkflow:{script}>import os</spiffworkflow:{script}>".encode()
    changed = FILES["errand.bpmn"].replace(
        b"<bpmn:extensionElements>", b"<bpmn:extensionElements>" + added, 1
    )
    write(folder, {"errand.bpmn": changed})
    with pytest.raises(InvalidModel, match="scripts in a diagram are never run"):
        read_model(files_of(folder), office.services)


@pytest.mark.parametrize("part", ["messagePayload", "messageVariable"])
def test_what_a_message_would_carry_is_not_passed_over_in_silence(
    folder: Path, office: Office, part: str
) -> None:
    added = f"<spiffworkflow:{part}>__import__('os').getcwd()</spiffworkflow:{part}>"
    whole = f"<bpmn:extensionElements>{added}</bpmn:extensionElements></bpmn:message>".encode()
    changed = re.sub(rb"(<bpmn:message [^>]*)/>", rb"\1>" + whole, FILES["errand.bpmn"])
    write(folder, {"errand.bpmn": changed})
    _, findings = read_model(files_of(folder), office.services)
    assert [(finding.code, finding.element) for finding in findings if part in finding.message] == [
        ("unknown-property", "recall")
    ]


def test_a_leading_equals_sign_is_passed_over_wherever_an_expression_stands(
    folder: Path, office: Office
) -> None:
    changed = FILES["errand.bpmn"]
    for old, new in (
        (b'result = "done"', b'= result = "done"'),
        (b'timescale("late")', b'=timescale("late")'),
        (b'value="helper"', b'value="= helper"'),
        (b"value='&quot;agree&quot;'", b"value='=&quot;agree&quot;'"),
    ):
        assert old in changed
        changed = changed.replace(old, new)
    table = FILES["decisions/route.dmn"].replace(b"<text>size</text>", b"<text>= size</text>")
    write(folder, {"errand.bpmn": changed, "decisions/route.dmn": table})
    model, findings = read_model(files_of(folder), office.services)
    assert not [finding for finding in findings if finding.severity == "error"]
    known = {"result": "done", "helper": "sam"}
    values = {
        source: expression.evaluate(known)
        for source, expression in model.expressions.items()
        if source.startswith("=")
    }
    assert values.pop('=timescale("late")') is not None
    assert values == {'= result = "done"': True, "= helper": "sam", '="agree"': "agree"}
    assert model.decisions["route"].evaluate({"size": "big"}).value == "check"


def test_python_in_a_decision_table_is_refused(folder: Path, office: Office) -> None:
    cell = FILES["decisions/route.dmn"].replace(b'"big"', b"__import__('os').getcwd()")
    write(folder, {"decisions/route.dmn": cell})
    with pytest.raises(InvalidModel):
        read_model(files_of(folder), office.services)


def test_nothing_in_the_engine_can_compile_python() -> None:
    """Not one call of eval, exec or compile stands in the engine or the handlers."""
    import ast

    root = Path(__file__).parents[2]
    for path in [*root.glob("engine/**/*.py"), *root.glob("handlers/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), (
                    f"{os.path.relpath(path, root)}:{node.lineno}"
                )
