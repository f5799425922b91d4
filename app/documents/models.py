"""What the projections of every kind have in common: whose a version is, how it is marked, since when it stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, bindparam, false, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, UTCDateTime, insert_all, table_of
from app.wire.codes import TLP, Status


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


def parted(documents: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The versions that say something, and those that take a document back."""
    taken_back = Status.WITHDRAWN.value
    said = [each for each in documents if each["status"] != taken_back]
    return said, [each for each in documents if each["status"] == taken_back]


def supersede(session: Session, model: type[Base], documents: Sequence[Mapping[str, Any]], **others: object) -> None:
    """Close the newest version in the table of a kind of each document of which another one comes, and write `others` in its row."""
    table = table_of(model)
    later = [{"of": each["id"], "since": instant(each["published_at"])} for each in documents if each["version"] > 1]
    # `coalesce` keeps PostgreSQL from the indexes of newest versions: it would plan that while there are few, and walk them all for good.
    is_newest = func.coalesce(table.c.superseded_at.is_(None), false())
    newest = update(table).where(table.c.document_id == bindparam("of"), is_newest)
    if later:
        session.execute(newest.values(superseded_at=bindparam("since"), **others), later)


def instant(text: object) -> datetime:
    """An instant of a document."""
    return datetime.fromisoformat(str(text))


def insert_newest(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Insert newest versions in the table of a kind, one of each document; the numbers that the store gave them, by document.

    Not RETURNING: of some hundred rows the driver takes longer over its text than the store does over the rows.
    """
    insert_all(session, model, rows)
    table = table_of(model)
    made = select(table.c.document_id, table.c.id).where(table.c.superseded_at.is_(None))
    ids = [row["document_id"] for row in rows]
    return {row.document_id: row.id for row in session.execute(made.where(table.c.document_id.in_(ids)))} if ids else {}
