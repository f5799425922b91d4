"""A copy of a workbook with a comment at each cell that something was said about."""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

Rows = Sequence[Sequence[object]]
_HEADING_ROWS = 50
_LONGEST_TEXT, _LONGEST_NAME = 32_767, 31
_NO_NAME = re.compile(r"[\[\]:*?/\\]")
_DIGITS = 15
_MOST_COLUMNS = 16_384
_FIRST_DAY = date(1900, 3, 1)  # before it the days of a spreadsheet are one off
_BOX = {"x_scale": 2.5, "y_scale": 1.5}


@dataclass(frozen=True)
class Mark:
    """What is said about a place: its sheet (None: the first one), its row (from 1), its column by heading or letter, and the sentence."""

    sheet: str | None
    row: int | None
    column: str | None
    text: str = field(repr=False)


def marked_copy(sheets: Iterable[tuple[str, Rows]], marks: Iterable[Mark], title: str) -> bytes:
    """The same values in a new XLSX, marked cells coloured and commented; what is said of no cell stands on a last sheet named `title`.

    `sheets` are (name, rows).  Every text is written as a text, whatever it begins with; a value that is neither text, number, flag nor
    day (an error) is left empty.  A mark without a column is at its row's first cell.
    """
    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    marked = book.add_format({"bg_color": "#FFE699"})
    marked_day = book.add_format({"bg_color": "#FFE699", "num_format": "yyyy-mm-dd"})
    names: set[str] = set()
    rest = list(marks)
    for number, (name, rows) in enumerate(sheets):
        here = [mark for mark in rest if _is_in(mark, name, number)]
        rest = [mark for mark in rest if mark not in here]
        _write(book.add_worksheet(_free(name or "CSV", names)), rows, _told_at(rows, here), (marked, marked_day))
    if rest:
        _write_apart(book.add_worksheet(_free(title, names)), rest)
    book.close()
    return raw.getvalue()


def _is_in(mark: Mark, sheet: str, number: int) -> bool:
    """Tell whether a mark is of a row of this sheet, the `number`th from 0."""
    return mark.row is not None and (mark.sheet == sheet or (mark.sheet is None and not number))


def _write_apart(sheet: Worksheet, marks: Iterable[Mark]) -> None:
    for row, mark in enumerate(marks):
        sheet.write_string(row, 0, mark.sheet or "")
        sheet.write_string(row, 1, mark.text[:_LONGEST_TEXT])


def _free(name: str, taken: set[str]) -> str:
    """A name that a sheet may have and that none has yet."""
    plain = _NO_NAME.sub(" ", name).strip("' ")[:_LONGEST_NAME] or "_"
    tries = (plain, *(f"{plain[: _LONGEST_NAME - 4]}-{number}" for number in range(2, 1000)))
    free = next(each for each in tries if each.casefold() not in taken)
    taken.add(free.casefold())
    return free


def _told_at(rows: Rows, marks: Iterable[Mark]) -> dict[tuple[int, int], str]:
    """What is said of each place, by row and column from 0."""
    told: dict[tuple[int, int], list[str]] = defaultdict(list)
    for mark in marks:
        row = (mark.row or 1) - 1
        told[row, _column(rows, row, mark.column)].append(mark.text)
    return {place: "\n".join(dict.fromkeys(texts))[:_LONGEST_TEXT] for place, texts in told.items()}


def _column(rows: Rows, row: int, named: str | None) -> int:
    """Where a column stands that is named as its heading (of one line, or of two with the upper one merged), its letters or its number."""
    if named is None:
        return 0
    headed = _headed(rows, row, named.split())
    if headed is not None:
        return headed
    if named.isascii() and named.isdigit():
        return min(int(named[:5]), _MOST_COLUMNS) - 1
    return _of_letters(named) if re.fullmatch("[A-Z]{1,3}", named) else 0


def _headed(rows: Rows, row: int, wanted: list[str]) -> int | None:
    """The first column at or above a row whose heading has these words."""
    for heading in range(min(row + 1, _HEADING_ROWS, len(rows))):
        for column, cell in enumerate(rows[heading]):
            lower = [] if cell is None else str(cell).split()
            if lower and wanted in (lower, [*_above(rows, heading, column), *lower]):
                return column
    return None


def _above(rows: Rows, heading: int, column: int) -> list[str]:
    upper = rows[heading - 1][: column + 1] if heading else ()
    return next((str(cell).split() for cell in reversed(upper) if cell not in (None, "")), [])


def _of_letters(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return min(number, _MOST_COLUMNS) - 1


def _write(sheet: Worksheet, rows: Rows, told: Mapping[tuple[int, int], str], styles: tuple[Format, Format]) -> None:
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            _put(sheet, (at, column), cell, styles[isinstance(cell, date)] if (at, column) in told else None)
    for (at, column), text in told.items():
        if at >= len(rows) or column >= len(rows[at]):
            sheet.write_blank(at, column, None, styles[0])
        sheet.write_comment(at, column, text, _BOX)


def _put(sheet: Worksheet, place: tuple[int, int], cell: object, style: Format | None) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(*place, cell, style)
    elif isinstance(cell, int | Decimal) and len(Decimal(cell).as_tuple().digits) <= _DIGITS:
        sheet.write_number(*place, float(cell), style)
    elif isinstance(cell, date) and (cell.date() if isinstance(cell, datetime) else cell) >= _FIRST_DAY:
        sheet.write_datetime(*place, cell, style)
    elif isinstance(cell, str | int | Decimal | date):
        sheet.write_string(*place, (cell.isoformat() if isinstance(cell, date) else str(cell))[:_LONGEST_TEXT], style)
    elif style is not None:
        sheet.write_blank(*place, None, style)
