"""What answers, settled in one statement: each bulletin's head in the order of their rows, and what they have in common (contract: /flows)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows.answering import SERIES, Answered, answering_of, matched, parameters
from app.bulletins.flows.prepared import MOST, fetched
from app.bulletins.flows.question import NATIONALITY, FlowQuestion
from app.bulletins.flows.standing import Standing, key_of
from app.bulletins.models import Bulletin
from app.core.clock import utc_now
from app.core.db import is_sqlite
from app.wire.codes import TLP

_SETTLED_BYTES: Final = 900


class Kind(NamedTuple):
    """What many bulletins have in common: everything but their id, version, marking and period."""

    origin: str
    reporting_state: str
    publisher: str
    measure: str
    unit: str
    definition_code: str
    accumulation: str
    dimensions: str
    frequency: str
    figure_status: str
    stock_or_flow: str
    classification: str
    pooled: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions that the bulletin declares."""
        return tuple(filter(None, self.dimensions.split(",")))


class Head(NamedTuple):
    """What a bulletin that answers says of itself; its days as ISO texts."""

    id: int
    document_id: str
    version: int
    tlp: int
    period: str
    period_start: str
    period_end: str
    kind: Kind

    @property
    def read(self) -> Answered:
        """The bulletin as the audit of reads names it."""
        return self.document_id, self.version, _MARKINGS[self.tlp]


_MARKINGS: Final = tuple(TLP)
_HEAD: Final = Head._fields[:-1]
_SERIES: Final = slice(len(("origin", *SERIES)))
"""Of a kind what makes figures of several periods one series."""
_PLACE: Final = itemgetter(*map(Head._fields.index, ("period_start", "period_end", "document_id", "id")))


@dataclass(frozen=True)
class Settled:
    """The bulletins that answer, in the order of their rows; with calendar groups, once they are told apart, each one's bucket."""

    heads: tuple[Head, ...]
    buckets: Mapping[int, int] | None = None

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """The ids of their rows."""
        return tuple(head.id for head in self.heads)

    @cached_property
    def places(self) -> tuple[tuple[str, str, str], ...]:
        """The place of each in the order: first and last day, document."""
        return tuple((head.period_start, head.period_end, head.document_id) for head in self.heads)

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """What of bulletins there are."""
        return frozenset(head.kind for head in self.heads)

    @property
    def declared(self) -> frozenset[str]:
        """The dimensions that any of them declares: of every other one all their cells are at `_T`."""
        return frozenset(name for kind in self.kinds for name in kind.names)

    @property
    def pooled(self) -> list[int]:
        """The ids of those that pool nationalities."""
        return [head.id for head in self.heads if head.kind.pooled]

    def only(self, ids: Iterable[int]) -> "Settled":
        """Some of them."""
        wanted = frozenset(ids)
        return Settled(tuple(head for head in self.heads if head.id in wanted), self.buckets)

    def read(self, at_least: TLP = TLP.CLEAR) -> list[Answered]:
        """Those from a marking on, for the audit of reads."""
        return [head.read for head in self.heads if head.tlp >= at_least.rank]


def settled(session: Session, caller: Caller, question: FlowQuestion, stands: Standing) -> Settled:
    """What answers, before any bucket, found out once while the store stands as it does: pages, counts and other cells begin here."""
    bulletins = replace(question, chosen=dict.fromkeys(question.chosen, frozenset()), scheme=None, totals=False, group_by=(), sort=())
    about = ("answering", key_of(bulletins), question.required, question.bucket is None)
    if session.info.get("settled", ((), None))[0] != about + caller.rights:
        # A session sees one state of the store: what is told of an answer is of the same bulletins as its rows.
        made = stands.once(Settled, about, lambda: _settle(session, caller, question), lambda made: _SETTLED_BYTES * (1 + len(made.heads)))
        session.info["settled"] = (about + caller.rights, made)
    found: Settled = session.info["settled"][1]
    return found


@dataclass(frozen=True)
class _Alike:
    """One of all who may ask questions that are alike but for what they are compared with."""

    key: tuple[object, ...]
    caller: Caller = field(compare=False)
    question: FlowQuestion = field(compare=False)


def _settle(session: Session, caller: Caller, question: FlowQuestion) -> Settled:
    rights: tuple[object, ...] = (caller.role, caller.ceiling, caller.conference, caller.grantees, utc_now().date())
    span = (question.first is None, question.last is None, question.frequency, question.bucket)
    like = _Alike((rights, tuple(question.matching), span, question.required, question.as_of), caller, question)
    rows = fetched(session, _matched(like), parameters(question))
    heads = _heads(rows) if is_sqlite(session) else map(_in_texts, _heads(rows))
    return Settled(tuple(sorted(_best(heads, question), key=_PLACE)))


@lru_cache(maxsize=MOST)
def _matched(like: _Alike) -> Select[*tuple[Any, ...]]:
    return select(*(getattr(Bulletin, name) for name in (*_HEAD, *Kind._fields))).where(*matched(like.caller, like.question))


def _heads(rows: Iterable[Sequence[Any]]) -> Iterator[Head]:
    kinds: dict[tuple[Any, ...], Kind] = {}
    width = len(_HEAD)
    for row in rows:
        named = tuple(row[width:])
        kind = kinds.get(named)
        if kind is None:
            kind = kinds[named] = Kind._make((*named[:-1], bool(named[-1])))
        yield Head._make((*row[:width], kind))


def _in_texts(head: Head) -> Head:
    days: list[Any] = [head.period_start, head.period_end]
    first, last = (day.isoformat() for day in days)
    return head._replace(period_start=first, period_end=last)


def _best(heads: Iterable[Head], question: FlowQuestion) -> Iterable[Head]:
    """One where several could answer, as `answering` chooses it."""
    best: dict[tuple[object, ...], Head] = {}
    preferred = [*question.chosen, NATIONALITY]
    for head in heads:
        same = (head.period_start, head.period_end, head.kind[_SERIES])
        if same not in best or _rank(head, preferred) < _rank(best[same], preferred):
            best[same] = head
    return best.values()


def _rank(head: Head, preferred: Sequence[str]) -> tuple[object, ...]:
    names = head.kind.names
    return len(names), *(name not in names for name in preferred), head.document_id


def told_apart(session: Session, question: FlowQuestion, found: Settled) -> Settled:
    """With calendar groups those that answer, each with its bucket; else all."""
    if question.bucket is None:
        return found
    answer = answering_of(question, found.ids, sqlite=is_sqlite(session))
    buckets = dict(fetched(session, select(answer.c.id, answer.c.bucket), {}))
    return Settled(tuple(head for head in found.heads if head.id in buckets), buckets)
