"""Decision tables and literal expressions of DMN, evaluated as the standard says."""

from engine.decisions.model import Decision, DecisionError, DecisionResult, FiredRule
from engine.decisions.reader import parse_decisions

__all__ = ["Decision", "DecisionError", "DecisionResult", "FiredRule", "parse_decisions"]
