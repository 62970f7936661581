"""SpiffWorkflow at work: the only package that imports it."""

from engine.spiff.marking import passed_by, stands_at, timers_of, waiting_at, waits
from engine.spiff.program import Program
from engine.spiff.run import Failure, Host, Passed, Run, Thrown, Token
from engine.spiff.steps import StepFailed

__all__ = [
    "Failure",
    "Host",
    "Passed",
    "Program",
    "Run",
    "StepFailed",
    "Thrown",
    "Token",
    "passed_by",
    "stands_at",
    "timers_of",
    "waiting_at",
    "waits",
]
