"""Digests of the audit: for each finished day one entry of the log that says how many rows it had and what they were (guarantees 3).

A digest covers a range of row ids that begins where the one before ended, so that every row is in exactly one; a row that was
written late, after its day was digested, is in the next.  It holds two chains: of the rows that stay for good, and of the reads of
CLEAR and GREEN documents, which are pruned one day.  h(0) is 32 zero bytes, h(n) = SHA-256(h(n-1) + the row's canonical JSON).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import orjson
from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.orm import Session

from app.access.models import AuditRow
from app.access.read_sets import stored_sets
from app.core.clock import rfc3339, utc_now
from app.exchange.log import NewEntry, append
from app.exchange.models import LogEntry, LogHead
from app.exchange.node import Node
from app.exchange.verify import Fault
from app.wire.canonical import canonical
from app.wire.codes import TLP, Op, Status
from app.wire.ids import uuid7

KIND = "audit_digest"
PRUNE = "audit.prune"
BEGUN = "begun"
_CHUNK = 5_000
_COLUMNS = (
    *(AuditRow.id, AuditRow.at, AuditRow.client_id, AuditRow.action, AuditRow.outcome, AuditRow.code),
    *(AuditRow.document_id, AuditRow.version, AuditRow.request_id, AuditRow.address, AuditRow.tlp, AuditRow.read_set),
)

_STORED = select(LogEntry.number, LogEntry.document_id, LogEntry.document).where(LogEntry.kind == KIND)


@dataclass
class Chain:
    """A number of rows and the hash that runs through them."""

    rows: int = 0
    _hash: bytes = field(default=bytes(32))

    def add(self, row: Mapping[str, object]) -> None:
        """One row more."""
        self.rows += 1
        self._hash = hashlib.sha256(self._hash + canonical(row)).digest()

    def stated(self) -> dict[str, object]:
        """As it stands in a digest."""
        return {"rows": self.rows, "chain": self._hash.hex()}


@dataclass(frozen=True)
class Digest:
    """A digest as it stands in the log: its document's id and number, the day, the first and the last row, both chains."""

    id: str
    number: int
    day: date
    first: int
    last: int
    kept: Mapping[str, object]
    reads: Mapping[str, object]


def is_passing() -> ColumnElement[bool]:
    """Condition on an audit row: it tells of a read of a CLEAR or GREEN document, and is pruned one day."""
    return and_(AuditRow.outcome == "read", AuditRow.tlp <= TLP.GREEN.rank)


def digests(session: Session) -> list[Digest]:
    """Every digest of the log, the oldest first; one that cannot be read is left out, for verifying the log names it."""
    return [found for row in session.execute(_STORED.order_by(LogEntry.number)) if (found := _parsed(*row)) is not None]


def _parsed(number: int, document_id: str, stored: str | None) -> Digest | None:
    try:
        said = orjson.loads(stored or "")
        return Digest(document_id, number, date.fromisoformat(said["day"]), said["first"], said["last"], said["kept"], said["reads"])
    except (ValueError, KeyError, TypeError):
        return None


def _covered(session: Session) -> int:
    """The last row that is in a digest, 0 where there is none."""
    row = session.execute(_STORED.order_by(LogEntry.number.desc()).limit(1)).first()
    found = _parsed(*row) if row else None
    return found.last if found else 0


def first_due(session: Session, now: datetime) -> tuple[date, int] | None:
    """The first finished day (UTC) that waits for its digest, and the row that it begins with; none where all are digested."""
    asked = select(AuditRow.id, AuditRow.at).where(AuditRow.id > _covered(session)).order_by(AuditRow.id).limit(1)
    row = session.execute(asked).first()
    return (row.at.date(), row.id) if row and row.at < _start_of(now.date()) else None


def _start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def digest_days(node: Node, now: datetime | None = None) -> int:
    """Append the digests of all finished days that wait for theirs; two that do it at once make each only once.

    Returns how many were made.
    """
    now, made = now or utc_now(), 0
    with node.db.read() as session:
        if first_due(session, now) is None:
            return 0
    settled = _settled(node)
    while document := _next(node, now, settled):
        made += _append(node, document)
    return made


def _next(node: Node, now: datetime, settled: int) -> dict[str, object] | None:
    # One view of the store: between two another worker's digest could come to stand.
    with node.db.read() as session:
        due = first_due(session, now)
        return _document(session, node, *due, settled) if due and due[1] <= settled else None


def _settled(node: Node) -> int:
    """The newest row below which none can appear any more."""
    with node.db.write() as session:
        if not node.db.is_sqlite:
            # PostgreSQL gives out ids before commits: whoever holds one that is not yet to be seen is waited for here.
            session.execute(text("SET LOCAL lock_timeout = '1s'"))
            session.execute(text("LOCK TABLE audit IN SHARE MODE"))
        return session.scalar(select(func.max(AuditRow.id))) or 0


def _document(session: Session, node: Node, day: date, first: int, settled: int) -> dict[str, object]:
    later = select(func.min(AuditRow.id)).where(
        AuditRow.id > first, AuditRow.id <= settled, AuditRow.at >= _start_of(day + timedelta(days=1))
    )
    beyond = session.scalar(later)
    begin, last = _covered(session) + 1, beyond - 1 if beyond else settled
    kept, reads = chains(session, begin, last)
    named = {"id": uuid7(), "kind": KIND, "version": 1, "status": Status.PUBLISHED.value, "origin": node.settings.authored[0]}
    figures = {"day": day.isoformat(), "first": begin, "last": last, "kept": kept.stated(), "reads": reads.stated()}
    return {**named, "created_at": rfc3339(utc_now()), **figures}


def chains(session: Session, first: int, last: int) -> tuple[Chain, Chain]:
    """The chains of a range of rows as they are stored now: of those that stay, and of those that pass.

    A read of several documents stands in them with what is stored of these, not with what its row says of them.
    """
    kept, reads, sets = Chain(), Chain(), stored_sets(session, first, last)
    asked = select(*_COLUMNS, is_passing().label("passing")).where(AuditRow.id.between(first, last)).order_by(AuditRow.id)
    for row in session.execute(asked.execution_options(yield_per=_CHUNK)):
        told = {column.key: getattr(row, column.key) for column in _COLUMNS if getattr(row, column.key) is not None}
        if row.read_set is not None:
            told["read_set"] = sets.get(row.read_set)
        (reads if row.passing else kept).add({**told, "at": rfc3339(row.at)})
    return kept, reads


def _append(node: Node, document: dict[str, object]) -> bool:
    with node.db.write() as session:
        # Whoever makes the same digest waits here, and then sees ours.
        session.execute(select(LogHead.id).where(LogHead.id == 1).with_for_update())
        if _covered(session) + 1 != document["first"]:
            return False
        append(session, node.signer, [NewEntry(Op.PUBLISH, document)])
    return True


def audit_faults(session: Session) -> Iterator[Fault]:
    """Hold every digest against the rows that are stored: a day of which a row was changed, added or deleted is named.

    Reads are judged until their pruning begins, which the audit itself tells.
    """
    pruned = set(session.scalars(select(AuditRow.document_id).where(AuditRow.action == PRUNE)))
    last = 0
    for digest in digests(session):
        figures = {"day": digest.day.isoformat(), "first": digest.first, "last": digest.last}
        if digest.first != last + 1:
            yield Fault(digest.number, "audit-digest-gap", figures)
        last = digest.last
        kept, reads = chains(session, digest.first, digest.last)
        judged = [(kept.stated(), digest.kept)] + ([] if digest.id in pruned else [(reads.stated(), digest.reads)])
        for stored, said in judged:
            if stored != said:
                yield Fault(digest.number, "audit-differs", {**figures, "rows": stored["rows"], "expected": said["rows"]})
