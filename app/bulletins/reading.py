"""Bulletins read back: the list, one, its versions; visibility is part of every statement."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import visible_documents, visible_to
from app.bulletins.models import Bulletin
from app.bulletins.queries import ListQuery
from app.core.clock import rfc3339
from app.core.problems import Problem
from app.directory import codes
from app.exchange.log import StoredDocument, documents, envelope
from app.wire.codes import TLP
from app.wire.period import Period, PeriodError, parse_period
from app.wire.problem import Finding

_BY_COLUMN = ("reporting_state", "publisher", "measure", "unit", "definition_code", "origin")


@dataclass(frozen=True)
class Found:
    """One bulletin of an answer: its identity for audit and paging, and its document as JSON text."""

    document_id: str
    version: int
    tlp: TLP
    published_at: datetime
    text: str


def listed(session: Session, caller: Caller, query: ListQuery, after: tuple[str, str] | None, limit: int) -> tuple[list[Found], int]:
    """A page of the newest versions in the order of their publication, and the exact number that the caller may see.

    `after` is (instant, document id) of the last item of the page before.  One statement for the page, one for the number, one
    for the documents, whatever the size.
    """
    conditions = [Bulletin.superseded_at.is_(None), Bulletin.document_id.in_(visible_documents(caller)), *_filters(query)]
    total = session.scalar(select(func.count()).select_from(Bulletin).where(*conditions)) or 0
    page = _columns().where(*conditions).order_by(Bulletin.published_at, Bulletin.document_id).limit(limit)
    if after:
        page = page.where(tuple_(Bulletin.published_at, Bulletin.document_id) > tuple_(datetime.fromisoformat(after[0]), after[1]))
    return _with_documents(session, caller, page), total


def one(session: Session, caller: Caller, document_id: str) -> Found:
    """The newest version of a bulletin; raises `not-found`, the same for what is hidden and what does not exist."""
    newest = _columns().where(
        Bulletin.document_id == document_id, Bulletin.superseded_at.is_(None), Bulletin.document_id.in_(visible_documents(caller))
    )
    return _single(_with_documents(session, caller, newest))


def version(session: Session, caller: Caller, document_id: str, number: int) -> Found:
    """One version; it is as strict as the stricter of its own marking and the newest version's. Raises `not-found`."""
    return _single(_with_documents(session, caller, _versions(caller, document_id).where(Bulletin.version == number)))


def versions(session: Session, caller: Caller, document_id: str) -> list[Found]:
    """Every version that the caller may see, oldest first; raises `not-found` where there is none."""
    found = _with_documents(session, caller, _versions(caller, document_id).order_by(Bulletin.version))
    if not found:
        raise Problem("not-found")
    return found


def _columns() -> Select[str, int, int, datetime]:
    return select(Bulletin.document_id, Bulletin.version, Bulletin.tlp, Bulletin.published_at)


def _versions(caller: Caller, document_id: str) -> Select[str, int, int, datetime]:
    own = visible_to(caller).subquery()
    seen = select(own.c.document_id, own.c.version)
    return _columns().where(Bulletin.document_id == document_id, tuple_(Bulletin.document_id, Bulletin.version).in_(seen))


def _single(found: list[Found]) -> Found:
    if not found:
        raise Problem("not-found")
    return found[0]


def _with_documents(session: Session, caller: Caller, page: Select[str, int, int, datetime]) -> list[Found]:
    rows = session.execute(page).all()
    stored = documents(session, [(row.document_id, row.version) for row in rows]) if rows else {}
    return [
        Found(row.document_id, row.version, list(TLP)[row.tlp], row.published_at, _text(caller, stored[row.document_id, row.version]))
        for row in rows
    ]


def _text(caller: Caller, stored: StoredDocument) -> str:
    """The document as its reader may have it: whole, or its envelope where it was withdrawn or the reader is an operator."""
    if stored.withdrawn or not caller.reads_bodies:
        return orjson.dumps(envelope(stored.text or "{}", withdrawn=stored.withdrawn)).decode()
    return stored.text or "{}"


def _filters(query: ListQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name in _BY_COLUMN:
        wanted = getattr(query, name)
        if wanted:
            conditions.append(getattr(Bulletin, name).in_(_canonical(name, wanted)))
    single = ("figure_status", "status")
    conditions += [getattr(Bulletin, name) == getattr(query, name).value for name in single if getattr(query, name)]
    if query.tlp:
        conditions.append(Bulletin.tlp == query.tlp.rank)
    if query.published_after:
        conditions.append(Bulletin.published_at > query.published_after)
    if query.published_before:
        conditions.append(Bulletin.published_at < query.published_before)
    if query.period_from:
        conditions.append(Bulletin.period_start >= asked_period(query.period_from, "period_from").first)
    if query.period_to:
        conditions.append(Bulletin.period_end <= asked_period(query.period_to, "period_to").last)
    return conditions


def asked_period(text: str, parameter: str) -> Period:
    """The period that a parameter names; raises `invalid-query`."""
    try:
        return parse_period(text)
    except PeriodError:
        raise Problem("invalid-query", Finding("period-invalid", pointer=parameter)) from None


def _canonical(name: str, wanted: list[str]) -> list[str]:
    """Codes as they are stored; raises `invalid-query` with suggestions for one that no vocabulary knows."""
    if name == "reporting_state":
        return [_known(codes.resolve_state(text), name, text, sorted(codes.states())) for text in wanted]
    if name == "origin":
        known = {alias: conference.code for conference in codes.conferences() for alias in (conference.code, *conference.aliases)}
        return [_known(known.get(text), name, text, sorted(known)) for text in wanted]
    if name in {"measure", "unit"}:
        terms = codes.vocabulary(name).terms
        return [_known(text if text in terms else None, name, text, list(terms)) for text in wanted]
    return wanted


def _known(code: str | None, parameter: str, text: str, candidates: list[str]) -> str:
    if code is None:
        near = codes.suggest(text, candidates)
        raise Problem(
            "invalid-query", Finding("code-unknown", pointer=parameter, params={"suggestions": near, "known": near or candidates[:40]})
        )
    return code


def position_of(found: Found) -> list[object]:
    """Where the next page begins: after this item."""
    return [rfc3339(found.published_at), found.document_id]
