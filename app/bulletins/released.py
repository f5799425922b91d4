"""What a flow has released already: the background against which a new table is judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, extract, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import visible_documents
from app.bulletins.declare import YEAR_TO_DATE, span_of
from app.bulletins.models import Bulletin, Flow, PublishedTable
from app.core.db import insert_all_new, insert_new
from app.disclosure.release import Release
from app.disclosure.table import Row, row
from app.exchange.log import documents
from app.wire.codes import Status
from app.wire.period import Period, overlaps


@dataclass(frozen=True)
class Existing:
    """The newest version that stands under a natural key."""

    document_id: str
    version: int
    status: str
    figure_status: str
    issuer: str


Span = tuple[date, date]
"""First and last day."""


@dataclass(frozen=True)
class Background:
    """What has been released in a flow around one period.

    `k` and `family` are those fixed at the flow's first publication (none where it is new); `periods` those that stand and
    intersect; `reach` the days within which releases count; `releases` what was ever released there, withdrawn and erased versions
    too, in the order of their publication; `stamp` tells whether anything in reach has changed since; `gone` are the names of those
    releases whose rows nobody is served any more.
    """

    k: int | None
    family: str | None
    existing: Existing | None
    periods: tuple[tuple[str, date, date], ...]
    reach: Span
    releases: tuple[Release, ...]
    stamp: frozenset[tuple[str, int]]
    gone: frozenset[str]


def background(session: Session, flow_key: str, natural_key: str, period: Period, ahead: Iterable[Period] = ()) -> Background:
    """The background of a table, in six statements; `ahead` are periods of its flow that count as released already."""
    flow = session.get(Flow, flow_key)
    reach = _reach(session, flow_key, period, ahead)
    known = session.execute(
        select(PublishedTable, Bulletin.status)
        .outerjoin(Bulletin, and_(Bulletin.document_id == PublishedTable.document_id, Bulletin.version == PublishedTable.version))
        .where(*_within(flow_key, reach))
        .order_by(Bulletin.published_at.nulls_first(), PublishedTable.document_id, PublishedTable.version)
    ).all()
    standing = session.execute(
        select(Bulletin.period, Bulletin.period_start, Bulletin.period_end).where(*standing_near(flow_key, period)).distinct()
    ).all()
    return Background(
        flow.k if flow else None,
        flow.family if flow else None,
        existing(session, natural_key),
        tuple((code, first, last) for code, first, last in standing),
        reach,
        tuple(_release(table) for table, _ in known),
        frozenset((table.document_id, table.version) for table, _ in known),
        frozenset(release_name(table.document_id, table.version) for table, status in known if status != Status.PUBLISHED.value),
    )


def stamp_of(session: Session, flow_key: str, reach: Span) -> frozenset[tuple[str, int]]:
    """What tells whether a table was judged against all that stands: (document id, version) of every release in reach."""
    found = session.execute(select(PublishedTable.document_id, PublishedTable.version).where(*_within(flow_key, reach)))
    return frozenset((document_id, version) for document_id, version in found)


def gone_among(session: Session, pairs: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Those versions whose rows nobody is served any more: withdrawn, erased, or never published."""
    asked = set(pairs)
    if not asked:
        return []
    standing = select(Bulletin.document_id, Bulletin.version).where(Bulletin.status == Status.PUBLISHED.value)
    found = session.execute(standing.where(tuple_(Bulletin.document_id, Bulletin.version).in_(sorted(asked))))
    return sorted(asked - {(row.document_id, row.version) for row in found})


def _reach(session: Session, flow_key: str, period: Period, ahead: Iterable[Period]) -> Span:
    """The days of the longest release that shares days with the period: its other parts add up to it with the new one (rule 2)."""
    longest = select(func.min(PublishedTable.period_start), func.max(PublishedTable.period_end))
    first, last = session.execute(longest.where(*_within(flow_key, (period.first, period.last)))).one()
    near = [period, *(other for other in ahead if overlaps(other, period))]
    firsts, lasts = [other.first for other in near], [other.last for other in near]
    return min([*firsts, first or period.first]), max([*lasts, last or period.last])


def _within(flow_key: str, span: Span) -> tuple[ColumnElement[bool], ...]:
    first, last = span
    return PublishedTable.flow_key == flow_key, PublishedTable.period_start <= last, PublishedTable.period_end >= first


def standing_near(flow_key: str, period: Period) -> tuple[ColumnElement[bool], ...]:
    """The newest versions of a flow's bulletins that are not withdrawn and whose counts share a day with the period."""
    newest = (Bulletin.flow_key == flow_key, Bulletin.superseded_at.is_(None), Bulletin.status == Status.PUBLISHED.value)
    since_january = and_(Bulletin.accumulation == YEAR_TO_DATE, extract("year", Bulletin.period_end) <= period.last.year)
    return *newest, or_(Bulletin.period_start <= period.last, since_january), Bulletin.period_end >= period.first


def existing(session: Session, natural_key: str) -> Existing | None:
    """The newest version under a natural key."""
    found = session.scalar(select(Bulletin).where(Bulletin.natural_key == natural_key, Bulletin.superseded_at.is_(None)))
    return _existing(found) if found else None


def document_of(session: Session, version: Existing) -> dict[str, Any]:
    """The document of a version as the log holds it."""
    pair = (version.document_id, version.version)
    document: dict[str, Any] = orjson.loads(documents(session, [pair])[pair].text or "{}")
    return document


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
    return Release(
        release_name(table.document_id, table.version),
        table.natural_key,
        dimensions,
        table.period_start,
        table.period_end,
        table.method,
        table.k,
        rows_from(table.rows),
    )


def release_name(document_id: str, version: int) -> str:
    """How certificates name a version: "<document id>@v<n>"."""
    return f"{document_id}@v{version}"


def rows_from(text: str) -> tuple[Row, ...]:
    """Published rows as the ledger keeps them."""
    return tuple(row(tuple(key), value, status) for key, value, status in orjson.loads(text))


def _rows_text(document: Mapping[str, Any]) -> str:
    """Published rows for the ledger: a JSON list of [codes, value, status]."""
    names, cells = document["dimensions"], document["cells"]
    # By columns: row by row it takes twice as long.
    codes = zip(*([cell[name] for cell in cells] for name in names), strict=True) if names else [()] * len(cells)
    rows = [(each, cell["value"], cell.get("value_status")) for each, cell in zip(codes, cells, strict=True)]
    return orjson.dumps(rows).decode()


def lock_flow(session: Session, flow_key: str, k: int, family: str) -> Flow:
    """Take the lock of a flow for the rest of the transaction; its first publication fixes k and calendar family."""
    insert_new(session, Flow, {"key": flow_key, "k": k, "family": family})
    return session.scalars(select(Flow).where(Flow.key == flow_key).with_for_update()).one()


def remember(session: Session, versions: Iterable[tuple[Mapping[str, Any], str, str]]) -> None:
    """Keep the published rows of versions in the audit-only ledger; it outlives withdrawal, erasure and `istmo rebuild`.

    Takes (document, flow key, natural key) of each.
    """
    insert_all_new(session, PublishedTable, [_remembered(*each) for each in versions])


def _remembered(document: Mapping[str, Any], flow_key: str, natural_key: str) -> dict[str, object]:
    days = (date.fromisoformat(document[name]) for name in ("period_start", "period_end"))
    first, last = span_of(document["accumulation"], *days)
    return {
        "document_id": document["id"],
        "version": document["version"],
        "flow_key": flow_key,
        "natural_key": natural_key,
        "period_start": first,
        "period_end": last,
        "dimensions": ",".join(document["dimensions"]),
        "method": document["disclosure"]["method"],
        "k": document["disclosure"]["k"],
        "rows": _rows_text(document),
    }
