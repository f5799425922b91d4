"""The analyst's question, judged: canonical codes, a span of days, and for each dimension what plain rows and sums read (contract: /flows)."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import chain
from typing import Literal

from app.bulletins.flows.columns import columns_of
from app.bulletins.flows.moments import moment
from app.bulletins.flows.query import FlowQuery
from app.bulletins.projection import AREAS, TOTAL, codes_of_area
from app.core.problems import Problem
from app.directory import codes
from app.directory.dimensions import DIMENSIONS, STATE_DIMENSIONS, is_margin, known, resolve
from app.wire.period import Bucket, Period, PeriodError, parse_period
from app.wire.problem import Finding

NATIONALITY = "nationality"
AREA_MARGINS: Mapping[str, str] = {f"_{area}": area for area in AREAS}
COLUMNS: Mapping[str, str] = {
    "conference": "origin",
    **{name: name for name in ("reporting_state", "publisher", "measure", "unit", "definition_code", "accumulation", "figure_status")},
}
"""What of a bulletin as a whole may be filtered and grouped by: the parameter and the column that answers it."""

ATTRIBUTES: Mapping[str, str] = {**COLUMNS, "stock_or_flow": "stock_or_flow", "frequency": "frequency"}
"""What of a bulletin as a whole may be grouped by."""

AREA = "area"
CLASSES = (AREA, "extra_continental")
"""What nationalities may be grouped by beside themselves."""

GROUPS = ("period", *ATTRIBUTES, *CLASSES, *DIMENSIONS)
UNMIXED = ("unit", "measure", "publisher", "definition_code", "accumulation")
"""What is never added together (contract: Flow bulletin, `unit`)."""

_SHORT_LIST = 40
_BUCKETS: Mapping[str, Bucket] = {"month": "month", "quarter": "quarter", "year": "year"}
_PUBLISHER = re.compile("[A-Z0-9][A-Z0-9-]{1,31}")
_DEFINITION = re.compile("[a-z0-9][a-z0-9_.-]{0,39}")


@dataclass(frozen=True)
class FlowQuestion:
    """What is asked of the published flows, in canonical codes.

    `matching` holds codes by column of a bulletin; `first` and `last` are the days within which a period must lie; `chosen` are the
    codes by filtered dimension, margins among them; `scheme` what `extra_continental` leaves of the nationalities: their codes, the
    rests and the margins of areas that lie wholly inside, under `classification`; `sort` the columns to order by, each with whether the largest comes first.
    `declared` are the dimensions that any bulletin declares which answers, where that is known: of every other one all cells are at `_T`.
    """

    matching: Mapping[str, tuple[str, ...]]
    first: date | None
    last: date | None
    frequency: str | None
    chosen: Mapping[str, frozenset[str]]
    scheme: frozenset[str] | None
    totals: bool
    group_by: tuple[str, ...]
    as_of: datetime | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    classification: str = "strict@1"
    declared: frozenset[str] = frozenset(DIMENSIONS)

    @property
    def grouped(self) -> tuple[str, ...]:
        """The dimensions among the groups."""
        return tuple(name for name in self.group_by if name in DIMENSIONS)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of nationalities among the groups."""
        return tuple(name for name in self.group_by if name in CLASSES)

    @property
    def filtered(self) -> tuple[str, ...]:
        """The dimensions asked for at other codes than `_T`."""
        narrowed = {name for name, wanted in self.chosen.items() if wanted - {TOTAL}}
        return tuple(name for name in DIMENSIONS if name in narrowed or (name == NATIONALITY and self.scheme is not None))

    @property
    def required(self) -> tuple[str, ...]:
        """The dimensions that a bulletin must declare in order to answer."""
        by_class = (NATIONALITY,) if self.classes else ()
        return tuple(name for name in DIMENSIONS if name in (*self.filtered, *self.grouped, *by_class))

    @property
    def bucket(self) -> Bucket | None:
        """The calendar groups that smaller periods are put together to; None where periods stand as published."""
        return _BUCKETS.get(self.frequency or "") if "period" in self.group_by else None

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas whose nationalities are asked for as one (`_AFR` is AFR)."""
        return tuple(area for margin, area in AREA_MARGINS.items() if margin in self.chosen.get(NATIONALITY, ()) and self._inside(margin))

    def shown(self, name: str) -> frozenset[str] | None:
        """Codes of a dimension in plain rows and as groups; None where it is not filtered."""
        wanted = self.chosen.get(name)
        if name != NATIONALITY or self.scheme is None:
            return wanted
        if wanted is not None:
            return wanted & self.scheme
        return self.scheme if self.totals and not self.group_by else frozenset(code for code in self.scheme if not is_margin(code))

    def added(self, name: str) -> frozenset[str]:
        """Published codes of a dimension that a sum adds up, each once: `_T` alone where nothing narrows it.

        A filter of an area adds its nationalities and its rest; a rest is added too where all nationalities of its area are.  Grouped
        by class, all that is published of the nationalities is `_T`.
        """
        wanted = self.chosen.get(name, frozenset({TOTAL}))
        within = self.scheme if name == NATIONALITY else None
        if TOTAL in wanted and within is None:
            return self._everything(name)
        leaves = within or frozenset() if TOTAL in wanted else expanded(wanted)
        leaves = leaves if within is None else leaves & within
        return frozenset(code for code in leaves | whole_rests(leaves) if not is_margin(code))

    def _everything(self, name: str) -> frozenset[str]:
        return frozenset(codes.nationalities()) if name == NATIONALITY and self.classes else frozenset({TOTAL})

    def _inside(self, code: str) -> bool:
        return self.scheme is None or code in self.scheme


def expanded(wanted: Iterable[str]) -> frozenset[str]:
    """Codes with every area in its place by its nationalities and its rest."""
    return frozenset(chain.from_iterable(_members(AREA_MARGINS[code]) if code in AREA_MARGINS else {code} for code in wanted))


def whole_rests(chosen: frozenset[str]) -> frozenset[str]:
    """The rests of the areas of which all nationalities are chosen."""
    return frozenset(f"_O{area}" for area in AREAS if codes_of_area(area) <= chosen)


@cache
def scheme_codes(classification: str, inside: bool) -> frozenset[str]:
    """What a scheme counts as extra-continental, or the other classified nationalities; with rests and margins of whole areas.

    Stateless, unknown and `_O` are in neither.
    """
    within = codes.in_scheme(classification)
    classified = frozenset(code for code, one in codes.nationalities().items() if one.strict != "unclassified")
    chosen = within if inside else classified - within
    rests = whole_rests(chosen)
    return chosen | rests | {f"_{rest.removeprefix('_O')}" for rest in rests}


def question_of(query: FlowQuery) -> FlowQuestion:
    """The question that the parameters ask.

    Raises `invalid-query` with every fault: `code-unknown` {suggestions, known}, `period-invalid`, `period-order`, `as-of-invalid`,
    `as-of-future`; and
    `mixed-sum` {parameter, known} for a sum over several units, measures, publishers, definition codes or accumulations.
    """
    faults: list[Finding] = []
    matching = {column: _codes(query, name, _reader(name), faults) for name, column in COLUMNS.items() if getattr(query, name)}
    chosen = {name: frozenset(_codes(query, name, _dimension(name), faults)) for name in DIMENSIONS if getattr(query, name)}
    group_by = _codes(query, "group_by", _Reader(_member(GROUPS), GROUPS), faults) if query.group_by else ()
    first, last = _span(query, faults)
    as_of, sort = moment(query.as_of, faults), _columns(query, group_by, faults)
    if faults:
        raise Problem("invalid-query", *faults)
    scheme = None if query.extra_continental is None else scheme_codes(query.classification, query.extra_continental)
    question = FlowQuestion(
        matching, first, last, query.frequency, chosen, scheme, query.totals, group_by, as_of, sort, query.classification
    )
    refuse_mixed(question, matching)
    return question


def refuse_mixed(question: FlowQuestion, values: Mapping[str, Sequence[str]]) -> None:
    """Raise `mixed-sum` {parameter, known} where a sum would add what is never added; `values` are those at hand by parameter."""
    if not question.group_by:
        return
    mixed = {name: list(values[name])[:_SHORT_LIST] for name in UNMIXED if name not in question.group_by and len(values.get(name, ())) > 1}
    findings = [Finding("mixed-sum", pointer=name, params={"parameter": name, "known": held}) for name, held in mixed.items()]
    if findings:
        first = next(iter(mixed))
        raise Problem("mixed-sum", *findings, parameter=first, known=mixed[first])


def period_of(bucket: Bucket, number: int) -> Period:
    """The calendar period that bears a number: months, quarters or years counted from the year 0."""
    if bucket == "year":
        return parse_period(f"{number}")
    if bucket == "quarter":
        return parse_period(f"{number // 4}-Q{number % 4 + 1}")
    return parse_period(f"{number // 12}-{number % 12 + 1:02}")


@dataclass(frozen=True)
class _Reader:
    """How a parameter's texts become codes, and the codes to suggest from."""

    read: Callable[[str], str | None]
    candidates: Sequence[str]


def _members(area: str) -> frozenset[str]:
    return codes_of_area(area) | {f"_O{area}"}


def _member(names: Iterable[str]) -> Callable[[str], str | None]:
    return {name: name for name in names}.get


def _like(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda text: text if pattern.fullmatch(text) else None


def _dimension(name: str) -> _Reader:
    margins = sorted(codes.margin_codes()) if name in STATE_DIMENSIONS else [TOTAL]
    return _Reader(lambda text: resolve(name, text), [*known(name), *margins])


@cache
def _reader(name: str) -> _Reader:
    if name == "reporting_state":
        return _Reader(codes.resolve_state, sorted(codes.states()))
    if name == "conference":
        names = {alias: each.code for each in codes.conferences() for alias in (each.code, *each.aliases)}
        return _Reader(names.get, sorted(names))
    # Publishers and definitions are open lists: what a bulletin may bear may be asked for.
    if name == "publisher":
        return _Reader(_like(_PUBLISHER), list(codes.vocabulary("publisher").terms))
    if name == "definition_code":
        return _Reader(_like(_DEFINITION), ["default"])
    terms = ("period", "year_to_date") if name == "accumulation" else tuple(codes.vocabulary(name).terms)
    return _Reader(_member(terms), terms)


def _columns(query: FlowQuery, group_by: Sequence[str], faults: list[Finding]) -> tuple[tuple[str, bool], ...]:
    """The order asked for; `fields` is judged too, and read where the answer is shown."""
    names = columns_of(group_by)
    reader = _Reader(_member(names), names)
    if query.fields:
        _read("fields", query.fields, reader, faults)
    descending: dict[str, bool] = {}
    for text in query.sort or []:
        column = text.removeprefix("-")
        descending.setdefault(column, column != text)
    _read("sort", descending, reader, faults)
    return tuple(descending.items())


def _codes(query: FlowQuery, name: str, reader: _Reader, faults: list[Finding]) -> tuple[str, ...]:
    return _read(name, getattr(query, name), reader, faults)


def _read(name: str, texts: Iterable[str], reader: _Reader, faults: list[Finding]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in texts:
        code = reader.read(text)
        if code is None:
            near = codes.suggest(text, reader.candidates)
            listed = list(reader.candidates) if len(reader.candidates) <= _SHORT_LIST else near
            faults.append(Finding("code-unknown", pointer=name, params={"suggestions": near, "known": listed}))
        else:
            found[code] = None
    return tuple(found)


def _span(query: FlowQuery, faults: list[Finding]) -> tuple[date | None, date | None]:
    begin, end = (_period(query, name, faults) for name in ("period_from", "period_to"))
    if begin and end and begin.first > end.last:
        faults.append(Finding("period-order", pointer="period_to"))
    return begin.first if begin else None, end.last if end else None


def _period(query: FlowQuery, name: Literal["period_from", "period_to"], faults: list[Finding]) -> Period | None:
    text = getattr(query, name)
    try:
        return parse_period(text) if text else None
    except PeriodError:
        faults.append(Finding("period-invalid", pointer=name))
        return None
