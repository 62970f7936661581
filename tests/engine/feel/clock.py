"""How long something takes on the processor, whatever else the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

ATTEMPTS = 5


def quickest(work: Callable[[], object], longest: float) -> float:
    """Seconds on the processor that the work takes, of several times the least.

    What else goes on in this process, such as the collection of other tests' garbage, does not
    count. Once is enough where it takes less than `longest`.
    """
    taken = []
    for _ in range(ATTEMPTS):
        started = time.thread_time()
        work()
        taken.append(time.thread_time() - started)
        if taken[-1] < longest:
            break
    return min(taken)
