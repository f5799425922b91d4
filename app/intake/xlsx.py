"""The sheets of an XLSX as located cells, read as they are written: a number with its own digits, an error as an error.

A reader that hands on what a cell shows loses what the file says: a count of 60 formatted as a date comes out as day 59, an error
as an empty cell, and whether a value was ever computed not at all.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from app.intake.cells import Book, Cell, CellError, Limits, Sheet, Span
from app.intake.container import Container
from app.intake.grid import Grid
from app.intake.markup import Attributes, Walk
from app.intake.numerals import number
from app.intake.ooxml import Listed, Workbook, read_workbook, unescaped
from app.intake.refusal import refused
from app.intake.remarks import formulas_read, hidden

_PLACE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_MOST_SPANS = 20_000
_VALUE_ENDS = (b"</v>", b"</t>", b":v>", b":t>")
_ROW = re.compile(rb'row\s[^<>]*?\br="([0-9]{1,7})"')
_LONGEST_TAG = 1_024


def read_xlsx(container: Container, limits: Limits) -> Book:
    """The visible worksheets of an inspected container; raises `RefusedError`."""
    workbook = read_workbook(container)
    sheets: list[Sheet] = []
    left = limits.cells
    for listed in workbook.sheets:
        if listed.is_hidden:
            sheets.append(Sheet(listed.name, (), is_hidden=True))
            continue
        if any(row > limits.lines for row in _valued_rows(container.chunks(listed.part))):
            raise refused("file-too-long", listed.name, limits.lines + 1, limit=limits.rows)
        reading = _Reading(listed, workbook, Grid(listed.name, limits, left))
        sheets.append(reading.sheet(container.chunks(listed.part)))
        left -= reading.grid.size
    return Book("xlsx", tuple(sheets), days=workbook.days, remarks=hidden(sheets))


def _valued_rows(part: Iterable[bytes]) -> Iterator[int]:
    """The last row with a value in each piece of a part: a million rows are told apart before one of them is built."""
    kept = b""
    for chunk in part:
        seen = kept + chunk
        last = max(map(seen.rfind, _VALUE_ENDS))
        found = _ROW.match(seen, max(0, seen.rfind(b"row ", 0, max(last, 0))))
        if found:
            yield int(found[1])
        kept = seen[-_LONGEST_TAG:]


class _Reading:
    """One pass over the part of one sheet."""

    def __init__(self, listed: Listed, workbook: Workbook, grid: Grid) -> None:
        self.grid = grid
        self._name = listed.name
        self._workbook = workbook
        self._walk = Walk(self._start, self._end)
        self._columns: dict[str, int] = {}
        self._row = self._column = 0
        self._row_text = "0"
        self._kind, self._style = "n", ""
        self._text = ""
        self._is_formula = self._is_aside = False
        self._formulas = 0
        self._first: tuple[int, int] | None = None
        self._merged: list[Span] = []

    def sheet(self, part: Iterable[bytes]) -> Sheet:
        """The whole sheet; raises `RefusedError`."""
        self._walk.over(part)
        remarks = formulas_read(self._name, self._formulas, self._first)
        return Sheet(self._name, self.grid.rows(), merged=tuple(self._merged), remarks=remarks)

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._open(attributes)
        elif name in {"v", "t"} and not self._is_aside:
            self._walk.listen()
        elif name == "f":
            self._is_formula = True
        elif name == "row":
            self._row = int(attributes.get("r") or self._row + 1)
            self._row_text = str(self._row)
            self._column = 0
        elif name == "rPh":
            self._is_aside = True
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _open(self, attributes: Attributes) -> None:
        place = attributes.get("r")
        if place is None:
            self._column += 1
        elif place.endswith(self._row_text):
            letters = place[: -len(self._row_text)]
            self._column = self._columns.get(letters) or self._columns.setdefault(letters, _column(letters, self._name))
        else:
            raise refused("workbook-damaged", self._name, self._row)
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._text, self._is_formula = "", False

    def _end(self, name: str) -> None:
        if name == "c":
            if self._text or self._is_formula:
                value = self._value(self._text, self._kind)
                if value is not None:
                    self.grid.put(self._row, self._column, value)
        elif name in {"v", "t"} and not self._is_aside:
            self._text += self._walk.heard()
        elif name == "rPh":
            self._is_aside = False

    def _value(self, text: str, kind: str) -> Cell:
        if self._is_formula:
            self._formulas += 1
            self._first = self._first or (self._row, self._column)
            # A writer that computes nothing leaves the value out, or writes 0 and asks for the rest to be done when the file is opened.
            if not text or (self._workbook.is_uncomputed and text == "0"):
                return CellError("formula-without-value")
        return self._number(text) if kind == "n" else self._other(kind, text)

    def _number(self, text: str) -> Cell:
        value = number(text)
        if isinstance(value, CellError) or self._style not in self._workbook.date_styles:
            return value
        day = self._workbook.days.day(value)
        return value if day is None else day

    def _other(self, kind: str, text: str) -> Cell:
        if kind == "s":
            try:
                return self._workbook.texts[int(text) if text.isdecimal() else -len(text) - 1] or None
            except (ValueError, IndexError):
                raise refused("workbook-damaged", self._name, self._row) from None
        if kind == "e":
            return CellError("cell-error")
        if kind == "b":
            return text.strip() == "1"
        return _iso_day(text) if kind == "d" else unescaped(text)

    def _merge(self, ref: str) -> None:
        first, _, last = ref.partition(":")
        ends = [_PLACE.fullmatch(each) for each in (first, last or first)]
        if len(self._merged) >= _MOST_SPANS or not all(ends):
            raise refused("workbook-damaged", self._name)
        (column, row), (last_column, last_row) = ((_column(each[1], self._name), int(each[2])) for each in ends if each)
        self._merged.append(Span(row, column, last_row, last_column))


def _column(letters: str, sheet: str) -> int:
    if not re.fullmatch(r"[A-Z]{1,3}", letters):
        raise refused("workbook-damaged", sheet)
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column


def _iso_day(text: str) -> Cell:
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return text
