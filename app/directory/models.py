"""Tables of the directory: conferences and their policies, States, memberships, presidencies, offices, and what offices register.

What was recorded stays: an edit adds a row and closes the one that it corrects (`superseded_at`); `valid_from` and `valid_to` are the
first and the last day in the world, an open end is null.
"""

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UTCDateTime


class Conference(Base):
    """A regional consultative process."""

    __tablename__ = "conference"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name_en: Mapped[str] = mapped_column(String(200))
    name_es: Mapped[str] = mapped_column(String(200))
    name_pt: Mapped[str] = mapped_column(String(200))


class PolicyDecision(Base):
    """What a conference decided for its documents, whole; the newest decision is in force (contract: policy)."""

    __tablename__ = "policy_decision"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conference: Mapped[str] = mapped_column(ForeignKey("conference.code"), index=True)
    k: Mapped[int] = mapped_column(Integer)
    protect: Mapped[str] = mapped_column(String(16))
    delta_below_k: Mapped[str] = mapped_column(String(16))
    partner_release: Mapped[str] = mapped_column(String(32))
    single_officer: Mapped[bool] = mapped_column(Boolean)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(32))


class State(Base):
    """A State by its ISO 3166-1 alpha-3 code (and XKX)."""

    __tablename__ = "state"

    code: Mapped[str] = mapped_column(String(3), primary_key=True)
    name_en: Mapped[str] = mapped_column(String(200))
    name_es: Mapped[str] = mapped_column(String(200))
    name_pt: Mapped[str] = mapped_column(String(200))


class Recorded:
    """When and by which client a row of the directory was recorded (null: the seed), from what source, when it was corrected."""

    source: Mapped[str | None] = mapped_column(String(500))
    recorded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    recorded_by: Mapped[str | None] = mapped_column(String(32))
    superseded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Membership(Recorded, Base):
    """In which capacity (member, observer) a State takes part in a conference, from and to which day."""

    __tablename__ = "membership"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    state: Mapped[str] = mapped_column(ForeignKey("state.code"))
    conference: Mapped[str] = mapped_column(ForeignKey("conference.code"))
    capacity: Mapped[str] = mapped_column(String(16))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (Index("ix_membership_conference_state", "conference", "state"),)


class Presidency(Recorded, Base):
    """The State that holds a conference's presidency pro tempore; `provisional` where the days of office are not known."""

    __tablename__ = "presidency"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conference: Mapped[str] = mapped_column(ForeignKey("conference.code"))
    state: Mapped[str] = mapped_column(ForeignKey("state.code"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    provisional: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (Index("ix_presidency_conference_valid_from", "conference", "valid_from"),)


class Office(Recorded, Base):
    """An office that mandates and invitations go to (`secretariat`, `presidency`, a State's code) with institutional contact data."""

    __tablename__ = "office"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conference: Mapped[str] = mapped_column(ForeignKey("conference.code"))
    name: Mapped[str] = mapped_column(String(16))
    title_en: Mapped[str | None] = mapped_column(String(300))
    title_es: Mapped[str | None] = mapped_column(String(300))
    title_pt: Mapped[str | None] = mapped_column(String(300))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(40))
    url: Mapped[str | None] = mapped_column(String(500))
    address: Mapped[str | None] = mapped_column(String(500))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (Index("ix_office_conference_name", "conference", "name"),)


class Allowed(Base):
    """What anyone may write though it looks like an identifier or a person: an operator's addition to the shipped list (guarantees 2)."""

    __tablename__ = "allow_list"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(String(254))
    note: Mapped[str | None] = mapped_column(String(1000))
    added_by: Mapped[str] = mapped_column(String(32))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    __table_args__ = (UniqueConstraint("kind", "value"),)


class Alias(Base):
    """What a word of an office's files stands for; `told` holds its words as they are compared (`app.directory.labels`)."""

    __tablename__ = "alias"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    office: Mapped[str] = mapped_column(String(40))
    dimension: Mapped[str] = mapped_column(String(32))
    told: Mapped[str] = mapped_column(String(400))
    label: Mapped[str] = mapped_column(String(100))
    code: Mapped[str] = mapped_column(String(64))
    added_by: Mapped[str] = mapped_column(String(32))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    __table_args__ = (UniqueConstraint("office", "dimension", "told"),)


class KeptProfile(Base):
    """A version of a profile that an office registered: the described layout of its files, as canonical JSON."""

    __tablename__ = "profile"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    office: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    content: Mapped[str] = mapped_column(Text)
    added_by: Mapped[str] = mapped_column(String(32))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    __table_args__ = (UniqueConstraint("office", "name", "version"),)
