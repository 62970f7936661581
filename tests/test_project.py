"""The project as a whole: what stands where, and what must not stand anywhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYOUT = {
    ".ci",
    ".gitignore",
    "LICENSE",
    "README.md",
    "bpmn",
    "docs",
    "engine",
    "examples",
    "handlers",
    "hatch_build.py",
    "pyproject.toml",
    "requirements-node.lock",
    "requirements-test.lock",
    "requirements.lock",
    "run.py",
    "tests",
    "web",
}
# In pieces, so that this file does not find itself.
REGISTRIES = ("pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "npmjs." + "org")
REGISTRIES += ("deb." + "debian", "regi" + "stry.yarn")
# A user's or a machine's own folders, as an editor or a lock file would write them down.
MACHINE_PATHS = re.compile(r"(?<![\w.:/])/(home|Users|root|work|mnt|opt|tmp)/[\w.-]+")


def tracked() -> list[Path]:
    """Every file that git has, or would take in."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = {ROOT / name for name in listing.stdout.split("\0") if name}
    return sorted(path for path in paths if path.is_file())


def texts() -> Iterator[tuple[str, str]]:
    """The path and content of each file that is text."""
    for path in tracked():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def normal(requirement: str) -> str:
    """The name in a requirement, as package indexes compare names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def locked(name: str) -> dict[str, str]:
    """What a lock file pins: name and version."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {normal(a): b for a, b in re.findall(r"^([\w.\[\]-]+)==([^\s;]+)", text, re.MULTILINE)}


def imports(path: Path) -> set[str]:
    """The top-level names that a module imports from outside its own package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_top_level_holds_what_the_architecture_lists_and_nothing_else() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= LAYOUT


def test_no_registry_host_is_written_down() -> None:
    found = [(name, host) for name, text in texts() for host in REGISTRIES if host in text]
    assert found == []


def test_no_path_of_one_machine_is_written_down() -> None:
    found = [
        (name, match.group())
        for name, text in texts()
        for match in [MACHINE_PATHS.search(text)]
        if match
    ]
    assert found == []


def test_nothing_built_is_tracked() -> None:
    built = re.compile(r"(^|/)(node_modules|__pycache__|\.venv|var)/|^web/static/")
    assert [name for name, _ in texts() if built.search(name)] == []


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("requirements.lock", []),
        ("requirements-test.lock", ["test"]),
        ("requirements-node.lock", ["node"]),
    ],
)
def test_locks_pin_every_dependency_by_hash(lock: str, groups: list[str]) -> None:
    settings = project()
    wanted = [] if groups == ["node"] else list(settings["project"]["dependencies"])  # type: ignore[index]
    for group in groups:
        wanted += settings["dependency-groups"][group]  # type: ignore[index]
    pins = locked(lock)
    assert {normal(requirement) for requirement in wanted} <= pins.keys()
    for requirement in wanted:
        exact = re.search(r"==([\w.]+)", requirement)
        assert exact is None or pins[normal(requirement)] == exact.group(1)
    blocks = re.split(r"^(?=[\w.\[\]-]+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_tests_run_with_the_very_packages_that_the_service_runs_with() -> None:
    service, tests = locked("requirements.lock"), locked("requirements-test.lock")
    assert {name: tests.get(name) for name in service} == service


def test_every_dependency_is_used() -> None:
    # Loaded by name: the database's driver, the components' templates, and the time zones where
    # the system has none.
    used = {"psycopg", "govuk-frontend-jinja", "tzdata"}
    provided = packages_distributions()
    for package in ("engine", "handlers", "web"):
        for path in (ROOT / package).rglob("*.py"):
            for name in imports(path):
                used |= {normal(distribution) for distribution in provided.get(name, ())}
    settings = project()
    declared = {normal(requirement) for requirement in settings["project"]["dependencies"]}  # type: ignore[index]
    assert declared - used == set()


def test_run_py_needs_nothing_but_the_standard_library() -> None:
    imported = imports(ROOT / "run.py")
    assert imported
    assert imported <= sys.stdlib_module_names


def test_the_readme_starts_with_how_to_run_it_and_how_to_test_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^ *(?:\$ )?(python3 run\.py.*?)(?: {2,}.*)?$", readme, re.MULTILINE)
    assert commands[:2] == ["python3 run.py", "python3 run.py test"]


def test_continuous_integration_runs_the_tests_as_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    assert "python3 run.py test" in script.read_text(encoding="utf-8")
    assert script.stat().st_mode & 0o111


def test_the_front_end_takes_the_design_system_that_the_templates_are_made_for() -> None:
    """govuk-frontend-jinja renders the markup of exactly one version of govuk-frontend."""
    lock = (ROOT / "web" / "frontend" / "package-lock.json").read_text(encoding="utf-8")
    found = re.search(r'"node_modules/govuk-frontend": \{\s*"version": "([^"]+)"', lock)
    assert found is not None
    assert found.group(1) == "6.3.0"
    assert '"resolved"' not in lock
