"""What a node writes to its log: one object a line, with the request and the case that it is about,
and nothing that tells who a family is.

Texts of exceptions may quote what people wrote, so only their kinds and places are kept, of this
program and of the libraries that it uses.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from engine.faults import describe

about = structlog.contextvars.bind_contextvars
"""`about(case=...)` names what all lines of this request are about from now on."""


def begin(**what: str) -> None:
    """Begin to log about something else: nothing of what was bound before is in the lines."""
    structlog.contextvars.clear_contextvars()
    about(**what)


def configure(level_name: str, to: TextIO = sys.stderr) -> None:
    """Write what is of `level_name` and above to a stream, of libraries what is of weight."""
    level = getattr(logging, level_name.upper())
    colours = to.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        _places_only,
    ]
    show: Processor = (
        structlog.dev.ConsoleRenderer() if colours else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, show],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(to),
    )
    handler = logging.StreamHandler(to)
    handler.addFilter(_without_addresses)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, show],
        )
    )
    root = logging.getLogger()
    for other in root.handlers[:]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    # That a tick was left out because the one before is still at work is not worth a line.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.captureWarnings(True)


def _places_only(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """An exception as its kinds and places."""
    failed = event.pop("exc_info", None)
    if failed is True:
        failed = sys.exc_info()
    error = failed[1] if isinstance(failed, tuple) else failed
    if isinstance(error, BaseException):
        event["trail"] = describe(error)
    return event


def _without_addresses(record: logging.LogRecord) -> bool:
    # The web server's own words quote the address that was asked for.
    if record.name.startswith("waitress"):
        record.args = ()
    return True
