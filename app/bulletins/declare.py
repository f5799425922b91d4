"""What a sender declares, judged by its form: codes, periods, cells and places, before anything is read or protected."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from app.core.problems import Problem
from app.directory import codes
from app.directory.dimensions import DIMENSIONS, is_margin, known, overlap, resolve
from app.disclosure.table import Key, Leaf, Table
from app.documents.lengths import MOST_TEXT, is_too_much
from app.documents.texts import texts_of
from app.documents.waiting import embargo_faults
from app.wire.bulletin import BulletinDraft, Cell
from app.wire.period import Period, PeriodError, parse_period
from app.wire.problem import Finding
from app.wire.strict_json import pointer

YEAR_TO_DATE = "year_to_date"
_MOST_FINDINGS = 100


@dataclass(frozen=True)
class Declaration:
    """A bulletin whose form is right: canonical codes, its period, its keys, and the unprotected table (in memory only)."""

    draft: BulletinDraft = field(repr=False)
    conference: str
    reporting_state: str
    publisher: str
    stock_or_flow: str
    period: Period
    table: Table = field(repr=False)
    at: tuple[object, ...] = ()

    @property
    def flow_key(self) -> str:
        """What anonymity is judged over: reporting State, measure, unit, definition (contract: Flow key)."""
        return f"{self.reporting_state}|{self.draft.measure}|{self.draft.unit.value}|{self.draft.definition_code}"

    @property
    def counted(self) -> Period:
        """The days that the counts are of: a figure of the year to date counts from 1 January on."""
        first, last = span_of(self.draft.accumulation, self.period.first, self.period.last)
        return replace(self.period, first=first, last=last)

    @property
    def natural_key(self) -> str:
        """What is one bulletin: flow key, publisher, accumulation, dimensions and period (contract: Natural key)."""
        span = f"{self.period.code}@{self.period.first}"
        return "|".join((self.flow_key, self.publisher, self.draft.accumulation, ",".join(self.table.dimensions), span))


def span_of(accumulation: str, first: date, last: date) -> tuple[date, date]:
    """First and last day of what the counts of a period are of (contract: accumulation)."""
    return (min(first, date(last.year, 1, 1)) if accumulation == YEAR_TO_DATE else first), last


class _Faults:
    """Collects the findings of one bulletin under its place in the body."""

    def __init__(self, at: Sequence[object]) -> None:
        self.at = tuple(at)
        self.found: list[Finding] = []

    def add(self, code: str, *path: object, **params: object) -> None:
        self.found.append(Finding(code, pointer=pointer(*self.at, *path), params=params))

    def unknown(self, text: str, candidates: Sequence[str], *path: object) -> None:
        near = codes.suggest(text, candidates)
        # A short list is given whole; of a long one only what resembles the text.
        self.add("code-unknown", *path, suggestions=near, known=candidates if len(candidates) <= 40 else near)  # noqa: PLR2004 - as said


def declare(draft: BulletinDraft, conference: str, at: Sequence[object] = ()) -> Declaration:
    """The declaration that a draft makes; `at` is its place in the body.

    Raises `Problem` `invalid-document` with every fault of its form (up to 100), each with its pointer: `code-unknown`,
    `period-invalid`, `cells-missing`, `nil-report-with-cells`, `dimension-missing`, `dimension-undeclared`, `value-missing`,
    `value-status-with-value`, `cell-repeated`, `codes-overlap`, `text-too-long`, `embargo-too-long`.
    """
    faults = _Faults(at)
    state = codes.resolve_state(draft.reporting_state)
    if state is None:
        faults.unknown(draft.reporting_state, sorted(codes.states()), "reporting_state")
    stock_or_flow = _measure(draft, faults)
    period = _period(draft, faults)
    _general(draft, faults)
    table = _table(draft, faults)
    if faults.found or period is None or state is None:
        raise Problem("invalid-document", *faults.found[:_MOST_FINDINGS])
    publisher = draft.publisher or codes.default_publisher(state)
    return Declaration(draft, conference, state, publisher, stock_or_flow, period, table, tuple(at))


def declare_all(drafts: Iterable[Callable[[], BulletinDraft]], conferences: Sequence[str], under: str) -> list[Declaration]:
    """Declarations of a batch, each draft at its place under `under`; raises one `invalid-document` that names every failing item.

    A draft comes as a call that reads it, so that its own faults are gathered too.
    """
    declared: list[Declaration] = []
    findings: list[Finding] = []
    for number, (draft, conference) in enumerate(zip(drafts, conferences, strict=True)):
        try:
            declared.append(declare(draft(), conference, (under, number)))
        except Problem as problem:
            if problem.code != "invalid-document":
                raise
            findings += problem.findings
    if findings:
        raise Problem("invalid-document", *findings[:_MOST_FINDINGS])
    return declared


def _measure(draft: BulletinDraft, faults: _Faults) -> str:
    terms = codes.vocabulary("measure").terms
    if draft.measure not in terms:
        faults.unknown(draft.measure, list(terms), "measure")
        return ""
    stock_or_flow = str(terms[draft.measure].attributes["stock_or_flow"])
    if draft.stock_or_flow is not None and draft.stock_or_flow.value != stock_or_flow:
        faults.add("stock-or-flow", "stock_or_flow", expected=stock_or_flow)
    return stock_or_flow


def _period(draft: BulletinDraft, faults: _Faults) -> Period | None:
    start = date.fromisoformat(draft.period_start) if draft.period_start else None
    try:
        return parse_period(draft.period, start)
    except PeriodError:
        faults.add("period-invalid", "period")
        return None


def _general(draft: BulletinDraft, faults: _Faults) -> None:
    if draft.nil_report and draft.cells:
        faults.add("nil-report-with-cells", "cells")
    if not draft.nil_report and not draft.cells:
        faults.add("cells-missing", "cells")
    for index, point in enumerate(draft.route_points):
        if resolve("route_point", point.code) is None:
            faults.add("code-unknown", "route_points", index, "code", suggestions=[], known=["{STATE}-[A-Z0-9]{2,12}"])
    faults.found += embargo_faults(draft.publish_at, pointer(*faults.at, "publish_at"))
    if is_too_much(texts_of(draft)):
        faults.add("text-too-long", limit=MOST_TEXT)


def _table(draft: BulletinDraft, faults: _Faults) -> Table:
    dimensions, undeclared = _dimensions(draft)
    leaves: dict[Key, Leaf] = {}
    submitted: dict[Key, int] = {}
    first_at: dict[Key, int] = {}
    for index, cell in enumerate(draft.cells):
        key = _key(cell, index, dimensions, undeclared, faults)
        if not _value_stands(cell, index, faults) or key is None:
            continue
        if first_at.setdefault(key, index) != index:
            faults.add("cell-repeated", "cells", index, first=pointer(*faults.at, "cells", first_at[key]))
        elif any(map(is_margin, key)):
            _submit(submitted, key, cell, index, faults)
        else:
            leaves[key] = Leaf(cell.value, cell.value_status.value if cell.value_status else None)
    _refuse_overlaps(dimensions, first_at, faults)
    return Table(dimensions, leaves, submitted)


def _dimensions(draft: BulletinDraft) -> tuple[tuple[str, ...], set[str]]:
    """The declared dimensions in the contract's order, and those that cells name besides."""
    occurring = {name for cell in draft.cells for name in DIMENSIONS if getattr(cell, name) is not None}
    declared = set(draft.dimensions) if draft.dimensions is not None else occurring
    return tuple(name for name in DIMENSIONS if name in declared), occurring - declared


def _key(cell: Cell, index: int, dimensions: Sequence[str], undeclared: set[str], faults: _Faults) -> Key | None:
    key = []
    for name in sorted(undeclared):
        if getattr(cell, name) is not None:
            faults.add("dimension-undeclared", "cells", index, name, dimension=name)
    for name in dimensions:
        text = getattr(cell, name)
        code = None if text is None else resolve(name, text)
        if text is None:
            faults.add("dimension-missing", "cells", index, dimension=name)
        elif code is None:
            faults.unknown(text, known(name), "cells", index, name)
        else:
            key.append(code)
    return tuple(key) if len(key) == len(dimensions) else None


def _value_stands(cell: Cell, index: int, faults: _Faults) -> bool:
    if cell.value is None and cell.value_status is None:
        faults.add("value-missing", "cells", index, "value")
        return False
    if cell.value is not None and cell.value_status is not None:
        faults.add("value-status-with-value", "cells", index, "value_status")
        return False
    return True


def _submit(submitted: dict[Key, int], key: Key, cell: Cell, index: int, faults: _Faults) -> None:
    if cell.value is None:
        faults.add("total-without-value", "cells", index, "value")
    else:
        submitted[key] = cell.value


def _refuse_overlaps(dimensions: Sequence[str], first_at: Mapping[Key, int], faults: _Faults) -> None:
    for place, name in enumerate(dimensions):
        pair = overlap(name, (key[place] for key in first_at))
        if pair:
            index = min(at for key, at in first_at.items() if key[place] == pair[1])
            faults.add("codes-overlap", "cells", index, name, dimension=name, pair=pair)
