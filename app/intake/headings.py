"""The heading of a table that a profile describes: one line or several, with merged cells, found by the labels that it must hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.intake.cells import Row, Sheet
from app.intake.figures import IGNORED, Options
from app.intake.header import SEARCHED, Column, Header, faultless, place, shown_name, twice
from app.intake.names import Names
from app.intake.periods import Manner, Unread, exists, read_period
from app.intake.totals import is_total
from app.intake.words import folded, text_of, trimmed
from app.wire.problem import Finding
from app.wire.profile import Layout, ProfileColumn


@dataclass(frozen=True)
class Misfit:
    """A layout whose heading does not stand in a sheet: how many of its columns the nearest row (from 1) holds, and which it lacks."""

    found: int
    lacking: tuple[str, ...]
    row: int | None = None


def area_of(layout: Layout) -> tuple[int, int | None]:
    """The columns of a layout's table, from 0, the last one excluded; None for all to the right."""
    if layout.area is None:
        return 0, None
    first, last = map(_number, layout.area.split(":"))
    return first - 1, last


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def find_heading(sheet: Sheet, layout: Layout, options: Options, names: Names, manner: Manner) -> Header | Misfit | tuple[Finding, ...]:
    """Find a layout's heading in a sheet and read its columns.

    Findings: `header-twice` (with both rows), `column-twice`, `column-unknown`, `code-unknown` (a heading that is no code of a wide table),
    `period-invalid`, `period-is-a-day`, `date-ambiguous`, `fiscal-year-undeclared` (one that is no period).
    """
    needed = _needed(layout)
    tried = [(at, _lacking(_labels(sheet, at, layout), needed, options)) for at in range(min(SEARCHED, len(sheet.rows)))]
    fitting = [at for at, lacking in tried if not lacking and any(parts[0] for parts in _lines(sheet, at, layout))]
    if len(fitting) > 1:
        return (twice(sheet, fitting),)
    if not fitting:
        return _misfit(layout, needed, tried)
    at = fitting[0]
    first, last = area_of(layout)
    found = tuple(_columns(sheet, at, layout, options, names, manner))
    return faultless(found, at + layout.header_rows, [row[first:last] for row in sheet.rows[:at]])


def _needed(layout: Layout) -> list[ProfileColumn]:
    return [spec for spec in layout.columns if not spec.optional]


def _misfit(layout: Layout, needed: Sequence[ProfileColumn], tried: Sequence[tuple[int, Sequence[ProfileColumn]]]) -> Misfit:
    """What the nearest of the rows that were tried lacks."""
    at, lacking = min(tried, key=lambda each: len(each[1]), default=(0, needed))
    row = at + layout.header_rows if len(lacking) < len(needed) else None
    return Misfit(len(needed) - len(lacking), tuple(spec.labels[0] for spec in lacking), row)


def _lines(sheet: Sheet, at: int, layout: Layout) -> list[list[str]]:
    """The lines of a heading by column, merged cells filled; in a text file, which has none, a line above fills to the right."""
    block: list[Row] = [list(row) for row in sheet.rows[at : at + layout.header_rows]]
    width = max(map(len, block), default=0)
    lines = [[text_of(cell) for cell in row] + [""] * (width - len(row)) for row in block]
    _fill_merged(lines, sheet, at)
    if not sheet.name:
        _fill_rightwards(lines[:-1])
    first, last = area_of(layout)
    return [list(parts) for parts in list(zip(*lines, strict=True))[first:last]]


def _fill_merged(lines: list[list[str]], sheet: Sheet, at: int) -> None:
    """Give every line of a heading that begins at a row (from 0) the text of the merged cells that reach into it."""
    width = len(lines[0]) if lines else 0
    for span in sheet.merged:
        for row in range(max(span.row - 1, at), min(span.last_row, at + len(lines))):
            for column in range(span.column - 1, min(span.last_column, width)):
                lines[row - at][column] = text_of(sheet.rows[span.row - 1][span.column - 1]) if span.row - 1 >= at else ""


def _fill_rightwards(lines: Sequence[list[str]]) -> None:
    for line in lines:
        for column in range(1, len(line)):
            line[column] = line[column] or line[column - 1]


def _labels(sheet: Sheet, at: int, layout: Layout) -> list[str]:
    return [_joined(parts) for parts in _lines(sheet, at, layout)]


def _joined(parts: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(part for part in parts if part))


def _mapped(options: Options) -> dict[str, str]:
    return {folded(trimmed(theirs)): ours.strip() for theirs, ours in options.columns.items()}


def _by_label(layout: Layout) -> dict[str, ProfileColumn]:
    return {folded(label): spec for spec in layout.columns for label in spec.labels}


def _lacking(labels: Sequence[str], needed: Sequence[ProfileColumn], options: Options) -> list[ProfileColumn]:
    mapped, present = _mapped(options), {folded(label) for label in labels}
    given = {mapped[label] for label in present if label in mapped}
    # Theirs may be mapped onto a heading of the profile too: it then means all that the profile says of it.
    present |= set(map(folded, given))
    return [spec for spec in needed if present.isdisjoint(map(folded, spec.labels)) and given.isdisjoint(spec.means)]


def _columns(sheet: Sheet, at: int, layout: Layout, options: Options, names: Names, manner: Manner) -> Iterator[Column | Finding]:
    mapped = _mapped(options)
    specs = _by_label(layout)
    first: dict[int, int] = {}
    start, _ = area_of(layout)
    row = at + layout.header_rows
    for index, parts in enumerate(_lines(sheet, at, layout), start):
        label = _joined(parts)
        ours = mapped.get(folded(label), label)
        shown, spec = _shown(sheet, row, label, index), specs.get(folded(ours))
        if spec is not None:
            if first.setdefault(id(spec), index + 1) != index + 1:
                yield place(sheet, "column-twice", row, shown, first=first[id(spec)], second=index + 1)
            yield Column(index, shown, spec.means, spec, {str(name): code for name, code in spec.at.items()})
        elif folded(label) in mapped:
            yield Column(index, shown, ("ignored",) if ours == IGNORED else (ours,))
        elif not label:
            yield Column(index, shown, ())
        elif layout.wide:
            yield _wide(sheet, row, Column(index, shown, ("value",)), parts, layout, names, manner)
        else:
            known = [each.labels[0] for each in layout.columns]
            yield place(sheet, "column-unknown", row, shown, known=known, suggestions=[])


def _shown(sheet: Sheet, row: int, label: str, index: int) -> str:
    """The heading of a column; its letter where tables side by side have two of that heading."""
    return shown_name(sheet, "" if [text_of(cell) for cell in sheet.rows[row - 1]].count(label) > 1 else label, index)


def _wide(sheet: Sheet, row: int, column: Column, parts: Sequence[str], layout: Layout, names: Names, manner: Manner) -> Column | Finding:
    """A column of values whose heading is a code, or a total of such columns."""
    if any(map(is_total, parts)):
        return Column(column.index, column.shown, ("total",))
    at: dict[str, str] = {}
    for name, part in zip(layout.wide, parts, strict=False):
        if name == "period":
            period = read_period(part, manner)
            if isinstance(period, Unread) or not exists(period.code):
                return place(sheet, period.code if isinstance(period, Unread) else "period-invalid", row, column.shown)
            at[name] = period.code
            continue
        code = names.code(name, part)
        if code is None:
            return place(sheet, "code-unknown", row, column.shown, suggestions=list(names.nearest(name, part)), known=[])
        at[name] = code
    return Column(column.index, column.shown, ("value",), None, at)
