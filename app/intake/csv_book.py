"""The bytes of a CSV as a book of one sheet: its encoding, and the separator that the text proves."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from app.intake.cells import Book, Limits, Sheet
from app.intake.encoding import Decoded, decode
from app.wire.problem import Finding

SEPARATORS = (",", ";", "\t")
_SAMPLE = 200
_MOST_SEPARATORS = 20_000
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


class _TooWideError(Exception):
    """A record of more cells than a row may hold."""


def read_csv(raw: bytes, charset: str | None, limits: Limits) -> Book | tuple[Finding, ...]:
    """Read a whole file.

    Remarks: those of `decode`, and `separator-read` where it is not the comma.  Findings: those of `decode`, `file-empty`,
    `csv-malformed`, `separator-ambiguous`, `file-too-long`, `file-too-wide`.
    """
    decoded = decode(raw, charset)
    if isinstance(decoded, Finding):
        return (decoded,)
    if not decoded.text.strip():
        return (Finding("file-empty"),)
    separator = _separator(decoded.text)
    if isinstance(separator, Finding):
        return (separator,)
    rows = _all_rows(decoded.text, separator, limits)
    if isinstance(rows, Finding):
        return (rows,)
    return Book("csv", (Sheet("", rows),), separator, remarks=(*decoded.remarks, *_said(decoded, separator)))


def _said(decoded: Decoded, separator: str) -> Iterator[Finding]:
    if separator != ",":
        records = list(_sample(decoded.text, separator))
        width, agreeing = _agreeing(records)
        params = {"separator": "TAB" if separator == "\t" else separator, "columns": width, "rows": agreeing, "of": len(records)}
        yield Finding("separator-read", params=params)


def _separator(text: str) -> str | Finding:
    """The separator under which most of the first records are equally wide; a file of one column has none, and any will do."""
    found = {separator: _agreeing(_sample(text, separator)) for separator in SEPARATORS}
    most = max(found.values(), key=lambda each: (each[1], each[0]))
    best = [separator for separator, each in found.items() if each == most]
    if len(best) > 1 and most[1]:
        return Finding("separator-ambiguous", params={"readings": ["TAB" if each == "\t" else each for each in best]})
    return best[0]


def _agreeing(records: Iterable[list[str]]) -> tuple[int, int]:
    """The most common width of more than one cell, and how many records have it."""
    widths = Counter(len(record) for record in records if len(record) > 1)
    width = max(widths, key=lambda each: (widths[each], each), default=1)
    return width, widths[width]


def _sample(text: str, separator: str) -> Iterator[list[str]]:
    try:
        yield from islice((record for record in _records(text, separator, _MOST_SEPARATORS) if any(map(str.strip, record))), _SAMPLE)
    except (csv.Error, _TooWideError):
        return


def _records(text: str, separator: str, widest: int) -> Iterator[list[str]]:
    """The records of a text; raises `csv.Error`, and `_TooWideError` before a record of countless cells is built."""
    cells = 0

    def lines() -> Iterator[str]:
        nonlocal cells
        for found in _LINE.finditer(text):
            line = found[0]
            cells += line.count(separator)
            if cells > _MOST_SEPARATORS:
                raise _TooWideError
            yield line

    for record in csv.reader(lines(), delimiter=separator, strict=True):
        cells = 0
        if len(record) > widest:
            raise _TooWideError
        yield record


def _all_rows(text: str, separator: str, limits: Limits) -> list[tuple[str, ...]] | Finding:
    rows: list[tuple[str, ...]] = []
    # Most texts of a file stand in it many times: each is kept once.
    once: dict[str, str] = {}
    kept = 0
    try:
        for record in _records(text, separator, limits.columns):
            kept += any(record)
            if kept > limits.lines:
                return Finding("file-too-long", row=len(rows) + 1, params={"limit": limits.rows})
            rows.append(tuple([once.setdefault(cell, cell) for cell in record]))
    except csv.Error:
        return Finding("csv-malformed", row=len(rows) + 1)
    except _TooWideError:
        return Finding("file-too-wide", row=len(rows) + 1, params={"limit": limits.columns})
    return rows
