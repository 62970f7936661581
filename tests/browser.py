"""The browser that tests run in; `python -m tests.browser` makes sure that there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS_TO_INSTALL = 900

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
_PLACES = (
    "/usr/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)


class NoBrowser(Exception):
    """There is no browser and none could be installed; the message says what to install."""


def flags() -> list[str]:
    """The browser's command line flags on this machine."""
    # Its sandbox cannot be set up by root, as whom builds in containers run.
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*FLAGS, *(["--no-sandbox"] if as_root else [])]


def find() -> Path | None:
    """An installed Chromium, Chrome or Edge, else the Chromium that Playwright installed."""
    for name in _NAMES:
        found = shutil.which(name)
        if found and _runs(Path(found)):
            return Path(found)
    for place in map(Path, _PLACES):
        if place.exists() and _runs(place):
            return place
    own = _playwrights_own()
    return own if own.exists() and _runs(own) else None


def ensure() -> Path:
    """`find`, or else install one: by Playwright, or as root on Debian by apt-get.

    Raises `NoBrowser` with a sentence for the person who runs the tests.
    """
    found = find()
    if found is not None:
        return found
    _say("No browser is installed; asking Playwright for one ...")
    _try(sys.executable, "-m", "playwright", "install", "chromium")
    found = find()
    if found is None and shutil.which("apt-get") and flags()[-1] == "--no-sandbox":
        _say("Installing Debian's chromium ...")
        _try("apt-get", "update", "-qq")
        _try("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
        found = find()
    if found is None:
        raise NoBrowser(
            "The tests need a browser and could not install one: install Chromium, Google Chrome "
            "or Microsoft Edge, and start the tests again."
        )
    return found


def _playwrights_own() -> Path:
    # Asked in a process of its own: Playwright's loop must not run in one that starts it again.
    ask = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return Path(answer.stdout.strip())


def _runs(executable: Path) -> bool:
    """Whether the program starts at all: one without its libraries, or a mere stub, does not."""
    if os.name == "nt":
        return True  # there it would open a window rather than answer
    try:
        return not subprocess.run(
            [executable, "--version"], capture_output=True, timeout=60, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def _try(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_INSTALL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _say(f"That failed: {error}")
        return
    if done.returncode:
        reason = next(
            (line for line in done.stderr.splitlines() if line.strip()), "no reason given"
        )
        _say(f"That failed: {reason}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        ensure()
    except NoBrowser as error:
        _say(str(error))
        raise SystemExit(1) from None
