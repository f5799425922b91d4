"""When a network was seen: months and days, read as the span of days that they may mean."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Any

_DAY = len("2012-11-10")


def first_day(text: str) -> date:
    """First day that a month or a day may mean."""
    return date.fromisoformat(text if len(text) == _DAY else f"{text}-01")


def last_day(text: str) -> date:
    """Last day that a month or a day may mean."""
    start = first_day(text)
    return start if len(text) == _DAY else start.replace(day=monthrange(start.year, start.month)[1])


def span_of(alert: Mapping[str, Any]) -> tuple[date, date]:
    """First and last day in which an alert's network may have been seen; without `last_seen` it is `first_seen` alone."""
    return first_day(alert["first_seen"]), last_day(alert.get("last_seen") or alert["first_seen"])
