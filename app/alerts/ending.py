"""How alerts end: erased by their origin, or by the node itself once their last day is over; their answers end with them."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.alerts import answer_projection, projection
from app.alerts.models import Alert
from app.alerts.writing import newest_locked
from app.core.clock import utc_now
from app.core.problems import Problem
from app.documents.erasing import Forget, erase
from app.exchange.node import Node

_CHUNK = 200
_REASON = "Its last day is over."


def with_answers(session: Session, alert_id: str) -> Mapping[str, Forget]:
    """What is erased along with an alert: whatever was answered to it, by whomever, for it is seen only with the alert."""
    # An answer that comes at once waits here, and then finds no alert.
    newest_locked(session, Alert, alert_id)
    return dict.fromkeys(answer_projection.answers_to(session, alert_id), answer_projection.forget_one)


def erase_expired(node: Node, today: date | None = None) -> int:
    """Erase the alerts whose `retention_until` is over, with their answers; the receipts stay in the log. Returns how many alerts.

    Two workers at once erase each alert once.
    """
    today, count = today or utc_now().date(), 0
    with node.db.read() as session:
        due = session.execute(
            select(Alert.document_id, Alert.version).where(Alert.superseded_at.is_(None), Alert.retention_until < today).limit(_CHUNK)
        ).all()
    for row in due:
        try:
            erase(
                node,
                "alert",
                None,
                row.document_id,
                version=row.version,
                reason=_REASON,
                attempt=Attempt("erase_expired"),
                forget=projection.forget_one,
                along=with_answers,
            )
        except Problem as problem:
            # Erased or revised by somebody else in the meantime: whatever is due still is so the next time.
            if problem.code not in {"not-found", "precondition-failed"}:
                raise
        else:
            count += 1
    return count + (erase_expired(node, today) if len(due) == _CHUNK and count else 0)
