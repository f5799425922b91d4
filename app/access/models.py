"""Tables of access: clients, the marking of every document version, audit."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BY_KEY, Base, UTCDateTime


def _named(table: str, column: str) -> Index:
    """The rows that name something in a column: most rows name nothing there, and stand in no index for it."""
    there = text(f"{column} IS NOT NULL")
    return Index(f"ix_{table}_{column}", column, sqlite_where=there, postgresql_where=there)


class Client(Base):
    """A machine credential: one role in one conference, for a partner one State (contract: Parties).

    `previous_sha256` is the secret before a rotation with overlap, good until `previous_until`; `public_key` is the JWK (P-256) that
    checks the client's assertions; access tokens issued before `tokens_from` are refused.
    """

    __tablename__ = "client"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    conference: Mapped[str] = mapped_column(String(16))
    state: Mapped[str | None] = mapped_column(String(3))
    ceiling: Mapped[int] = mapped_column(Integer)
    person: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(String(200))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    previous_sha256: Mapped[str | None] = mapped_column(String(64))
    previous_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    public_key: Mapped[str | None] = mapped_column(String(1000))
    tokens_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class TokenKey(Base):
    """A key (ES256) of access tokens: it is published before it signs, and stays published until its last token has expired."""

    __tablename__ = "token_key"

    kid: Mapped[str] = mapped_column(String(16), primary_key=True)
    public: Mapped[str] = mapped_column(String(1000))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    signs_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    signs_to: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SpentId(Base):
    """A `jti` that is good no more: of an access token that was revoked, or of a client's assertion that was used (RFC 7523)."""

    __tablename__ = "spent_id"

    issuer: Mapped[str] = mapped_column(String(32), primary_key=True)
    jti: Mapped[str] = mapped_column(String(255), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class DocumentAccess(Base):
    """Who may see one version by its own marking: a row a grantee (`*`, a conference, an office).

    `newest` is true for the rows of the document's newest version; every older one is also bound by those.  A document with a
    `parent` is seen only with that; after the day `until` nobody sees it; `gone` ones were erased, and only that is told.
    """

    __tablename__ = "document_access"

    document_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    grantee: Mapped[str] = mapped_column(String(40), primary_key=True)
    conference: Mapped[str] = mapped_column(String(16))
    tlp: Mapped[int] = mapped_column(Integer)
    newest: Mapped[bool] = mapped_column(Boolean)
    parent: Mapped[str | None] = mapped_column(String(36))
    until: Mapped[date | None] = mapped_column(Date)
    gone: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (
        Index("ix_document_access_newest_grantee", "newest", "grantee", "tlp", "document_id", "until", "parent"),
        _named("document_access", "parent"),
        BY_KEY,
    )


class AuditRow(Base):
    """What a caller did or was refused; never a body, a token or a figure. `tlp` is the highest marking of what was read, then.

    A read of one document names it; a read of several names the `read_set` that holds them.
    """

    __tablename__ = "audit"

    # An answer leaves a row each time it is given: 2^31 of them can be gone in a few years.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    client_id: Mapped[str | None] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    code: Mapped[str | None] = mapped_column(String(64))
    document_id: Mapped[str | None] = mapped_column(String(36), index=True)
    version: Mapped[int | None] = mapped_column(Integer)
    request_id: Mapped[str | None] = mapped_column(String(36))
    address: Mapped[str | None] = mapped_column(String(64))
    tlp: Mapped[int | None]
    read_set: Mapped[str | None] = mapped_column(String(64))
    __table_args__ = (_named("audit", "client_id"), _named("audit", "read_set"))


class ReadSet(Base):
    """One of the documents that were shown together, with its marking then; `digest` names them all, and is worked out from them."""

    __tablename__ = "read_set"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    document_id: Mapped[str] = mapped_column(String(36), primary_key=True, index=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    tlp: Mapped[int] = mapped_column(Integer)
    __table_args__ = (BY_KEY,)
