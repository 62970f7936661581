"""Every read. What there is to do is in `work`, what happened in `record`, where a case is in
`whereabouts`, why a task is there in `grounds`, and what a person may start in `entries`."""

from engine.automation import latest_submission
from engine.model import Clause
from engine.queries.entries import Entry, entries
from engine.queries.grounds import (
    Answer,
    Cause,
    DecisionTaken,
    Grounds,
    Reckoning,
    grounds,
)
from engine.queries.onward import Turn, Way
from engine.queries.record import (
    Diagram,
    Event,
    Incident,
    InstanceRow,
    Submission,
    diagram,
    history,
    incidents,
    instances,
    model_of,
    submissions,
    verify_history,
)
from engine.queries.whereabouts import Place, passed_at, whereabouts
from engine.queries.work import (
    Message,
    Page,
    Task,
    TaskRow,
    closed_tasks,
    open_tasks,
    task,
    tray,
    tray_counts,
    waiting_messages,
)

__all__ = [
    "Answer",
    "Cause",
    "Clause",
    "DecisionTaken",
    "Diagram",
    "Entry",
    "Event",
    "Grounds",
    "Incident",
    "InstanceRow",
    "Message",
    "Page",
    "Place",
    "Reckoning",
    "Submission",
    "Task",
    "TaskRow",
    "Turn",
    "Way",
    "closed_tasks",
    "diagram",
    "entries",
    "grounds",
    "history",
    "incidents",
    "instances",
    "latest_submission",
    "model_of",
    "open_tasks",
    "passed_at",
    "submissions",
    "task",
    "tray",
    "tray_counts",
    "verify_history",
    "waiting_messages",
    "whereabouts",
]
