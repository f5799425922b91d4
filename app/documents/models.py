"""What the projections of every kind have in common: whose a version is, how it is marked, since when it stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UTCDateTime
from app.wire.codes import TLP


class VersionRow:
    """The columns that the table of every kind has, a row a version; the newest one is that which nothing has superseded."""

    __tablename__: str

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    document_id: Mapped[str] = mapped_column(String(36))
    version: Mapped[int] = mapped_column(Integer)
    superseded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    issuer: Mapped[str] = mapped_column(String(40))
    tlp: Mapped[int] = mapped_column(Integer)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


def identity_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a `VersionRow` as a document fills them; the version is its document's newest."""
    return {
        "document_id": document["id"],
        "version": document["version"],
        "status": document["status"],
        "origin": document["origin"],
        "issuer": document["issuer"],
        "tlp": TLP(document["tlp"]).rank,
        "published_at": instant(document["published_at"]),
        "superseded_at": None,
    }


def instant(text: object) -> datetime:
    """An instant of a document."""
    return datetime.fromisoformat(str(text))
