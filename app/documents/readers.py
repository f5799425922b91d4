"""Who has read a document: offices and days, from the audit of reads, for its issuer and the secretariat of its origin (contract: Routes)."""

from datetime import date
from operator import itemgetter
from typing import Any

import orjson
from fastapi import Request, Response
from sqlalchemy import CTE, ColumnElement, Date, case, cast, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.models import AuditRow, Client, ReadSet
from app.access.rules import attempt_of
from app.core.problems import Problem
from app.core.query import PageQuery
from app.directory.pages import page
from app.documents import reading
from app.documents.edge import known_form, node_of
from app.documents.models import VersionRow
from app.documents.reading import Found
from app.wire.codes import Role

ACTIONS = ("list_bulletin_readers", "list_alert_readers")
"""Operations that tell who has read: to ask that is not to read the document."""


def readers_answer(request: Request, caller: Caller, query: PageQuery, table: type[VersionRow], document_id: str) -> Response:
    """Who has read a document that the caller issued, or whose origin it is the secretariat of, by version, conference, role and office.

    Raises `not-found` for what it may not see, `not-origin` and `not-your-state` (403) for others' documents.
    """
    node = node_of(request)
    node.read_audit.flush()
    with node.db.read() as session:
        found = _own(session, caller, table, known_form(document_id))
        rows = _readers(session, found.document_id)
    node.read_audit.note(attempt_of(request), [(found.document_id, found.version, found.tlp)])
    return page(request, query, sorted(((_place(row), row) for row in rows), key=itemgetter(0)))


def _own(session: Session, caller: Caller, table: type[VersionRow], document_id: str) -> Found:
    found = reading.one(session, caller, table, document_id)
    document = orjson.loads(found.text)
    if document["origin"] != caller.conference:
        raise Problem("not-origin")
    if caller.role is not Role.SECRETARIAT and document["issuer"] != caller.office:
        raise Problem("not-your-state")
    return found


def _readers(session: Session, document_id: str) -> list[dict[str, Any]]:
    """In one statement, whatever the number of readers; operators, who read envelopes alone, are none.

    A row without a client tells of what this node sent to a peer or wrote for one to be carried.
    """
    role = func.coalesce(Client.role, Role.PEER.value).label("role")
    # Of the roles that are no office's, what else a client's row says is left aside.
    state = case((Client.role == Role.PARTNER.value, Client.state)).label("state")
    read = _reads(session, document_id)
    keys = (read.c.version, role, Client.conference, state)
    asked = select(*keys, func.min(read.c.day), func.max(read.c.day), func.count(read.c.day.distinct())).select_from(read)
    asked = asked.outerjoin(Client, Client.id == read.c.client_id).where(or_(Client.role.is_(None), Client.role != Role.OPERATOR.value))
    return [_reader(*row) for row in session.execute(asked.group_by(*keys))]


def _reads(session: Session, document_id: str) -> CTE:
    """The reads of a document, by itself and together with others: client, version, day."""
    is_reading = (AuditRow.outcome == "read", AuditRow.action.not_in(ACTIONS))
    alike = (AuditRow.client_id, _day(session).label("day"))
    alone = select(AuditRow.version.label("version"), *alike).where(AuditRow.document_id == document_id, *is_reading)
    together = select(ReadSet.version, *alike).join(AuditRow, AuditRow.read_set == ReadSet.digest)
    return union_all(alone, together.where(ReadSet.document_id == document_id, *is_reading)).cte("reads")


def _day(session: Session) -> ColumnElement[date]:
    """The day (UTC) of an audit row, in the store's own words."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return func.date(AuditRow.at) if is_sqlite else cast(func.timezone("UTC", AuditRow.at), Date)


def _reader(version: int, role: str, conference: str | None, state: str | None, first: object, last: object, days: int) -> dict[str, Any]:
    name = {Role.SECRETARIAT: "secretariat", Role.PARTNER: state}.get(Role(role))
    office = f"{conference}/{name}" if name else None
    read = {"first_read": str(first), "last_read": str(last), "days": days}
    return {"version": version, "role": role, "conference": conference, "office": office, **read}


def _place(row: dict[str, Any]) -> str:
    return "\n".join((f"{row['version']:010}", row["conference"] or "", row["role"], row["office"] or ""))
