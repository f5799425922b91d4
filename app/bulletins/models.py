"""Tables of bulletins (private to this room): projections of the log, and what anonymity must remember."""

from datetime import date

from sqlalchemy import Boolean, Date, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BY_KEY, Base
from app.core.parents import child_of
from app.documents.models import VersionRow

_NEWEST = text("superseded_at IS NULL")
_SERIES = ("reporting_state", "measure", "period_start")


class Flow(Base):
    """A flow key: what anonymity is judged over. Its k and its calendar family are fixed at its first publication; not a projection."""

    __tablename__ = "flow"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    k: Mapped[int] = mapped_column(Integer)
    family: Mapped[str] = mapped_column(String(16))


class PublishedTable(Base):
    """The published rows of every version, withdrawn and erased ones too: the audit-only ledger (guarantees 1, rule 6); not a projection."""

    __tablename__ = "published_table"

    document_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    flow_key: Mapped[str] = mapped_column(String(160))
    natural_key: Mapped[str] = mapped_column(String(400))
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    dimensions: Mapped[str] = mapped_column(String(160))
    method: Mapped[str] = mapped_column(String(16))
    k: Mapped[int] = mapped_column(Integer)
    rows: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("ix_published_table_flow", "flow_key", "period_start", "period_end"),)


class Certificate(Base):
    """The certificate of one version: what lets an outsider check its protection by arithmetic alone (guarantees 1); not a projection."""

    __tablename__ = "certificate"

    document_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class Bulletin(VersionRow, Base):
    """One version of a bulletin: what lists and flows filter by; the newest one is that which nothing has superseded."""

    __tablename__ = "bulletin"

    natural_key: Mapped[str] = mapped_column(String(400))
    flow_key: Mapped[str] = mapped_column(String(160), index=True)
    reporting_state: Mapped[str] = mapped_column(String(3))
    publisher: Mapped[str] = mapped_column(String(64))
    measure: Mapped[str] = mapped_column(String(40))
    unit: Mapped[str] = mapped_column(String(16))
    stock_or_flow: Mapped[str] = mapped_column(String(8))
    definition_code: Mapped[str] = mapped_column(String(64))
    accumulation: Mapped[str] = mapped_column(String(32))
    dimensions: Mapped[str] = mapped_column(String(160))
    dimension_count: Mapped[int] = mapped_column(Integer)
    period: Mapped[str] = mapped_column(String(32))
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    frequency: Mapped[str] = mapped_column(String(16))
    figure_status: Mapped[str] = mapped_column(String(16))
    classification: Mapped[str] = mapped_column(String(32))
    pooled: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (
        UniqueConstraint("document_id", "version"),
        Index("uq_bulletin_newest_natural_key", "natural_key", unique=True, sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        Index("ix_bulletin_newest_period", "period_start", "document_id", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        Index("ix_bulletin_newest_series", *_SERIES, sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        Index("ix_bulletin_newest_measure", "measure", "period_start", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        Index("ix_bulletin_series", *_SERIES),
    )


class Cell(Base):
    """One published cell of a version of a bulletin; `_T` stands in every dimension that is summed or not declared."""

    __tablename__ = "cell"

    bulletin_id: Mapped[int] = child_of("bulletin")
    row: Mapped[int] = mapped_column(Integer, primary_key=True)
    value: Mapped[int | None] = mapped_column(Integer)
    value_status: Mapped[str | None] = mapped_column(String(16))
    is_total: Mapped[bool] = mapped_column(Boolean)
    area: Mapped[str | None] = mapped_column(String(3))
    nationality: Mapped[str] = mapped_column(String(8))
    origin_state: Mapped[str] = mapped_column(String(8))
    sex: Mapped[str] = mapped_column(String(8))
    age: Mapped[str] = mapped_column(String(16))
    accompaniment: Mapped[str] = mapped_column(String(32))
    procedure: Mapped[str] = mapped_column(String(32))
    route_point: Mapped[str] = mapped_column(String(24))
    mode: Mapped[str] = mapped_column(String(16))
    previous_state: Mapped[str] = mapped_column(String(8))
    destination_state: Mapped[str] = mapped_column(String(8))
    __table_args__ = (Index("ix_cell_nationality", "nationality", "bulletin_id"), BY_KEY)


class Hideout(Base):
    """Where a nationality of an area that a pooled bulletin does not name may be: its area's rest, or `_O`; persons, at most.

    A function of the published rows (guarantees 1, rule 10), kept for the intervals of sums.
    """

    __tablename__ = "hideout"

    bulletin_id: Mapped[int] = child_of("bulletin")
    area: Mapped[str] = mapped_column(String(3), primary_key=True)
    rest: Mapped[str] = mapped_column(String(8))
    value: Mapped[int] = mapped_column(Integer)
    __table_args__ = (BY_KEY,)
