"""The guides against the code: nothing that is there goes unsaid, nothing is said that is not."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import MetaData

import engine.models
import handlers.models
import run
from engine import database, feel
from engine.diagrams import FLOW_NODES
from engine.forms.fields import KINDS
from engine.runtime import Runtime
from engine.timescales import UNITS, Timescale, timescale_function
from handlers import services, vocabulary
from web.access import ROUTES, Access, Who
from web.app import create_app
from web.cli import COMMANDS
from web.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
GUIDES = (README, *sorted(DOCS.rglob("*.md")))
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^()\s]+)\)")
VARIABLE = re.compile(r"PATHWAYS_[A-Z]+(?:_[A-Z]+)*")

everywhere = pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def table(text: str, head: str) -> dict[str, list[str]]:
    """The rows of the table whose first column is headed `head`, by each code in that column."""
    rows: dict[str, list[str]] = {}
    for block in re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", text, re.M):
        for line in block.splitlines():
            first, *others = (cell.strip() for cell in line.strip("|").split("|"))
            for code in CODE.findall(first) or [first]:
                assert code not in rows, f"“{code}” stands twice under “{head}”"
                rows[code] = others
    assert rows, f"there is no table headed “{head}”"
    return rows


def python_files(folder: str) -> Iterator[Path]:
    return (path for path in (ROOT / folder).rglob("*.py") if "frontend" not in path.parts)


def commands_of_run_py() -> set[str]:
    """What may follow `python3 run.py`, as its own help lists it."""
    assert run.__doc__ is not None
    return set(re.findall(r"^python3 run\.py ([a-z-]+) ", run.__doc__, re.M))


# The start of the readme


def test_the_readme_begins_with_the_two_commands() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[1] == ""
    block = []
    for line in lines[2:]:
        if not line.startswith("    "):
            break
        block.append(re.split(r" {2,}#", line.strip())[0])
    assert block == ["python3 run.py", "python3 run.py test"]


# Commands


def test_every_command_is_in_the_operating_guide_with_its_options() -> None:
    rows = {
        name.split()[1]: cells
        for name, cells in table(read("operating.md"), "Command").items()
        if name.startswith("pathways ")
    }
    assert rows.keys() == {command.name for command in COMMANDS}
    for command in COMMANDS:
        parser = argparse.ArgumentParser(add_help=False)
        command.arguments(parser)
        options = {flag for action in parser._actions for flag in action.option_strings}
        said = set(re.findall(r"--[a-z-]+", rows[command.name][1]))
        assert (command.name, said) == (command.name, options)


def test_every_command_of_run_py_is_in_the_operating_guide() -> None:
    rows = table(read("operating.md"), "Command")
    said = {name.removeprefix("python3 run.py").strip() for name in rows if "run.py" in name}
    assert {"--check", "test", "bench", "lock"} <= commands_of_run_py()
    assert said == {"", *commands_of_run_py()}


@everywhere
def test_no_command_is_promised_that_does_not_exist(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    known = {command.name for command in COMMANDS} | {"COMMAND"}
    promised = set(re.findall(r"run\.py +([A-Za-z-]+)", text)) - commands_of_run_py()
    promised |= set(re.findall(r"`pathways ([A-Za-z-]+)", text))
    assert promised - known == set()


# Settings


def test_every_setting_is_in_the_operating_guide() -> None:
    used = {name for path in python_files("web") for name in VARIABLE.findall(path.read_text())}
    assert "PATHWAYS_DATABASE_URL" in used
    assert table(read("operating.md"), "Variable").keys() == used


@everywhere
def test_no_setting_is_promised_that_does_not_exist(guide: Path) -> None:
    used = {
        name
        for folder in ("web", "tests")
        for path in python_files(folder)
        for name in VARIABLE.findall(path.read_text())
    }
    assert set(VARIABLE.findall(guide.read_text(encoding="utf-8"))) - used == set()


# Modelling


def test_every_handler_is_in_the_modelling_guide_with_parameters_and_results() -> None:
    rows = table(read("analyst.md"), "Handler")
    assert rows.keys() == services.handlers.keys()
    for name, entry in services.handlers.items():
        said = tuple(tuple(CODE.findall(cell)) for cell in rows[name][:2])
        assert (name, said) == (name, (tuple(entry.parameters), entry.results))


def test_every_list_of_choices_is_in_the_modelling_guide() -> None:
    assert services.choice_lists.keys() - set(CODE.findall(read("analyst.md"))) == set()


def test_every_form_component_is_in_the_modelling_guide() -> None:
    assert table(read("analyst.md"), "Component").keys() == KINDS


def test_every_element_of_a_diagram_is_in_the_modelling_guide() -> None:
    known = {re.sub(r"([A-Z])", r" \1", kind).lower() for kind in FLOW_NODES}
    assert table(read("analyst.md"), "Element").keys() == known


def test_every_unit_of_a_timescale_is_in_the_modelling_guide() -> None:
    assert {f'"{unit}"' for unit in UNITS} - set(CODE.findall(read("analyst.md"))) == set()


def test_every_example_in_the_modelling_guide_is_feel() -> None:
    functions = (timescale_function(lambda step: Timescale(1, "days")),)
    blocks = re.findall(r"^```feel\n(.*?)^```", read("analyst.md"), re.M | re.S)
    examples = [line for block in blocks for line in block.splitlines()]
    assert examples
    for example in examples:
        feel.compile_expression(example, functions=functions)


# Architecture


def in_words(access: Access) -> str:
    if access.who is not Who.PERSON:
        return {Who.ANYONE: "anyone", Who.SYSTEM: "another system with an API key"}[access.who]
    roles = ", ".join(sorted(vocabulary.label("role", role) for role in access.roles))
    if access.case or access.task:
        return f"{roles}; may see the case" if roles else "who may see the case"
    return roles or "anyone signed in"


def test_every_route_is_in_the_architecture_with_who_may_use_it() -> None:
    runtime = Runtime(database.connect("sqlite:///:memory:"), services)
    app = create_app(runtime, Settings(secret_key="for documentation only: " + "x" * 16))
    rules = list(app.url_map.iter_rules())
    assert {rule.endpoint for rule in rules} == ROUTES.keys()
    routes = {}
    for rule in rules:
        path = re.sub(r"<[^<>]*:([^:<>]+)>", r"<\1>", rule.rule)  # without the converters
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            routes[f"{method} {path}"] = [in_words(ROUTES[rule.endpoint])]
    assert table(read("architecture.md"), "Route") == routes


def test_every_module_is_in_the_architecture() -> None:
    modules = set()
    for package in ("engine", "handlers", "web"):
        for path in python_files(package):
            name = path.relative_to(ROOT / package).parts[0].removesuffix(".py")
            if not name.startswith("__"):
                modules.add(f"{package}.{name}")
    assert table(read("architecture.md"), "Module").keys() == modules


def test_every_table_is_in_the_architecture() -> None:
    described: Sequence[MetaData] = (engine.models.metadata, handlers.models.metadata)
    tables = {name for metadata in described for name in metadata.tables}
    assert table(read("architecture.md"), "Table").keys() == tables


# Links and pictures


def anchors(text: str) -> set[str]:
    """The headings of a guide as addresses within it."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    titles = re.findall(r"^#+ +(.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@everywhere
def test_every_link_leads_somewhere(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    broken = []
    for _, _, target in LINK.findall(text):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        there = Path(os.path.normpath(guide.parent / path)) if path else guide
        missing = not there.exists() or not there.is_relative_to(ROOT)
        if missing or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@everywhere
def test_every_picture_is_described_for_those_who_cannot_see_it(guide: Path) -> None:
    pictures = [found for found in LINK.findall(guide.read_text(encoding="utf-8")) if found[0]]
    assert [target for _, words, target in pictures if len(words.split()) < 3] == []


def test_every_picture_is_shown_and_every_guide_is_linked_from_the_readme() -> None:
    linked = {target for _, _, target in LINK.findall(README.read_text(encoding="utf-8"))}
    wanted = {path.relative_to(ROOT).as_posix() for path in (DOCS / "pictures").glob("*")}
    wanted |= {path.relative_to(ROOT).as_posix() for path in DOCS.glob("*.md")}
    assert wanted - linked == set()
