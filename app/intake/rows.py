"""The rows of one table: which of them are data, which state sums, which are notes, and what is at fault where."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.intake.cells import Cell, CellError, Row
from app.intake.cellwords import refused_in
from app.intake.figures import MOST_FINDINGS, Note, TidyRow
from app.intake.header import Column, place
from app.intake.numbers import GREATEST_VALUE, readings, whole
from app.intake.periods import ReadPeriod, Unread, exists
from app.intake.plan import PARTS, Plan
from app.intake.stack import Body
from app.intake.totals import is_doubtful, is_total
from app.intake.words import folded, is_blank, text_of
from app.wire.codes import ValueStatus
from app.wire.problem import Finding

_STATUSES = [status.value for status in ValueStatus]
_PLAIN_DIGITS = 9
_NOTE_WORDS = frozenset(
    ("fuente", "fonte", "source", "nota", "notas", "note", "notes", "elaborado", "elaboracion", "elaboracao", "cifras", "datos", "dados")
)
_LONG_NOTE = 30
_MOST_KNOWN = 40
_LONGEST_LABEL = 64
_OTHER_SEPARATORS = re.compile("[;,|\t]")
_HOPELESS = frozenset({"not-a-whole-number", "out-of-range"})
"""Faults of a number in any style."""


@dataclass(slots=True, repr=False)
class Open:
    """A figure whose number is still to be read, with its column and its cell."""

    figure: TidyRow
    column: Column
    cell: Cell


@dataclass(slots=True, repr=False)
class Stated:
    """A row that states sums, how many lines of data stand above it, and what is at fault if it is none."""

    after: int
    row: int
    cells: Row
    faults: tuple[Finding, ...] = ()
    closes: bool = False


@dataclass(repr=False)
class Found:
    """What the rows of a table hold before their numbers are read.

    `lines` are the rows of data in order, those left out included; `held` are lines of text, with their faults if data follow them;
    `breaks` and
    `closes` tell after how many lines a part of the table, or of a part, ends; `across` are rows whose columns of totals are to be checked.
    """

    rows: list[TidyRow] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)
    closes: set[int] = field(default_factory=set)
    stated: list[Stated] = field(default_factory=list)
    held: list[tuple[int, Note, list[Finding]]] = field(default_factory=list)
    across: list[tuple[int, Row]] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)
    serials: list[int] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    skipped: dict[int, Row] = field(default_factory=dict)


def read_rows(plan: Plan, body: Body) -> Found:
    """Every row, or as many as it takes to find a hundred faults; a file longer than it may be is read no further."""
    found, limit = Found(), plan.how.row_limit
    for row, cells in body.rows:
        if row in body.breaks:
            found.breaks.add(len(found.lines))
        if row in body.closing:
            found.stated.append(Stated(len(found.lines), row, cells, closes=True))
            found.closes.add(len(found.lines))
        elif not _data(plan, found, row, cells):
            _other(plan, found, row, cells)
        if len(found.lines) > limit:
            found.faults.append(place(plan.sheet, "file-too-long", row, limit=limit))
        if len(found.faults) >= MOST_FINDINGS or len(found.lines) > limit:
            break
    return found


def _data(plan: Plan, found: Found, row: int, cells: Row) -> bool:
    """Take a row that is plainly data; False where it is to be looked at more closely."""
    if plan.width is not None and len(cells) != plan.width:
        return False
    reason = plan.left_out(cells) if plan.left_out else None
    if reason:
        found.left_out[reason] += 1
        found.lines.append(row)
        found.skipped[row] = cells
        return True
    period = plan.period(cells)
    if not isinstance(period, ReadPeriod):
        return False
    codes: tuple[str, ...] = ()
    for each in plan.labels:
        labels = each.at(period.code) if each.earlier else each.now
        got = labels[cells[each.column.index]]
        if isinstance(got, str):
            return False
        codes += got
    _take(plan, found, row, cells, period, codes)
    return True


def _take(plan: Plan, found: Found, row: int, cells: Row, period: ReadPeriod, codes: tuple[str, ...]) -> None:
    if plan.unnamed or plan.only:
        found.faults += _outside(plan, row, cells)
    overrides = plan.overrides(cells)
    if period.start or plan.start is not None:
        overrides += _start(plan, cells, period)
    if period.is_serial:
        found.serials.append(row)
    found.lines.append(row)
    _take_figures(plan, found, row, cells, period.code, codes, overrides)
    if plan.totals:
        found.across.append((row, cells))


def _take_figures(
    plan: Plan, found: Found, row: int, cells: Row, period: str, codes: tuple[str, ...], overrides: tuple[tuple[str, str], ...]
) -> None:
    masked, statuses = plan.how.masked, plan.status
    for column in plan.values:
        cell = cells[column.index]
        when = column.at.get("period", period) if column.at else period
        figure = TidyRow(row, when, None, None, codes if plan.is_straight else _placed(plan, codes, column), overrides, column.shown)
        if statuses is None and isinstance(cell, str) and cell.isdigit() and cell.isascii() and len(cell) <= _PLAIN_DIGITS:
            found.rows.append(figure)
            give(figure, int(cell), masked)
        else:
            _look(plan, found, figure, cells, column)


def give(figure: TidyRow, value: int, masked: frozenset[int]) -> None:
    """Give a figure its number, or mark it as masked where its source writes that number for what it hides."""
    if value in masked:
        figure.value_status = ValueStatus.MASKED.value
    else:
        figure.value = value


def _placed(plan: Plan, codes: tuple[str, ...], column: Column) -> tuple[str, ...]:
    every = codes + plan.fixed[column.index]
    return tuple([every[at] for at in plan.order])


def _start(plan: Plan, cells: Row, period: ReadPeriod) -> tuple[tuple[str, str], ...]:
    # The number of a fiscal year does not say where it starts; without this a round trip would lose it.
    start = period.start or (text_of(cells[plan.start.index]) if plan.start and period.code.endswith("-FY") else "")
    return (("period_start", start),) if start else ()


def _look(plan: Plan, found: Found, figure: TidyRow, cells: Row, column: Column) -> None:
    """A figure whose cell is not plain digits: its status, its fault, or a cell to be read when the table's style is known."""
    cell = cells[column.index]
    status = text_of(cells[plan.status.index]) if plan.status else ""
    if plan.status and status:
        if status not in _STATUSES:
            found.faults.append(place(plan.sheet, "code-unknown", figure.row, plan.status.shown, known=_STATUSES, suggestions=[]))
        elif not is_blank(cell):
            found.faults.append(_value_fault(plan, figure.row, column, "value-beside-status"))
        figure.value_status = status
        found.rows.append(figure)
    elif isinstance(cell, CellError):
        found.faults.append(place(plan.sheet, cell.code, figure.row, column.shown))
    elif not is_blank(cell):
        found.open.append(Open(figure, column, cell))
        found.rows.append(figure)
    elif len(plan.values) == 1:
        found.faults.append(_value_fault(plan, figure.row, column, "value-missing"))


def _value_fault(plan: Plan, row: int, column: Column, code: str) -> Finding:
    return place(plan.sheet, code, row, column.shown, minimum=0, maximum=GREATEST_VALUE)


def _other(plan: Plan, found: Found, row: int, cells: Row) -> None:
    """A row that is not plainly data: blank, a sum, a note, a nil report, or at fault."""
    filled = _filled(plan, cells)
    if not filled:
        return
    faults = _form(plan, row, cells)
    if not faults and _is_sum(plan, cells, filled):
        _state(plan, found, row, cells, filled)
        return
    if _is_note(plan, cells, filled):
        found.held.append((len(found.lines), Note(row, text_of(cells[filled[0]])), faults or [place(plan.sheet, "text-between-rows", row)]))
        return
    faults = faults or [*_faults(plan, row, cells), *_outside(plan, row, cells)]
    if faults and _has_no_label(plan, cells):
        found.stated.append(Stated(len(found.lines), row, cells, tuple(faults)))
    elif faults:
        found.faults += faults
    else:
        _nil(plan, found, row, cells)


def _state(plan: Plan, found: Found, row: int, cells: Row, filled: Sequence[int]) -> None:
    """Keep a row as a sum that the file states, with what is at fault in it should it be none."""
    doubts = _faults(plan, row, cells) if _is_doubtful(cells, filled) else []
    found.stated.append(Stated(len(found.lines), row, cells, tuple(doubts)))
    found.breaks.add(len(found.lines))


def _filled(plan: Plan, cells: Row) -> list[int]:
    """The places of a row that hold something; in a sheet what stands outside the table is not of it."""
    places = {column.index for column in plan.columns}
    return [index for index, cell in enumerate(cells) if _shows(cell) and (index in places or plan.width is not None)]


def _shows(cell: Cell) -> bool:
    return not is_blank(cell) or (isinstance(cell, str) and refused_in(cell) is not None)


def _nil(plan: Plan, found: Found, row: int, cells: Row) -> None:
    period = plan.period(cells)
    if isinstance(period, ReadPeriod):
        found.rows.append(
            TidyRow(row, period.code, 0, None, ("",) * len(plan.dimensions), plan.overrides(cells) + _start(plan, cells, period))
        )


def _form(plan: Plan, row: int, cells: Row) -> list[Finding]:
    if plan.width is not None and len(cells) != plan.width:
        return [place(plan.sheet, "row-ragged", row, cells=len(cells), expected=plan.width)]
    read = [(column, cells[column.index]) for column in plan.columns if "ignored" not in column.means]
    errors = [place(plan.sheet, cell.code, row, column.shown) for column, cell in read if isinstance(cell, CellError)]
    return [*_refused(plan, row, read), *errors]


def _refused(plan: Plan, row: int, read: Sequence[tuple[Column, Cell]]) -> Iterator[Finding]:
    for column, cell in read:
        offset = refused_in(cell) if isinstance(cell, str) else None
        if offset is not None:
            yield place(plan.sheet, "text-character", row, column.shown, offset=offset)


def _is_sum(plan: Plan, cells: Row, filled: Sequence[int]) -> bool:
    lead = cells[filled[0]]
    named = (isinstance(lead, str) and is_total(lead)) or any(each.now[cells[each.column.index]] == "total" for each in plan.labels)
    texts = sum(isinstance(cells[index], str) and not readings(text_of(cells[index])) for index in filled)
    return named and not (_is_doubtful(cells, filled) and texts > 1)


def _is_doubtful(cells: Row, filled: Sequence[int]) -> bool:
    return any(is_doubtful(text_of(cells[index])) for index in filled)


def _is_note(plan: Plan, cells: Row, filled: Sequence[int]) -> bool:
    """A line of text alone that is long, or begins as notes do; whether it is one depends on what follows."""
    text = text_of(cells[filled[0]])
    if len(filled) > 1 or not isinstance(cells[filled[0]], str) or readings(text) or _is_parted_otherwise(plan, text):
        return False
    words = folded(text).split()
    return len(text) >= _LONG_NOTE or text.startswith(("*", "(")) or bool(words and words[0] in _NOTE_WORDS)


def _is_parted_otherwise(plan: Plan, text: str) -> bool:
    """Tell whether a line of a text file may be a row of figures whose cells other separators part."""
    parts = _OTHER_SEPARATORS.split(text)
    return len(parts) == plan.width and any(readings(part.strip()) for part in parts)


def _has_no_label(plan: Plan, cells: Row) -> bool:
    """Tell whether a row has numbers alone: perhaps a sum that bears no name."""
    if plan.width is not None and len(cells) != plan.width:
        return False
    return plan.period(cells) == "blank" and all(each.now[cells[each.column.index]] == "blank" for each in plan.labels)


def _faults(plan: Plan, row: int, cells: Row) -> list[Finding]:
    return [*_value_faults(plan, row, cells), *_code_faults(plan, row, cells), *_period_faults(plan, row, cells)]


def _value_faults(plan: Plan, row: int, cells: Row) -> list[Finding]:
    found = Found()
    for column in plan.values:
        _look(plan, found, TidyRow(row, "", None, None, ()), cells, column)
    numbers = [(each.column, whole(each.cell.strip(), plan.how.number_style)) for each in found.open if isinstance(each.cell, str)]
    return found.faults + [_value_fault(plan, row, column, code) for column, code in numbers if code in _HOPELESS]


def _code_faults(plan: Plan, row: int, cells: Row) -> Iterator[Finding]:
    codes = [each.now[cells[each.column.index]] for each in plan.labels]
    is_nil = all(code == "blank" for code in codes) and [text_of(cells[column.index]) for column in plan.values] == ["0"]
    for each, code in zip(plan.labels, codes, strict=True):
        if code in {"unknown", "total"} or (code == "blank" and not is_nil):
            yield _unknown(plan, row, each.column, text_of(cells[each.column.index]))


def _unknown(plan: Plan, row: int, column: Column, text: str) -> Finding:
    if not text:
        return place(plan.sheet, "code-missing", row, column.shown)
    near = _near(plan, column, text)[:_MOST_KNOWN]
    return place(plan.sheet, "code-unknown", row, column.shown, suggestions=near, known=near)


def _near(plan: Plan, column: Column, text: str) -> list[str]:
    """What may have been meant, the nearest first."""
    if len(column.means) == 1:
        return list(plan.names.nearest(column.means[0], text))
    described = list(column.spec.codes if column.spec else ())
    return difflib.get_close_matches(text[:_LONGEST_LABEL], described, max(1, len(described)), cutoff=0)


def _period_faults(plan: Plan, row: int, cells: Row) -> Iterator[Finding]:
    period, column = plan.period(cells), _period_column(plan, cells).shown
    if isinstance(period, Unread):
        yield place(plan.sheet, period.code, row, column)
    elif isinstance(period, str):
        yield place(plan.sheet, "period-missing" if period == "blank" else "period-invalid", row, column)


def _period_column(plan: Plan, cells: Row) -> Column:
    """The column at fault where there are several: beside a year that exists it is that of the month, week or quarter."""
    year = plan.period_column
    if "year" not in year.means or not exists(text_of(cells[year.index])):
        return year
    return next((column for column in plan.columns if column is not year and {*PARTS}.intersection(column.means)), year)


def _outside(plan: Plan, row: int, cells: Row) -> list[Finding]:
    unnamed = [place(plan.sheet, "column-unnamed", row, column.shown) for column in plan.unnamed if not is_blank(cells[column.index])]
    foreign = [
        place(plan.sheet, "export-only-value", row, column.shown, expected=only)
        for column, only in plan.only
        if text_of(cells[column.index]) not in ("", only)
    ]
    return unnamed + foreign
