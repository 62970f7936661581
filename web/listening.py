"""The web server of a node, which finishes what it has begun before it stops."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import waitress
from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

log = structlog.get_logger("node")

SECONDS_TO_FINISH = 30.0
"""For so long requests under way are waited for when the node is told to stop."""
_LOOK_AGAIN = 0.5


class Listener:
    """Answers requests to `app` on one address. Raises OSError if the port cannot be used."""

    def __init__(self, app: Flask, host: str, port: int, threads: int) -> None:
        self._sockets: dict[int, Any] = {}
        self._server = waitress.create_server(
            app, map=self._sockets, host=host, port=port, threads=threads, ident=None
        )

    def answer(self, told_to_stop: threading.Event, within: float = SECONDS_TO_FINISH) -> None:
        """Answer until told to stop, and then what was begun: whoever connects after that is
        refused, so that a proxy turns to another node at once."""
        while not told_to_stop.is_set():
            self._turn()
        for listening in self._of(BaseWSGIServer):
            wasyncore.dispatcher.close(listening)
        until = time.monotonic() + within
        while self._of(HTTPChannel) and time.monotonic() < until:
            for channel in self._of(HTTPChannel):
                if not (channel.requests or channel.request or channel.total_outbufs_len):
                    channel.will_close = True
            self._turn()
        if left := len(self._of(HTTPChannel)):
            log.warning("requests were broken off", requests=left, after_seconds=within)
        self._server.task_dispatcher.shutdown(timeout=0.1)

    def _turn(self) -> None:
        wasyncore.loop(timeout=_LOOK_AGAIN, map=self._sockets, count=1)

    def _of(self, kind: type) -> list[Any]:
        return [one for one in list(self._sockets.values()) if isinstance(one, kind)]


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """An event that is set when the process is told to stop. A second signal ends it at once."""
    told = threading.Event()

    def stop(number: int, frame: object) -> None:
        told.set()
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    before = {each: signal.signal(each, stop) for each in _SIGNALS}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


_SIGNALS = (signal.SIGTERM, signal.SIGINT)
