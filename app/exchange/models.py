"""Tables of the exchange log (private to this room)."""

from datetime import datetime

from sqlalchemy import Integer, LargeBinary, String, Text, UniqueConstraint
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
