"""Route of the audit, for operators (contract: access)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.access.answers import Shown, page_response
from app.access.models import AuditRow
from app.access.rules import Operator
from app.core.clock import rfc3339
from app.core.db import Database
from app.core.paging import CursorSeal, binding_of, page_size
from app.core.query import PageQuery, Word
from app.settings import Settings
from app.wire.access import AuditOutcome, AuditPage
from app.wire.bulletin import Instant

router = APIRouter(prefix="/v1/audit", tags=["access"])


class AuditQuery(PageQuery):
    """Which rows of the audit are asked for."""

    client: Word | None = Field(None, description="rows of this client only")
    action: Word | None = Field(None, description="this operation only, by its id in the API description, or this command: clients.create")
    outcome: AuditOutcome | None = Field(None, description="how it ended")
    document: Word | None = Field(None, description="what it was done to: a document, a client, a key")
    since: Instant | None = Field(None, description="rows of this instant and later ones")


@router.get("", operation_id="list_audit", responses={200: {"model": AuditPage}})
def list_audit(request: Request, caller: Operator, query: Annotated[AuditQuery, Query()]) -> Response:
    """What callers did, read and were refused, the newest first."""
    settings: Settings = request.app.state.settings
    seal: CursorSeal = request.app.state.cursor_seal
    db: Database = request.app.state.db
    limit = page_size(query.limit, settings.page_limit)
    binding = binding_of("audit", query.model_dump(exclude={"cursor", "limit"}), caller.rights)
    position = seal.open(query.cursor, binding) if query.cursor else None
    with db.read() as session:
        rows, total = _listed(session, query, int(str(position[0])) if position else None, limit + 1)
    page, more = rows[:limit], len(rows) > limit
    cursor = seal.seal([page[-1].id], binding) if more else None
    return page_response(request, [_shown(row) for row in page], cursor, total)


def _listed(session: Session, query: AuditQuery, before: int | None, limit: int) -> tuple[list[AuditRow], int]:
    wanted = _wanted(query)
    total = session.scalar(select(func.count()).select_from(AuditRow).where(*wanted)) or 0
    after = [AuditRow.id < before] if before is not None else []
    rows = session.scalars(select(AuditRow).where(*wanted, *after).order_by(AuditRow.id.desc()).limit(limit))
    return list(rows), total


def _wanted(query: AuditQuery) -> list[ColumnElement[bool]]:
    columns = {"client": AuditRow.client_id, "action": AuditRow.action, "outcome": AuditRow.outcome, "document": AuditRow.document_id}
    asked = {name: getattr(query, name) for name in columns}
    wanted = [columns[name] == value for name, value in asked.items() if value is not None]
    return [*wanted, AuditRow.at >= datetime.fromisoformat(query.since)] if query.since else wanted


def _shown(row: AuditRow) -> Shown:
    return {
        "id": row.id,
        "at": rfc3339(row.at),
        "client": row.client_id,
        "action": row.action,
        "outcome": row.outcome,
        "code": row.code,
        "document": row.document_id,
        "version": row.version,
        "request_id": row.request_id,
        "address": row.address,
    }
