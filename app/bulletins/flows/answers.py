"""The analyst query: from a question to one page of rows or groups, of what the caller may see (contract: /flows)."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows import rows as plain_rows
from app.bulletins.flows import sums as sum_rows
from app.bulletins.flows.answering import Answered
from app.bulletins.flows.checks import refuse_sum
from app.bulletins.flows.columns import columns_of
from app.bulletins.flows.ordering import ordered, piece
from app.bulletins.flows.question import FlowQuestion
from app.bulletins.flows.settling import Settled, settled, told_apart
from app.bulletins.flows.standing import NOWHERE, Standing, key_of
from app.wire.codes import TLP

Rows = list[tuple[object, ...]]
_COUNT_BYTES, _GROUP_BYTES = 36, 500


@dataclass(frozen=True)
class FlowPage:
    """One page of an answer: columns and rows, the position after the last where more wait, the exact number of all, what was read."""

    columns: tuple[str, ...]
    rows: Rows
    position: list[object] | None
    total: int
    answered: list[Answered]


@dataclass(frozen=True)
class _Counts:
    """How many rows each of the settled bulletins gives."""

    each: tuple[int, ...]


@dataclass(frozen=True)
class _Groups:
    """All groups of an answer in their order, and what of AMBER and above was read for them."""

    rows: Rows
    answered: list[Answered]


def page(
    session: Session,
    caller: Caller,
    question: FlowQuestion,
    after: Sequence[object] | None = None,
    limit: int | None = None,
    stands: Standing = NOWHERE,
) -> FlowPage:
    """The rows or groups after a position, at most `limit`; a fixed number of statements: three for rows, at most four for groups.

    What does not hang on the page is worked out once while the store `stands` as it does.

    Raises `mixed-sum`, `overlapping-periods`, `group-not-whole` and `too-many-groups` for sums that cannot be.
    """
    found = settled(session, caller, question, stands)
    if not question.group_by:
        return _plain_page(session, question, found, after, limit, stands)
    groups = stands.once(_Groups, ("groups", key_of(question)), lambda: _groups(session, question, found), _size_of)
    rows, position = piece(groups.rows, question.group_by, question.sort, after, limit)
    return FlowPage(columns_of(question.group_by), rows, position, len(groups.rows), groups.answered)


def _plain_page(
    session: Session, question: FlowQuestion, found: Settled, after: Sequence[object] | None, limit: int | None, stands: Standing
) -> FlowPage:
    about = ("counts", key_of(replace(question, sort=())))
    counts = stands.once(_Counts, about, lambda: _counted(session, question, found), lambda made: _COUNT_BYTES * (1 + len(made.each)))
    # In the natural order a page lies in a few bulletins; no other's cells are looked at.
    ids = found.ids if question.sort or limit is None else _near(found, counts.each, after, limit)
    plain = plain_rows.page_of(session, found.only(ids), question, after, limit)
    return FlowPage(columns_of(()), plain.rows, plain.position, sum(counts.each), plain.answered)


def _counted(session: Session, question: FlowQuestion, found: Settled) -> _Counts:
    by_id = plain_rows.counts(session, found, question)
    return _Counts(tuple(by_id.get(each, 0) for each in found.ids))


def _near(found: Settled, counts: Sequence[int], after: Sequence[object] | None, limit: int) -> list[int]:
    """The bulletins that hold the rows of a page in the natural order, and one row more, which tells that more wait."""
    start = bisect_left(found.places, plain_rows.place_of(after)) if after else 0
    # Of the bulletin that the position lies in only what is left of it counts, and that may be nothing.
    sums = accumulate(counts[start + bool(after) :])
    needed = next((number for number, held in enumerate(sums, 1) if held > limit), len(counts)) + bool(after)
    near = zip(found.ids[start : start + needed], counts[start : start + needed], strict=True)
    return [each for each, held in near if held]


def _groups(session: Session, question: FlowQuestion, found: Settled) -> _Groups:
    answer = told_apart(session, question, found)
    refuse_sum(session, answer, question)
    rows = ordered(sum_rows.every(session, answer, question), question.group_by, question.sort)
    return _Groups(rows, answer.read(TLP.AMBER))


def _size_of(groups: _Groups) -> int:
    return _GROUP_BYTES * (1 + len(groups.rows) + len(groups.answered))
