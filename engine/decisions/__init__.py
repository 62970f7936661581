"""Decisions of DMN: tables, expressions in boxes and what they require, as the standard says."""

from engine.decisions.analysis import TableFinding, analyse, findings_of
from engine.decisions.library import Library
from engine.decisions.model import Decision
from engine.decisions.reader import parse_decisions, parse_library
from engine.decisions.results import DecisionError, DecisionResult, FiredRule

__all__ = [
    "Decision",
    "DecisionError",
    "DecisionResult",
    "FiredRule",
    "Library",
    "TableFinding",
    "analyse",
    "findings_of",
    "parse_decisions",
    "parse_library",
]
