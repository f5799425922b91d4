"""Tables of alerts (private to this room): projections of the log, and the references that are taken."""

from datetime import date

from sqlalchemy import Boolean, Date, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BY_KEY, Base
from app.core.parents import child_of
from app.documents.models import VersionRow

_NEWEST = text("superseded_at IS NULL")


class Alert(VersionRow, Base):
    """One version of an alert: what lists filter and sort by.

    Days are the first and last that `first_seen` and `last_seen` may mean; `credits` is the proposal that the version follows.
    """

    __tablename__ = "alert"

    reference: Mapped[str] = mapped_column(String(32))
    network_code: Mapped[str | None] = mapped_column(String(32), index=True)
    severity: Mapped[int] = mapped_column(Integer)
    confidence: Mapped[int] = mapped_column(Integer)
    case_status: Mapped[str] = mapped_column(String(8))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    retention_until: Mapped[date | None] = mapped_column(Date, index=True)
    no_onward: Mapped[bool] = mapped_column(Boolean)
    credits: Mapped[str | None] = mapped_column(String(36), index=True)
    folded: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        UniqueConstraint("document_id", "version"),
        Index("ix_alert_newest_published", "published_at", "document_id", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        Index("ix_alert_newest_severity", "severity", "document_id", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        Index("ix_alert_newest_confidence", "confidence", "document_id", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        Index("ix_alert_newest_reference", "reference", "document_id", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        # With the other day: a question for a span of time looks at both.
        Index("ix_alert_newest_first", "first_day", "document_id", "last_day", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
        Index("ix_alert_newest_last", "last_day", "document_id", "first_day", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
    )


class AlertTerm(Base):
    """A code of an alert's newest version, by the list that it stands in: what filters, facets and relations ask for."""

    __tablename__ = "alert_term"

    alert_id: Mapped[int] = child_of("alert")
    list: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(320), primary_key=True)
    __table_args__ = (Index("ix_alert_term_code", "list", "code", "alert_id"), BY_KEY)


class AlertReference(Base):
    """A reference that is taken, also after its alert was erased: none is ever given twice; not a projection."""

    __tablename__ = "alert_reference"

    reference: Mapped[str] = mapped_column(String(32), primary_key=True)
    document_id: Mapped[str] = mapped_column(String(36), unique=True)


class AlertAnswer(VersionRow, Base):
    """One version of a sighting, an opinion or a proposal about an alert; `decided` is the proposal that an opinion decides."""

    __tablename__ = "alert_answer"

    kind: Mapped[str] = mapped_column(String(16))
    alert: Mapped[str] = mapped_column(String(36))
    said: Mapped[str | None] = mapped_column(String(32))
    decided: Mapped[str | None] = mapped_column(String(36), index=True)
    __table_args__ = (
        UniqueConstraint("document_id", "version"),
        Index("ix_alert_answer_newest", "alert", "kind", "published_at", "document_id", sqlite_where=_NEWEST, postgresql_where=_NEWEST),
    )
