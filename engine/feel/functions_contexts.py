"""Built-in functions for contexts, and `is` (DMN 1.5, tables 77 and 81)."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from engine.feel.budget import Environment, spend
from engine.feel.compare import equal
from engine.feel.functions_time import same_in_every_part
from engine.feel.signatures import builtin

Entries = dict[str, Any]


@builtin("get value", "m: context", "key: string")
def get_value(context: Entries, key: str) -> Any:
    return context.get(key)


@builtin("get entries", "m: context", environment=True, kind="list")
def get_entries(environment: Environment, context: Entries) -> list[Entries]:
    spend(environment, len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context", "entries: list", kind="context")
def context(entries: list[Any]) -> Entries | None:
    """From contexts with the entries key and value; null if a key comes twice."""
    result: Entries = {}
    for entry in entries:
        if type(entry) is not dict or "value" not in entry:
            return None
        key = entry.get("key")
        if type(key) is not str or key in result:
            return None
        result[key] = entry["value"]
    return result


@builtin(
    "context put", "context: context", "key: string", "value: any", environment=True, kind="context"
)
def context_put(environment: Environment, source: Entries, key: str, value: Any) -> Entries:
    """A copy with an entry set."""
    spend(environment, len(source))
    return {**source, key: value}


@builtin(
    "context put", "context: context", "keys: list", "value: any", environment=True, kind="context"
)
def context_put_along(
    environment: Environment, source: Entries, keys: list[Any], value: Any
) -> Entries | None:
    """A copy with an entry set further in, where the keys lead; null if they lead nowhere."""
    if not keys or any(type(key) is not str for key in keys):
        return None
    contexts = [source]
    for key in keys[:-1]:
        inner = contexts[-1].get(key)
        if type(inner) is not dict:
            return None
        spend(environment, 1 + len(inner))
        contexts.append(inner)
    for inner, key in zip(reversed(contexts), reversed(keys), strict=True):
        value = {**inner, key: value}
    return value  # type: ignore[no-any-return]


@builtin("context merge", "contexts: list", environment=True, kind="context")
def context_merge(environment: Environment, contexts: list[Any]) -> Entries | None:
    """One context of all entries; later ones win."""
    result: Entries = {}
    for entry in contexts:
        if type(entry) is not dict:
            return None
        spend(environment, len(entry))
        result.update(entry)
    return result


@builtin("is", "value1: any??", "value2: any??", environment=True, kind="boolean")
def is_same(environment: Environment, left: Any = None, right: Any = None) -> bool:
    """Whether two values are the same in every part, such as their time zones."""
    if type(left) is not type(right):
        return False
    if isinstance(left, datetime | time):
        return same_in_every_part(left, right)
    return equal(environment, left, right) is True
