"""`pathways backup` and `pathways restore` as an operator uses them."""

from __future__ import annotations

import io
import lzma
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import database
from handlers import MIGRATIONS
from web import cli

WRITTEN = Path(__file__).parents[1] / "upgrades" / "written"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with cases, of an earlier version."""
    written = WRITTEN / "1_engine0001_handlers_0001_first_states.sqlite3.xz"
    file = tmp_path / "service.sqlite3"
    file.write_bytes(lzma.decompress(written.read_bytes()))
    return f"sqlite:///{file}"


def test_a_backup_is_restored_by_a_later_version(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "of-today.backup"
    there = f"sqlite:///{tmp_path / 'there' / 'service.sqlite3'}"
    file.write_text("yesterday's")
    assert cli.main(["backup", str(file), "--database-url", url]) == 0
    assert "rows of 31 tables, of " in capsys.readouterr().out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("of-today*")] == ["of-today.backup"]
    assert cli.main(["restore", str(file), "--database-url", there]) == 0
    assert "42 histories checked" in capsys.readouterr().out
    engine = database.connect(there)
    assert database.is_current(engine, MIGRATIONS)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM case_file")).scalar_one() == 20
    engine.dispose()
    assert cli.main(["restore", str(file), "--database-url", there]) == 1
    assert "has tables already" in capsys.readouterr().err


def test_a_backup_goes_through_a_pipe(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    there = f"sqlite:///{tmp_path / 'there.sqlite3'}"
    assert cli.main(["backup", "-", "--database-url", url]) == 0
    content, told = capsysbinary.readouterr()
    assert b"rows of 31 tables" in told
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert cli.main(["restore", "-", "--database-url", there]) == 0
    assert b"42 histories checked" in capsysbinary.readouterr().out


def test_what_cannot_be_done_is_said_and_leaves_nothing(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = f"sqlite:///{tmp_path / 'nowhere.sqlite3'}"
    file = str(tmp_path / "file.backup")
    assert cli.main(["backup", file, "--database-url", nowhere]) == 1
    assert "There is no database" in capsys.readouterr().err
    assert cli.main(["backup", str(tmp_path / "no" / "folder"), "--database-url", url]) == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
    assert cli.main(["restore", file, "--database-url", nowhere]) == 1
    assert "cannot be read: No such file or directory" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["service.sqlite3"]
