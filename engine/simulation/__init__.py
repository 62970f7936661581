"""Cases that never were, on the real engine: people who do tasks in their own time, late at times,
timers that fall due in between, and a clock that runs through months in seconds.

`simulate` moves everything by the commands that serve people and workers, so what it leaves in a
database is what a council at work would have left there.
"""

from engine.simulation.council import Arrival, Council, Outcome, ProcessCount
from engine.simulation.pen import Manner
from engine.simulation.run import NotEmpty, is_empty, simulate

__all__ = [
    "Arrival",
    "Council",
    "Manner",
    "NotEmpty",
    "Outcome",
    "ProcessCount",
    "is_empty",
    "simulate",
]
