"""The plan of one table: where everything that a row says stands in it, worked out once from its heading."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.intake.cells import Cell, Row, Sheet
from app.intake.cellwords import Labels, PeriodParts, Periods, Unlike, Words, first_day
from app.intake.header import EXPORT_ONLY, OVERRIDES, Column, Header
from app.intake.manner import How
from app.intake.names import Names
from app.intake.periods import ReadPeriod, Unread, order_of, read_period
from app.intake.stack import Body
from app.intake.words import folded, text_of

PARTS = ("year", "quarter", "month", "week")
Said = ReadPeriod | Unread | Unlike


@dataclass(frozen=True)
class LabelColumn:
    """A column of labels with what they mean; `earlier` are other meanings before a day, the oldest first."""

    column: Column
    now: Labels
    earlier: tuple[tuple[date, Labels], ...] = ()

    def at(self, period: str) -> Labels:
        """The meanings in a period."""
        first = first_day(period) if self.earlier else None
        return next((labels for before, labels in self.earlier if first is not None and first < before), self.now)


@dataclass(frozen=True)
class Plan:
    """How the rows of a table are read.

    `order` brings the codes of a row, followed by the fixed ones of a column of values, into the order of `dimensions`; `is_straight`
    tells that they stand in it.  `width` is how
    many cells each row must have, None in a sheet.  `left_out` tells why a row is not read: `members` or `rule`.
    """

    sheet: Sheet
    how: How
    names: Names
    columns: tuple[Column, ...]
    width: int | None
    dimensions: tuple[str, ...]
    values: tuple[Column, ...]
    labels: tuple[LabelColumn, ...]
    order: tuple[int, ...]
    fixed: Mapping[int, tuple[str, ...]]
    is_straight: bool
    period: Callable[[Row], Said]
    period_column: Column
    overrides: Callable[[Row], tuple[tuple[str, str], ...]]
    left_out: Callable[[Row], str | None] | None
    status: Column | None
    start: Column | None
    totals: tuple[Column, ...]
    unnamed: tuple[Column, ...]
    only: tuple[tuple[Column, str], ...]


def plan_of(sheet: Sheet, header: Header, body: Body, how: How, names: Names, dimension_names: Sequence[str]) -> Plan:
    """Work out the plan of a table."""
    columns = body.columns
    values = _all(columns, "value")
    labels = _label_columns(columns, how, names, dimension_names)
    given = [name for each in labels for name in each.column.means]
    fixed = _fixed(how, given, values[0], dimension_names)
    standing = [*given, *fixed]
    dimensions = tuple(name for name in dimension_names if name in standing)
    order = tuple(map(standing.index, dimensions))
    period, period_column = _period(columns, body, how)
    return Plan(
        sheet,
        how,
        names,
        columns,
        _width(sheet, header, body),
        dimensions,
        values,
        labels,
        order,
        {column.index: _codes_at(column, fixed, how) for column in values},
        not fixed and order == tuple(range(len(order))),
        period,
        period_column,
        _overrides(columns, how, names),
        _left_out(columns, how, names),
        _only_one(columns, "value_status"),
        _only_one(columns, "period_start"),
        _all(columns, "total"),
        tuple(column for column in columns if not column.means),
        _export_only(columns),
    )


def _all(columns: Sequence[Column], meaning: str) -> tuple[Column, ...]:
    return tuple(column for column in columns if meaning in column.means)


def _only_one(columns: Sequence[Column], meaning: str) -> Column | None:
    return next((column for column in columns if meaning in column.means), None)


def _export_only(columns: Sequence[Column]) -> tuple[tuple[Column, str], ...]:
    """The columns of our own export that may hold one value alone."""
    return tuple((column, only) for column in columns for name in column.means if (only := EXPORT_ONLY.get(name)))


def _width(sheet: Sheet, header: Header, body: Body) -> int | None:
    return len(header.columns) if not sheet.name and body.columns is header.columns else None


def _fixed(how: How, given: Sequence[str], values: Column, dimension_names: Sequence[str]) -> list[str]:
    """The dimensions that no column of labels gives: those declared for the whole table, and those at which a column of values stands."""
    declared = [name for name in dimension_names if name in how.constants and name not in given]
    return [*declared, *(name for name in values.at if name != "period")]


def _codes_at(column: Column, fixed: Sequence[str], how: How) -> tuple[str, ...]:
    return tuple(column.at.get(name) or how.constants.get(name, "_T") for name in fixed)


def _label_columns(columns: Sequence[Column], how: How, names: Names, dimension_names: Sequence[str]) -> tuple[LabelColumn, ...]:
    return tuple(_label_column(column, how, names) for column in columns if set(column.means) & set(dimension_names))


def _label_column(column: Column, how: How, names: Names) -> LabelColumn:
    spec = column.spec
    if spec is None:
        return LabelColumn(column, Labels(column.means, how.codes, {}, names))
    earlier = [(first_day(each.period), Labels(column.means, how.codes, {**spec.codes, **each.codes}, names)) for each in spec.before]
    dated = sorted(((day, labels) for day, labels in earlier if day), key=lambda each: each[0])
    return LabelColumn(column, Labels(column.means, how.codes, spec.codes, names), tuple(dated))


def _period(columns: Sequence[Column], body: Body, how: How) -> tuple[Callable[[Row], Said], Column]:
    """What gives the period of a row: a column, the columns of its parts, or what was declared for the whole table."""
    at = _only_one(columns, "period")
    if at is not None and "value" not in at.means:
        return _from_column(at.index, body, how), at
    parts = sorted((column for column in columns if set(column.means) & set(PARTS)), key=lambda one: PARTS.index(one.means[0]))
    if parts:
        return _from_parts(parts, how), parts[0]
    if any("period" in column.at for column in columns):
        return lambda _: ReadPeriod(""), columns[0]
    given = how.constants.get("period")
    said: Said = read_period(how.codes.get(given, given), how.days) if given else "blank"
    return lambda _: said, columns[0]


def _from_column(index: int, body: Body, how: How) -> Callable[[Row], Said]:
    order = order_of({cells[index] for _, cells in body.rows if index < len(cells)}, how.days.order)
    periods = Periods(how.days.in_order(order), how.codes)
    return lambda cells: periods[cells[index]]


def _from_parts(parts: Sequence[Column], how: How) -> Callable[[Row], Said]:
    read, places = PeriodParts([column.means[0] for column in parts], how.days), [column.index for column in parts]
    return lambda cells: read[tuple([cells[index] for index in places])]


def _overrides(columns: Sequence[Column], how: How, names: Names) -> Callable[[Row], tuple[tuple[str, str], ...]]:
    """The words of a row that stand above the options of the push; the same cells are read once."""
    found = [(name, column.index, Words(column, name, how.codes, names)) for name in OVERRIDES if (column := _only_one(columns, name))]
    once: dict[tuple[Cell, ...], tuple[tuple[str, str], ...]] = {}

    def read(cells: Row) -> tuple[tuple[str, str], ...]:
        key = tuple([cells[index] for _, index, _ in found])
        known = once.get(key)
        if known is None:
            known = once[key] = tuple([(name, text) for name, index, words in found if (text := words[cells[index]])])
        return known

    return read if found else lambda _: ()


def _left_out(columns: Sequence[Column], how: How, names: Names) -> Callable[[Row], str | None] | None:
    rules = [
        (column.index, frozenset(map(folded, rule.labels)))
        for rule in how.leave_out
        for column in columns
        if folded(rule.column) in {folded(label) for label in (column.shown, *(column.spec.labels if column.spec else ()))}
    ]
    members, state = how.members, _only_one(columns, "reporting_state")
    if not rules and (members is None or state is None):
        return None
    foreign: dict[Cell, bool] = {}

    def judge(cells: Row) -> str | None:
        if any(folded(text_of(cells[index])) in labels for index, labels in rules):
            return "rule"
        if members is None or state is None:
            return None
        cell = cells[state.index]
        if cell not in foreign:
            # A text that names no State at all is not left out: it is refused where its figures are judged.
            text = text_of(cell)
            code = names.code("reporting_state", how.codes.get(text, text))
            foreign[cell] = code is not None and code not in members
        return "members" if foreign[cell] else None

    return judge
