"""Every read. What there is to do is in `work`, what happened in `record`, what a person may start
in `entries`.
"""

from engine.automation import latest_submission
from engine.queries.entries import Entry, entries
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
    "Diagram",
    "Entry",
    "Event",
    "Incident",
    "InstanceRow",
    "Message",
    "Page",
    "Submission",
    "Task",
    "TaskRow",
    "closed_tasks",
    "diagram",
    "entries",
    "history",
    "incidents",
    "instances",
    "latest_submission",
    "model_of",
    "open_tasks",
    "submissions",
    "task",
    "tray",
    "tray_counts",
    "verify_history",
    "waiting_messages",
]
