"""Documents read back, whatever their kind: a list, one, its versions; visibility is part of every statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

import orjson
from sqlalchemy import ColumnElement, Select, and_, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.access.callers import Caller
from app.access.visibility import document_is_seen, visible_documents, visible_to
from app.core.clock import rfc3339
from app.core.problems import Problem
from app.directory import codes
from app.documents.models import VersionRow, instant
from app.documents.queries import MarkingQuery
from app.exchange.log import StoredDocument, documents, envelope
from app.wire.codes import TLP
from app.wire.problem import Finding

Columns: TypeAlias = Select[str, int, int, datetime, Any]


@dataclass(frozen=True)
class Found:
    """One document of an answer: its identity for audit, what it is sorted by for paging, and itself as JSON text."""

    document_id: str
    version: int
    tlp: TLP
    published_at: datetime
    text: str
    sorted_by: object


@dataclass(frozen=True)
class Order:
    """What a list is sorted by, then by document id in the same direction: a name of the kind's own and a column that is never null."""

    name: str
    column: InstrumentedAttribute[Any]
    descending: bool = False


NOTHING: Mapping[str, object] = {}


def _nothing(_session: Session) -> Mapping[str, object]:
    return NOTHING


@dataclass(frozen=True)
class Listing:
    """A kind's list for one caller and question: the number of all, a page after a position, what a page tells beside its items.

    `page` is given the last item of the page before, the most items, and the number of all.
    """

    count: Callable[[Session], int]
    page: Callable[[Session, tuple[str, str] | None, int, int], list[Found]]
    more: Callable[[Session], Mapping[str, object]] = _nothing


def page(
    session: Session,
    caller: Caller,
    table: type[VersionRow],
    conditions: Sequence[ColumnElement[bool]],
    order: Order,
    after: tuple[str, str] | None,
    limit: int,
) -> list[Found]:
    """A page of the newest versions that meet the conditions, of those that the caller may see.

    `after` is the last item of the page before: what it is sorted by, as text, and its document id.  One statement for the page,
    one for the documents, whatever the size; visibility is asked of one row at a time, so that a page costs what is on it.
    """
    keys = (order.column, table.document_id)
    wanted = (table.superseded_at.is_(None), *conditions, document_is_seen(caller, table.document_id))
    asked = _columns(table, order.column).where(*wanted).order_by(*(key.desc() if order.descending else key for key in keys)).limit(limit)
    if after:
        last = tuple_(literal(_value(order.column, after[0]), order.column.type), after[1])
        asked = asked.where(tuple_(*keys) < last if order.descending else tuple_(*keys) > last)
    return _with_documents(session, caller, asked)


def count(session: Session, caller: Caller, table: type[VersionRow], conditions: Sequence[ColumnElement[bool]]) -> int:
    """The exact number of newest versions that meet the conditions, of those that the caller may see."""
    return session.scalar(select(func.count()).select_from(table).where(_visible(table, caller), *conditions)) or 0


def _visible(table: type[VersionRow], caller: Caller) -> ColumnElement[bool]:
    """Condition on a row: it is the newest version of a document that the caller may see."""
    return and_(table.superseded_at.is_(None), table.document_id.in_(visible_documents(caller)))


_READ: Mapping[type, Callable[[str], object]] = {str: str, int: int, date: date.fromisoformat}


def _value(column: InstrumentedAttribute[Any], text: str) -> object:
    return _READ.get(column.type.python_type, instant)(text)


def position_of(found: Found) -> list[object]:
    """Where the next page begins: after this item."""
    value = found.sorted_by
    if isinstance(value, datetime):
        return [rfc3339(value), found.document_id]
    return [value.isoformat() if isinstance(value, date) else value, found.document_id]


def one(session: Session, caller: Caller, table: type[VersionRow], document_id: str) -> Found:
    """The newest version of a document; raises `not-found`, the same for what is hidden and what does not exist."""
    newest = _columns(table).where(table.document_id == document_id, _visible(table, caller))
    return _single(_with_documents(session, caller, newest))


def standing(session: Session, caller: Caller, table: type[VersionRow], document_id: str) -> tuple[str, int]:
    """Origin and version of the newest version of a document, without the document; raises `not-found` as `one` does."""
    asked = select(table.origin, table.version).where(table.document_id == document_id, _visible(table, caller))
    row = session.execute(asked).one_or_none()
    if row is None:
        raise Problem("not-found")
    return row.origin, row.version


def version(session: Session, caller: Caller, table: type[VersionRow], document_id: str, number: int) -> Found:
    """One version; it is as strict as the stricter of its own marking and the newest version's. Raises `not-found`."""
    return _single(_with_documents(session, caller, _versions(caller, table, document_id).where(table.version == number)))


def versions(session: Session, caller: Caller, table: type[VersionRow], document_id: str) -> list[Found]:
    """Every version that the caller may see, oldest first; raises `not-found` where there is none."""
    found = _with_documents(session, caller, _versions(caller, table, document_id).order_by(table.version))
    if not found:
        raise Problem("not-found")
    return found


def _columns(table: type[VersionRow], sorted_by: InstrumentedAttribute[Any] | None = None) -> Columns:
    named = (table.published_at if sorted_by is None else sorted_by).label("sorted_by")
    return select(table.document_id, table.version, table.tlp, table.published_at, named)


def _versions(caller: Caller, table: type[VersionRow], document_id: str) -> Columns:
    own = visible_to(caller).subquery()
    seen = select(own.c.document_id, own.c.version)
    return _columns(table).where(table.document_id == document_id, tuple_(table.document_id, table.version).in_(seen))


def _single(found: list[Found]) -> Found:
    if not found:
        raise Problem("not-found")
    return found[0]


def _with_documents(session: Session, caller: Caller, page: Columns) -> list[Found]:
    rows = session.execute(page).all()
    stored = documents(session, [(row.document_id, row.version) for row in rows]) if rows else {}
    return [
        Found(
            row.document_id,
            row.version,
            list(TLP)[row.tlp],
            row.published_at,
            _text(caller, stored[row.document_id, row.version]),
            row.sorted_by,
        )
        for row in rows
    ]


def _text(caller: Caller, stored: StoredDocument) -> str:
    """The document as its reader may have it: whole, or its envelope where it was withdrawn or the reader is an operator."""
    if stored.withdrawn or not caller.reads_bodies:
        return orjson.dumps(envelope(stored.text or "{}", withdrawn=stored.withdrawn)).decode()
    return stored.text or "{}"


def marking_filters(table: type[VersionRow], query: MarkingQuery) -> list[ColumnElement[bool]]:
    """Conditions of the filters that every list has; raises `invalid-query` for an origin that is no conference."""
    conditions: list[ColumnElement[bool]] = []
    if query.origin:
        known = {alias: conference.code for conference in codes.conferences() for alias in (conference.code, *conference.aliases)}
        conditions.append(table.origin.in_([known_code(known.get(text), "origin", text, sorted(known)) for text in query.origin]))
    if query.status:
        conditions.append(table.status == query.status.value)
    if query.tlp:
        conditions.append(table.tlp == query.tlp.rank)
    if query.published_after:
        conditions.append(table.published_at > query.published_after)
    if query.published_before:
        conditions.append(table.published_at < query.published_before)
    return conditions


def known_code(code: str | None, parameter: str, text: str, candidates: list[str]) -> str:
    """The code that a parameter names; raises `invalid-query` with suggestions where no vocabulary knows it."""
    if code is None:
        near = codes.suggest(text, candidates)
        raise Problem(
            "invalid-query", Finding("code-unknown", pointer=parameter, params={"suggestions": near, "known": near or candidates[:40]})
        )
    return code
