"""Decision tables and literal expressions of DMN, evaluated as the standard says."""

from engine.decisions.model import Decision
from engine.decisions.reader import parse_decisions
from engine.decisions.results import DecisionError, DecisionResult, FiredRule

__all__ = ["Decision", "DecisionError", "DecisionResult", "FiredRule", "parse_decisions"]
