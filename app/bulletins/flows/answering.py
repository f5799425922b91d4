"""The answering bulletins: of those that a caller may see and that match, one a reporter, publisher and period (contract: /flows)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Integer, Select, and_, bindparam, case, cast, extract, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.access.callers import Caller
from app.access.visibility import document_is_seen, version_is_seen, visible_documents
from app.bulletins.flows.question import COLUMNS, NATIONALITY, FlowQuestion
from app.bulletins.models import Bulletin
from app.core.comparing import numbers, one_of
from app.exchange.knowing import known_by, takes_back
from app.wire.codes import TLP, Status
from app.wire.period import Bucket

SERIES = ("reporting_state", "publisher", "measure", "unit", "definition_code", "accumulation")
"""What makes figures of several periods one series."""

_KEPT = (
    *("id", "document_id", "version", "tlp", "period", "period_start", "period_end", "frequency", "dimensions", "pooled"),
    *("stock_or_flow", "classification", *COLUMNS.values()),
)
_DAY = 86_400
_A_FETCH = 1_000
# Made once: an alias costs as much as all else of a condition.
_LATER = aliased(Bulletin)

Answered = tuple[str, int, TLP]
"""A bulletin that answers, as the audit of reads names it: document, version, marking."""


def answering(caller: Caller, question: FlowQuestion, apart: Sequence[str] = ()) -> CTE:
    """The bulletins that answer: visible, newest, published, matching, covering; one where several could.

    With `as_of` the newest is that which was it then, of what this node had; what was withdrawn or hidden since does not come back.
    The fewest dimensions win, then one that declares a filtered dimension, then nationality, then the smaller id.  With calendar
    groups (`frequency=year` beside `group_by=period`) each carries the number of its `bucket`; one that lies in no bucket or in
    another one of its series does not answer, but for a week, whose bucket cannot be whole.  Bulletins that differ in a column named in
    `apart` never stand in for each other.
    """
    return _in_buckets(_chosen(caller, question, _KEPT, apart), question)


def _chosen(caller: Caller, question: FlowQuestion, names: Sequence[str], apart: Sequence[str] = ()) -> Select[*tuple[Any, ...]]:
    """Columns of one where several could answer, whatever the buckets."""
    columns = [getattr(Bulletin, name) for name in names]
    ranked = select(*columns, _rank(question, apart).label("rank")).where(*matched(caller, question)).cte("candidate")
    return select(*(ranked.c[name] for name in names)).where(ranked.c.rank == 1)


def _in_buckets(chosen: Select[*tuple[Any, ...]], question: FlowQuestion) -> CTE:
    return chosen.cte("answering") if question.bucket is None else _whole_parts(chosen.cte("part"), question.bucket)


def answering_of(question: FlowQuestion, ids: Sequence[int], *, sqlite: bool) -> CTE:
    """Bulletins that were settled in one read, by their rows' ids, as `answering` gives them; the ids are the parameter `ids`."""
    settled = one_of(Bulletin.id, "ids", numbers(ids, sqlite=sqlite), sqlite=sqlite)
    return _in_buckets(select(*(getattr(Bulletin, name) for name in _KEPT)).where(settled), question)


def pinned(caller: Caller, ids: Sequence[int]) -> CTE:
    """Bulletins that were found to answer a moment ago, by their row's id: how a long answer stays one answer over many reads."""
    readable = (Bulletin.status == Status.PUBLISHED.value, version_is_seen(caller, Bulletin.document_id, Bulletin.version))
    return select(*(getattr(Bulletin, name) for name in _KEPT)).where(Bulletin.id.in_(ids), *readable).cte("answering")


def in_order(session: Session, answer: CTE) -> Iterator[tuple[int, Answered]]:
    """The answering bulletins in the order of their rows, each with its row's id."""
    order = (answer.c.period_start, answer.c.period_end, answer.c.document_id)
    asked = select(answer.c.id, answer.c.document_id, answer.c.version, answer.c.tlp).order_by(*order)
    markings = list(TLP)
    for row in session.execute(asked.execution_options(yield_per=_A_FETCH)):
        yield row.id, (row.document_id, row.version, markings[row.tlp])


def declares(dimensions: ColumnElement[str] | InstrumentedAttribute[str], name: str) -> ColumnElement[bool]:
    """Condition: a bulletin's list of dimensions names this one."""
    return (literal(",") + dimensions + literal(",")).like(f"%,{name},%")


def days(first: ColumnElement[Any], last: ColumnElement[Any]) -> ColumnElement[int]:
    """Days from the first to the last, both included, on both stores."""
    return cast((extract("epoch", last) - extract("epoch", first)) / _DAY, Integer) + 1


def calendar(day: ColumnElement[Any]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Year and month of a day."""
    return cast(extract("year", day), Integer), cast(extract("month", day), Integer)


def matched(caller: Caller, question: FlowQuestion) -> list[ColumnElement[bool]]:
    """Conditions on a version: the caller sees it, it is the newest then or now, and it matches; `parameters` are what they compare with."""
    return [*_seen(caller, question), *_conditions(question)]


def _seen(caller: Caller, question: FlowQuestion) -> list[ColumnElement[bool]]:
    published = Bulletin.status == Status.PUBLISHED.value
    if question.as_of is not None:
        return [published, *was_newest(question.as_of), version_is_seen(caller, Bulletin.document_id, Bulletin.version)]
    # Where the question is narrow each bulletin of it is looked up; a list of all that the caller sees would take longer than the rest.
    seen = document_is_seen(caller, Bulletin.document_id) if question.matching else Bulletin.document_id.in_(visible_documents(caller))
    return [Bulletin.superseded_at.is_(None), published, seen]


def withdrawals(caller: Caller, question: FlowQuestion) -> list[ColumnElement[bool]]:
    """Conditions on a version: by it a bulletin that matches was taken back, and nothing has come since.

    One whose contents never came here matches nothing: nobody knows what it was about.
    """
    newest = [Bulletin.superseded_at.is_(None)] if question.as_of is None else was_newest(question.as_of)
    taken_back = [Bulletin.status == Status.WITHDRAWN.value, takes_back(Bulletin.document_id, Bulletin.version), Bulletin.period != ""]
    return [*newest, *taken_back, version_is_seen(caller, Bulletin.document_id, Bulletin.version), *_conditions(question)]


def was_newest(as_of: datetime) -> list[ColumnElement[bool]]:
    """Conditions on a version: this node had it at an instant, and no later one of its document."""
    later = select(literal(1)).where(
        _LATER.document_id == Bulletin.document_id, _LATER.version > Bulletin.version, known_by(_LATER.document_id, _LATER.version, as_of)
    )
    replaced = later.limit(1).scalar_subquery().is_not(None)
    return [known_by(Bulletin.document_id, Bulletin.version, as_of), or_(Bulletin.superseded_at.is_(None), ~replaced)]


def parameters(question: FlowQuestion) -> dict[str, object]:
    """What a question's conditions on bulletins compare with, by the names of their parameters."""
    given = {**question.matching, "first": question.first, "last": question.last}
    return {f"asked_{name}": value for name, value in given.items() if value}


def _conditions(question: FlowQuestion) -> list[ColumnElement[bool]]:
    given = parameters(question)
    found = [getattr(Bulletin, name).in_(bindparam(f"asked_{name}", given[f"asked_{name}"], expanding=True)) for name in question.matching]
    found += [declares(Bulletin.dimensions, name) for name in question.required]
    if question.first:
        found.append(Bulletin.period_start >= bindparam("asked_first", question.first))
    if question.last:
        found.append(Bulletin.period_end <= bindparam("asked_last", question.last))
    if question.frequency and question.bucket is None:
        found.append(Bulletin.frequency == question.frequency)
    return found


def _rank(question: FlowQuestion, apart: Sequence[str]) -> ColumnElement[int]:
    same = [getattr(Bulletin, name) for name in ("origin", *SERIES, "period_start", "period_end", *apart)]
    preferred = [*question.chosen, NATIONALITY]
    order: list[Any] = [Bulletin.dimension_count, *(case((declares(Bulletin.dimensions, name), 0), else_=1) for name in preferred)]
    order.append(Bulletin.document_id)
    return func.row_number().over(partition_by=same, order_by=order)


def _whole_parts(part: CTE, bucket: Bucket) -> CTE:
    number, last = (_number(day, bucket) for day in (part.c.period_start, part.c.period_end))
    series = [part.c[name] for name in ("origin", *SERIES)]
    # In this order whatever holds a period stands before it, so the furthest end so far tells what is held or overlapped.
    order = [part.c.period_start, part.c.period_end.desc()]
    before = func.max(part.c.period_end).over(partition_by=[*series, number], order_by=order, rows=(None, -1))
    # A week that lies in no bucket is kept, to be refused: its days are in no other part of the series either.
    crossing = case((number == last, 0), else_=1).label("crossing")
    placed = (
        select(*(part.c[name] for name in _KEPT), number.label("bucket"), before.label("before"), crossing)
        .where(or_(number == last, part.c.frequency == "week"))
        .cte("placed")
    )
    overlapped = case((placed.c.before >= placed.c.period_start, 1), else_=placed.c.crossing)
    kept = [*(placed.c[name] for name in _KEPT), placed.c.bucket, overlapped.label("overlapped")]
    return select(*kept).where(or_(placed.c.before.is_(None), placed.c.before < placed.c.period_end)).cte("answering")


def _number(day: ColumnElement[Any], bucket: Bucket) -> ColumnElement[int]:
    year, month = calendar(day)
    if bucket == "year":
        return year
    return year * 4 + (month - 1) // 3 if bucket == "quarter" else year * 12 + month - 1


def bucket_days(bucket: Bucket, number: ColumnElement[int]) -> ColumnElement[int]:
    """How many days the calendar period of a number has, leap years counted."""
    size = {"year": 1, "quarter": 4, "month": 12}[bucket]
    year, place = (number, literal(0)) if size == 1 else (number // size, number % size)
    leap = case((or_(and_(year % 4 == 0, year % 100 != 0), year % 400 == 0), 1), else_=0)
    if bucket == "year":
        return leap + 365
    if bucket == "quarter":
        return case((place == 0, leap + 90), (place == 1, 91), else_=92)
    return case((place == 1, leap + 28), (place.in_((3, 5, 8, 10)), 30), else_=31)
