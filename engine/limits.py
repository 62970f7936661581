"""How long somebody else's code may take: it runs in a thread of its own, which is given up."""

from __future__ import annotations

import contextvars
import ctypes
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

GRACE = 1.0
"""Seconds until what was given up is broken off, if it isn't over by itself."""
_T = TypeVar("_T")
_ours = threading.local()


class TookTooLong(Exception):
    """The call was not over in time; its thread was given up and may still be at work."""


class _Aide(threading.Thread):
    """Does what one thread asks for, one call after the other, until it is given up."""

    def __init__(self) -> None:
        # A daemon: what hangs must not keep the process from ending.
        super().__init__(name="aide", daemon=True)
        self.asked: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self.done: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._given_up = False
        self.start()

    def run(self) -> None:
        while not self._given_up and (call := self.asked.get()) is not None:
            try:
                result: tuple[Any, BaseException | None] = (call(), None)
            except BaseException as error:
                result = (None, error)
            # Nobody asks any more then, and an error would keep alive what it came from.
            if not self._given_up:
                self.done.put(result)
            del call, result

    def give_up(self) -> None:
        """End the thread after its call; and the call, if it goes on computing."""
        self._given_up = True
        last = threading.Timer(GRACE, self._break_off)
        last.daemon = True
        last.start()

    def _break_off(self) -> None:
        if self.is_alive() and self.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self.ident), ctypes.py_object(SystemExit)
            )


class _Own:
    """The aide of one thread; it goes when its thread does."""

    def __init__(self) -> None:
        self.aide = _Aide()

    def __del__(self) -> None:
        self.aide.asked.put(None)


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """What `call` gives, or what it raises. Raises `TookTooLong` if it isn't over in time."""
    own = getattr(_ours, "own", None)
    if own is None:
        own = _ours.own = _Own()
    context = contextvars.copy_context()
    own.aide.asked.put(lambda: context.run(call))
    try:
        result, error = own.aide.done.get(timeout=seconds)
    except Empty:
        own.aide.give_up()
        own.aide = _Aide()
        raise TookTooLong from None
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
