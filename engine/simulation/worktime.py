"""When people work, and how long they take."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random

from engine.timescales import LONDON, is_working_day

_OPENS, _CLOSES = 9, 17
_FEW = timedelta(days=4)
_AT_LEAST = timedelta(minutes=20)
_LATE = timedelta(days=21)
_FORGOTTEN = timedelta(days=40)
_LONG = timedelta(days=20)


def working_moment(dice: Random, after: datetime) -> datetime:
    """That moment if people work then, otherwise one on the next day on which they do."""
    local = after.astimezone(LONDON)
    day = local.date()
    if is_working_day(day) and _OPENS <= local.hour < _CLOSES:
        return after
    if not is_working_day(day) or local.hour >= _CLOSES:
        day += timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    minute = dice.randrange((_CLOSES - _OPENS) * 60)
    moment = datetime.combine(day, time(_OPENS), LONDON) + timedelta(minutes=minute)
    return moment.astimezone(UTC)


def done_at(dice: Random, begun: datetime, due: datetime | None) -> datetime:
    """When somebody gets a task done that was opened at `begun`: in time as a rule, late at times.

    What is due in months, such as a review, is done towards its day and not weeks before.
    """
    if due is None:
        taken = _FEW * dice.expovariate(1.0)
    else:
        allowed = max(due - begun, _AT_LEAST)
        luck = dice.random()
        if luck < 0.78:
            taken = allowed * dice.uniform(0.7 if allowed > _LONG else 0.1, 0.95)
        elif luck < 0.95:
            taken = allowed + min(allowed * dice.uniform(0.1, 1.0), _LATE)
        else:
            taken = allowed + _FORGOTTEN * dice.uniform(0.3, 1.0)
    return working_moment(dice, begun + max(taken, _AT_LEAST))
