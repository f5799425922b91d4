"""What of a peer's is kept without being taken: as much as one peer may fill, the newest first for whoever looks, the rest counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import insert_new
from app.sync.checking import Doubtful
from app.sync.models import Quarantined

NOT_UNDERSTOOD = "sync-not-understood"
"""Taken, kept and passed on, but neither listed nor counted here until a release comes that knows its kind and codes."""
FULL = "sync-quarantine-full"
"""The one row of a peer that counts, in place of a version, what came when as much as is kept of it was there."""
MOST_KEPT = 10_000
MOST_TEXT = 64 * 1024 * 1024
"""Items of one peer, and characters of their texts together."""


@dataclass(frozen=True)
class Waiting:
    """One thing in quarantine: by which rule, what it said it was, and since when it is kept."""

    code: str
    kind: str
    id: str
    version: int
    kept_at: datetime


def keep(session: Session, peer: str, doubts: Sequence[Doubtful]) -> bool:
    """Keep what was not taken, each thing once; true where the quarantine of this peer became full by it.

    What was taken without being understood is always kept: the log holds it too. Of the rest, what is beyond `MOST_TEXT` is kept
    without its text, and what is beyond `MOST_KEPT` is counted alone.
    """
    if not doubts:
        return False
    count, length = session.execute(_room(peer)).one()
    beyond = 0
    for doubt in doubts:
        if doubt.code == NOT_UNDERSTOOD:
            insert_new(session, Quarantined, _row(peer, doubt, None))
        elif count >= MOST_KEPT:
            beyond += 1
        else:
            text = doubt.text if length + len(doubt.text or "") <= MOST_TEXT else None
            is_new = insert_new(session, Quarantined, _row(peer, doubt, text))
            count, length = (count + 1, length + len(text or "")) if is_new else (count, length)
    return beyond > 0 and _count_beyond(session, peer, beyond)


def _room(peer: str) -> Select[int, int]:
    refused = (Quarantined.peer == peer, Quarantined.code.not_in((NOT_UNDERSTOOD, FULL)))
    return select(func.count(), func.coalesce(func.sum(func.length(Quarantined.text)), 0)).where(*refused)


def _row(peer: str, doubt: Doubtful, text: str | None) -> dict[str, object]:
    named = {"kind": doubt.kind, "document_id": doubt.id, "version": doubt.version, "digest": doubt.digest}
    return {"peer": peer, "code": doubt.code, **named, "text": text, "kept_at": utc_now()}


def _count_beyond(session: Session, peer: str, beyond: int) -> bool:
    same = (Quarantined.peer == peer, Quarantined.code == FULL)
    counted = session.execute(
        update(Quarantined).where(*same).values(version=Quarantined.version + beyond).returning(Quarantined.id)
    ).first()
    return counted is None and insert_new(session, Quarantined, _row(peer, Doubtful(FULL, "", "", beyond, ""), None))


def counted(session: Session) -> dict[str, Mapping[str, int]]:
    """How much waits, by peer and code; under `FULL`, what was only counted."""
    number = func.sum(case((Quarantined.code == FULL, Quarantined.version), else_=1))
    found: dict[str, dict[str, int]] = {}
    for peer, code, count in session.execute(
        select(Quarantined.peer, Quarantined.code, number).group_by(Quarantined.peer, Quarantined.code)
    ):
        found.setdefault(peer, {})[code] = int(count)
    return dict(found)


def newest(session: Session, peer: str, most: int) -> list[Waiting]:
    """What waits of a peer, the newest first."""
    columns = (Quarantined.code, Quarantined.kind, Quarantined.document_id, Quarantined.version, Quarantined.kept_at)
    asked = select(*columns).where(Quarantined.peer == peer, Quarantined.code != FULL)
    return [Waiting(*row) for row in session.execute(asked.order_by(Quarantined.id.desc()).limit(most))]
