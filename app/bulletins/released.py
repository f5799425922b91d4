"""What a flow has released already: the background against which a new table is judged."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import visible_documents
from app.bulletins.models import Bulletin, Flow, PublishedTable
from app.core.db import insert_new
from app.disclosure.table import Row, row
from app.wire.codes import Status
from app.wire.period import Period


@dataclass(frozen=True)
class Existing:
    """The newest version that stands under a natural key."""

    document_id: str
    version: int
    status: str
    figure_status: str
    issuer: str


@dataclass(frozen=True)
class Release:
    """One released table of a flow: its period, its dimensions and the rows that outsiders know."""

    first: date
    last: date
    dimensions: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)


@dataclass(frozen=True)
class Background:
    """What has been released in a flow around one period.

    `k` and `family` are those fixed at the flow's first publication (none where it is new); `periods` those that stand and
    intersect; `tables` what was ever released for exactly this period, withdrawn versions too; `stamp` tells whether anything
    in reach has changed since.
    """

    k: int | None
    family: str | None
    existing: Existing | None
    periods: tuple[tuple[str, date, date], ...]
    tables: tuple[Release, ...]
    stamp: frozenset[tuple[str, int]]


def background(session: Session, flow_key: str, natural_key: str, period: Period) -> Background:
    """The background of a table, in five statements."""
    flow = session.get(Flow, flow_key)
    tables = session.scalars(
        select(PublishedTable)
        .where(PublishedTable.flow_key == flow_key, PublishedTable.period_start == period.first, PublishedTable.period_end == period.last)
        .order_by(PublishedTable.document_id, PublishedTable.version)
    ).all()
    standing = session.execute(
        select(Bulletin.period, Bulletin.period_start, Bulletin.period_end)
        .where(Bulletin.flow_key == flow_key, Bulletin.superseded_at.is_(None), Bulletin.status == Status.PUBLISHED.value)
        .where(Bulletin.period_start <= period.last, Bulletin.period_end >= period.first)
        .distinct()
    ).all()
    return Background(
        flow.k if flow else None,
        flow.family if flow else None,
        existing(session, natural_key),
        tuple((code, first, last) for code, first, last in standing),
        tuple(map(_release, tables)),
        stamp_of(session, flow_key, period),
    )


def stamp_of(session: Session, flow_key: str, period: Period) -> frozenset[tuple[str, int]]:
    """What tells whether a table was judged against all that stands: (document id, version) of every release in reach."""
    reach = select(PublishedTable.document_id, PublishedTable.version).where(
        PublishedTable.flow_key == flow_key, PublishedTable.period_start <= period.last, PublishedTable.period_end >= period.first
    )
    return frozenset((document_id, version) for document_id, version in session.execute(reach))


def existing(session: Session, natural_key: str) -> Existing | None:
    """The newest version under a natural key."""
    found = session.scalar(select(Bulletin).where(Bulletin.natural_key == natural_key, Bulletin.superseded_at.is_(None)))
    return _existing(found) if found else None


def locked(session: Session, document_id: str) -> Existing | None:
    """The newest version of a bulletin, read after its flow was locked for the rest of the transaction."""
    flow_key = select(Bulletin.flow_key).where(Bulletin.document_id == document_id).limit(1).scalar_subquery()
    session.execute(select(Flow).where(Flow.key == flow_key).with_for_update())
    found = session.scalar(select(Bulletin).where(Bulletin.document_id == document_id, Bulletin.superseded_at.is_(None)))
    return _existing(found) if found else None


@dataclass(frozen=True)
class Owner:
    """Whose a bulletin is, and its newest version."""

    origin: str
    reporting_state: str
    version: int


def owner_of(session: Session, caller: Caller, document_id: str) -> Owner | None:
    """Whose bulletin this is; none for one that the caller may not see, as for one that does not exist."""
    asked = select(Bulletin.origin, Bulletin.reporting_state, Bulletin.version).where(
        Bulletin.document_id == document_id, Bulletin.superseded_at.is_(None), Bulletin.document_id.in_(visible_documents(caller))
    )
    row = session.execute(asked).one_or_none()
    return Owner(*row) if row else None


def _existing(found: Bulletin) -> Existing:
    return Existing(found.document_id, found.version, found.status, found.figure_status, found.issuer)


def _release(table: PublishedTable) -> Release:
    dimensions = tuple(name for name in table.dimensions.split(",") if name)
    return Release(table.period_start, table.period_end, dimensions, rows_from(table.rows))


def rows_from(text: str) -> tuple[Row, ...]:
    """Published rows as the ledger keeps them."""
    return tuple(row(tuple(key), value, status) for key, value, status in json.loads(text))


def rows_text(rows: Iterable[Row]) -> str:
    """Published rows for the ledger: a JSON list of [codes, value, status]."""
    return json.dumps([[each.key, each.value, each.status] for each in rows], separators=(",", ":"))


def lock_flow(session: Session, flow_key: str, k: int, family: str) -> Flow:
    """Take the lock of a flow for the rest of the transaction; its first publication fixes k and calendar family."""
    insert_new(session, Flow, {"key": flow_key, "k": k, "family": family})
    return session.scalars(select(Flow).where(Flow.key == flow_key).with_for_update()).one()


def remember(session: Session, document: dict[str, object], rows_json: str, flow_key: str) -> None:
    """Keep a version's published rows in the audit-only ledger; it outlives withdrawal, erasure and `istmo rebuild`."""
    dimensions = document["dimensions"]
    disclosure = document["disclosure"]
    insert_new(
        session,
        PublishedTable,
        {
            "document_id": document["id"],
            "version": document["version"],
            "flow_key": flow_key,
            "period_start": date.fromisoformat(str(document["period_start"])),
            "period_end": date.fromisoformat(str(document["period_end"])),
            "dimensions": ",".join(dimensions) if isinstance(dimensions, list) else "",
            "method": disclosure["method"] if isinstance(disclosure, dict) else "none",
            "rows": rows_json,
        },
    )


def instant(text: object) -> datetime:
    """An instant of a document."""
    return datetime.fromisoformat(str(text))
