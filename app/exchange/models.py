"""Tables of the exchange log (private to this room)."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UTCDateTime


class LogHead(Base):
    """The one head row: size, frontier and signed checkpoint of the log (guarantees 3)."""

    __tablename__ = "log_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    node: Mapped[str] = mapped_column(String(64))
    epoch: Mapped[str] = mapped_column(String(36))
    size: Mapped[int] = mapped_column(Integer)
    frontier: Mapped[str] = mapped_column(Text)
    checkpoint: Mapped[str | None] = mapped_column(Text)


class LogEntry(Base):
    """One published or received version; body, salt, digest and signature go at an erasure, the leaf stays."""

    __tablename__ = "log_entry"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    document_id: Mapped[str] = mapped_column(String(36))
    version: Mapped[int] = mapped_column(Integer)
    op: Mapped[str] = mapped_column(String(8))
    origin: Mapped[str] = mapped_column(String(16))
    # The text that the leaf covers: as a date type, a damaged one could not even be read, let alone be named.
    recorded_at: Mapped[str] = mapped_column(String(27))
    document: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str | None] = mapped_column(String(64))
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (UniqueConstraint("document_id", "version"),)


class SigningKey(Base):
    """Public half of a key of this node; it stays after a rotation, so that old signatures remain checkable."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    public: Mapped[bytes] = mapped_column(LargeBinary)
    valid_from: Mapped[datetime] = mapped_column(UTCDateTime)
    valid_to: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Canonical text of the signature by the key before it: by it a peer that knows that one takes this one.
    endorsement: Mapped[str | None] = mapped_column(Text)


class PeerKey(Base):
    """Public half of a key of another node, as it was learned when the node was added or endorsed later by one that was known."""

    __tablename__ = "peer_key"

    kid: Mapped[str] = mapped_column(String(32), primary_key=True)
    node: Mapped[str] = mapped_column(String(64), index=True)
    purpose: Mapped[str] = mapped_column(String(32))
    public: Mapped[bytes] = mapped_column(LargeBinary)
    valid_from: Mapped[datetime] = mapped_column(UTCDateTime)
    valid_to: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Witness(Base):
    """A checkpoint of one node's log with the signature of another that it saw it: kept by both."""

    __tablename__ = "witness"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    node: Mapped[str] = mapped_column(String(64))
    epoch: Mapped[str] = mapped_column(String(36))
    size: Mapped[int] = mapped_column(Integer)
    root: Mapped[str] = mapped_column(String(64))
    checkpoint: Mapped[str] = mapped_column(Text)
    witness: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime] = mapped_column(UTCDateTime)
    __table_args__ = (UniqueConstraint("node", "epoch", "size", "witness"),)


class WaitingItem(Base):
    """What may not be published yet, in protected form and sealed: it is held for a second person, or pending (guarantees 2).

    `sealed` goes as soon as nothing is to come of it any more; the row stays, so that its sender can see what became of it.
    `tlp` is the rank of its strictest document, `writers` are the clients that wrote it with their persons, `published` the ids and versions that came of it, both as JSON.
    """

    __tablename__ = "waiting_item"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    issuer: Mapped[str] = mapped_column(String(40))
    tlp: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(12))
    needs_review: Mapped[bool] = mapped_column(Boolean)
    due: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    writers: Mapped[str] = mapped_column(Text)
    published: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(32))
    __table_args__ = (
        Index("ix_waiting_item_origin_status", "origin", "status", "id"),
        Index("ix_waiting_item_status_due", "status", "due"),
    )


class WaitingPlace(Base):
    """What only one waiting item may stand for (a natural key, keyed and hashed), so that two of the same never wait side by side."""

    __tablename__ = "waiting_place"

    place: Mapped[str] = mapped_column(String(64), primary_key=True)
    item: Mapped[str] = mapped_column(ForeignKey("waiting_item.id"), index=True)
