"""Spans of whole days, open at either end: which of them share a day, and how an earlier one gives way to a later one."""

from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both inside; None is an open end."""

    first: date | None
    last: date | None

    @property
    def start(self) -> date:
        """The first day; for a span without one the first day that there is."""
        return self.first or date.min

    @property
    def end(self) -> date:
        """The last day; for a span without one the last day that there is."""
        return self.last or date.max

    def meets(self, other: "Span") -> bool:
        """Whether both hold a day."""
        return self.start <= other.end and other.start <= self.end

    def holds(self, day: date) -> bool:
        """Whether a day lies inside."""
        return self.start <= day <= self.end


def before(standing: Span, new: Span) -> Span | None:
    """What is left before a span that takes some of another's days. None where nothing is, or something is after it."""
    outlasts = standing.last is not None and standing.end > new.end
    if standing.start >= new.start or outlasts:
        return None
    return Span(standing.first, new.start - _DAY)


def after(standing: Span, new: Span) -> Span | None:
    """What is left after a span that takes some of another's days. None where nothing is, or something is before it."""
    if standing.end <= new.end or standing.start < new.start:
        return None
    return Span(new.end + _DAY, standing.last)


def next_to(earlier: Span, later: Span) -> bool:
    """Whether a span begins on the day after another ends."""
    return earlier.end < date.max and earlier.end + _DAY == later.start
