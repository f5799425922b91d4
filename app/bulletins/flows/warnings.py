"""What one must know before one compares or adds up what an answer shows: where its series differ, break, or are not whole.

Warnings speak of the bulletins that answer, whatever page is shown; they are few, and nothing that was asked for is warned of.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple, cast

from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows.labels import label_of
from app.bulletins.flows.question import NATIONALITY, FlowQuestion
from app.bulletins.flows.settling import Head, Kind, settled, told_apart
from app.bulletins.flows.standing import NOWHERE, Standing
from app.core.catalogue import filled, sentences
from app.wire.period import Frequency, number_between

_LINE: Final = ("reporting_state", "measure", "unit")
"""What of a State's figures is expected to be one series, though publisher, definition and calendar may change."""

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


class _Kind(NamedTuple):
    """What many bulletins have in common that may differ from others, and their periods."""

    reporting_state: str
    measure: str
    unit: str
    accumulation: str
    frequency: str
    publisher: str
    definition_code: str
    figure_status: str
    stock_or_flow: str
    classification: str
    pooled: bool
    by_nationality: bool
    start: date
    end: date
    first: str
    last: str
    number: int


def warnings_of(session: Session, caller: Caller, question: FlowQuestion, stands: Standing = NOWHERE) -> list[Warned]:
    """What must be known of the bulletins that answer: no statement beyond those that settle them."""
    answer = told_apart(session, question, settled(session, caller, question, stands))
    kinds = _kinds(answer.heads)
    found = [*_differences(kinds, question), *_changes(kinds, question), *_absent(kinds, question)]
    return [*found, *_gaps(_spans(answer.heads), question)]


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


_of_kind = attrgetter(*_Kind._fields[: _Kind._fields.index("by_nationality")])


def _kinds(heads: Iterable[Head]) -> list[_Kind]:
    by_kind: dict[Kind, list[Head]] = defaultdict(list)
    for head in heads:
        by_kind[head.kind].append(head)
    named: dict[tuple[object, ...], list[Head]] = defaultdict(list)
    for kind, own in by_kind.items():
        named[(*_of_kind(kind), NATIONALITY in kind.names)] += own
    kinds = [_Kind._make((*key, *_span(own))) for key, own in named.items()]
    # By the letters of their codes.
    return sorted(kinds, key=lambda kind: tuple(map(str, kind)))


def _span(heads: Sequence[Head]) -> tuple[date, date, str, str, int]:
    starts, periods = {head.period_start for head in heads}, {head.period for head in heads}
    first, last = min(starts), max(head.period_end for head in heads)
    return date.fromisoformat(first), date.fromisoformat(last), min(periods), max(periods), len(starts)


def _differences(kinds: Sequence[_Kind], question: FlowQuestion) -> Iterator[Warned]:
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


def _of_some(code: str, kinds: Sequence[_Kind], holds: Callable[[_Kind], bool], silent: bool) -> Iterator[Warned]:
    some = [kind for kind in kinds if holds(kind)]
    if silent or not some or len(some) == len(kinds):
        return
    states: dict[str, list[_Kind]] = defaultdict(list)
    for kind in some:
        states[kind.reporting_state].append(kind)
    spans = {state: _between(own) for state, own in states.items()}
    yield Warned(code, _STATE, tuple(spans), tuple(map(_from_to, spans.values())), _periods(spans.values()))


def _between(kinds: Sequence[_Kind]) -> tuple[str, str]:
    """The first and the last period of some kinds of bulletins."""
    return min(kinds, key=lambda kind: kind.start).first, max(kinds, key=lambda kind: kind.end).last


def _from_to(span: Iterable[str]) -> str:
    return _DASH.join(dict.fromkeys(span))


def _periods(spans: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({period for span in spans for period in span})[:_MOST_PERIODS])


def _changes(kinds: Sequence[_Kind], question: FlowQuestion) -> Iterator[Warned]:
    """Where one line of a State's figures is of several publishers, definitions or calendars: beside each other, or one after another."""
    for column, beside, after in (
        ("publisher", "several-publishers", "publisher-changes"),
        ("definition_code", "several-definitions", "definition-changes"),
        ("frequency", "several-frequencies", "frequency-changes"),
    ):
        # Calendar groups are made of one calendar and say so themselves.
        if column not in question.group_by and not (column == "frequency" and question.frequency):
            yield from _changes_of(_by(kinds, _LINE), column, beside, after)


def _changes_of(lines: Mapping[tuple[str, ...], Sequence[_Kind]], column: str, beside: str, after: str) -> Iterator[Warned]:
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


def _by(kinds: Iterable[_Kind], names: Sequence[str]) -> dict[tuple[str, ...], list[_Kind]]:
    found: dict[tuple[str, ...], list[_Kind]] = defaultdict(list)
    for kind in kinds:
        found[tuple(getattr(kind, name) for name in names)].append(kind)
    return found


def _absent(kinds: Sequence[_Kind], question: FlowQuestion) -> Iterator[Warned]:
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


def _spans(heads: Iterable[Head]) -> Iterator[_Span]:
    keys = (*_LINE, "accumulation", "frequency")
    of_kind = attrgetter(*keys)
    lines: dict[tuple[str, ...], list[Head]] = defaultdict(list)
    for head in heads:
        lines[of_kind(head.kind)].append(head)
    for (*line, frequency), own in sorted(lines.items()):
        # Of several publishers and definitions each period counts once.
        yield _Span(tuple(line), cast("Frequency", frequency), *_span(own))


def _ends(line: Sequence[_Kind]) -> tuple[date, date]:
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
