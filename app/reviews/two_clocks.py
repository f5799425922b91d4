"""The time by which what waits is published: the slower of two clocks, so that one that is set ahead publishes nothing early (guarantees 2)."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from app.core.clock import counted, rfc3339, utc_now
from app.core.logs import tell

Clock = Callable[[], datetime]

_SLACK = timedelta(minutes=1)
"""By how much two clocks may differ before somebody is told."""


def slower_clock(wall: Clock = utc_now, count: Callable[[], float] = counted) -> Clock:
    """A clock that goes by the slower of the machine's wall clock and what has passed since now.

    Each time that they part by more than a minute the log is told once (`clock-jumped`): whoever set the clock right restarts the node.
    """
    began, since, parted = wall(), count(), False

    def now() -> datetime:
        nonlocal parted
        told, passed = wall(), began + timedelta(seconds=count() - since)
        before, parted = parted, abs(told - passed) > _SLACK
        if parted and not before:
            tell(logging.ERROR, "clock-jumped", {"wall": rfc3339(told), "counted": rfc3339(passed)})
        return min(told, passed)

    return now
