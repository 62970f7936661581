"""A node that is told to stop finishes what it began, and no more."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from flask import Flask
from structlog.testing import capture_logs

from web.listening import Listener

MUCH = "x" * 3_000_000


@dataclass
class Node:
    """A node whose page takes as long as the test wants."""

    port: int
    asked: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    told: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        app = Flask("node")
        app.add_url_rule("/", view_func=self._page, methods=["GET", "POST"])
        self.listener = Listener(app, "127.0.0.1", self.port, threads=2)
        self.running = threading.Thread()

    def start(self, within: float = 10.0) -> None:
        self.running = threading.Thread(target=self.listener.answer, args=(self.told, within))
        self.running.start()

    def _page(self) -> str:
        self.asked.set()
        assert self.go_on.wait(20)
        return MUCH

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)


@pytest.fixture
def node() -> Iterator[Node]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Node(port)
    yield made
    made.go_on.set()
    made.told.set()
    if made.running.is_alive():
        made.running.join(20)


def test_a_request_under_way_is_answered_in_full_while_new_ones_are_refused(node: Node) -> None:
    node.start()
    asking = node.connect()
    asking.request("GET", "/")
    assert node.asked.wait(10)
    node.told.set()
    until = time.monotonic() + 10
    with suppress(ConnectionRefusedError):
        while time.monotonic() < until:
            socket.create_connection(("127.0.0.1", node.port), timeout=1).close()
            time.sleep(0.02)
        pytest.fail("the node still accepts connections")
    assert node.running.is_alive()
    node.go_on.set()
    assert asking.getresponse().read().decode() == MUCH
    node.running.join(10)
    assert not node.running.is_alive()


def test_a_request_that_is_half_sent_is_waited_for(node: Node) -> None:
    node.start()
    node.go_on.set()
    asking = node.connect()
    asking.putrequest("POST", "/")
    asking.putheader("Content-Length", "10")
    asking.endheaders()
    asking.send(b"12345")
    time.sleep(0.3)
    node.told.set()
    time.sleep(0.7)
    asking.send(b"67890")
    assert asking.getresponse().status == 200
    asking.close()
    node.running.join(10)
    assert not node.running.is_alive()


def test_a_connection_that_asks_nothing_holds_nobody_up(node: Node) -> None:
    node.start()
    node.go_on.set()
    idle = node.connect()
    idle.request("GET", "/")
    assert idle.getresponse().read().decode() == MUCH
    node.told.set()
    node.running.join(5)
    assert not node.running.is_alive()


def test_what_takes_too_long_is_broken_off_and_told_of(node: Node) -> None:
    node.start(within=0.3)
    asking = node.connect()
    asking.request("GET", "/")
    assert node.asked.wait(10)
    with capture_logs() as logs:
        node.told.set()
        node.running.join(10)
    assert not node.running.is_alive()
    assert [(entry["event"], entry["requests"]) for entry in logs] == [
        ("requests were broken off", 1)
    ]
