"""`serve` and `worker`: the two kinds of node."""

from __future__ import annotations

import argparse
import os
import secrets

from web.commands.command import (
    Command,
    Options,
    UsageError,
    database_argument,
    database_url,
    runtime,
)
from web.settings import Settings


def serve(options: Options) -> int:
    """Answer browsers."""
    from web import nodes

    settings = _settings(options)
    try:
        nodes.serve(runtime(options), settings, options.host, options.port, threads=options.threads)
    except nodes.NodeError as error:
        raise UsageError(str(error)) from None
    return 0


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    database_argument(parser)
    _host_argument(parser)
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")
    parser.add_argument("--threads", type=int, default=8, help="requests answered side by side")
    parser.add_argument(
        "--demo", action="store_true", help="migrate, add the demonstration's model and users"
    )


def worker(options: Options) -> int:
    """Do what falls due without a person: timers, retries and messages to other systems."""
    from web import nodes

    # A worker signs no cookies, so the key that web nodes share is no business of its.
    os.environ.setdefault("PATHWAYS_SECRET_KEY", secrets.token_urlsafe(48))
    try:
        nodes.work(runtime(options), _settings(options), options.every, options.host, options.port)
    except nodes.NodeError as error:
        raise UsageError(str(error)) from None
    return 0


def _worker_arguments(parser: argparse.ArgumentParser) -> None:
    database_argument(parser)
    parser.add_argument(
        "--every",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="seconds between two looks for due work (default: 5)",
    )
    _host_argument(parser)
    parser.add_argument(
        "--port", type=int, help="port on which to tell how the worker is (default: on none)"
    )


def _host_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )


def _settings(options: Options) -> Settings:
    environment = {**os.environ, "PATHWAYS_DATABASE_URL": database_url(options)}
    if getattr(options, "demo", False):
        environment["PATHWAYS_DEMO"] = "1"
    return Settings.from_environment(environment)


COMMANDS = (
    Command("serve", "answer browsers", serve, _serve_arguments),
    Command("worker", "do what falls due without a person", worker, _worker_arguments),
)
