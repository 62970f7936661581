"""run.py: what it does on machines unlike this one."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def setup() -> ModuleType:
    """run.py as a module."""
    spec = importlib.util.spec_from_file_location("pathways_run_under_test", ROOT / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(folder: Path, name: str, says: str) -> None:
    """A program of that name that prints one line."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!{sys.executable}\nprint({says!r})\n")
    file.chmod(0o755)


def test_help_lists_the_commands_and_sets_nothing_up() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "run.py", "--help"], capture_output=True, text=True, check=True
    )
    assert "python3 run.py test" in done.stdout
    assert done.stderr == ""


def test_uv_uses_the_package_index_that_pip_was_told_of(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_CERT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.org/simple")
    monkeypatch.setenv("PIP_CERT", "/etc/council-ca.pem")
    environment = setup.uv_environment()
    assert environment["UV_DEFAULT_INDEX"] == "https://packages.example.org/simple"
    assert environment["SSL_CERT_FILE"] == "/etc/council-ca.pem"


def test_what_uv_was_told_itself_comes_first(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.org/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.org/simple")
    assert setup.uv_environment()["UV_DEFAULT_INDEX"] == "https://uv.example.org/simple"


def test_pips_own_settings_file_counts_too(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = https://files.example.org/simple\n")
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    # The tests' own environment has no pip; the Python that it was made from has.
    base = Path(sys.base_prefix) / "bin" / "python3"
    monkeypatch.setattr(setup.sys, "executable", str(base))
    assert setup.uv_environment()["UV_DEFAULT_INDEX"] == "https://files.example.org/simple"


@pytest.mark.parametrize(
    ("version", "good"), [("v18.20.4", False), ("v20.0.0", True), ("v24.1.0", True), ("", False)]
)
def test_node_is_taken_from_path_only_if_it_is_new_enough(
    setup: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    version: str,
    good: bool,
) -> None:
    program(tmp_path / "bin", "node", version)
    program(tmp_path / "bin", "npm", "11")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert setup.has_node() is good


def test_without_npm_there_is_no_node(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path / "bin", "node", "v22.0.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert setup.has_node() is False


def test_a_python_that_can_fetch_nothing_is_told_what_to_install(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(setup, "TOOLS", tmp_path)
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(setup.SetupError, match="Install uv, or on Debian"):
        setup.find_uv()


def test_a_failing_step_of_setting_up_names_its_command(setup: ModuleType) -> None:
    with pytest.raises(setup.SetupError, match="exit 3"):
        setup.run([sys.executable, "-c", "import sys; 'exit 3'; sys.exit(3)"])


def test_check_takes_another_port_where_the_usual_one_is_taken(setup: ModuleType) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert setup.is_free(other.getsockname()[1]) is False
    assert setup.is_free(setup.free_port()) is True
