"""Reading a form-js file: every component checked, each fault named in words with its place."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from engine import feel
from engine.errors import Finding
from engine.forms.component import Functions, Report, Scope, read_component
from engine.forms.fields import Field, below, in_scope
from engine.forms.form import Form

LARGEST_FILE = 1024 * 1024
MOST_COMPONENTS = 500

_FORM_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


class _Duplicate(ValueError):
    pass


def parse_form(content: bytes, path: str, functions: Functions = feel.NO_FUNCTIONS) -> Form:
    """Read form-js JSON (as @bpmn-io/form-js 1.23 saves it, schema version 19 and before).

    `path` is named in findings; `functions` are what conditions may call beside FEEL's own.
    Raises InvalidModel with a finding for everything that could not be shown, checked or
    evaluated: malformed JSON, unsupported components, missing or repeated keys, conditions that
    do not parse, read unknown names or depend on themselves, defaults that break the rules.
    """
    report = Report(path)
    source = _load(content, report)
    if not isinstance(source, dict) or not isinstance(source.get("components"), list):
        report.add(
            "form-malformed",
            "The file is not a form: it must be a JSON object with a list “components”. Save the "
            "form again with the form editor.",
        )
        raise report.invalid()
    identity = source.get("id")
    if not isinstance(identity, str) or not _FORM_ID.fullmatch(identity):
        report.add(
            "form-id",
            "The form has no usable “id”. Give it one of letters, digits, - and _, beginning with "
            "a letter, like “basic_checks”.",
        )
    if source.get("type", "default") != "default":
        report.add("form-malformed", "The form's “type” must be “default”.")
    if _count(source["components"]) > MOST_COMPONENTS:
        report.add(
            "form-too-large",
            f"The form has more than {MOST_COMPONENTS} components. Nobody can fill that in: split "
            "it into several forms, one for each user task.",
        )
        raise report.invalid()
    numbers: Callable[[], int] = iter(range(MOST_COMPONENTS + 1)).__next__
    scope = Scope.of(source["components"], None)
    known = tuple(functions)
    fields = tuple(
        field
        for component in source["components"]
        if (field := read_component(component, scope, report, known, numbers)) is not None
    )
    if not report.findings:
        _check_cycles(fields, report)
    if report.findings:
        raise report.invalid()
    return Form(str(identity), fields)


def _load(content: bytes, report: Report) -> Any:
    if len(content) > LARGEST_FILE:
        report.add(
            "form-too-large",
            f"The file has {len(content) / 1_048_576:.1f} MB; at most 1 MB is accepted. "
            "Split the form into several.",
        )
        raise report.invalid()

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name, times in Counter(name for name, _ in pairs).items():
            if times > 1:
                raise _Duplicate(name)
        return dict(pairs)

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is not a JSON number")

    try:
        text = content.decode("utf-8-sig")
        loaded = json.loads(text, object_pairs_hook=unique, parse_constant=constant)
        json.dumps(loaded, ensure_ascii=False).encode()  # half a surrogate pair cannot be shown
        return loaded
    except UnicodeError:
        report.add("form-encoding", "The file is not in UTF-8. Save it as UTF-8 and try again.")
    except json.JSONDecodeError as error:
        report.findings.append(
            Finding(
                "error",
                "form-malformed",
                f"The file is not well-formed JSON: {error.msg}. Mend that place, or save the form "
                "again with the form editor.",
                report.path,
                None,
                error.lineno,
                error.colno,
            )
        )
    except _Duplicate as error:
        report.add(
            "form-malformed",
            f"An object in the file has “{str(error)[:60]}” twice, so that it is unclear which one "
            "counts. Remove one of them.",
        )
    except RecursionError:
        report.add(
            "form-malformed",
            "The file nests objects or lists too deep; no form needs that. Check where it comes "
            "from.",
        )
    except ValueError as error:
        report.add("form-malformed", f"The file has a number that cannot be read: {error}.")
    raise report.invalid()


def _count(components: list[Any]) -> int:
    waiting, counted = list(components), 0
    while waiting and counted <= MOST_COMPONENTS:
        component = waiting.pop()
        counted += 1
        if isinstance(component, dict) and isinstance(component.get("components"), list):
            waiting.extend(component["components"])
    return counted


def _check_cycles(fields: tuple[Field, ...], report: Report) -> None:
    cycle = _find_cycle(fields)
    if cycle:
        names = " → ".join(f"“{field.key or field.label or field.kind}”" for field in cycle)
        report.add(
            "form-condition-cycle",
            f"Whether a field is hidden depends on itself: {names}. A condition may read only "
            "fields whose own conditions do not lead back to it.",
            cycle[0].key,
        )


def _find_cycle(fields: tuple[Field, ...]) -> list[Field]:
    """Fields of which each one's showing depends on the next one's, first and last the same.

    A field depends on what its condition reads and on the container that it stands in; reading a
    list or a group is reading everything in it. Empty if there is no such circle.
    """
    needs: dict[Field, list[Field]] = {}
    _collect(fields, (in_scope(fields),), None, needs)
    done: set[Field] = set()
    for start in needs:
        trail: list[Field] = []
        on_trail: set[Field] = set()
        # Explicit stack: a chain of 500 conditions is allowed and must not exhaust Python's.
        stack: list[tuple[Field, int]] = [(start, 0)]
        while stack:
            field, position = stack.pop()
            if position == 0:
                if field in done:
                    continue
                if field in on_trail:
                    return [*trail[trail.index(field) :], field]
                trail.append(field)
                on_trail.add(field)
            if position < len(needs[field]):
                stack.append((field, position + 1))
                stack.append((needs[field][position], 0))
            else:
                done.add(field)
                on_trail.discard(trail.pop())
    return []


def _collect(
    fields: tuple[Field, ...],
    scopes: tuple[dict[str, Field], ...],
    container: Field | None,
    needs: dict[Field, list[Field]],
) -> None:
    for field in fields:
        found = [container] if container is not None else []
        for name in sorted(field.hide.variables) if field.hide is not None else ():
            read = next((scope[name] for scope in reversed(scopes) if name in scope), None)
            if read is not None:
                found += [read, *below(read.fields)]
        needs[field] = found
        inner = scopes if field.key is None else (*scopes, in_scope(field.fields))
        _collect(field.fields, inner, field, needs)
