"""Sums by what a bulletin as a whole bears: what each adds to its group, found by its cells' index and put together here (contract: /flows).

Where neither a dimension nor a class is among the groups, a bulletin lies in one group, and what is known of bulletins need not be read again.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Select, case, cast, func, select
from sqlalchemy.orm import Session

from app.bulletins.flows.prepared import MOST, Shape, fetched, shape_of
from app.bulletins.flows.question import ATTRIBUTES, FlowQuestion, period_of
from app.bulletins.flows.rests import held_in, may_hide, reads, rests_beside, wanted_of
from app.bulletins.flows.settling import Head, Settled
from app.bulletins.models import Cell
from app.bulletins.projection import OTHER, TOTAL
from app.core.comparing import one_of

_NOTHING = (0, 0)


def of_bulletins(question: FlowQuestion) -> bool:
    """Whether the groups are of whole bulletins."""
    return not question.grouped and not question.classes


def groups_of(session: Session, found: Settled, question: FlowQuestion) -> list[tuple[object, ...]]:
    """All groups, in the order in which they begin; in one statement, and one more where a rest may hold some of what is asked for."""
    shape = shape_of(session, question, found.declared)
    named = {number: rest for number, *rest in fetched(session, _named(shape), {"ids": shape.listed(found.ids)})}
    hidden = _beside(session, found, shape, question, named.keys()) if may_hide(question) else {}
    groups: dict[tuple[object, ...], _Sum] = {}
    key_by = _key_by(found, question)
    for head in found.heads:
        own, beside = named.get(head.id), hidden.get(head.id)
        if own or beside:
            groups.setdefault(key_by(head), _Sum()).add(own or _NOTHING, beside or _NOTHING)
    return [(*key, *each.figures) for key, each in groups.items()]


def _beside(session: Session, found: Settled, shape: Shape, question: FlowQuestion, named: Collection[int]) -> dict[int, list[int]]:
    """What may hide in the rests of pooled bulletins, by bulletin."""
    # What names the one nationality that is asked for hides none of it: most do, and need not be looked at.
    alone = len(wanted_of(question) - {TOTAL, OTHER}) == 1
    pooled = [number for number in found.pooled if not (alone and number in named)]
    return {number: rest for number, *rest in fetched(session, _hidden(shape), {"pooled": shape.listed(pooled)})}


@dataclass
class _Sum:
    """What is known of a group, how many cells are withheld, how much rests may hold and how many of them, and how many bulletins tell it."""

    known: int = 0
    unknown: int = 0
    hidden: int = 0
    rests: int = 0
    bulletins: int = 0

    def add(self, own: Sequence[int], beside: Sequence[int]) -> None:
        """Add what a bulletin names, and what may hide in its rests."""
        self.known += own[0]
        self.unknown += own[1]
        self.hidden += beside[0]
        self.rests += beside[1]
        self.bulletins += 1

    @property
    def figures(self) -> tuple[int | None, int, int | None, int, int]:
        """Value, lower and upper bound, withheld, bulletins."""
        upper = None if self.unknown else self.known + self.hidden
        return self.known if upper == self.known else None, self.known, upper, self.unknown + self.rests, self.bulletins


def _key_by(found: Settled, question: FlowQuestion) -> Callable[[Head], tuple[object, ...]]:
    """What gives a bulletin's group: the columns that it is grouped by."""
    bucket, buckets = question.bucket, found.buckets or {}
    if question.group_by == ("period",) and bucket is None:
        return lambda head: (head.period, head.period_start, head.period_end)

    def part(name: str, head: Head) -> tuple[object, ...]:
        if name == "period" and bucket:
            period = period_of(bucket, buckets[head.id])
            return period.code, period.first.isoformat(), period.last.isoformat()
        if name == "period":
            return head.period, head.period_start, head.period_end
        return (bucket if name == "frequency" and bucket else getattr(head.kind, ATTRIBUTES[name]),)

    return lambda head: tuple(value for name in question.group_by for value in part(name, head))


@lru_cache(maxsize=MOST)
def _named(shape: Shape) -> Select[*tuple[Any, ...]]:
    question = shape.question
    read = reads(question, Cell.nationality.in_(sorted(wanted_of(question))))
    unknown = func.sum(case((Cell.value.is_(None), 1), else_=0))
    found = select(Cell.bulletin_id, func.sum(func.coalesce(Cell.value, 0)), unknown)
    return found.where(one_of(Cell.bulletin_id, "ids", sqlite=shape.sqlite), *read).group_by(Cell.bulletin_id)


@lru_cache(maxsize=MOST)
def _hidden(shape: Shape) -> Select[*tuple[Any, ...]]:
    question = shape.question
    # A sum of sums is a decimal on PostgreSQL.
    held = held_in(rests_beside(question, sqlite=shape.sqlite), question)
    return select(held.c.bulletin_id, cast(func.sum(held.c.hidden), BigInteger), func.count()).group_by(held.c.bulletin_id)
