"""Tables of access: clients, the marking of every document version, audit."""

from datetime import datetime

from sqlalchemy import Boolean, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UTCDateTime


class Client(Base):
    """A machine credential: one role in one conference, for a partner one State (contract: Parties)."""

    __tablename__ = "client"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    conference: Mapped[str] = mapped_column(String(16))
    state: Mapped[str | None] = mapped_column(String(3))
    ceiling: Mapped[int] = mapped_column(Integer)
    person: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(String(200))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class DocumentAccess(Base):
    """Who may see one version by its own marking: a row a grantee (`*`, a conference, an office).

    `newest` is true for the rows of the document's newest version; every older one is also bound by those.
    """

    __tablename__ = "document_access"

    document_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    grantee: Mapped[str] = mapped_column(String(40), primary_key=True)
    conference: Mapped[str] = mapped_column(String(16))
    tlp: Mapped[int] = mapped_column(Integer)
    newest: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (Index("ix_document_access_newest_grantee", "newest", "grantee", "tlp", "document_id"),)


class AuditRow(Base):
    """What a caller did or was refused; never a body, a token or a figure."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    client_id: Mapped[str | None] = mapped_column(String(32), index=True)
    action: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    code: Mapped[str | None] = mapped_column(String(64))
    document_id: Mapped[str | None] = mapped_column(String(36), index=True)
    version: Mapped[int | None] = mapped_column(Integer)
    request_id: Mapped[str | None] = mapped_column(String(36))
    address: Mapped[str | None] = mapped_column(String(64))
