"""Forms: form-js JSON in, checked answers and readable summaries out; no HTML.

`parse_form` reads a form and refuses what could not be shown or checked; the `Form` that it gives
does the rest.
"""

from engine.forms.fields import MOST_ROWS, Block, Choice, Field, Span, in_scope
from engine.forms.form import Form
from engine.forms.layout import Place, Row
from engine.forms.parse import parse_form
from engine.forms.summary import SummaryRow

__all__ = [
    "MOST_ROWS",
    "Block",
    "Choice",
    "Field",
    "Form",
    "Place",
    "Row",
    "Span",
    "SummaryRow",
    "in_scope",
    "parse_form",
]
