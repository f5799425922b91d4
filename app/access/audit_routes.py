"""Route of the audit, for operators (contract: access)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, tuple_, union_all
from sqlalchemy.orm import Session

from app.access.answers import Shown, page_response
from app.access.models import AuditRow, ReadSet
from app.access.rules import Operator
from app.core.clock import rfc3339
from app.core.db import Database
from app.core.paging import CursorSeal, binding_of, page_size
from app.core.query import PageQuery, Word
from app.settings import Settings
from app.wire.access import AuditOutcome, AuditPage
from app.wire.bulletin import Instant

router = APIRouter(prefix="/v1/audit", tags=["access"])

_DOCUMENT = func.coalesce(AuditRow.document_id, ReadSet.document_id)
_VERSION = func.coalesce(AuditRow.version, ReadSet.version)
_COLUMNS = (
    AuditRow,
    *(_DOCUMENT.label("document"), _VERSION.label("version"), ReadSet.document_id.label("member"), ReadSet.version.label("member_version")),
)
_Line = Row[Any]


class AuditQuery(PageQuery):
    """Which rows of the audit are asked for."""

    client: Word | None = Field(None, description="rows of this client only")
    action: Word | None = Field(None, description="this operation only, by its id in the API description, or this command: clients.create")
    outcome: AuditOutcome | None = Field(None, description="how it ended")
    document: Word | None = Field(None, description="what it was done to: a document, a client, a key")
    since: Instant | None = Field(None, description="rows of this instant and later ones")


@router.get("", operation_id="list_audit", responses={200: {"model": AuditPage}})
def list_audit(request: Request, caller: Operator, query: Annotated[AuditQuery, Query()]) -> Response:
    """What callers did, read and were refused, the newest first; a read of several documents is told with an item a document, of one `id`."""
    settings: Settings = request.app.state.settings
    seal: CursorSeal = request.app.state.cursor_seal
    db: Database = request.app.state.db
    limit = page_size(query.limit, settings.page_limit)
    binding = binding_of("audit", query.model_dump(exclude={"cursor", "limit"}), caller.rights)
    position = seal.open(query.cursor, binding) if query.cursor else None
    with db.read() as session:
        rows, total = _listed(session, query, position, limit + 1)
    page, more = rows[:limit], len(rows) > limit
    cursor = seal.seal([page[-1].AuditRow.id, page[-1].member, page[-1].member_version], binding) if more else None
    return page_response(request, [_shown(row) for row in page], cursor, total)


def _listed(session: Session, query: AuditQuery, after: Sequence[object] | None, limit: int) -> tuple[list[_Line], int]:
    wanted = _wanted(query)
    total = session.scalar(_each(select(func.count()), wanted)) or 0
    order = (AuditRow.id.desc(), ReadSet.document_id, ReadSet.version)
    rows = session.execute(_each(select(*_COLUMNS), [*wanted, *_older(after)]).order_by(*order).limit(limit))
    return list(rows), total


def _each(asked: Select[*tuple[Any, ...]], wanted: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """An audit row, or one for each of the documents that a read showed together."""
    return asked.select_from(AuditRow).outerjoin(ReadSet, ReadSet.digest == AuditRow.read_set).where(*wanted)


def _older(after: Sequence[object] | None) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    number, *member = after
    if member[0] is None:
        return [AuditRow.id < number]
    return [or_(AuditRow.id < number, and_(AuditRow.id == number, tuple_(ReadSet.document_id, ReadSet.version) > tuple_(*member)))]


def _wanted(query: AuditQuery) -> list[ColumnElement[bool]]:
    columns = {"client": AuditRow.client_id, "action": AuditRow.action, "outcome": AuditRow.outcome}
    asked = {name: getattr(query, name) for name in columns}
    wanted = [columns[name] == value for name, value in asked.items() if value is not None]
    if query.document:
        wanted += _about(query.document)
    return [*wanted, AuditRow.at >= datetime.fromisoformat(query.since)] if query.since else wanted


def _about(document: str) -> list[ColumnElement[bool]]:
    # Each half by its own index: an "or" over both tables would read the whole audit.
    together = select(AuditRow.id).join(ReadSet, ReadSet.digest == AuditRow.read_set).where(ReadSet.document_id == document)
    ids = union_all(select(AuditRow.id).where(AuditRow.document_id == document), together)
    return [AuditRow.id.in_(ids), _DOCUMENT.in_([document])]


def _shown(line: _Line) -> Shown:
    row, document, version = line.AuditRow, line.document, line.version
    return {
        "id": row.id,
        "at": rfc3339(row.at),
        "client": row.client_id,
        "action": row.action,
        "outcome": row.outcome,
        "code": row.code,
        "document": document,
        "version": version,
        "request_id": row.request_id,
        "address": row.address,
    }
