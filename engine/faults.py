"""What may be logged of an unforeseen error: its kinds and its stack, never its words.

The message of an exception may quote a family's data, and so may the source lines and values that
Python prints with a traceback.
"""

from __future__ import annotations

import traceback


def describe(error: BaseException) -> str:
    """The kinds of the error and of what caused it, each with the places it passed, outermost
    first: `ValueError at handlers/closure.py:40 in close_case < ...`."""
    parts = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        places = " > ".join(
            f"{_short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames
        )
        parts.append(f"{type(current).__name__} at {places or 'an unknown place'}")
        current = current.__cause__ or current.__context__
    return " < ".join(parts)


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-2:])
