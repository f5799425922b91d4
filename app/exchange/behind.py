"""What of this node's own documents another node has not read yet, by the checkpoint that it last counter-signed (guarantees 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.access.clients import peer_caller
from app.exchange.digests import KIND
from app.exchange.log import hidden_from, seen_by
from app.exchange.models import LogEntry


@dataclass(frozen=True)
class Behind:
    """How many versions wait for another node, and when the oldest of them was recorded (UTC with Z; none where nothing waits)."""

    count: int
    since: str | None


def behind(session: Session, origins: Sequence[str], conferences: Sequence[str], after: int) -> Behind:
    """What lies above an entry of documents of these origins, as far as a node of these conferences may see it or is told of it."""
    told = [seen_by(caller) | hidden_from(caller) for caller in (peer_caller(session, each) for each in conferences)]
    asked = select(func.count(), func.min(LogEntry.recorded_at)).where(LogEntry.number > after, LogEntry.kind != KIND)
    count, since = session.execute(asked.where(LogEntry.origin.in_(list(origins)), or_(*told))).one()
    return Behind(count, since)
