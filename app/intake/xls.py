"""The sheets of an XLS as located cells, read as they are written.

The libraries for this form end their whole process over some damaged files, for they make room for what a file announces.
"""

import struct
from decimal import Decimal

from app.intake.biff import Listed, Texts, Workbook, read_workbook, records
from app.intake.cells import Book, Cell, CellError, Limits, Sheet, Span
from app.intake.grid import Grid
from app.intake.numerals import number
from app.intake.ole import Compound
from app.intake.refusal import refused
from app.intake.remarks import formulas_read, hidden

_MACROS, _EMBEDDED, _LOCKED = "_VBA_PROJECT_CUR", "MBD", "EncryptedPackage"
_STREAMS = ("Workbook", "WORKBOOK", "Book", "BOOK")
_NUMBER, _RK, _RKS, _FORMULA, _FLAG, _SHARED, _LABEL, _RICH_LABEL = 0x203, 0x27E, 0xBD, 0x06, 0x205, 0xFD, 0x204, 0xD6
_COMPUTED, _MERGED = 0x207, 0xE5
_CELLS = frozenset({_NUMBER, _RK, _FORMULA, _FLAG, _SHARED, _LABEL, _RICH_LABEL})
_PLACE, _DOUBLE, _LONG = struct.Struct("<HHH"), struct.Struct("<d"), struct.Struct("<l")
_NO_NUMBER, _TEXT, _TRUTH, _ERROR = b"\xff\xff", 0, 1, 2
_HUNDREDTHS, _WHOLE = 1, 2


def form_of_compound(compound: Compound) -> str:
    """The form of a compound file by its streams; raises `RefusedError` for one that is locked."""
    names = compound.names()
    if _LOCKED in names:
        raise refused("workbook-encrypted")
    if names.intersection(_STREAMS):
        return "xls"
    return next((form for name, form in {"WordDocument": "DOC", "PowerPoint Document": "PPT"}.items() if name in names), "OLE")


def read_xls(compound: Compound, limits: Limits) -> Book:
    """The visible worksheets of a workbook; raises `RefusedError`."""
    names = compound.names()
    if _MACROS in names:
        raise refused("workbook-active", kind="macros")
    if any(name.startswith(_EMBEDDED) for name in names):
        raise refused("workbook-active", kind="embedded")
    try:
        workbook = read_workbook(compound.stream(*_STREAMS) or b"")
        sheets: list[Sheet] = []
        left = limits.cells
        for listed in workbook.sheets:
            if listed.is_hidden:
                sheets.append(Sheet(listed.name, (), is_hidden=True))
                continue
            reading = _Reading(listed, workbook, Grid(listed.name, limits, left))
            sheets.append(reading.sheet())
            left -= reading.grid.size
    except (struct.error, IndexError) as error:
        raise refused("workbook-damaged") from error
    return Book("xls", tuple(sheets), days=workbook.days, remarks=hidden(sheets))


class _Reading:
    """One pass over the records of one sheet."""

    def __init__(self, listed: Listed, workbook: Workbook, grid: Grid) -> None:
        self.grid = grid
        self._listed = listed
        self._workbook = workbook
        self._waiting: tuple[int, int] | None = None
        self._formulas = 0
        self._first: tuple[int, int] | None = None
        self._merged: list[Span] = []

    def sheet(self) -> Sheet:
        """The whole sheet; raises `RefusedError`."""
        for kind, body in records(self._workbook.stream, self._listed.start):
            if kind in _CELLS:
                self._settle(None)
                row, column, style = _PLACE.unpack_from(body)
                self._cell(kind, body, (row + 1, column + 1), style)
            elif kind == _RKS:
                self._settle(None)
                self._several(body)
            elif kind == _COMPUTED:
                self._settle(body)
            elif kind == _MERGED:
                self._merge(body)
        self._settle(None)
        remarks = formulas_read(self._listed.name, self._formulas, self._first)
        return Sheet(self._listed.name, self.grid.rows(), merged=tuple(self._merged), remarks=remarks)

    def _settle(self, computed: bytes | None) -> None:
        """A formula whose value is a text has it in the record behind; without that one it was never computed."""
        if self._waiting:
            (row, column), self._waiting = self._waiting, None
            text = Texts([computed]).text() if computed else ""
            self.grid.put(row, column, text or CellError("formula-without-value"))

    def _cell(self, kind: int, body: bytes, place: tuple[int, int], style: int) -> None:
        if kind == _FORMULA:
            self._formulas += 1
            self._first = self._first or place
            if body[12:14] == _NO_NUMBER and body[6] not in (_TRUTH, _ERROR):
                self._waiting = place
                return
        value = self._value(kind, body, style)
        if value is not None and value != "":
            self.grid.put(*place, value)

    def _value(self, kind: int, body: bytes, style: int) -> Cell:
        if kind == _SHARED:
            return self._workbook.texts[int.from_bytes(body[6:10], "little")]
        if kind in (_LABEL, _RICH_LABEL):
            return Texts([body], 6).text()
        if kind == _FLAG:
            return CellError("cell-error") if body[7] else body[6] == 1
        if kind == _FORMULA and body[12:14] == _NO_NUMBER:
            return CellError("cell-error") if body[6] == _ERROR else body[8] == 1
        value: float = _packed(body, 6) if kind == _RK else _DOUBLE.unpack_from(body, 6)[0]
        return self._shown(value, style)

    def _several(self, body: bytes) -> None:
        row, column, _ = _PLACE.unpack_from(body)
        for index in range((len(body) - 6) // 6):
            at = 4 + 6 * index
            style = int.from_bytes(body[at : at + 2], "little")
            self.grid.put(row + 1, column + 1 + index, self._shown(_packed(body, at + 2), style))

    def _shown(self, value: float, style: int) -> Cell:
        exact = number(repr(value))
        day = self._workbook.days.day(exact) if style in self._workbook.date_styles and isinstance(exact, int | Decimal) else None
        return exact if day is None else day

    def _merge(self, body: bytes) -> None:
        for row, last_row, column, last_column in struct.iter_unpack("<4H", body[2 : 2 + (len(body) - 2) // 8 * 8]):
            self._merged.append(Span(row + 1, column + 1, last_row + 1, last_column + 1))


def _packed(body: bytes, at: int) -> float:
    """A number in four bytes: 30 bits of a whole number or of a double, and whether it counts hundredths."""
    bits = _LONG.unpack_from(body, at)[0]
    value = float(bits >> 2) if bits & _WHOLE else _DOUBLE.unpack(b"\0\0\0\0" + struct.pack("<L", bits & 0xFFFFFFFC))[0]
    return float(value / 100 if bits & _HUNDREDTHS else value)
