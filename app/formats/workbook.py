"""Rows as a workbook (XLSX): figures, totals, codes and notes on sheets of their own; written to disk row by row, then sent."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from app.formats.csv_text import CHUNK, Row, safe

MOST_ROWS: Final = 1_048_575
"""Rows that a sheet takes under its headings."""
CODE_COLUMNS: Final = ("column", "code", "en", "es", "pt")
_LONGEST_TEXT: Final = 32_767
_OPTIONS: Final = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

Rows = Iterable[Sequence[object]]


def workbook_pieces(
    columns: Sequence[str],
    parts: Iterable[tuple[Sequence[Row], Sequence[Row]]],
    ends: Callable[[], tuple[Rows, Rows]],
    *,
    made: datetime,
    has_totals: bool = True,
) -> Iterator[bytes]:
    """A workbook with the sheets data, totals, codes and notes, in pieces of 64 KB.

    `parts` are batches of (rows, totals); `ends` gives the rows of codes and notes when these are written, `made` is when the workbook
    says that it was made.  Every text is a text, escaped as in CSV, periods and days too; whole numbers are numbers, flags are flags.
    What is written to disk goes with the last piece, or when the reader goes away; until then empty pieces come, so that one who went
    away is noticed.
    """
    with tempfile.TemporaryDirectory(prefix="istmo-") as folder:
        file = Path(folder) / "book.xlsx"
        book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": folder})
        book.use_zip64()
        try:
            yield from _written(book, columns, parts, ends, made=made, has_totals=has_totals)
        except BaseException:
            for sheet in book.worksheets():
                sheet._opt_close()  # noqa: SLF001 - to close the book would write all of it for nobody
            raise
        book.close()
        with file.open("rb") as opened:
            while piece := opened.read(CHUNK):
                yield piece


def _written(
    book: xlsxwriter.Workbook,
    columns: Sequence[str],
    parts: Iterable[tuple[Sequence[Row], Sequence[Row]]],
    ends: Callable[[], tuple[Rows, Rows]],
    *,
    made: datetime,
    has_totals: bool,
) -> Iterator[bytes]:
    book.set_properties({"created": made.replace(tzinfo=None)})
    head = book.add_format({"bold": True})
    names = ["data", *(["totals"] if has_totals else []), "codes", "notes"]
    sheets = {name: book.add_worksheet(name) for name in names}
    for name in names[:-2]:
        _headings(sheets[name], columns, head)
    filled = dict.fromkeys(names, 1)
    for part in parts:
        for name, rows in zip(("data", "totals"), part, strict=True):
            if rows:
                _put(sheets[name], rows, filled[name])
                filled[name] += len(rows)
        yield b""
    codes, notes = ends()
    _headings(sheets["codes"], CODE_COLUMNS, head)
    _put(sheets["codes"], codes, 1)
    sheets["notes"].set_column(0, 0, 24)
    sheets["notes"].set_column(1, 1, 120)
    _put(sheets["notes"], notes, 0)


def _headings(sheet: Worksheet, columns: Sequence[str], head: object) -> None:
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(columns):
        sheet.write_string(0, at, column, head)


def _put(sheet: Worksheet, rows: Rows, first: int) -> None:
    for row, values in enumerate(rows, first):
        for at, value in enumerate(values):
            if isinstance(value, str):
                sheet.write_string(row, at, safe(value)[:_LONGEST_TEXT])
            elif isinstance(value, bool):
                sheet.write_boolean(row, at, value)
            elif value is not None:
                sheet.write_number(row, at, value)
