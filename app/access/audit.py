"""Audit: no change without its row, no refusal and no reading of AMBER or above without one before the answer leaves (guarantees 3)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.models import AuditRow
from app.core.clock import utc_now
from app.core.db import Database, insert_all

RESTORED = "restore"
"""The action of whatever a restore of this node writes."""


@dataclass(frozen=True)
class Attempt:
    """What a request tries: the audit's view of it."""

    action: str
    caller: Caller | None = None
    request_id: str | None = None
    address: str | None = None


def row_of(
    attempt: Attempt, outcome: str, code: str | None = None, document_id: str | None = None, version: int | None = None
) -> dict[str, object]:
    """One audit row: who tried what, how it ended, on which document."""
    return {
        "at": utc_now(),
        "client_id": attempt.caller.client_id if attempt.caller else None,
        "action": attempt.action,
        "outcome": outcome,
        "code": code,
        "document_id": document_id,
        "version": version,
        "request_id": attempt.request_id,
        "address": attempt.address,
    }


def record(session: Session, attempt: Attempt, outcome: str, documents: Iterable[tuple[str | None, int | None]] = ((None, None),)) -> None:
    """Write a row a document inside the transaction of the change itself: without them there is no change."""
    shared = row_of(attempt, outcome)
    insert_all(session, AuditRow, [{**shared, "document_id": each, "version": version} for each, version in documents])


def record_codes(session: Session, attempt: Attempt, outcome: str, codes: Iterable[str], document: tuple[str, int]) -> None:
    """Write a row a code inside the transaction of the change itself: the grounds that were given for it."""
    insert_all(session, AuditRow, [row_of(attempt, outcome, code, *document) for code in codes])


def restored(session: Session) -> set[tuple[str, int]]:
    """(document id, version) of what came back to this node at a restore: a peer or the journal knew it, the backup did not."""
    rows = session.execute(select(AuditRow.document_id, AuditRow.version).where(AuditRow.action == RESTORED))
    return {(row.document_id, row.version) for row in rows if row.document_id is not None and row.version is not None}


def record_refusal(db: Database, attempt: Attempt, code: str) -> None:
    """Write the row of a refused write, in a short transaction of its own."""
    with db.write() as session:
        session.execute(insert(AuditRow), [row_of(attempt, "refused", code)])
