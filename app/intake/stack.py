"""Tables whose rows lean on other rows: cells merged downwards, and one column in which several kinds of rows take turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.intake.cells import Cell, Row, Sheet
from app.intake.header import Column, Header
from app.intake.totals import is_total
from app.intake.words import folded, is_blank, text_of
from app.wire.profile import Layout, Level, ProfileColumn


@dataclass(frozen=True, repr=False)
class Body:
    """The rows below a heading, each with its number from 1.

    `closing` are rows that state the sum of those above, `breaks` those with which a part begins.
    """

    rows: list[tuple[int, Row]]
    columns: tuple[Column, ...]
    closing: frozenset[int] = frozenset()
    breaks: frozenset[int] = frozenset()


def body_of(sheet: Sheet, header: Header, layout: Layout | None) -> Body:
    """The rows below a heading, merged labels filled downwards; a column of levels becomes a column for each of them."""
    rows = list(enumerate(sheet.rows[header.row :], header.row + 1))
    rows = _filled(sheet, header, rows)
    levels = header.meaning("levels")
    if layout is None or not levels:
        return Body(rows, header.columns)
    return _unstacked(rows, header, levels[0], layout.levels)


def _filled(sheet: Sheet, header: Header, rows: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    labels = {column.index for column in header.columns if not {"value", "total"}.intersection(column.means)}
    changed: dict[int, list[Cell]] = {}
    for span in sheet.merged:
        if span.row <= header.row or span.last_row == span.row or span.column - 1 not in labels:
            continue
        for row in range(span.row + 1, span.last_row + 1):
            changed.setdefault(row, list(sheet.rows[row - 1]))[span.column - 1] = sheet.rows[span.row - 1][span.column - 1]
    return [(row, changed.get(row, cells)) for row, cells in rows] if changed else rows


@dataclass(repr=False)
class _Stack:
    """What stands above a row, and the rows that wait for the one that closes them."""

    above: dict[str, Cell] = field(default_factory=dict)
    waiting: list[list[Cell]] = field(default_factory=list)
    rows: list[tuple[int, Row]] = field(default_factory=list)
    closing: set[int] = field(default_factory=set)
    breaks: set[int] = field(default_factory=set)
    begins: bool = False


def _unstacked(rows: Sequence[tuple[int, Row]], header: Header, column: Column, levels: Sequence[Level]) -> Body:
    stack, width = _Stack(), max(each.index for each in header.columns) + 1
    values = _value_places(header)
    for row, cells in rows:
        text = text_of(cells[column.index]) if column.index < len(cells) else ""
        level = _level(text, levels)
        if level is not None and level.begins and not level.closes and _has_no_value(cells, values):
            stack.above[level.means] = text
            stack.begins = True
            stack.waiting.clear()
            continue
        if stack.begins:
            stack.breaks.add(row)
            stack.begins = False
        _put(stack, row, [*cells[:width], *[None] * (width - len(cells))], level, levels, text)
    return Body(stack.rows, _spread(header, column, levels, width), frozenset(stack.closing), frozenset(stack.breaks))


def _value_places(header: Header) -> list[int]:
    return [each.index for each in header.columns if {"value", "total"}.intersection(each.means)]


def _has_no_value(cells: Row, values: Sequence[int]) -> bool:
    return all(is_blank(cells[index]) for index in values if index < len(cells))


def _spread(header: Header, column: Column, levels: Sequence[Level], width: int) -> tuple[Column, ...]:
    """The columns of a heading, the one of levels read no more, and to their right one for each level."""
    virtual = [
        Column(width + at, column.shown, (level.means,), ProfileColumn(labels=("-",), means=(level.means,), codes=level.codes))
        for at, level in enumerate(levels)
    ]
    kept = (Column(each.index, each.shown, ("ignored",)) if each is column else each for each in header.columns)
    return (*kept, *virtual)


def _put(stack: _Stack, row: int, cells: list[Cell], level: Level | None, levels: Sequence[Level], text: str) -> None:
    cells = cells + [None] * len(levels)
    stack.rows.append((row, cells))
    if level is None:
        return
    first = len(cells) - len(levels)
    if level.closes:
        stack.closing.add(row)
        for waiting in stack.waiting:
            waiting[first + levels.index(level)] = text
        stack.waiting.clear()
        return
    for at, each in enumerate(levels):
        cells[first + at] = text if each is level else stack.above.get(each.means)
    stack.waiting.append(cells)


def _level(text: str, levels: Sequence[Level]) -> Level | None:
    if not text or is_total(text):
        return None
    plain = folded(text)
    for level in levels:
        if any(plain.startswith(folded(begin)) for begin in level.begins):
            return level
    return next((level for level in levels if not level.begins), None)
