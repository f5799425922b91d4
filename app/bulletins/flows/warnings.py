"""What one must know before one compares or adds up what an answer shows: where its series differ, break, or are not whole.

Warnings speak of the bulletins that answer, whatever page is shown; they are few, and nothing that was asked for is warned of.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from operator import attrgetter, itemgetter
from typing import Any, Final

from sqlalchemy import CTE, Row, case, func, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows.answering import answering_of, declares, settled
from app.bulletins.flows.labels import label_of
from app.bulletins.flows.question import NATIONALITY, FlowQuestion
from app.bulletins.flows.standing import NOWHERE, Standing
from app.core.catalogue import filled, sentences
from app.wire.period import Frequency, number_between

_LINE: Final = ("reporting_state", "measure", "unit")
"""What of a State's figures is expected to be one series, though publisher, definition and calendar may change."""

_KINDS: Final = (
    *(*_LINE, "accumulation", "frequency", "publisher", "definition_code", "figure_status"),
    *("stock_or_flow", "classification", "pooled"),
)
_MOST_NAMED: Final = 12
_MOST_PERIODS: Final = 40
_CALENDARS: Final = ("week", "month", "quarter", "year")
_STATE: Final = "reporting_state"
_DASH: Final = " – "  # noqa: RUF001 - a dash between two periods


@dataclass(frozen=True)
class Warned:
    """One warning: the codes of `column` that it concerns, what is to be said beside each, and the periods where it begins or lies."""

    code: str
    column: str
    values: tuple[str, ...]
    beside: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()


def warnings_of(session: Session, caller: Caller, question: FlowQuestion, stands: Standing = NOWHERE) -> list[Warned]:
    """What must be known of the bulletins that answer; one statement, and one more where a State has several publishers or definitions."""
    answer = answering_of(session, question, settled(session, caller, question, stands).ids)
    kinds = _kinds(session, answer)
    found = [*_differences(kinds, question), *_changes(kinds, question), *_absent(kinds, question)]
    return [*found, *_gaps(_spans(session, answer, kinds), question)]


def told(warned: Iterable[Warned], language: str) -> list[dict[str, object]]:
    """Warnings as an answer tells them, in a language (en, es, pt)."""
    return [
        {"code": each.code, "words": _words(each, language), "values": list(each.values), "periods": list(each.periods)} for each in warned
    ]


def _words(warned: Warned, language: str) -> str:
    beside = (f" ({text})" for text in warned.beside) if warned.beside else ("" for _ in warned.values)
    names = [label_of(warned.column, code, language) + text for code, text in zip(warned.values, beside, strict=True)]
    said, more = sentences("app.bulletins.flows", "warnings.toml"), len(names) - _MOST_NAMED
    listed = "; ".join(names[:_MOST_NAMED])
    listed = filled(said["and-more"][language], {"listed": listed, "more": more}) if more > 0 else listed
    return filled(said[warned.code][language], {"listed": listed})


def _kinds(session: Session, answer: CTE) -> Sequence[Row[Any]]:
    named = case((declares(answer.c.dimensions, NATIONALITY), 1), else_=0).label("by_nationality")
    keys = [*(answer.c[name] for name in _KINDS), named]
    asked = select(*keys, *_span(answer)).group_by(*(answer.c[name] for name in _KINDS), named)
    return _in_order(session.execute(asked).all())


def _in_order(rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    # By the letters of their codes, whatever order of letters the store knows.
    return sorted(rows, key=lambda row: tuple(map(str, row)))


def _span(answer: CTE) -> list[Any]:
    return [
        func.min(answer.c.period_start).label("start"),
        func.max(answer.c.period_end).label("end"),
        func.min(answer.c.period).label("first"),
        func.max(answer.c.period).label("last"),
        func.count(answer.c.period_start.distinct()).label("number"),
    ]


def _differences(kinds: Sequence[Row[Any]], question: FlowQuestion) -> Iterator[Warned]:
    """What differs between any two bulletins and is never compared unseen."""
    for code, column in (
        ("several-units", "unit"),
        ("several-measures", "measure"),
        ("several-accumulations", "accumulation"),
        ("several-classifications", "classification"),
        ("stock-beside-flow", "stock_or_flow"),
    ):
        values = sorted({str(getattr(kind, column)) for kind in kinds})
        if len(values) > 1 and column not in question.group_by:
            yield Warned(code, column, tuple(values))
    yield from _of_some(
        "provisional-figures", kinds, lambda kind: kind.figure_status == "provisional", "figure_status" in question.group_by
    )
    named = [kind for kind in kinds if kind.by_nationality]
    unread = bool(question.group_by) and NATIONALITY not in question.required
    yield from _of_some("pooled-figures", named, lambda kind: bool(kind.pooled), unread)


def _of_some(code: str, kinds: Sequence[Row[Any]], holds: Callable[[Row[Any]], bool], silent: bool) -> Iterator[Warned]:
    some = [kind for kind in kinds if holds(kind)]
    if silent or not some or len(some) == len(kinds):
        return
    states: dict[str, list[Row[Any]]] = defaultdict(list)
    for kind in some:
        states[kind.reporting_state].append(kind)
    spans = {state: _between(own) for state, own in states.items()}
    yield Warned(code, _STATE, tuple(spans), tuple(map(_from_to, spans.values())), _periods(spans.values()))


def _between(kinds: Sequence[Row[Any]]) -> tuple[str, str]:
    """The first and the last period of some kinds of bulletins."""
    return min(kinds, key=lambda kind: kind.start).first, max(kinds, key=lambda kind: kind.end).last


def _from_to(span: Iterable[str]) -> str:
    return _DASH.join(dict.fromkeys(span))


def _periods(spans: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({period for span in spans for period in span})[:_MOST_PERIODS])


def _changes(kinds: Sequence[Row[Any]], question: FlowQuestion) -> Iterator[Warned]:
    """Where one line of a State's figures is of several publishers, definitions or calendars: beside each other, or one after another."""
    for column, beside, after in (
        ("publisher", "several-publishers", "publisher-changes"),
        ("definition_code", "several-definitions", "definition-changes"),
        ("frequency", "several-frequencies", "frequency-changes"),
    ):
        # Calendar groups are made of one calendar and say so themselves.
        if column not in question.group_by and not (column == "frequency" and question.frequency):
            yield from _changes_of(_by(kinds, _LINE), column, beside, after)


def _changes_of(lines: Mapping[tuple[str, ...], Sequence[Row[Any]]], column: str, beside: str, after: str) -> Iterator[Warned]:
    together: dict[str, str] = {}
    changed: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for (state, *_), line in lines.items():
        values = _by(sorted(line, key=attrgetter("start")), [column])
        for ((one,), former), ((other,), latter) in pairwise(values.items()):
            if _ends(former)[1] >= _ends(latter)[0]:
                together[state] = ", ".join(map(itemgetter(0), values))
            else:
                changed[state].append((f"{one} → {other}: {latter[0].first}", latter[0].first))
    if together:
        yield Warned(beside, _STATE, tuple(together), tuple(together.values()))
    if changed:
        said = ("; ".join(map(itemgetter(0), each)) for each in changed.values())
        periods = _periods(map(itemgetter(1), each) for each in changed.values())
        yield Warned(after, _STATE, tuple(changed), tuple(said), periods)


def _by(kinds: Iterable[Row[Any]], names: Sequence[str]) -> dict[tuple[str, ...], list[Row[Any]]]:
    found: dict[tuple[str, ...], list[Row[Any]]] = defaultdict(list)
    for kind in kinds:
        found[tuple(getattr(kind, name) for name in names)].append(kind)
    return found


def _absent(kinds: Sequence[Row[Any]], question: FlowQuestion) -> Iterator[Warned]:
    """States that were asked for and told nothing, where others did."""
    asked, held = question.matching.get(_STATE, ()), {kind.reporting_state for kind in kinds}
    missing = tuple(state for state in asked if state not in held)
    if held and missing:
        yield Warned("states-missing", _STATE, missing)


@dataclass(frozen=True)
class _Span:
    """How many periods of a calendar one line of a State's figures has, and from when to when."""

    line: tuple[str, ...]
    frequency: Frequency
    start: date
    end: date
    first: str
    last: str
    number: int

    def expected(self, question: FlowQuestion) -> int:
        """How many there are in the span that was asked for; where none was, in their own."""
        return number_between(self.frequency, question.first or self.start, question.last or self.end)


def _spans(session: Session, answer: CTE, kinds: Sequence[Row[Any]]) -> list[_Span]:
    keys = (*_LINE, "accumulation", "frequency")
    lines = _by(kinds, keys)
    # Bulletins of one publisher and definition have each period once, so that numbers of periods may be added.
    if all(len(_by(line, ["publisher", "definition_code"])) == 1 for line in lines.values()):
        return [_span_of(key, _ends(line), _between(line), sum(kind.number for kind in line)) for key, line in lines.items()]
    columns = [answer.c[name] for name in keys]
    rows = _in_order(session.execute(select(*columns, *_span(answer)).group_by(*columns)).all())
    return [_span_of(row[: len(keys)], (row.start, row.end), (row.first, row.last), row.number) for row in rows]


def _span_of(key: Sequence[Any], days: tuple[date, date], periods: tuple[str, str], number: int) -> _Span:
    return _Span(tuple(key[:-1]), key[-1], *days, *periods, number)


def _ends(line: Sequence[Row[Any]]) -> tuple[date, date]:
    return min(kind.start for kind in line), max(kind.end for kind in line)


def _fullest(spans: Iterable[_Span], question: FlowQuestion) -> Iterable[tuple[float, int, _Span]]:
    """Of each line the calendar in which it lacks the fewest periods: the share that it has, how many are expected, its span."""
    fullest: dict[tuple[str, ...], tuple[float, int, _Span]] = {}
    for span in spans:
        if span.frequency in _CALENDARS and (expected := span.expected(question)):
            mine = (span.number / expected, expected, span)
            fullest[span.line] = max(fullest.get(span.line, mine), mine, key=itemgetter(0))
    return fullest.values()


def _gaps(spans: Iterable[_Span], question: FlowQuestion) -> Iterator[Warned]:
    lacking: dict[str, list[tuple[int, _Span]]] = defaultdict(list)
    for share, expected, span in _fullest(spans, question):
        if share < 1:
            lacking[span.line[0]].append((expected, span))
    if lacking:
        beside = ("; ".join(f"{span.number}/{of}: {_from_to((span.first, span.last))}" for of, span in each) for each in lacking.values())
        periods = _periods((span.first, span.last) for each in lacking.values() for _, span in each)
        yield Warned("periods-missing", _STATE, tuple(lacking), tuple(beside), periods)
