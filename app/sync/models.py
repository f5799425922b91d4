"""Tables of the sync (private to this room): who the peers are, how far we read each, what could not be taken from it."""

from datetime import datetime

from sqlalchemy import Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UTCDateTime


class Peer(Base):
    """Another node: its address, the conferences that it may author, and how far its log was read and found whole.

    `size`, `root` and `checkpoint` are those of its log when it was last found to extend what was seen before; `cursor` is the
    place in its feed, `etag` that of an empty page there; `sent` the place in ours up to which it was sent to.
    """

    __tablename__ = "peer"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str | None] = mapped_column(String(500))
    node: Mapped[str] = mapped_column(String(64), unique=True)
    conferences: Mapped[str] = mapped_column(String(200))
    epoch: Mapped[str] = mapped_column(String(36))
    cursor: Mapped[str | None] = mapped_column(Text)
    etag: Mapped[str | None] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(Integer)
    root: Mapped[str] = mapped_column(String(64))
    checkpoint: Mapped[str | None] = mapped_column(Text)
    sent: Mapped[str | None] = mapped_column(Text)
    applied: Mapped[int] = mapped_column(Integer)
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    contact_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failure: Mapped[str | None] = mapped_column(String(64))
    failures: Mapped[int] = mapped_column(Integer)
    # Until when the peer itself asked not to be asked again.
    wait_until: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def authored(self) -> tuple[str, ...]:
        """The conferences whose documents this peer may bring."""
        return tuple(self.conferences.split(","))


class Quarantined(Base):
    """A version that a peer brought and that was not taken, or taken without being understood; it blocks nothing else."""

    __tablename__ = "quarantined"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    peer: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    document_id: Mapped[str] = mapped_column(String(36))
    version: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    text: Mapped[str | None] = mapped_column(Text)
    kept_at: Mapped[datetime] = mapped_column(UTCDateTime)
    __table_args__ = (UniqueConstraint("peer", "document_id", "version", "code", "digest"),)
