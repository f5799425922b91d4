"""Route beside an alert: who has read it, for its issuer and the secretariat of its origin (contract: Routes)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.access.rules import Writer
from app.alerts.models import Alert
from app.core.declared import CONDITIONAL
from app.core.query import PageQuery
from app.documents.edge import DocumentPath
from app.documents.readers import readers_answer
from app.wire.readers import DocumentReaderPage

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


@router.get("/{document_id}/readers", operation_id="list_alert_readers", response_model=DocumentReaderPage, responses=CONDITIONAL)
def list_alert_readers(request: Request, caller: Writer, query: Annotated[PageQuery, Query()], document_id: DocumentPath) -> Response:
    """Which offices have read an alert, each version and on which days, the own ones too; for its issuer and its origin's secretariat.

    Operators see envelopes and are not told of. Another node's offices read there: here its node is told of, by role `peer`.
    """
    return readers_answer(request, caller, query, Alert, document_id)
