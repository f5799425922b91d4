"""The period of a flow bulletin, with its first and last day: a week, month, quarter, year, fiscal year or a State's own interval.

The forms are those of the contract (Flow bulletin, `period`); weeks are ISO 8601 weeks, Monday to Sunday.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["week", "month", "interval"]
Frequency: TypeAlias = Literal["week", "month", "quarter", "year", "fiscal_year", "interval"]
Bucket: TypeAlias = Literal["month", "quarter", "year"]

LONGEST_INTERVAL = 366
"""The most days that an interval of a State's own may hold: one leap year."""

_YEAR = "(19[0-9]{2}|20[0-9]{2}|2100)"
_DAY = "((?:19[0-9]{2}|20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2})"


class PeriodError(ValueError):
    """A period that no bulletin can have: an unknown form, a day or week that does not exist, or a missing `period_start`.

    The message names the rule and never repeats the text that was sent (contract: Errors).
    """

    code = "period-invalid"


@dataclass(frozen=True)
class Period:
    """One span of whole days that figures are reported for.

    `code` is the canonical text; `first` and `last` are both inside.  `family` is the calendar that a flow keeps to: weeks, months
    (with quarters, years and fiscal years, which are made of them), or intervals of its own.
    """

    code: str
    first: date
    last: date
    family: Family
    frequency: Frequency


def parse_period(text: str, period_start: date | None = None) -> Period:
    """Read a period as a bulletin or a query writes it.

    Takes `2012-W45`, `2012-11`, `2012-Q4`, `2012`, `2012-11-01/2012-11-15`, and `2024-FY` with the day on which that fiscal year
    starts.  Raises PeriodError for anything else, and for a `period_start` beside a form that has no use for it.
    """
    if text.endswith("-FY"):
        return _fiscal_year(text, period_start)
    if period_start is not None:
        raise PeriodError("only a fiscal year has a period_start")
    for form, read in _FORMS:
        match = form.fullmatch(text)
        if match:
            return read(text, *match.groups())
    raise PeriodError("a period is 2012-W45, 2012-11, 2012-Q4, 2012, 2024-FY or 2012-11-01/2012-11-15, from 1900 to 2100")


def days(period: Period) -> int:
    """Count the days of a period, the first and the last included."""
    return (period.last - period.first).days + 1


def overlaps(a: Period, b: Period) -> bool:
    """Tell whether two periods share at least one day."""
    return a.first <= b.last and b.first <= a.last


def contains(a: Period, b: Period) -> bool:
    """Tell whether every day of `b` is a day of `a`; a period contains itself."""
    return a.first <= b.first and b.last <= a.last


def partial_overlap(a: Period, b: Period) -> bool:
    """Tell whether two periods share days though neither contains the other: what one flow may not hold (`period-family`)."""
    return overlaps(a, b) and not contains(a, b) and not contains(b, a)


def bucket(period: Period, frequency: Bucket) -> Period | None:
    """Find the calendar month, quarter or year that holds the whole period; None where it crosses a boundary.

    A week counts in a month only where all its seven days do: a week is never divided.  Raises KeyError for any other frequency.
    """
    found = parse_period(_BUCKETS[frequency](period.first))
    return found if contains(found, period) else None


def following(period: Period) -> Period | None:
    """The next period of the same calendar; None for an interval of a State's own, and behind the last period there can be."""
    if period.frequency == "interval":
        return None
    first = period.last + timedelta(days=1)
    fiscal = period.frequency == "fiscal_year"
    code = f"{int(period.code[:4]) + 1}-FY" if fiscal else _NAMES[period.frequency](first)
    try:
        return parse_period(code, first if fiscal else None)
    except PeriodError:
        return None


def number_between(frequency: Frequency, first: date, last: date) -> int:
    """How many periods of a calendar lie wholly between two days; of fiscal years those that begin as `first` does.

    Raises KeyError for intervals.
    """
    if frequency == "week":
        monday = first + timedelta(days=-first.weekday() % 7)
        return max(0, ((last - monday).days + 1) // 7)
    size = _MONTHS[frequency]
    begin, end = _month_number(first) + (first.day > 1), _month_number(last + timedelta(days=1))
    if frequency == "fiscal_year":
        return max(0, (end - begin) // size)
    return max(0, end // size - -(-begin // size))


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _week(text: str, year: str, week: str) -> Period:
    try:
        monday = date.fromisocalendar(int(year), int(week), 1)
    except ValueError as error:
        raise PeriodError("the year has no such ISO week") from error
    return Period(text, monday, monday + timedelta(days=6), "week", "week")


def _month(text: str, year: str, month: str) -> Period:
    first = date(int(year), int(month), 1)
    return Period(text, first, _end(first, 1), "month", "month")


def _quarter(text: str, year: str, quarter: str) -> Period:
    first = date(int(year), 3 * int(quarter) - 2, 1)
    return Period(text, first, _end(first, 3), "month", "quarter")


def _year(text: str, year: str) -> Period:
    first = date(int(year), 1, 1)
    return Period(text, first, _end(first, 12), "month", "year")


def _fiscal_year(text: str, start: date | None) -> Period:
    match = re.fullmatch(f"{_YEAR}-FY", text)
    if not match:
        raise PeriodError("a fiscal year is 2024-FY, from 1900 to 2100")
    if start is None or start.day != 1:
        raise PeriodError("a fiscal year needs period_start, the first day of a month")
    last = _end(start, 12)
    # Whatever a State calls it, a fiscal year bears the number of a year that it touches; any other start is a slip of the keyboard.
    if int(match[1]) not in {start.year, last.year}:
        raise PeriodError("a fiscal year starts in the year of its name or in the year before")
    return Period(text, start, last, "month", "fiscal_year")


def _interval(text: str, first_text: str, last_text: str) -> Period:
    try:
        first, last = date.fromisoformat(first_text), date.fromisoformat(last_text)
    except ValueError as error:
        raise PeriodError("a day of the interval does not exist") from error
    period = Period(text, first, last, "interval", "interval")
    if not 1 <= days(period) <= LONGEST_INTERVAL:
        raise PeriodError(f"an interval runs forward and holds at most {LONGEST_INTERVAL} days")
    return period


def _end(first: date, months: int) -> date:
    later = first.year * 12 + first.month - 1 + months
    return date(later // 12, later % 12 + 1, 1) - timedelta(days=1)


# [0-9] and not \d: Arabic-Indic and fullwidth digits are refused, they would give one period two codes.
_FORMS: tuple[tuple[re.Pattern[str], Callable[..., Period]], ...] = (
    (re.compile(f"{_YEAR}-W([0-9]{{2}})"), _week),
    (re.compile(f"{_YEAR}-(0[1-9]|1[0-2])"), _month),
    (re.compile(f"{_YEAR}-Q([1-4])"), _quarter),
    (re.compile(_YEAR), _year),
    (re.compile(f"{_DAY}/{_DAY}"), _interval),
)

_BUCKETS: dict[str, Callable[[date], str]] = {
    "month": lambda day: f"{day:%Y-%m}",
    "quarter": lambda day: f"{day.year}-Q{(day.month + 2) // 3}",
    "year": lambda day: str(day.year),
}
_NAMES: dict[str, Callable[[date], str]] = {**_BUCKETS, "week": lambda day: "{}-W{:02}".format(*day.isocalendar())}
_MONTHS = {"month": 1, "quarter": 3, "year": 12, "fiscal_year": 12}
