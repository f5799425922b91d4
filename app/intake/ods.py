"""The sheets of an ODS as located cells; what it repeats by a number is counted before it is built."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from app.intake.cells import Book, Cell, CellError, Limits, SerialDays, Sheet, Span, told_name
from app.intake.container import Container
from app.intake.grid import Grid
from app.intake.markup import Attributes, Walk, elements
from app.intake.numerals import number
from app.intake.refusal import refused
from app.intake.remarks import formulas_read, hidden

_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0 "
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0 "
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_FROM_OUTSIDE = frozenset({"table-source", "cell-range-source", "dde-source", "dde-link"})
_DURATION = re.compile(r"PT(\d{1,9})H(\d\d?)M(\d\d?)(?:[.,]\d+)?S")
_ZERO = date(1899, 12, 30)
_MOST_SPANS, _MOST_BLANKS = 20_000, 1_000


def read_ods(container: Container, limits: Limits) -> Book:
    """The visible sheets of an inspected container; raises `RefusedError`."""
    if elements(container.chunks("META-INF/manifest.xml"), "encryption-data"):
        raise refused("workbook-encrypted")
    return _Reading(limits).book(container.chunks("content.xml"))


@dataclass
class _Cell:
    """A cell under way."""

    attributes: Attributes = field(repr=False)
    paragraphs: list[str] = field(default_factory=list, repr=False)


@dataclass
class _Table:
    """A sheet under way: its grid, the row that is read now, and what is to be said of it."""

    grid: Grid
    is_hidden: bool
    row: int = 0
    column: int = 0
    values: list[tuple[int, Cell]] = field(default_factory=list, repr=False)
    merged: list[Span] = field(default_factory=list)
    formulas: int = 0
    first: tuple[int, int] | None = None


class _Reading:
    """One pass over the content."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.cells
        self._sheets: list[Sheet] = []
        self._hiding: set[str] = set()
        self._style = ""
        self._zero = _ZERO
        self._table: _Table | None = None
        self._cell: _Cell | None = None
        self._aside = 0
        self._walk = Walk(self._start, self._end, namespaces=True)

    def book(self, part: Iterable[bytes]) -> Book:
        """The whole book; raises `RefusedError`."""
        self._walk.over(part)
        return Book("ods", tuple(self._sheets), days=SerialDays(self._zero), remarks=hidden(self._sheets))

    def _start(self, name: str, attributes: Attributes) -> None:
        if name in {"table-cell", "covered-table-cell"} and self._table:
            self._cell = _Cell(attributes)
        elif self._cell:
            self._within(name, attributes)
        elif name == "table-row" and self._table:
            self._open_row(self._table, attributes)
        elif name == "table":
            self._open(attributes)
        else:
            self._outside(name, attributes)

    def _outside(self, name: str, attributes: Attributes) -> None:
        """What is said before the sheets, and what takes figures from elsewhere."""
        if name in _FROM_OUTSIDE:
            raise refused("workbook-active", kind="linked")
        if name == "style":
            self._style = attributes.get(_STYLE + "name", "")
        elif name == "table-properties" and attributes.get(_TABLE + "display") == "false":
            self._hiding.add(self._style)
        elif name == "null-date":
            self._zero = date.fromisoformat(attributes.get(_TABLE + "date-value", _ZERO.isoformat()))

    def _open(self, attributes: Attributes) -> None:
        if self._table:
            raise refused("workbook-damaged", self._table.grid.sheet)
        name = told_name(attributes.get(_TABLE + "name", ""))
        self._table = _Table(Grid(name, self._limits, self._left), attributes.get(_TABLE + "style-name") in self._hiding)

    def _open_row(self, table: _Table, attributes: Attributes) -> None:
        self._repeat = _times(attributes, "rows")
        table.row, table.column, table.values = table.row + 1, 0, []

    def _within(self, name: str, attributes: Attributes) -> None:
        """Inside of a cell: its paragraphs; notes, drawings and tables in it are no part of its text."""
        if self._aside or name in {"annotation", "table", "frame", "custom-shape"}:
            self._aside += 1
        elif name in _FROM_OUTSIDE:
            raise refused("workbook-active", kind="linked")
        elif name == "p":
            self._walk.listen()
        elif name == "s":
            self._walk.say(" " * min(int(attributes.get(_TEXT + "c", "1")), _MOST_BLANKS))
        elif name in {"tab", "line-break"}:
            self._walk.say("\t" if name == "tab" else "\n")

    def _end(self, name: str) -> None:
        if self._aside:
            self._aside -= 1
        elif self._table:
            self._end_in(self._table, name)

    def _end_in(self, table: _Table, name: str) -> None:
        if self._cell and name == "p":
            self._cell.paragraphs.append(self._walk.heard())
        elif self._cell and name in {"table-cell", "covered-table-cell"}:
            self._close_cell(table, self._cell)
            self._cell = None
        elif name == "table-row":
            self._close_row(table)
        elif name == "table":
            self._close(table)
            self._table = None

    def _close_cell(self, table: _Table, cell: _Cell) -> None:
        times = _times(cell.attributes, "columns")
        first = table.column + 1
        table.column += times
        if table.is_hidden:
            return
        value = _value(cell)
        if _TABLE + "formula" in cell.attributes:
            table.formulas += 1
            table.first = table.first or (table.row, first)
            value = CellError("formula-without-value") if value is None else value
        if value is not None:
            # One more than a row may hold is enough for it to be refused.
            table.values += [(column, value) for column in range(first, first + min(times, self._limits.columns + 1))]
        span = _span(cell.attributes, table.row, first)
        if span:
            table.merged.append(span)
        if len(table.merged) > _MOST_SPANS:
            raise refused("workbook-damaged", table.grid.sheet)

    def _close_row(self, table: _Table) -> None:
        for column, value in table.values:
            table.grid.put(table.row, column, value)
        if table.values and self._repeat > 1:
            table.grid.again(self._repeat - 1)
        table.row += self._repeat - 1

    def _close(self, table: _Table) -> None:
        name = table.grid.sheet
        self._left -= table.grid.size
        remarks = formulas_read(name, table.formulas, table.first)
        rows = () if table.is_hidden else table.grid.rows()
        self._sheets.append(Sheet(name, rows, is_hidden=table.is_hidden, merged=tuple(table.merged), remarks=remarks))


def _times(attributes: Attributes, what: str) -> int:
    return max(int(attributes.get(f"{_TABLE}number-{what}-repeated", "1")), 1)


def _span(attributes: Attributes, row: int, column: int) -> Span | None:
    columns, rows = (int(attributes.get(f"{_TABLE}number-{what}-spanned", "1")) for what in ("columns", "rows"))
    return Span(row, column, row + rows - 1, column + columns - 1) if (columns, rows) > (1, 1) or rows > 1 else None


def _value(cell: _Cell) -> Cell:
    given = cell.attributes
    kind, text = given.get(_OFFICE + "value-type"), "\n".join(cell.paragraphs)
    if given.get(_CALC + "value-type") == "error":
        return CellError("cell-error")
    if kind in {"float", "percentage", "currency"}:
        return number(given.get(_OFFICE + "value", ""))
    if kind == "date":
        day = given.get(_OFFICE + "date-value", "")
        return datetime.fromisoformat(day) if "T" in day else date.fromisoformat(day)
    if kind == "time":
        return _of_a_day(given.get(_OFFICE + "time-value", ""))
    if kind == "boolean":
        return given.get(_OFFICE + "boolean-value") == "true"
    return (given.get(_OFFICE + "string-value", text) if kind == "string" else text) or None


def _of_a_day(duration: str) -> Cell:
    """A time as what it is behind its format: a part of a day."""
    found = _DURATION.fullmatch(duration)
    if not found:
        return CellError("cell-error")
    seconds = 3600 * int(found[1]) + 60 * int(found[2]) + int(found[3])
    return seconds // 86_400 if seconds % 86_400 == 0 else Decimal(seconds) / 86_400
