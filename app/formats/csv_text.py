"""Rows as CSV in UTF-8, streamed, safe to open in a spreadsheet."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Literal

CHUNK = 64 * 1024
BOM: Final = codecs.BOM_UTF8
Excel = Literal["comma", "semicolon"]
Row = Sequence[object]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ROWS = 500
_FLAGS = {True: "true", False: "false"}


def csv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """The header, also where there are no rows, then the rows, as `csv_pieces` writes them."""
    waiting = iter(rows)
    return csv_pieces(columns, iter(lambda: list(islice(waiting, _ROWS)), []))


def csv_pieces(columns: Sequence[str], batches: Iterable[Sequence[Row]], excel: Excel | None = None) -> Iterator[bytes]:
    """The header, also where there are no rows, then batches of rows, in pieces of 64 KB or more (RFC 4180: lines end in CRLF).

    None is an empty cell, a flag `true` or `false`; text that a spreadsheet would run as a formula (`= + - @`, TAB or CR first)
    gets an apostrophe in front (contract: /flows).  `excel` puts the byte order mark first, by which a spreadsheet knows UTF-8, and
    parts cells by the list separator of its country.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";" if excel == "semicolon" else ",")
    writer.writerow(columns)
    mark = BOM if excel else b""
    for batch in batches:
        writer.writerows(zip(*map(_cells, zip(*batch, strict=True)), strict=True))
        if buffer.tell() >= CHUNK:
            yield mark + buffer.getvalue().encode()
            mark = b""
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        yield mark + buffer.getvalue().encode()


def safe(text: str) -> str:
    """A text that no spreadsheet runs."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(column: Sequence[object]) -> Iterable[object]:
    # By columns: a code stands in one many times, and is looked at once.
    kinds = set(map(type, column))
    if bool in kinds:
        column = [_FLAGS[value] if isinstance(value, bool) else value for value in column]
    if str in kinds and any(map(_is_formula, set(column))):
        return [safe(value) if isinstance(value, str) else value for value in column]
    return column


def _is_formula(value: object) -> bool:
    return isinstance(value, str) and value.startswith(_FORMULA)
