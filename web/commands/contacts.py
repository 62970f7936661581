"""`load`: contacts sent to a running service."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from web import load as loading
from web.commands.command import Command, Options
from web.settings import DEMO_API_KEY


def load(options: Options) -> int:
    """Send contacts to a running service through its public interface."""
    refused = 0
    for path in options.files:
        for contact in loading.contacts_in(path):
            try:
                received = loading.send(contact, options.url, options.api_key)
            except loading.LoadError as refusal:
                print(f"{path}: {refusal}", file=sys.stderr)
                refused += 1
                continue
            news = "was received before, as" if received.duplicate else "received as"
            print(f"{path}: {news} {received.reference}")
    return int(refused > 0)


def _load_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="JSON: one contact or a list of them"
    )
    parser.add_argument(
        "--url", default="http://127.0.0.1:8000", help="the service (default: the demonstration)"
    )
    parser.add_argument(
        "--api-key",
        default=os.environ.get("PATHWAYS_API_KEY", DEMO_API_KEY),
        help="default: PATHWAYS_API_KEY, or else the demonstration's key",
    )


COMMANDS = (Command("load", "send contacts to a running service", load, _load_arguments),)
