"""Tables of the directory: conferences with their policy, States, memberships."""

from datetime import date

from sqlalchemy import Boolean, Date, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Conference(Base):
    """A regional consultative process and its policy (contract: GET and PUT /conferences/{code}/policy)."""

    __tablename__ = "conference"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name_en: Mapped[str] = mapped_column(String(200))
    name_es: Mapped[str] = mapped_column(String(200))
    name_pt: Mapped[str] = mapped_column(String(200))
    k: Mapped[int] = mapped_column(Integer, default=5)
    protect: Mapped[str] = mapped_column(String(16), default="contract")
    delta_below_k: Mapped[str] = mapped_column(String(16), default="publish")
    partner_release: Mapped[str] = mapped_column(String(32), default="at_once")
    single_officer: Mapped[bool] = mapped_column(Boolean, default=False)


class State(Base):
    """A State by its ISO 3166-1 alpha-3 code (and XKX)."""

    __tablename__ = "state"

    code: Mapped[str] = mapped_column(String(3), primary_key=True)
    name_en: Mapped[str] = mapped_column(String(200))
    name_es: Mapped[str] = mapped_column(String(200))
    name_pt: Mapped[str] = mapped_column(String(200))


class Membership(Base):
    """In which capacity a State takes part in a conference, from and to which day (unknown ends are open)."""

    __tablename__ = "membership"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    state: Mapped[str] = mapped_column(ForeignKey("state.code"))
    conference: Mapped[str] = mapped_column(ForeignKey("conference.code"))
    capacity: Mapped[str] = mapped_column(String(16))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (UniqueConstraint("state", "conference", "capacity", "valid_from"),)
