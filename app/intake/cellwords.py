"""What the labels of a column are to us; each distinct text is looked up once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from app.intake.cells import Cell, CellError
from app.intake.header import Column
from app.intake.names import Names
from app.intake.periods import Manner, ReadPeriod, Unread, exists, joined, read_period
from app.intake.totals import is_total
from app.intake.words import folded, text_of, trimmed
from app.wire.period import PeriodError, parse_period
from app.wire.text import refused_character

Unlike = Literal["blank", "total", "unknown", "character", "error"]
"""Why a cell gives no code."""

_NAMED = frozenset({"reporting_state", "measure", "unit", "figure_status"})


def refused_in(text: str) -> int | None:
    """Offset of the first character that no text may hold; a line end of a file is none."""
    return None if text.isprintable() else refused_character(text.replace("\r\n", "\n"))


def unlike(cell: Cell) -> Unlike | None:
    """Why a cell is no label at all."""
    if isinstance(cell, CellError):
        return "error"
    if isinstance(cell, str) and refused_in(cell) is not None:
        return "character"
    return None if text_of(cell) else "blank"


class Labels(dict[Cell, "tuple[str, ...] | Unlike"]):
    """Codes by cell for a column of dimensions: the sender's own map stands first, then the profile's, then the names that we know."""

    def __init__(self, dimensions: Sequence[str], codes: Mapping[str, str], described: Mapping[str, tuple[str, ...]], names: Names) -> None:
        super().__init__()
        self.dimensions = tuple(dimensions)
        self._codes = codes
        self._described = {folded(label): found for label, found in described.items()}
        self._names = names

    def __missing__(self, cell: Cell) -> "tuple[str, ...] | Unlike":
        """Look a cell up for the first time."""
        found = self[cell] = self._read(cell)
        return found

    def _read(self, cell: Cell) -> "tuple[str, ...] | Unlike":
        text = text_of(cell)
        if text in self._codes and len(self.dimensions) == 1:
            return (self._names.code(self.dimensions[0], self._codes[text]) or self._codes[text],)
        reason = unlike(cell)
        if reason:
            return reason
        if (described := self._described.get(folded(text))) and len(described) == len(self.dimensions):
            return tuple(described)
        if is_total(text):
            return "total"
        code = self._names.code(self.dimensions[0], text) if len(self.dimensions) == 1 else None
        return "unknown" if code is None else (code,)


class Words(dict[Cell, str]):
    """Texts by cell for a column that overrides an option of the push; what is no name of a code stays as it is."""

    def __init__(self, column: Column, meaning: str, codes: Mapping[str, str], names: Names) -> None:
        super().__init__()
        self._described = {folded(label): found[0] for label, found in (column.spec.codes if column.spec else {}).items()}
        self._codes, self._names, self._meaning = codes, names, meaning

    def __missing__(self, cell: Cell) -> str:
        """Look a cell up for the first time."""
        text = text_of(cell)
        found = self._codes.get(text) or self._described.get(folded(text))
        if found is None and text and self._meaning in _NAMED:
            found = self._names.code(self._meaning, text)
        self[cell] = text if found is None else found
        return self[cell]


class Periods(dict[Cell, "ReadPeriod | Unread | Unlike"]):
    """Periods by cell for one column of them."""

    def __init__(self, manner: Manner, codes: Mapping[str, str]) -> None:
        super().__init__()
        self._manner, self._codes = manner, codes

    def __missing__(self, cell: Cell) -> "ReadPeriod | Unread | Unlike":
        """Read a cell for the first time."""
        found = self[cell] = self._read(cell)
        return found

    def _read(self, cell: Cell) -> "ReadPeriod | Unread | Unlike":
        text = text_of(cell)
        reason = unlike(cell)
        if reason or is_total(text):
            return reason or "total"
        return _existing(read_period(self._codes.get(text, cell), self._manner))


class PeriodParts(dict[tuple[Cell, ...], "ReadPeriod | Unread | Unlike"]):
    """Periods by the cells of a year and its month, week or quarter."""

    def __init__(self, parts: Sequence[str], manner: Manner) -> None:
        super().__init__()
        self._parts, self._manner = tuple(parts), manner

    def __missing__(self, cells: tuple[Cell, ...]) -> "ReadPeriod | Unread | Unlike":
        """Read such cells for the first time."""
        found = self[cells] = self._read(cells)
        return found

    def _read(self, cells: tuple[Cell, ...]) -> "ReadPeriod | Unread | Unlike":
        reasons = {unlike(cell) for cell in cells} - {None}
        texts = dict(zip(self._parts, map(text_of, cells), strict=True))
        if any(map(is_total, texts.values())):
            return "total"
        if reasons:
            return next((reason for reason in ("error", "character") if reason in reasons), "blank")
        part = next((name for name in self._parts if name != "year"), "year")
        text = joined(texts["year"], part, texts.get(part, ""))
        return "unknown" if text is None else _existing(read_period(text, self._manner))


def _existing(period: ReadPeriod | Unread) -> "ReadPeriod | Unread | Unlike":
    return "unknown" if isinstance(period, ReadPeriod) and not exists(period.code) else period


def first_day(period: str) -> date | None:
    """The first day of a period, where its text is one."""
    try:
        return parse_period(trimmed(period)).first
    except PeriodError:
        return None
