"""A form as GOV.UK components, its errors and its answers read back; all HTML that a form needs.

Everything is drawn on the server and works without scripts: rows are added and removed by
buttons, a field whose condition hangs on a question without an answer is there to be filled in.
The text of forms and answers is never trusted: it reaches the page only through autoescaping.
`web.posted` reads back what such a page posts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
)
from markupsafe import Markup

from engine.forms import Field, Form, Place, in_scope
from web.form_parts import Choices, Errors, Parts
from web.posted import (
    RowChange,
    change_rows,
    control_id,
    read_post,
    unseen,
)


def render_fields(
    form: Form,
    answers: Mapping[str, Any] | None = None,
    *,
    errors: Errors | None = None,
    choices: Choices | None = None,
    heading_level: int = 2,
) -> Markup:
    """The form's fields, filled in with `answers` (None: untouched, so with its defaults).

    `errors` are those of InvalidAnswers; `choices` must have every list of `Form.choices`, or
    ValueError is raised. Headings in the form's texts begin at `heading_level`. The page puts
    the result into its `<form method="post" novalidate>`, with its own token and buttons.
    """
    missing = form.choices - set(choices or {})
    if missing:
        raise ValueError(f"The form {form.id} needs the choices {', '.join(sorted(missing))}")
    builder = Parts(errors or {}, choices or {}, heading_level)
    parts = builder.build(_places(form, answers))
    return _render("fields.html", parts=parts, has_rows=builder.has_rows)


def render_error_summary(
    form: Form, answers: Mapping[str, Any] | None, errors: Errors | None
) -> Markup:
    """ "There is a problem", each error linked to its input in the order of the page.

    Empty without errors. An error in a row names the row; one without a field has no link.
    """
    if not errors:
        return Markup("")
    builder = Parts(errors, {}, 2)
    builder.build(_places(form, answers))
    listed: list[dict[str, str]] = []
    for path in [path for path in builder.targets if path in errors]:
        heading = builder.headings.get(path)
        text = f"{heading}: {errors[path]}" if heading else errors[path]
        listed.append({"text": text, "href": f"#{builder.targets[path]}"})
    listed += [{"text": errors[path]} for path in errors if path not in builder.targets]
    return _render("errors.html", errors=listed)


def render_summary(
    form: Form,
    answers: Mapping[str, Any],
    *,
    choices: Choices | None = None,
    change_url: str | None = None,
    heading_level: int = 2,
) -> Markup:
    """The answers for reading back, as summary lists under the form's headings.

    With `change_url`, the address of the page that holds the form, each has a "Change" link.
    """
    sections = []
    for heading, rows in groupby(form.summary(answers, choices), key=lambda row: row.section):
        listed = []
        for row in rows:
            lines = [Markup.escape(line) for line in row.value.split("\n")]
            shown: dict[str, Any] = {
                "key": {"text": row.label},
                "value": {"html": Markup("<br>").join(lines)},
            }
            if change_url is not None:
                named = f"{row.label}, {heading}" if heading else row.label
                link = {
                    "href": f"{change_url}#{control_id(row.path)}",
                    "text": "Change",
                    "visuallyHiddenText": named,
                }
                shown["actions"] = {"items": [link]}
            listed.append(shown)
        sections.append({"heading": heading, "rows": listed})
    return _render("summary.html", sections=sections, heading_level=heading_level)


@cache
def _environment() -> Environment:
    own = FileSystemLoader(Path(__file__).parent / "templates")
    govuk = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    return Environment(
        loader=ChoiceLoader([govuk, own]), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def _render(template: str, **values: Any) -> Markup:
    # Safe: the environment escapes whatever comes from forms and answers.
    return Markup(_environment().get_template(f"forms/{template}").render(values).strip())  # noqa: S704


def _places(form: Form, answers: Mapping[str, Any] | None) -> tuple[Place, ...]:
    filled = form.defaults() if answers is None else _with_rows(form.fields, answers)
    return form.visible(filled, undecided=True)


def _with_rows(fields: tuple[Field, ...], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers with the first rows of lists that they say nothing of."""
    filled = dict(answers)
    for key, field in in_scope(fields).items():
        value = filled.get(key)
        if field.kind == "group":
            filled[key] = _with_rows(field.fields, value if isinstance(value, dict) else {})
        elif field.kind == "dynamiclist":
            if isinstance(value, list) and (value or not field.required):
                rows = [row if isinstance(row, dict) else {} for row in value]
                filled[key] = [_with_rows(field.fields, row) for row in rows]
            else:
                first = max(field.default_rows, int(field.required))
                filled[key] = [field.fresh_row() for _ in range(first)]
    return filled


__all__ = [
    "RowChange",
    "change_rows",
    "read_post",
    "render_error_summary",
    "render_fields",
    "render_summary",
    "unseen",
]
