"""Answers that were written down before they are asked for."""

from __future__ import annotations

from typing import Any

from engine.errors import EngineError


class Answers:
    """Answers by element id: an object answers every time, a list is used up in turn."""

    def __init__(self, given: Any) -> None:
        """Raises EngineError where `given` is of another form."""
        if not isinstance(given, dict) or not all(
            isinstance(one, dict)
            for entry in given.values()
            for one in (entry if isinstance(entry, list) else [entry])
        ):
            raise EngineError(
                "Answers have to be a JSON object: for each element's id an object of answers, or "
                "a list of them that is used up in turn."
            )
        self._given: dict[str, dict[str, Any] | list[dict[str, Any]]] = {
            key: list(entry) if isinstance(entry, list) else entry for key, entry in given.items()
        }
        self._asked: set[str] = set()

    def __contains__(self, element: str) -> bool:
        return bool(self._given.get(element)) or self._given.get(element) == {}

    def take(self, element: str, *, once: bool = False) -> dict[str, Any]:
        """The next answers at an element that has some; `once` uses up an object as well."""
        self._asked.add(element)
        entry = self._given[element]
        if isinstance(entry, list):
            return entry.pop(0)
        if once:
            self._given[element] = []
        return entry

    def names(self) -> set[str]:
        """Every variable that some answer gives."""
        whole = [e if isinstance(e, list) else [e] for e in self._given.values()]
        return {name for entries in whole for entry in entries for name in entry}

    def elements(self) -> set[str]:
        """The elements for which there are answers."""
        return set(self._given)

    def unused(self) -> list[str]:
        """The elements whose answers are left, or were never asked for."""
        return [
            key
            for key, entry in self._given.items()
            if (entry if isinstance(entry, list) else key not in self._asked)
        ]
