"""Who has read a document: offices and days, from the audit of reads, for its issuer and the secretariat of its origin (contract: Routes)."""

from datetime import date
from operator import itemgetter
from typing import Any

import orjson
from fastapi import Request, Response
from sqlalchemy import ColumnElement, Date, case, cast, func, or_, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.models import AuditRow, Client
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
    keys, day = (AuditRow.version, role, Client.conference, state), _day(session)
    read = (AuditRow.document_id == document_id, AuditRow.outcome == "read", AuditRow.action.not_in(ACTIONS))
    asked = select(*keys, func.min(day), func.max(day), func.count(day.distinct())).select_from(AuditRow)
    asked = asked.outerjoin(Client, Client.id == AuditRow.client_id).where(
        *read, or_(Client.role.is_(None), Client.role != Role.OPERATOR.value)
    )
    return [_reader(*row) for row in session.execute(asked.group_by(*keys))]


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
