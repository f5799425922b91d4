"""The numbers of a table, read in the one style that it proves, and its sums, checked and dropped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from app.intake.cells import Cell, CellError, Row
from app.intake.figures import MOST_FINDINGS, Note, TidyFile, TidyRow
from app.intake.header import Column, Header, place
from app.intake.manner import marked
from app.intake.numbers import GREATEST_VALUE, Proof, judged, prove, whole
from app.intake.plan import Plan
from app.intake.rows import Found, Open, Stated, give
from app.intake.stack import Body
from app.intake.totals import nearest_sum, running, sums_beside
from app.intake.words import is_blank, text_of
from app.wire.codes import ValueStatus
from app.wire.problem import Finding
from app.wire.profile import NumberStyle


def settled(plan: Plan, header: Header, body: Body, found: Found) -> TidyFile | tuple[Finding, ...]:
    """A table from what its rows hold, or everything that is at fault in it, up to a hundred findings in the order of the rows."""
    proof = prove(_written(plan, body, found), plan.how.number_style)
    faults = [*found.faults, *(list(_mixed(plan, found, proof)) or _read_open(plan, found, proof.style))]
    notes, between = _notes(found)
    faults += between
    sums = list(_sums(plan, found, proof.style)) if not faults else []
    faults += _no_sums(sums)
    if not faults and not found.rows and not found.lines:
        faults = [place(plan.sheet, "file-without-rows")]
    if faults:
        return _in_order(faults)
    remarks = (*plan.sheet.remarks, *_remarks(plan, found, proof, notes), *(each for each in sums if isinstance(each, Finding)))
    return _table(plan, header, found, notes, remarks)


def _notes(found: Found) -> tuple[tuple[Note, ...], list[Finding]]:
    """The lines of text below all data, which are notes, and what is at fault in those that stand among the data."""
    notes, between, data = [], [], len(found.lines)
    for after, note, reasons in found.held:
        if after == data:
            notes.append(note)
        else:
            between += reasons
    return tuple(notes), between


def _no_sums(checked: Iterable[Finding | tuple[Finding, ...]]) -> Iterator[Finding]:
    """What is at fault in rows that looked like sums and are none."""
    return (fault for each in checked if isinstance(each, tuple) for fault in each)


def _in_order(faults: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(faults, key=lambda each: each.row or 0)[:MOST_FINDINGS])


def _table(plan: Plan, header: Header, found: Found, notes: tuple[Note, ...], remarks: tuple[Finding, ...]) -> TidyFile:
    column_of = {name: column.shown for column in plan.columns for name in column.means if name not in {"ignored", "total", "levels"}}
    constants = {name: code for name, code in plan.how.constants.items() if name not in plan.dimensions and name != "period"}
    return TidyFile(plan.dimensions, tuple(found.rows), column_of, remarks, plan.sheet.name or None, header.row, notes, constants)


def _written(plan: Plan, body: Body, found: Found) -> Iterator[tuple[tuple[int, int], str]]:
    """The numbers of a table that stand in it as texts, those of columns that are not read among them; each text at its first place."""
    yield from (((each.figure.row, each.column.index), each.cell.strip()) for each in found.open if isinstance(each.cell, str))
    seen: set[str] = set()
    for column in plan.columns:
        if not {"ignored", "total"}.intersection(column.means):
            continue
        for row, cells in body.rows:
            cell = cells[column.index] if column.index < len(cells) else None
            if isinstance(cell, str) and cell not in seen:
                seen.add(cell)
                yield (row, column.index), cell.strip()


def _mixed(plan: Plan, found: Found, proof: Proof) -> Iterator[Finding]:
    if proof.against and proof.at and any(map(_has_mark, found.open)):
        shown = _shown(plan, proof.against[1])
        yield place(plan.sheet, "number-style-mixed", proof.against[0], shown, other=proof.at[0])


def _shown(plan: Plan, index: int) -> str:
    return next(column.shown for column in plan.columns if column.index == index)


def _read_open(plan: Plan, found: Found, style: NumberStyle | None) -> Iterator[Finding]:
    for each in found.open:
        if isinstance(each.cell, str) and marked(each.cell) in plan.how.not_collected:
            each.figure.value_status = ValueStatus.NOT_COLLECTED.value
            continue
        number = number_of(plan, each.cell, style)
        if isinstance(number, int):
            give(each.figure, number, plan.how.masked)
        else:
            yield place(plan.sheet, number, each.figure.row, each.column.shown, minimum=0, maximum=GREATEST_VALUE)


def number_of(plan: Plan, cell: Cell, style: NumberStyle | None) -> int | str:
    """The count that a cell holds, or the code of its fault; a count that somebody formatted as a date is its number again."""
    if isinstance(cell, str):
        return whole(cell.strip(), style)
    if isinstance(cell, date):
        return judged(plan.how.days.days.serial(cell))
    if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        return judged(cell)
    return cell.code if isinstance(cell, CellError) else "not-a-whole-number"


def _sums(plan: Plan, found: Found, style: NumberStyle | None) -> Iterator[Finding | tuple[Finding, ...]]:
    """A remark for each sum that differs and one that tells how many were checked; the faults of a row that turns out to be none."""
    if not found.stated and not found.across:
        return
    if not plan.how.checks_totals or any(row.value is None for row in found.rows):
        yield from (stated.faults for stated in found.stated if stated.faults)
        yield place(plan.sheet, "totals-unchecked", count=len(found.stated) + len(found.across))
        return
    yield from _checked(plan, found, style)


def _checked(plan: Plan, found: Found, style: NumberStyle | None) -> Iterator[Finding | tuple[Finding, ...]]:
    lines = _lines(plan, found, style)
    sums = {column.index: running(_line_sum(plan, lines[row], column) for row in found.lines) for column in (*plan.values, *plan.totals)}
    checked = len(found.across)
    for stated in found.stated:
        differing = list(_down(plan, sums, found, stated, style))
        if stated.faults and (differing or not stated.after):
            yield stated.faults
            continue
        checked += 1
        yield from differing
    for row, cells in found.across:
        yield from _across(plan, lines[row], row, cells, style)
    yield place(plan.sheet, "totals-checked", count=checked)


def _lines(plan: Plan, found: Found, style: NumberStyle | None) -> Mapping[int, Mapping[str, int]]:
    """The numbers of each row of data by their column's heading; those that were left out count in the sums too."""
    lines: dict[int, dict[str, int]] = {row: {} for row in found.lines}
    for figure in found.rows:
        lines.setdefault(figure.row, {})[figure.column] = figure.value or 0
    for row, cells in found.skipped.items():
        lines[row] = {column.shown: number for column, number in _stated(plan, cells, style) if column in plan.values}
    return lines


def _stated(plan: Plan, cells: Row, style: NumberStyle | None) -> Iterator[tuple[Column, int]]:
    for column in (*plan.values, *plan.totals):
        number = None if is_blank(cells[column.index]) else number_of(plan, cells[column.index], style)
        if isinstance(number, int):
            yield column, number


def _line_sum(plan: Plan, line: Mapping[str, int], column: Column) -> int:
    return sum(line.values()) if column in plan.totals else line.get(column.shown, 0)


def _down(plan: Plan, sums: Mapping[int, Sequence[int]], found: Found, stated: Stated, style: NumberStyle | None) -> Iterator[Finding]:
    """The sums of one row that are not those of any part of the table which ends or begins at it."""
    matching = _matching(plan, found.rows, stated.cells)
    breaks = found.breaks | found.closes if stated.closes else found.breaks
    for column, number in _stated(plan, stated.cells, style):
        candidates = sums_beside(sums[column.index], stated.after, breaks)
        if matching is not None:
            candidates.append(sum(row.value or 0 for row in matching if column in plan.totals or row.column == column.shown))
        nearest = nearest_sum(number, candidates)
        if nearest is not None and nearest != number:
            yield place(plan.sheet, "total-differs", stated.row, column.shown, stated=number, sum=nearest)


def _matching(plan: Plan, rows: Sequence[TidyRow], cells: Row) -> list[TidyRow] | None:
    """The figures that share the codes which a row of sums has beside its label; None where it has none."""
    period, wanted = plan.period(cells), _codes_beside(plan, cells)
    if not wanted and isinstance(period, str):
        return None
    places = {plan.dimensions.index(name): code for name, code in wanted.items()}
    code = None if isinstance(period, str) else getattr(period, "code", None)
    return [row for row in rows if code in (None, row.period) and all(row.codes[at] == one for at, one in places.items())]


def _codes_beside(plan: Plan, cells: Row) -> dict[str, str]:
    """The codes that a row of sums has by their dimension; what it sums up has none."""
    codes: dict[str, str] = {}
    for each in plan.labels:
        read = each.now[cells[each.column.index]]
        if not isinstance(read, str):
            codes |= dict(zip(each.column.means, read, strict=True))
    return codes


def _across(plan: Plan, line: Mapping[str, int], row: int, cells: Row, style: NumberStyle | None) -> Iterator[Finding]:
    values = [line.get(column.shown, 0) for column in plan.values]
    standing = [sum(column.index < total.index for column in plan.values) for total in plan.totals]
    for total, after in zip(plan.totals, standing, strict=True):
        number = None if is_blank(cells[total.index]) else number_of(plan, cells[total.index], style)
        if not isinstance(number, int) or number == sum(values):
            continue
        nearest = nearest_sum(number, [*sums_beside(running(values), after, standing), sum(values)])
        if nearest != number:
            yield place(plan.sheet, "total-differs", row, total.shown, stated=number, sum=nearest)


def _remarks(plan: Plan, found: Found, proof: Proof, notes: Sequence[Note]) -> Iterator[Finding]:
    yield from (place(plan.sheet, "column-ignored", found.lines[0] - 1 if found.lines else 1, column.shown) for column in plan.unnamed)
    if found.serials:
        yield place(
            plan.sheet, "serial-read", found.serials[0], plan.period_column.shown, system=plan.how.days.days.name, count=len(found.serials)
        )
    yield from _numbers_remarked(plan, found, proof)
    for reason, count in found.left_out.items():
        yield place(plan.sheet, "rows-left-out" if reason == "rule" else "rows-of-others-left-out", count=count)
    yield from (place(plan.sheet, "note-kept", note.row) for note in notes)


def _numbers_remarked(plan: Plan, found: Found, proof: Proof) -> Iterator[Finding]:
    dated = [each for each in found.open if isinstance(each.cell, date)]
    if dated:
        yield place(plan.sheet, "number-from-date", dated[0].figure.row, dated[0].column.shown, count=len(dated))
    if proof.at and not proof.against:
        yield place(plan.sheet, "number-style-read", proof.at[0], _shown(plan, proof.at[1]), style=proof.style)


def _has_mark(each: Open) -> bool:
    return isinstance(each.cell, str) and not text_of(each.cell).isdigit()
