"""Two web nodes and two workers behind a proxy, on PostgreSQL, with people at work: what they get
through while one node after the other is replaced, and that nothing is lost.

    .venv/bin/python -m tests.benchmarks.nodes [SECONDS] [PEOPLE]

It needs nginx, on the PATH or where NGINX says. Everything runs on this machine, the people too.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import sqlalchemy as sa
from lxml import html

from engine import commands, database
from engine.history import verify
from engine.models import instance, user_task
from engine.runtime import SYSTEM, Runtime
from handlers import MIGRATIONS, directory, services
from handlers.directory import DEMO_PASSWORD
from tests import postgres
from tests.web.conftest import contact
from tests.web.test_cli import free_port
from web.demo import MODELS
from web.settings import digest_of

ROOT = Path(__file__).parents[2]
KEY = "load"
ANSWERS = {"recommendation": "caf", "checks_outcome": "None open."}
SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}
PROXY = """
daemon off; pid {home}/nginx.pid; error_log {home}/error.log warn;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  upstream pathways {{ server 127.0.0.1:{one} fail_timeout=2s; server 127.0.0.1:{two} fail_timeout=2s; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://pathways;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_connect_timeout 2s;
    }}
  }}
}}
"""  # noqa: E501


class Person:
    """A MASH worker: takes in contacts, and does the basic checks of each in a browser."""

    def __init__(self, port: int, number: int) -> None:
        self.port, self.number = port, number
        self.cookies: dict[str, str] = {}
        self.took: list[float] = []
        self.completed: list[tuple[int, float]] = []
        self.failed: list[str] = []

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **json: Any) -> Any:
        """Status, the place that is led to, and the text."""
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = urlencode(form) if form is not None else None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if json:
            body = dumps(json["json"])
            headers |= {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        self.took.append(time.perf_counter() - began)
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status >= 400:
            self.failed.append(f"{method} {path}: {answer.status}")
        return answer.status, answer.headers.get("Location"), text

    def press(self, path: str, page: str, **answers: str) -> Any:
        """Send the form of the page that leads to `path`, with these answers in it."""
        forms = html.fromstring(page).forms
        form = next(each for each in forms if (each.get("action") or path) == path)
        return self.ask("POST", path, {**dict(form.form_values()), **answers})

    def sign_in(self) -> None:
        _, _, page = self.ask("GET", "/sign-in")
        status, _, _ = self.press("/sign-in", page, user="mash", password=DEMO_PASSWORD)
        assert status == 303

    def work(self, until: float) -> None:
        turn = 0
        while time.monotonic() < until:
            turn += 1
            sent = contact(reference=f"L-{self.number}-{turn}")
            _, _, text = self.ask("POST", "/api/v1/contacts", json=sent)
            found = re.search(r'"reference": ?"([^"]+)"', text)
            if found is None:
                continue
            _, _, page = self.ask("GET", f"/cases/{found[1]}/tasks")
            for path in set(re.findall(r'href="(/tasks/\d+)"', page)):
                self.complete(path)

    def complete(self, path: str) -> None:
        _, _, page = self.ask("GET", path)
        self.press(f"{path}/claim", page)
        _, _, page = self.ask("GET", path)
        self.press(path, page, **ANSWERS)
        _, _, page = self.ask("GET", f"{path}/check")
        began = time.perf_counter()
        status, _, _ = self.press(f"{path}/check", page)
        if status == 303:
            self.completed.append((int(path.split("/")[2]), time.perf_counter() - began))


@contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def wait_for(port: int, path: str = "/readyz") -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"nothing is ready on port {port}")


def fill(url: str) -> None:
    engine = database.connect(url)
    database.migrate(engine, MIGRATIONS)
    for model in MODELS:
        commands.deploy(Runtime(engine, services), model, SYSTEM)
    with engine.begin() as connection:
        directory.seed_demo(connection)
    engine.dispose()


def measure(seconds: float, number: int, nginx: str) -> int:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pathways-nodes-")))
        home.chmod(0o755)
        # Flushed to disk as a council's would be; the tests' own server is not.
        server = stack.enter_context(postgres.own_server(**SAFE)).url
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE DATABASE pathways")
        url = f"{server.rpartition('/')[0]}/pathways"
        fill(url)
        settings = {
            "PATHWAYS_DATABASE_URL": url,
            "PATHWAYS_SECRET_KEY": "for the benchmark only: " + "x" * 24,
            "PATHWAYS_COOKIE_SECURE": "0",
            "PATHWAYS_TRUSTED_PROXIES": "1",
            "PATHWAYS_API_KEYS": f"load:{digest_of(KEY)}",
            "PYTHONPATH": str(ROOT),
        }
        pathways = (sys.executable, "-P", "-m", "web")
        port, *ports = (free_port() for _ in range(5))

        def node(kind: str, port: int) -> subprocess.Popen[bytes]:
            command = (*pathways, kind, "--port", str(port))
            return stack.enter_context(running(*command, **settings))

        web = [node("serve", each) for each in ports[:2]]
        for each in ports[2:]:
            node("worker", each)
        for each in ports:
            wait_for(each)
        config = home / "nginx.conf"
        config.write_text(PROXY.format(home=home, port=port, one=ports[0], two=ports[1]))
        stack.enter_context(running(nginx, "-e", str(home / "error.log"), "-c", str(config)))
        wait_for(port)
        people = [Person(port, each) for each in range(number)]
        for person in people:
            person.sign_in()
            person.took.clear()
        began = time.monotonic()
        threads = [
            threading.Thread(target=person.work, args=(began + seconds,)) for person in people
        ]
        for thread in threads:
            thread.start()
        stopped = []
        for place in range(2):
            time.sleep(seconds / 3)
            at = time.monotonic()
            web[place].send_signal(signal.SIGTERM)
            stopped.append((web[place].wait(60), time.monotonic() - at))
            web[place] = node("serve", ports[place])
            wait_for(ports[place])
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        return report(url, people, took, stopped)


def report(url: str, people: list[Person], took: float, stopped: list[tuple[int, float]]) -> int:
    requests = sorted(each for person in people for each in person.took)
    done = sorted(each for person in people for _, each in person.completed)
    acknowledged = {task for person in people for task, _ in person.completed}
    failed = [words for person in people for words in person.failed]
    engine = database.connect(url)
    with engine.connect() as connection:
        closed = set(
            connection.execute(
                sa.select(user_task.c.id).where(user_task.c.status == "completed")
            ).scalars()
        )
        ids = connection.execute(sa.select(instance.c.id)).scalars().all()
        broken = [fault for each in ids if (fault := verify(connection, each))]
    engine.dispose()
    for name, times in (("all requests", requests), ("completing a task", done)):
        cuts = statistics.quantiles(times or [0.0, 0.0], n=100)
        print(
            f"{name}: {len(times)}, {len(times) / took:.1f} a second; "
            f"p50 {cuts[49] * 1000:.0f} ms, p95 {cuts[94] * 1000:.0f} ms, "
            f"p99 {cuts[98] * 1000:.0f} ms"
        )
    for code, seconds in stopped:
        print(f"a web node was replaced: stopped in {seconds:.1f} s with exit code {code}")
    print(f"requests that failed: {len(failed)} {failed[:3] if failed else ''}")
    print(f"acknowledged and not in the database: {len(acknowledged - closed)}")
    print(f"histories: {len(ids)} checked, {len(broken)} broken")
    print(f"load of the machine, 1 minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return int(bool(failed or broken or acknowledged - closed or not done))


if __name__ == "__main__":
    program = os.environ.get("NGINX") or shutil.which("nginx")
    if program is None:
        raise SystemExit("This measurement needs nginx: install it, or say with NGINX where it is.")
    given = [float(each) for each in sys.argv[1:]]
    raise SystemExit(measure(*given[:1] or [30.0], int((given[1:] or [8])[0]), program))
