"""Types as `instance of` names them (DMN 1.5, grammar rules 51 to 54 and 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from engine.feel.errors import FeelSyntaxError, UnsupportedFeel
from engine.feel.nodes import TypeName
from engine.feel.scanner import END, KnownNames, Token, scan
from engine.feel.values import FunctionValue, Range, kind_of
from engine.feel.zones import midnight

SCALARS = (
    "Any",
    "boolean",
    "context",
    "date",
    "date and time",
    "days and time duration",
    "list",
    "Null",
    "number",
    "range",
    "string",
    "time",
    "years and months duration",
)
_DEEPEST_TYPE = 20
_GENERIC = ("list", "range", "context", "function")
ANY = TypeName(0, "Any")

Types = Mapping[str, TypeName]
"""Types that the host defines, by name."""


class TypeParser:
    """Reads types among the tokens of an expression; `types` are those that the host defines."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._known = KnownNames([*SCALARS, *types])

    def parse(
        self, tokens: Sequence[Token], index: int, source: str, depth: int = 0
    ) -> tuple[TypeName, int]:
        """The type that starts at `index`, and the index after it; refuses unknown types."""
        token = tokens[index]
        match = self._known.match(tokens, index)
        name, index = match if match is not None else (token.text, index + 1)
        if name in self._types and depth <= _DEEPEST_TYPE:
            return self._types[name], index
        if name == "function" and tokens[index].text == "<>":
            return self._result(tokens, index + 1, source, TypeName(token.start, name), depth)
        generic = name in _GENERIC and tokens[index].text == "<"
        if depth > _DEEPEST_TYPE or not (name in SCALARS or generic):
            known = (*SCALARS, *self._types)
            close = get_close_matches(name, known, 1, 0.5)
            raise UnsupportedFeel(
                f"{name or 'Nothing'} is no type that is known here."
                + (f" Did you mean {close[0]}?" if close else f" Known are {', '.join(known)}."),
                token.start,
                source,
            )
        if not generic:
            return TypeName(token.start, name), index
        return self._parts(tokens, index + 1, source, TypeName(token.start, name), depth)

    def _parts(
        self, tokens: Sequence[Token], index: int, source: str, whole: TypeName, depth: int
    ) -> tuple[TypeName, int]:
        name = whole.name
        parts: list[tuple[str, TypeName]] = []
        while not (name == "function" and tokens[index].text == ">"):
            entry = ""
            if name == "context":
                start = index
                while tokens[index].text not in (":", "", ">"):
                    index += 1
                _expect(tokens[index], ":", source)
                entry = " ".join(part.text for part in tokens[start:index])
                index += 1
            part, index = self.parse(tokens, index, source, depth + 1)
            parts.append((entry, part))
            if name not in ("context", "function") or tokens[index].text != ",":
                break
            index += 1
        _expect(tokens[index], ">", source)
        index += 1
        whole = TypeName(whole.at, name, tuple(parts))
        if name == "function":
            return self._result(tokens, index, source, whole, depth)
        return whole, index

    def _result(
        self, tokens: Sequence[Token], index: int, source: str, whole: TypeName, depth: int
    ) -> tuple[TypeName, int]:
        _expect(tokens[index], "->", source)
        result, index = self.parse(tokens, index + 1, source, depth + 1)
        return TypeName(whole.at, whole.name, (*whole.parts, ("->", result))), index


def type_named(name: str) -> TypeName:
    """The type that is written so, such as `list<string>`; raises `FeelError` if there is none."""
    tokens = scan(name)
    found, end = TypeParser({}).parse(tokens, 0, name)
    if tokens[end].kind != END:
        raise UnsupportedFeel(f"{name} is no type that is known here.", 0, name)
    return found


def _expect(token: Token, text: str, source: str) -> None:
    if token.text != text:
        raise FeelSyntaxError(
            f"Expected {text} in the type, but found {token.text or 'the end'}.",
            token.start,
            source,
        )


def is_instance(value: Any, type_name: TypeName) -> bool:
    """`value instance of type`, which looks at no allowed values; null is of no type but Null."""
    return _is_of(value, type_name, is_instance)


def conforms(value: Any, type_name: TypeName) -> bool:
    """Whether a value is of a type, and among its allowed values; null is of none but Null."""
    if not _is_of(value, type_name, conforms):
        return False
    allowed = type_name.allowed
    return allowed is None or allowed(value)


def _is_of(value: Any, type_name: TypeName, check: Callable[[Any, TypeName], bool]) -> bool:
    name = type_name.name
    if name == "Any":
        return value is not None
    if kind_of(value) != name.lower():
        return False
    if not type_name.parts:
        return True
    if name == "list":
        part = type_name.parts[0][1]
        return all(item is None or check(item, part) for item in value)
    if name == "context":
        return all(
            entry in value and (value[entry] is None or check(value[entry], part))
            for entry, part in type_name.parts
        )
    if name == "function":
        return _function_conforms(value, type_name)
    ends = [end for end in (value.start, value.end) if end is not None]
    return all(check(end, type_name.parts[0][1]) for end in ends)


def _function_conforms(function: FunctionValue, wanted: TypeName) -> bool:
    """Parameters may be wider than wanted, the result narrower (10.3.2.9.2)."""
    *parameters, (_, result) = wanted.parts
    own = function.types
    if function.parameters is None or len(function.parameters) != len(parameters):
        return False
    if not all(
        narrower(part, mine or ANY) for (_, part), mine in zip(parameters, own[:-1], strict=True)
    ):
        return False
    return own[-1] is None or narrower(own[-1], result)


def narrower(one: TypeName, other: TypeName) -> bool:
    """Whether every value of the first type is one of the second."""
    if other.name == "Any" or one.name == "Null":
        return True
    if one.name != other.name:
        return False
    if not other.parts or not one.parts:
        return not other.parts
    if one.name == "context":
        mine = dict(one.parts)
        return all(name in mine and narrower(mine[name], part) for name, part in other.parts)
    if one.name == "function":
        if len(one.parts) != len(other.parts):
            return False
        return all(
            narrower(theirs[1], mine[1])
            for mine, theirs in zip(one.parts[:-1], other.parts[:-1], strict=True)
        ) and narrower(one.parts[-1][1], other.parts[-1][1])
    return narrower(one.parts[0][1], other.parts[0][1])


def coerced(value: Any, type_name: TypeName | None) -> Any:
    """The value as one of the type by the implicit conversions, null if none makes it one.

    A single item of a list, a single value as a list, a date as its midnight (10.3.2.9.4).
    """
    if value is None or type_name is None or type_name.name == "Any":
        return value
    if type_name.allowed is None and not type_name.parts and kind_of(value) == type_name.name:
        return value
    if conforms(value, type_name):
        return value
    if type(value) is list and len(value) == 1 and conforms(value[0], type_name):
        return value[0]
    if type_name.name == "list" and type(value) is not list and conforms([value], type_name):
        return [value]
    if type_name.name == "date and time" and kind_of(value) == "date":
        return midnight(value)
    return None


def type_of(value: Any) -> TypeName:
    """The type of a value, with those of the entries of contexts and of the items of lists."""
    if value is None:
        return TypeName(0, "Null")
    if type(value) is dict:
        return TypeName(0, "context", tuple((name, type_of(one)) for name, one in value.items()))
    if type(value) is list:
        return TypeName(0, "list", (("", common([type_of(item) for item in value])),))
    if type(value) is Range:
        ends = [type_of(end) for end in (value.start, value.end) if end is not None]
        return TypeName(0, "range", (("", common(ends)),))
    kind = kind_of(value)
    return ANY if kind == "other" else TypeName(0, kind)


def common(kinds: list[TypeName]) -> TypeName:
    """The type that all of these are of, so far as one is known; null is of any."""
    known = [kind for kind in kinds if kind.name != "Null"]
    if not known:
        return kinds[0] if kinds else ANY
    first = known[0]
    return first if all(kind == first for kind in known) else ANY
