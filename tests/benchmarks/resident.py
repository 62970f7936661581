"""How much memory a web node holds that answers people beside a great many open cases."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

from engine import database
from handlers import MIGRATIONS, directory
from tests.benchmarks.figure import Figure, progress
from tests.handlers.office import Office
from tests.web.crowd import fill, receive_some

ROUNDS = 10
PEOPLE = ("mash", "manager", "coordinator", "coordinator2")
PAGES = ("/", "/?overdue=yes", "/?mine=yes", "/inbox")
_OF_MANAGERS = ("/instances", "/instances?overdue=yes", "/incidents")
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_LINK = re.compile(r'href="(/(?:tasks|cases)/[^"?#]+)"')


def resident(cases: int) -> Iterator[Figure]:
    """The resident memory of `pathways serve` after people have worked for a while."""
    progress(f"a web node beside {cases:,} open cases", 0, 1)
    with tempfile.TemporaryDirectory(prefix="pathways-bench-") as folder:
        url = f"sqlite:///{folder}/bench.sqlite3"
        _fill(url, cases)
        yield _measured(url, cases)


def _fill(url: str, cases: int) -> None:
    engine = database.connect(url)
    database.migrate(engine, MIGRATIONS)
    office = Office(engine)
    with engine.begin() as connection:
        directory.seed_demo(connection)
    receive_some(office)
    fill(engine, cases)
    engine.dispose()


def _measured(url: str, cases: int) -> Figure:
    with _node(url) as (process, address):
        at_first = _resident_memory(process)
        with ThreadPoolExecutor(len(PEOPLE)) as pool:
            opened = sum(pool.map(lambda person: _work(address, person), PEOPLE))
        after = _resident_memory(process)
    return Figure(
        f"resident memory of a web node beside {cases:,} open cases",
        after,
        "MB",
        150,
        110,
        note=f"after {opened} pages; {at_first:.0f} MB before the first",
    )


@contextmanager
def _node(url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A web node of its own, as in production."""
    settings = {"PATHWAYS_SECRET_KEY": "for the bench only: " + "x" * 32}
    settings |= {"PATHWAYS_COOKIE_SECURE": "0", "PATHWAYS_DATABASE_URL": url}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "web", "serve", "--port", port],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        _wait_for(process, address)
        yield process, address
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(process: subprocess.Popen[str], address: str) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("The web node did not start.")


def _resident_memory(process: subprocess.Popen[str]) -> float:
    """In megabytes, as the kernel counts it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", status)
    return int(kilobytes) / 1000


def _work(address: str, person: str) -> int:
    """Sign in and look at trays, tasks and cases. Returns how many pages were opened."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(path: str, posted: dict[str, str] | None = None) -> str:
        content = urllib.parse.urlencode(posted).encode() if posted else None
        with opener.open(address + path, content, timeout=60) as answer:
            text: str = answer.read().decode()
            return text

    (token,) = _TOKEN.findall(get("/sign-in"))
    signed_in = {"csrf_token": token, "user": person, "password": directory.DEMO_PASSWORD}
    get("/sign-in", signed_in)
    opened = 2
    for _ in range(ROUNDS):
        for path in (*PAGES, *(_OF_MANAGERS if person == "manager" else ())):
            links = _LINK.findall(get(path))
            opened += 1
            for link in dict.fromkeys(links[:6]):
                try:
                    get(link)
                except urllib.error.HTTPError as error:
                    # A copy of a case is a line in lists, and has no file to be opened.
                    error.close()
                opened += 1
    return opened
