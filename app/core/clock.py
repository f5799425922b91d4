"""The one clock, and the one that counts, by which it is noticed that the first was set."""

import functools
import time
from collections.abc import Callable
from datetime import UTC, date, datetime


def utc_now() -> datetime:
    """The present instant in UTC, to the microsecond."""
    return datetime.now(UTC)


def counted() -> float:
    """Seconds by a clock that nobody can set; it counts a machine's sleep too, where the machine can."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def parting() -> Callable[[], float]:
    """What tells by how many seconds the clock has been set ahead (back: below 0) since this was made."""
    began, since = utc_now(), counted()
    return lambda: (utc_now() - began).total_seconds() - (counted() - since)


def rfc3339(instant: datetime) -> str:
    """An instant as it crosses the wire: UTC with Z, microseconds always written so that texts sort as instants do."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def in_utc(value: datetime) -> datetime:
    """The same instant in UTC; raises ValueError for a naive one, which would shift by hours on the way."""
    if value.tzinfo is None:
        message = "an instant without a time zone"
        raise ValueError(message)
    return value.astimezone(UTC)


@functools.lru_cache(maxsize=1024)
def instant_text(value: datetime | None) -> str | None:
    """An instant as SQLite keeps it: its wall time in UTC."""
    return None if value is None else in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


def day_text(value: date | None) -> str | None:
    """A day as SQLite keeps it."""
    return None if value is None else value.isoformat()
