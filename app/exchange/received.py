"""What came from another node, in this node's log: as it was sealed there, under this node's own numbers (guarantees 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.exchange.keys import Signer
from app.exchange.log import grow, newest
from app.exchange.models import LogEntry
from app.wire.codes import Op


@dataclass(frozen=True)
class Received:
    """One version of another node's document; a hide has neither text nor digest."""

    kind: str
    id: str
    version: int
    op: str
    origin: str
    digest: str | None
    text: str | None


@dataclass(frozen=True)
class Held:
    """What the log holds of one version: whose it is, what became of it, and its digest unless it was erased or hidden."""

    origin: str
    op: str
    digest: str | None


@dataclass(frozen=True)
class Told:
    """One version as it is stored; without a text where it was erased, hidden, or tells of an erasure."""

    version: int
    op: str
    origin: str
    text: str | None


def append_received(session: Session, signer: Signer, versions: Sequence[Received]) -> int:
    """Append versions in this order, all or none; call it after their projections are written. Returns the number of the last one.

    From here to the commit every other writer waits. Raises IntegrityError for a version that the log holds.
    """
    columns = [{name: value for name, value in vars(each).items() if name != "text"} for each in versions]
    return int(grow(session, signer, columns, [each.text for each in versions])[-1]["number"])


def held(session: Session, ids: Sequence[str]) -> dict[str, dict[int, Held]]:
    """What the log holds of documents, by id and version, in one statement; whoever may see them."""
    asked = select(LogEntry.document_id, LogEntry.version, LogEntry.origin, LogEntry.op, LogEntry.digest)
    found: dict[str, dict[int, Held]] = {}
    for row in session.execute(asked.where(LogEntry.document_id.in_(list(ids)))):
        found.setdefault(row.document_id, {})[row.version] = Held(row.origin, row.op, row.digest)
    return found


def hidden(session: Session, origins: Sequence[str]) -> list[str]:
    """Documents of these origins whose newest version was hidden from this node: their ids."""
    asked = select(LogEntry.document_id).where(LogEntry.op == Op.HIDE.value, LogEntry.origin.in_(origins)).distinct()
    told = {each: newest(session, each) for each in session.scalars(asked).all()}
    return [each for each, last in told.items() if last is not None and last.op == Op.HIDE.value]


def is_erased(versions: Mapping[int, Held]) -> bool:
    """Whether a document went for good, by what the log holds of it."""
    return any(each.op == Op.ERASE.value for each in versions.values())


def story(session: Session, document_id: str) -> list[Told]:
    """Every version of one document that the log holds, by version: late ones in their place."""
    asked = select(LogEntry.version, LogEntry.op, LogEntry.origin, LogEntry.document).where(LogEntry.document_id == document_id)
    return [Told(*row) for row in session.execute(asked.order_by(LogEntry.version))]
