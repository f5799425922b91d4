"""The header line of a tidy CSV: which separator it proves, and which of our columns each of its cells names."""

import csv
import difflib
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.wire.problem import Finding
from app.wire.text import refused_character

SEPARATORS = (",", ";", "\t")
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

_LONGEST_NAME = 64


@dataclass(frozen=True)
class Header:
    """The header as read: its separator, its cells as the file has them, and for each our name ("" where it has none)."""

    separator: str
    cells: tuple[str, ...]
    names: tuple[str, ...]

    def shown(self, index: int) -> str:
        """A column as a person finds it: the file's own name, or its position where it has none."""
        return self.cells[index][:_LONGEST_NAME] or str(index + 1)

    def index(self, name: str) -> int | None:
        """Where one of our columns stands, from 0; None where the file does not declare it."""
        return self.names.index(name) if name in self.names else None


def trimmed(text: str) -> str:
    """A cell without the blanks around it, accents composed, so that one word has one form."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def read_header(text: str, columns: Mapping[str, str], dimension_names: Sequence[str]) -> Header | tuple[Finding, ...]:
    """Read the first record; `columns` maps names of the file to ours.

    Findings, all at row 1: `csv-malformed`, `header-missing`, `text-character`, `column-unknown` (with the known and the nearest
    names), `column-twice` (with both positions, from 1), `column-absent`, `column-missing`.
    """
    ours = {trimmed(theirs): name.strip() for theirs, name in columns.items()}
    readings = [(separator, record) for separator in SEPARATORS if (record := _first_record(text, separator)) is not None]
    if not readings:
        return (Finding("csv-malformed", row=1),)
    # The reading that names the required columns is the proven one; where none does, the widest names best what is missing.
    separator, record = max(readings, key=lambda reading: (_has_required(reading[1], ours), len(reading[1])))
    if not any(map(trimmed, record)):
        return (Finding("header-missing", row=1),)
    faults = tuple(_refused_characters(record))
    if faults:
        return faults
    cells = tuple(map(trimmed, record))
    header = Header(separator, cells, tuple(ours.get(cell, cell) for cell in cells))
    return tuple(_faults(header, ours, (*REQUIRED, *dimension_names, "value_status", *OVERRIDES))) or header


def _first_record(text: str, separator: str) -> list[str] | None:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def _refused_characters(record: Sequence[str]) -> Iterator[Finding]:
    for index, cell in enumerate(record, 1):
        offset = refused_character(cell)
        if offset is not None:
            yield Finding("text-character", row=1, column=str(index), params={"offset": offset})


def _has_required(record: Sequence[str], ours: Mapping[str, str]) -> bool:
    names = {ours.get(cell, cell) for cell in map(trimmed, record)}
    return names.issuperset(REQUIRED)


def _faults(header: Header, ours: Mapping[str, str], known: Sequence[str]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, name in enumerate(header.names):
        if not name:
            continue
        column = header.shown(index)
        if name in first:
            yield Finding("column-twice", row=1, column=column, params={"first": first[name], "second": index + 1})
        elif name not in known and name not in EXPORT_ONLY:
            nearest = difflib.get_close_matches(name.lower()[:_LONGEST_NAME], known, n=3, cutoff=0.6)
            yield Finding("column-unknown", row=1, column=column, params={"known": list(known), "suggestions": nearest})
        first.setdefault(name, index + 1)
    for theirs in ours:
        if theirs not in header.cells:
            yield Finding("column-absent", row=1, column=theirs[:_LONGEST_NAME])
    for name in REQUIRED:
        if name not in header.names:
            yield Finding("column-missing", row=1, column=name, params={"known": list(known)})
