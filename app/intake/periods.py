"""Periods as offices write them, in es, pt and en: months by name, weeks, quarters, fiscal years, and days where they are asked for.

What is no such text is given back as it came; `exists` tells whether a bulletin can have it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from app.intake.cells import SYSTEM_1900, SerialDays
from app.intake.words import folded, text_of
from app.wire.period import Frequency, PeriodError, parse_period
from app.wire.profile import DateOrder

_MONTHS = (
    "ene enero jan janeiro january", "feb febrero fev fevereiro february", "mar marzo marco march", "abr abril apr april",
    "may mayo mai maio", "jun junio junho june", "jul julio julho july", "ago agosto aug august",
    "sep sept septiembre setiembre set setembro september", "oct octubre out outubro october", "nov noviembre novembro november",
    "dic diciembre dez dezembro dec december",
)  # fmt: skip
MONTHS = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_SMALL = frozenset({"de", "del", "do", "da", "of", "the", "no", "n"})
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_YEAR = "(?P<year>(?:19|20)[0-9]{2}|2100)"
_MONTH = f"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})"
# One digit after a bare S may be a half-year as well as a week.
_WEEK = "(?:(?:semana|week|sem|se|w) ?(?P<week>[0-9]{1,2})|s ?(?P<padded>[0-9]{2}))"
_ORDINAL = "(?:er|ro|do|to|o|st|nd|rd|th)"
_QUARTER = (
    f"(?:(?:trimestre|trim|quarter|q|t) ?(?P<quarter>[1-4])|(?P<before>[1-4]|i{{1,3}}|iv) ?{_ORDINAL}? ?(?:trimestre|trim|quarter|q|t))"
)
_FISCAL = "(?:fy|af|ano fiscal|exercicio fiscal|fiscal year|ejercicio fiscal)"
_WORDED = (
    *(re.compile(form) for part in (_MONTH, _WEEK, _QUARTER) for form in (f"{part} {_YEAR}", f"{_YEAR} ?{part}")),
    re.compile(f"(?:ano|anio|year) {_YEAR}"),
    re.compile(f"(?P<fiscal>{_FISCAL}) ?{_YEAR}|{_YEAR.replace('year', 'later')} ?(?P<after>{_FISCAL})"),
)
_FISCAL_YEAR = re.compile(f"{_YEAR}-FY")
_SLASHED = re.compile(rf"(?P<number>0?[1-9]|1[0-2])[/.]{_YEAR}|{_YEAR.replace('year', 'first')}[/.](?P<second>0[1-9]|1[0-2])")
_ISO_DAY = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[ T]00:00(?::00)?)?")
_DAY = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_SERIALS = range(20_000, 80_000)
"""Days since 1900 that a sheet shows where a date lost its format: from 1954 to 2119."""
_TWELVE = 12
_LONGEST = 64


@dataclass(frozen=True)
class Manner:
    """How a file's days are to be read: what was declared, or proved by its own column."""

    frequency: Frequency | None = None
    order: DateOrder | None = None
    fiscal_month: int | None = None
    days: SerialDays = SYSTEM_1900

    def in_order(self, order: DateOrder | None) -> "Manner":
        """The same with the order of day and month that a column proves."""
        return replace(self, order=order)


@dataclass(frozen=True)
class Unread:
    """Why a cell gives no period: `period-is-a-day`, `date-ambiguous`, `fiscal-year-undeclared`."""

    code: str


@dataclass(frozen=True)
class ReadPeriod:
    """A period as a bulletin writes it, the first day of a fiscal year, and whether it was read from a day's serial number."""

    code: str
    start: str | None = None
    is_serial: bool = False


def order_of(cells: Iterable[object], declared: DateOrder | None) -> DateOrder | None:
    """The order of day and month that a column of days proves: by a number above twelve, unless others prove the opposite."""
    if declared:
        return declared
    pairs = [match for cell in cells if isinstance(cell, str) and (match := _DAY.fullmatch(cell.strip()))]
    proved: set[DateOrder] = {"dmy" if int(pair[1]) > _TWELVE else "mdy" for pair in pairs if max(int(pair[1]), int(pair[2])) > _TWELVE}
    return proved.pop() if len(proved) == 1 else None


def read_period(cell: object, manner: Manner) -> ReadPeriod | Unread:
    """The period that one cell names."""
    if isinstance(cell, date | datetime):
        return _filed(cell, manner)
    text = text_of(cell)
    if len(text) > _LONGEST:
        return ReadPeriod(text[: _LONGEST + 1])
    if _is_serial(text):
        day = manner.days.day(int(text))
        return _filed(day, manner, is_serial=True) if day else ReadPeriod(text)
    if _stands(text):
        return ReadPeriod(text)
    found = _day(text, manner.order)
    if found is not None:
        return found if isinstance(found, Unread) else _filed(found, manner)
    return _worded(text, manner)


def joined(year: str, part: str, number: str) -> str | None:
    """A year and its month, week or quarter from columns of their own, as the text of a period; None where they name none."""
    if part == "year" or not number:
        return year
    found = MONTHS.get(folded(number)) if part == "month" else None
    digits = found or (int(number) if number.isascii() and number.isdigit() else _ROMAN.get(folded(number)))
    if digits is None:
        return None
    return {"month": f"{year}-{digits:02}", "week": f"{year}-W{digits:02}", "quarter": f"{year}-Q{digits}"}[part]


def years_in(text: str) -> set[str]:
    """The years that a title names."""
    return set(re.findall(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])", text))


def _is_serial(text: str) -> bool:
    return len(text) == len("45355") and text.isascii() and text.isdigit() and int(text) in _SERIALS


def exists(period: str) -> bool:
    """Tell whether there is such a period; the first day of a fiscal year may stand elsewhere."""
    return _stands(period) or _FISCAL_YEAR.fullmatch(period) is not None


def _stands(text: str) -> bool:
    try:
        parse_period(text)
    except PeriodError:
        return False
    return True


def _day(text: str, order: DateOrder | None) -> date | Unread | None:
    if iso := _ISO_DAY.fullmatch(text):
        return _date(iso[1], iso[2], iso[3])
    pair = _DAY.fullmatch(text)
    if not pair:
        return None
    if order is None and pair[1] != pair[2]:
        return Unread("date-ambiguous")
    day, month = (pair[2], pair[1]) if order == "mdy" else (pair[1], pair[2])
    return _date(pair[3], month, day)


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


_FILED: dict[str, Callable[[date], str]] = {
    "week": lambda day: "{}-W{:02}".format(*day.isocalendar()[:2]),
    "month": lambda day: f"{day:%Y-%m}",
    "quarter": lambda day: f"{day.year}-Q{(day.month + 2) // 3}",
    "year": lambda day: f"{day.year}",
    "interval": lambda day: f"{day.isoformat()}/{day.isoformat()}",
}


def _filed(day: date, manner: Manner, *, is_serial: bool = False) -> ReadPeriod | Unread:
    filed = _FILED.get(manner.frequency or "")
    day = day.date() if isinstance(day, datetime) else day
    return ReadPeriod(filed(day), is_serial=is_serial) if filed else Unread("period-is-a-day")


def _worded(text: str, manner: Manner) -> ReadPeriod | Unread:
    if slashed := _SLASHED.fullmatch(text):
        return ReadPeriod(f"{slashed['year'] or slashed['first']}-{int(slashed['number'] or slashed['second']):02}")
    found = _words(text)
    if found is None:
        return ReadPeriod(text)
    year = found.get("year") or found.get("later") or ""
    if found.get("fiscal") or found.get("after"):
        return _fiscal(text, year, manner)
    return ReadPeriod(_from_parts(year, found))


def _words(text: str) -> dict[str, str | None] | None:
    """What the words of a period name, by its kind; None where they name no period."""
    plain = " ".join(word for word in folded(text).split() if word not in _SMALL)
    return next((match.groupdict() for form in _WORDED if (match := form.fullmatch(plain))), None)


def _from_parts(year: str, found: dict[str, str | None]) -> str:
    if month := found.get("month"):
        return f"{year}-{MONTHS[month]:02}"
    if week := found.get("week") or found.get("padded"):
        return f"{year}-W{int(week):02}"
    if quarter := found.get("quarter") or found.get("before"):
        return f"{year}-Q{_ROMAN.get(quarter) or quarter}"
    return year


def _fiscal(text: str, year: str, manner: Manner) -> ReadPeriod | Unread:
    if manner.fiscal_month is None:
        # Its first day may stand in a column of its own.
        return ReadPeriod(text) if text == f"{year}-FY" else Unread("fiscal-year-undeclared")
    # It bears the number of the year in which it ends.
    start = date(int(year) - (manner.fiscal_month > 1), manner.fiscal_month, 1)
    return ReadPeriod(f"{year}-FY", start.isoformat())
