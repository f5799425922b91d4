"""The heading of a plain table: the row that names our columns, or the sender's words for them, and which of ours each cell names."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.intake.cells import Row, Sheet, column_name
from app.intake.figures import IGNORED, Options
from app.intake.words import is_blank, text_of, trimmed
from app.wire.problem import Finding
from app.wire.profile import ProfileColumn
from app.wire.text import refused_character

REQUIRED = ("period", "value")
OVERRIDES = ("reporting_state", "measure", "unit", "publisher", "figure_status")
"""Columns that, where a row fills them, stand above the options of the push."""

EXPORT_ONLY: Mapping[str, str | None] = {
    "period_start": None,
    "period_end": None,
    "frequency": None,
    "conference": None,
    "stock_or_flow": None,
    "definition_code": "default",
    "accumulation": "period",
    "classification": None,
    "lower": None,
    "upper": None,
    "withheld": None,
    "is_total": None,
    "bulletin": None,
    "tlp": None,
    "published_at": None,
}
"""Columns that our own export adds and a push does not read, each with the one value that it may hold (None: any).

A figure of another definition or accumulation would come back under the default one: such rows are refused, not changed.
"""

SEARCHED = 50
"""Rows from the top in which a heading may stand."""

_LONGEST_NAME = 64


@dataclass(frozen=True)
class Column:
    """One column: where it stands (from 0), what people call it, and what its cells mean; a heading left empty means nothing.

    `spec` is what a profile says of it, `at` the codes (and the period) that every figure of a column of values stands at.
    """

    index: int
    shown: str
    means: tuple[str, ...]
    spec: ProfileColumn | None = None
    at: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Header:
    """A heading: its last row (from 1), its columns, and the texts that stand above it."""

    row: int
    columns: tuple[Column, ...]
    titles: tuple[str, ...] = ()

    def meaning(self, name: str) -> list[Column]:
        """The columns that mean this."""
        return [column for column in self.columns if name in column.means]


def shown_name(sheet: Sheet, text: str, index: int) -> str:
    """A column as a person finds it: the file's own name, or its letter in a sheet and its position in a text file."""
    return text[:_LONGEST_NAME] or (column_name(index + 1) if sheet.name else str(index + 1))


def place(sheet: Sheet, code: str, row: int | None = None, column: str | None = None, **params: object) -> Finding:
    """A finding about a place of a sheet."""
    return Finding(code, sheet=sheet.name or None, row=row, column=column, params=params)


def title_texts(rows: Sequence[Row]) -> tuple[str, ...]:
    """The texts of rows above a heading."""
    return tuple(text for row in rows for cell in row if isinstance(cell, str) and (text := trimmed(cell)))


def read_header(sheet: Sheet, options: Options, dimension_names: Sequence[str]) -> Header | tuple[Finding, ...]:
    """Find and read the heading; `options.columns` maps names of the file to ours.

    Findings, at the heading's row: `header-missing`, `header-twice` (with both rows), `text-character`, `column-unknown` (with the
    known and the nearest names), `column-twice` (with both positions, from 1), `column-absent`, `column-missing`.
    """
    ours = {trimmed(theirs): name.strip() for theirs, name in options.columns.items()}
    required = [name for name in REQUIRED if name != "period" or options.period is None]
    fitting = _fitting(sheet, ours, required)
    if len(fitting) > 1:
        return (twice(sheet, fitting),)
    at = fitting[0] if fitting else 0
    if not sheet.rows or all(map(is_blank, sheet.rows[at])):
        return (place(sheet, "header-missing", 1),)
    found = tuple(_read(sheet, at, ours, required, (*REQUIRED, *dimension_names, "value_status", *OVERRIDES)))
    return faultless(found, at + 1, sheet.rows[:at])


def twice(sheet: Sheet, fitting: Sequence[int]) -> Finding:
    """That more than one row, each counted from 0, may be the heading: `header-twice`."""
    first, second = fitting[0] + 1, fitting[1] + 1
    return place(sheet, "header-twice", second, first=first, second=second)


def faultless(found: Sequence[Column | Finding], row: int, above: Sequence[Row]) -> Header | tuple[Finding, ...]:
    """A heading whose last row (from 1) and the rows above it are known, or all that is at fault in its columns."""
    faults = tuple(each for each in found if isinstance(each, Finding))
    return faults or Header(row, tuple(each for each in found if isinstance(each, Column)), title_texts(above))


def _fitting(sheet: Sheet, ours: Mapping[str, str], required: Sequence[str]) -> list[int]:
    """The rows, from 0, that name every column which is required."""
    named = ((at, {ours.get(text, text) for text in map(text_of, row)}) for at, row in enumerate(sheet.rows[:SEARCHED]))
    return [at for at, names in named if names.issuperset(required)]


def _read(sheet: Sheet, at: int, ours: Mapping[str, str], required: Sequence[str], known: Sequence[str]) -> Iterator[Column | Finding]:
    refused = list(_refused(sheet, at))
    if refused:
        yield from refused
        return
    cells = list(map(text_of, sheet.rows[at]))
    names = [ours.get(cell, cell) for cell in cells]
    yield from _each(sheet, at + 1, cells, names, known)
    yield from (place(sheet, "column-absent", at + 1, theirs[:_LONGEST_NAME]) for theirs in ours if theirs not in cells)
    yield from (place(sheet, "column-missing", at + 1, name, known=list(known)) for name in required if name not in names)


def _refused(sheet: Sheet, at: int) -> Iterator[Finding]:
    for index, cell in enumerate(sheet.rows[at], 1):
        offset = refused_character(cell) if isinstance(cell, str) else None
        if offset is not None:
            yield place(sheet, "text-character", at + 1, str(index), offset=offset)


def _each(sheet: Sheet, row: int, cells: Sequence[str], names: Sequence[str], known: Sequence[str]) -> Iterator[Column | Finding]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        column = shown_name(sheet, cells[index], index)
        if name in first:
            yield place(sheet, "column-twice", row, column, first=first[name], second=index + 1)
        elif name and name not in known and name not in EXPORT_ONLY and name != IGNORED:
            nearest = difflib.get_close_matches(name.lower()[:_LONGEST_NAME], known, n=3, cutoff=0.6)
            yield place(sheet, "column-unknown", row, column, known=list(known), suggestions=nearest)
        yield Column(index, column, _means(name))
        if name and name != IGNORED:
            first.setdefault(name, index + 1)


def _means(name: str) -> tuple[str, ...]:
    if name == IGNORED:
        return ("ignored",)
    return (name,) if name else ()
