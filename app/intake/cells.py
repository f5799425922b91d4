"""A file as located cells: what every reader of a form hands on, whatever form the file came in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from app.wire.problem import Finding

Form = Literal["csv", "xls", "xlsx", "ods"]
FORMS: tuple[Form, ...] = ("csv", "xls", "xlsx", "ods")
_HEADING = 100
_LONGEST_NAME = 64
_GAP = 60


@dataclass(frozen=True)
class CellError:
    """A cell that holds no value: where it is read, `code` is the finding (`cell-error` or `formula-without-value`)."""

    code: str


Cell = str | int | Decimal | date | datetime | bool | CellError | None
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Span:
    """A range of merged cells, rows and columns from 1, the last ones included; only the first cell has a value."""

    row: int
    column: int
    last_row: int
    last_column: int


@dataclass(frozen=True)
class Sheet:
    """One sheet: `rows[0][0]` is row 1, column 1; rows of a workbook are equally long, those of a CSV as long as the file has them.

    A hidden sheet has no rows: it is named in the book's remarks and never read.  `remarks` (`formula-read`) are for whoever reads
    this sheet.
    """

    name: str
    rows: Sequence[Row] = field(repr=False)
    is_hidden: bool = False
    merged: tuple[Span, ...] = ()
    remarks: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class SerialDays:
    """Which day a serial number stands for: days since `zero`, in the system of 1900 with a 29 February 1900 that never was."""

    zero: date
    has_gap: bool = False

    @property
    def name(self) -> str:
        """What people call the system: the year that it counts from."""
        return "1904" if self.zero.year == 1904 else "1900"  # noqa: PLR2004 - the name of the system

    def day(self, serial: int | Decimal) -> date | datetime | None:
        """The day, with the time where the number has a fraction; None where it stands for none that a calendar has."""
        whole = int(serial)
        if serial < 0 or not whole or (self.has_gap and whole == _GAP):
            return None
        try:
            day = self.zero + timedelta(days=whole + (self.has_gap and whole < _GAP))
        except OverflowError:
            return None
        if serial == whole:
            return day
        return datetime.combine(day, time()) + timedelta(microseconds=int((Decimal(serial) - whole) * 86_400_000_000))

    def serial(self, day: date) -> int | Decimal:
        """The number behind a date cell: a count that somebody formatted as a date."""
        whole = day.date() if isinstance(day, datetime) else day
        days = (whole - self.zero).days
        days -= self.has_gap and days <= _GAP
        if not isinstance(day, datetime) or day.time() == time():
            return days
        return days + Decimal((day - datetime.combine(whole, time())) // timedelta(microseconds=1)) / 86_400_000_000


SYSTEM_1900 = SerialDays(date(1899, 12, 30), has_gap=True)
SYSTEM_1904 = SerialDays(date(1904, 1, 1))


@dataclass(frozen=True)
class Book:
    """A whole file; the one sheet of a CSV is named "".

    `remarks` are no refusals: `read-as-windows-1252`, `charset-overruled`, `separator-read`, `sheet-hidden`.
    """

    form: Form
    sheets: tuple[Sheet, ...]
    separator: str | None = None
    days: SerialDays = SYSTEM_1900
    remarks: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What a file may hold: rows of figures, columns, cells of all visible sheets together, and bytes once unpacked."""

    rows: int = 200_000
    columns: int = 1_000
    cells: int = 4_000_000
    unpacked: int = 128 * 1024 * 1024

    @property
    def lines(self) -> int:
        """Rows of figures and those around them: titles, headers, notes."""
        return self.rows + _HEADING


def told_name(name: str) -> str:
    """The name of a sheet as it is told: no longer than any program allows, without what no text may hold."""
    return "".join(each if each.isprintable() else " " for each in name[:_LONGEST_NAME])


def column_name(column: int) -> str:
    """The letters of a column (from 1) as a spreadsheet shows them."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
