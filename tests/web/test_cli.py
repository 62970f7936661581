"""The `pathways` command as scripts use it: its output, its exit codes, its refusals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import database, tallies
from web import cli
from web.commands.command import MODELS
from web.settings import digest_of

ROOT = Path(__file__).parents[2]
SECRET = "0123456789abcdef0123456789abcdef"

MODEL = """id = "small"
name = "A small model"
start = "small"
[roles]
clerk = "Clerk"
[trays]
"""
DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
    id="definitions" targetNamespace="http://example.org/small">
  <bpmn:process id="small" name="Small" isExecutable="true">
    <bpmn:startEvent id="begin" name="Begin">
      <bpmn:extensionElements><spiffworkflow:properties>
        <spiffworkflow:property name="clause" value="1A" />
      </spiffworkflow:properties></bpmn:extensionElements>
    </bpmn:startEvent>
    <bpmn:endEvent id="finish" name="Finish" />
    <bpmn:sequenceFlow id="only" sourceRef="begin" targetRef="finish" />
  </bpmn:process>
</bpmn:definitions>
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model folder with two clauses, of which its diagram implements the first."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "model.toml").write_text(MODEL)
    (folder / "small.bpmn").write_text(DIAGRAM)
    (folder / "clauses.csv").write_text(
        "id,map,step,responsible,what\n1A,1,A,Clerk,Begins\n1B,1,B,Clerk,Ends\n"
    )
    return folder


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.bpmn"
    file.write_text("<bpmn:definitions")
    return file


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`pathways` as a process of its own, stopped in the end."""
    started = subprocess.Popen(
        [sys.executable, "-P", "-m", "web", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.communicate()


def test_check_is_silent_about_a_sound_file_and_exits_with_0(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", str(model / "small.bpmn")]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_says_where_the_error_is_and_exits_with_1(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", str(broken)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{broken}:1")
    assert "not well-formed" in out
    assert err == ""


def test_check_prints_findings_of_all_paths_as_json(
    broken: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "--json", str(broken), str(model / "small.bpmn")]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert [(each["severity"], each["path"], each["line"]) for each in findings] == [
        ("error", str(broken), 1)
    ]


def test_check_refuses_what_is_no_part_of_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("Notes")
    assert cli.main(["check", str(tmp_path / "notes.txt")]) == 1
    assert "Only .bpmn, .dmn and .form files and model folders" in capsys.readouterr().out
    assert cli.main(["check", str(tmp_path / "missing.bpmn")]) == 1
    assert "missing.bpmn: error: There is no such file." in capsys.readouterr().out
    assert cli.main(["check", "no-such-model"]) == 1
    assert "one of the shipped models (cads, caf)" in capsys.readouterr().err


def test_check_takes_the_name_of_a_shipped_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "caf"]) == 0
    assert capsys.readouterr() == ("", "")


DISCUSSED = {
    "discussed_on": "2026-03-02",
    "discussed_with": "Duty team",
    "discussion": "Not needed.",
    "threshold_met": "no",
    "outcome": "continue",
}


def test_run_prints_the_trace_of_a_shipped_diagram(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    diagram = str(MODELS / "caf" / "step_up.bpmn")
    answers = tmp_path / "answers.json"
    answers.write_text(
        json.dumps({"discuss_with_dats": [DISCUSSED], "note_step_up_discussion": {}})
    )
    assert cli.main(["run", diagram, "--answers", str(answers)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "step_up/step_up_wanted"
    assert "step_up/note_step_up_discussion (answered)" in out
    assert "step_up/what_was_discussed -> from_what_was_discussed_to_caf_should_go_on" in out
    assert out[-2:] == ["step_up/contact_goes_on", "ended"]


def test_run_says_where_it_waits_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    diagram = str(MODELS / "caf" / "step_up.bpmn")
    assert cli.main(["run", diagram, "--json", "--answers", '{"no_such": {}}']) == 0
    tried = json.loads(capsys.readouterr().out)
    assert tried["process"] == "step_up" and not tried["ended"]
    assert [step["element"] for step in tried["trace"]] == ["step_up_wanted", "discussion_is_due"]
    assert [place["element"] for place in tried["waiting"]] == ["discuss_with_dats"]
    assert tried["unused"] == ["no_such"]


def test_run_tells_an_incident_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    diagram = str(MODELS / "caf" / "step_up.bpmn")
    given = json.dumps({"discuss_with_dats": DISCUSSED})
    assert cli.main(["run", diagram, "--answers", given]) == 1
    assert "waits at step_up/note_step_up_discussion: " in capsys.readouterr().out


def test_run_refuses_answers_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    diagram = str(MODELS / "caf" / "step_up.bpmn")
    for given, words in (
        ("{", "not JSON"),
        (str(tmp_path / "none.json"), "cannot be read"),
        ('{"discuss_with_dats": 1}', "have to be a JSON object"),
        ('{"discuss_with_dats": {}}', "Enter the date on which you talked"),
    ):
        assert cli.main(["run", diagram, "--answers", given]) == 1
        assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", [["deploy", "caf"], ["serve"], ["worker"]])
def test_a_database_without_tables_is_refused_with_what_to_run(
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATHWAYS_SECRET_KEY", "for tests only: " + "x" * 32)
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    assert cli.main([*command, "--database-url", url]) == 1
    assert "Run first: pathways migrate-database" in capsys.readouterr().err


def test_trace_names_the_elements_of_each_clause_and_fails_if_one_has_none(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["trace", str(model), "--json"]) == 1
    traced = json.loads(capsys.readouterr().out)
    assert traced == {
        "clauses": {"1A": ["small/begin"], "1B": []},
        "kept_elsewhere": {"1B": ""},
        "without_clause": [],
    }
    clauses = model / "clauses.csv"
    rows = "1A,1,A,Clerk,Begins,\n1B,1,B,Clerk,Is kind,Not by this service.\n"
    clauses.write_text("id,map,step,responsible,what,kept\n" + rows)
    assert cli.main(["trace", str(model)]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^1A +small/begin$", said, re.MULTILINE)
    assert re.search(r"^1B +\(Not by this service\.\)$", said, re.MULTILINE)


def test_a_model_that_is_not_there_is_answered_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["trace", "nowhere"]) == 1
    assert "nowhere is neither a folder with a model.toml" in capsys.readouterr().err


def test_deploy_tells_a_new_version_from_one_that_is_there(
    model: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["deploy", str(model), "--database-url", database_url]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out == "small version 1 deployed\n"
    assert cli.main(arguments) == 0
    assert "already" in capsys.readouterr().out


def test_deploy_refuses_a_model_with_errors(
    model: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "small.bpmn").write_text("<bpmn:definitions")
    assert cli.main(["deploy", str(model), "--database-url", sqlite_url]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "not well-formed" in err


def test_migrate_database_makes_every_table_and_may_be_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'pathways.sqlite3'}"
    for _ in range(2):
        assert cli.main(["migrate-database", "--database-url", url]) == 0
    assert capsys.readouterr().out == "The database is up to date.\n" * 2
    engine = database.connect(url)
    assert {"instance", "user_account"} <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_migrate_database_mends_the_numbers_of_trays(sqlite_url: str) -> None:
    engine = database.connect(sqlite_url)
    with engine.begin() as connection:
        connection.execute(tallies.tally.insert().values(role="worker", tray="todo", number=3))
    assert cli.main(["migrate-database", "--database-url", sqlite_url]) == 0
    with engine.connect() as connection:
        assert tallies.piles(connection) == {}
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://localhost/pathways", "has to be SQLite or PostgreSQL"),
        ("nonsense", "The database cannot be used"),
        ("postgresql://pathways@127.0.0.1:1/pathways", "The database cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_reported_in_one_line(
    url: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["migrate-database", "--database-url", url]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_the_environment_names_the_database_where_the_command_line_does_not(
    model: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATHWAYS_DATABASE_URL", sqlite_url)
    assert cli.main(["deploy", str(model)]) == 0
    engine = database.connect(sqlite_url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT model FROM deployment")).scalars().all() == [
            "small"
        ]
    engine.dispose()


def test_an_unknown_command_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["fly"])
    assert left.value.code == 2
    err = capsys.readouterr().err
    for name in ("serve", "worker", "deploy", "check", "trace", "load", "migrate-database"):
        assert name in err


def test_serve_without_a_secret_key_says_how_to_make_one(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PATHWAYS_SECRET_KEY", raising=False)
    assert cli.main(["serve", "--database-url", sqlite_url]) == 1
    assert "PATHWAYS_SECRET_KEY must have" in capsys.readouterr().err


def test_serve_on_a_port_that_is_taken_names_another(sqlite_url: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        arguments = ("serve", "--database-url", sqlite_url, "--port", str(port))
        with process(*arguments, PATHWAYS_SECRET_KEY=SECRET) as server:
            _, err = server.communicate(timeout=60)
    assert server.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in err
    assert "Traceback" not in err


@pytest.mark.timeout(300)
def test_the_demonstration_serves_from_an_empty_database_and_stops_when_told(
    tmp_path: Path,
) -> None:
    port = free_port()
    url = f"sqlite:///{tmp_path / 'var' / 'demo.sqlite3'}"
    with process("serve", "--demo", "--database-url", url, "--port", str(port)) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == f"CAF Pathways is at http://127.0.0.1:{port}\n"
        announced = ""
        while "Ctrl+C" not in announced:
            announced += server.stdout.readline()
        assert "Sign in as" in announced
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=30)
    assert server.returncode == 0
    assert "Traceback" not in err


def test_a_worker_tells_how_it_is_and_stops_when_told(sqlite_url: str) -> None:
    port = free_port()
    arguments = ("worker", "--database-url", sqlite_url, "--every", "0.1", "--port", str(port))
    keys = f"watcher:{digest_of('watcher')}:metrics"
    with process(*arguments, PATHWAYS_API_KEYS=keys) as worker:
        assert worker.stderr is not None
        assert json.loads(worker.stderr.readline())["event"] == "worker started"
        address = f"http://127.0.0.1:{port}"
        for path, words in (("/healthz", b"ok"), ("/readyz", b"ready"), ("/metrics", b"_late_")):
            asked = urllib.request.Request(
                address + path, headers={"Authorization": "Bearer watcher"}
            )
            with urllib.request.urlopen(asked, timeout=30) as answer:
                assert words in answer.read()
        worker.send_signal(signal.SIGTERM)
        out, err = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert out == ""
    assert json.loads(err.splitlines()[-1])["event"] == "worker stopped"
    assert "failed" not in err


@pytest.mark.timeout(600)
def test_simulate_fills_a_new_database_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    days = ["--from", "2026-01-05", "--until", "2026-03-02"]
    given = ["simulate", "4", "--seed", "3", *days, "--model", "cads", "--database-url", url]
    assert cli.main([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cases"], told["seed"], told["from"], told["until"]) == (
        4,
        3,
        "2026-01-05",
        "2026-03-02",
    )
    assert told["incidents"] == 0 and told["tasks_done"] > 4
    assert {each["process"] for each in told["processes"]} >= {"cads_to_caf"}
    assert cli.main(given) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "This database has cases already" in err


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["0"], 2, "“0” is no number from 1 to 10,000"),
        (["many"], 2, "“many” is no number"),
        (["5", "--from", "5 May"], 2, "“5 May” is no day such as 2026-05-03"),
        (["5", "--model", "other"], 2, "invalid choice: 'other'"),
        (
            ["5", "--from", "2026-05-03", "--until", "2026-05-03"],
            1,
            "--from 2026-05-03 has to be before --until 2026-05-03",
        ),
    ],
)
def test_simulate_says_what_it_cannot_use(
    given: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        left: Any = cli.main(["simulate", *given])
    except SystemExit as exit:
        left = exit.code
    assert left == code
    assert words in capsys.readouterr().err


class _Service(BaseHTTPRequestHandler):
    """Takes in contacts that have a reference, as the service's interface answers."""

    def do_POST(self) -> None:
        contact = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer right":
            self._answer(401, {"title": "An API key is needed", "detail": "It is not known."})
        elif "reference" not in contact:
            errors = [{"field": "reference", "message": "Enter the reference."}]
            problem = {"title": "Not complete", "detail": "Mend it.", "errors": errors}
            self._answer(422, problem)
        else:
            self._answer(201, {"reference": "CAF-2026-00001", "duplicate": False})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test's output is for the test."""


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_load_sends_every_contact_and_reports_each(
    service: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "contacts.json"
    file.write_text(json.dumps([{"reference": "E-1"}, {}]))
    arguments = ["load", str(file), "--url", service, "--api-key"]
    assert cli.main([*arguments, "right"]) == 1
    out, err = capsys.readouterr()
    assert out == f"{file}: received as CAF-2026-00001\n"
    assert err == f"{file}: Not complete. Mend it.\n  reference: Enter the reference.\n"
    assert cli.main([*arguments, "wrong"]) == 1
    assert "An API key is needed. It is not known." in capsys.readouterr().err


def test_load_says_when_no_service_answers_or_a_file_is_not_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "contact.json"
    file.write_text("{}")
    assert cli.main(["load", str(file), "--url", f"http://127.0.0.1:{free_port()}"]) == 1
    assert "No service answers at" in capsys.readouterr().err
    file.write_text("{")
    assert cli.main(["load", str(file)]) == 1
    assert "is not JSON" in capsys.readouterr().err
