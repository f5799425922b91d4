"""Edits of the directory: a row is added, those that it takes the place of are closed; none is overwritten, none is deleted.

What begins ends what ran before it without a last day; a presidency with known days takes its days from the provisional ones beside
it, and the place of a provisional one of the same State.  Every other meeting of days is refused unless the edit names the row that
it puts right.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory.codes import resolve_state, states, suggest
from app.directory.models import Conference, Membership, Office, Presidency
from app.directory.service import is_member, lock_conference
from app.directory.spans import Span, after, before
from app.wire.directory import Edit, MembershipEdit, OfficeEdit, PresidencyEdit
from app.wire.problem import Finding

Kept = TypeVar("Kept", Presidency, Membership, Office)
_BOOKKEEPING = frozenset({"id", "recorded_at", "recorded_by", "superseded_at"})
_BY_RULE = frozenset({"secretariat", "presidency"})


def add_presidency(session: Session, conference: str, edit: PresidencyEdit, by: str) -> Presidency:
    """Record who presides from a day on.

    Raises `not-a-member` (409) for a State that is not a member on its first day, `row-overlaps` (409) where two would preside on
    one day, `row-not-standing` (409) for a correction of what does not stand, `invalid-document` for an unknown State.
    """
    lock_conference(session, conference)
    state, first = _state(edit.state, "state"), date.fromisoformat(edit.first)
    if not is_member(session, state, conference, first):
        raise Problem("not-a-member", Finding("not-a-member", pointer="/state"))
    row = Presidency(conference=conference, state=state, valid_from=first, valid_to=_date(edit.last), provisional=edit.provisional)
    return _settle(session, row, edit, by, Presidency.conference == conference)


def add_membership(session: Session, conference: str, edit: MembershipEdit, by: str) -> Membership:
    """Record in which capacity a State takes part from a day on.

    Raises `member-elsewhere` (409) where the State would be a member of two conferences on one day, for then its counts could enter
    twice; `row-overlaps`, `row-not-standing` and `invalid-document` as for presidencies.
    """
    lock_conference(session, conference)
    state = _state(edit.state, "state")
    row = Membership(conference=conference, state=state, capacity=edit.capacity, **_days(edit.valid_from, edit.valid_to))
    if edit.capacity == "member":
        _refuse_second_membership(session, row)
    return _settle(session, row, edit, by, Membership.conference == conference, Membership.state == state)


def add_office(session: Session, conference: str, edit: OfficeEdit, by: str) -> Office:
    """Record the contact data of an office from a day on.

    Raises `not-a-member` (409) for the office of a State that is not a member on that day; `row-overlaps`, `row-not-standing` and
    `invalid-document` as for presidencies.
    """
    lock_conference(session, conference)
    days = _days(edit.valid_from, edit.valid_to)
    name = _office(session, conference, edit.name, days["valid_from"] or utc_now().date())
    title = edit.title.model_dump() if edit.title else {}
    titles = {f"title_{language}": title.get(language) for language in ("en", "es", "pt")}
    contact = {field: getattr(edit, field) for field in ("email", "phone", "url", "address")}
    row = Office(conference=conference, name=name, **titles, **contact, **days)
    return _settle(session, row, edit, by, Office.conference == conference, Office.name == name)


def history(session: Session, table: type[Kept], conference: str) -> Sequence[Kept]:
    """Every row of a conference in the order of its recording, corrected ones too; raises `conference-unknown`."""
    if session.get(Conference, conference) is None:
        raise Problem("conference-unknown")
    return session.scalars(select(table).where(table.conference == conference).order_by(table.id)).all()


def _settle(session: Session, row: Kept, edit: Edit, by: str, *seat: Any) -> Kept:  # noqa: ANN401 - conditions of SQLAlchemy
    """Close what the row corrects or succeeds, and add it."""
    now, table = utc_now(), type(row)
    if edit.corrects is not None:
        _close(session, table, row.conference, edit.corrects, now)
    standing = session.scalars(select(table).where(table.superseded_at.is_(None), *seat).order_by(table.id)).all()
    for other in standing:
        if _span(other).meets(_span(row)):
            _give_way(session, other, row, by, now)
    row.source, row.recorded_at, row.recorded_by = edit.source, now, by
    session.add(row)
    session.flush()
    return row


def _close(session: Session, table: type[Kept], conference: str, number: int, now: datetime) -> None:
    found = session.get(table, number)
    if found is None or found.conference != conference or found.superseded_at is not None:
        raise Problem("row-not-standing", Finding("row-not-standing", pointer="/corrects"))
    found.superseded_at = now
    session.flush()


def _give_way(session: Session, standing: Kept, new: Kept, by: str, now: datetime) -> None:
    """Close a standing row whose days a new one takes, and record what is left of it; raises `row-overlaps`."""
    left = None if _replaces(standing, new) else _left_of(standing, new)
    standing.superseded_at = now
    if left is not None:
        columns = {name: getattr(standing, name) for name in inspect(type(standing)).columns.keys() if name not in _BOOKKEEPING}  # noqa: SIM118
        rest = type(standing)(**{**columns, "valid_from": left.first, "valid_to": left.last})
        rest.recorded_at, rest.recorded_by = now, by
        session.add(rest)


def _replaces(standing: Kept, new: Kept) -> bool:
    """Whether a presidency with known days stands for the provisional one of its year."""
    same = isinstance(standing, Presidency) and isinstance(new, Presidency) and standing.state == new.state
    return same and _yields(standing, new)


def _left_of(standing: Kept, new: Kept) -> Span:
    old, taken = _span(standing), _span(new)
    yields = _yields(standing, new)
    left = before(old, taken) if yields or old.last is None else None
    left = after(old, taken) if left is None and yields else left
    if left is None:
        pointer = "/from" if isinstance(new, Presidency) else "/valid_from"
        raise Problem("row-overlaps", Finding("row-overlaps", pointer=pointer, params={"row": standing.id}), row=standing.id)
    return left


def _yields(standing: Kept, new: Kept) -> bool:
    return _is_provisional(standing) and not _is_provisional(new)


def _is_provisional(row: Presidency | Membership | Office) -> bool:
    return isinstance(row, Presidency) and row.provisional


def _span(row: Presidency | Membership | Office) -> Span:
    return Span(row.valid_from, row.valid_to)


def _refuse_second_membership(session: Session, row: Membership) -> None:
    elsewhere = select(Membership).where(
        Membership.state == row.state,
        Membership.conference != row.conference,
        Membership.capacity == "member",
        Membership.superseded_at.is_(None),
    )
    for other in session.scalars(elsewhere):
        if _span(other).meets(_span(row)):
            named = {"conference": other.conference}
            raise Problem("member-elsewhere", Finding("member-elsewhere", pointer="/state", params=named), headers=None, **named)


def _office(session: Session, conference: str, name: str, on: date) -> str:
    if name in _BY_RULE:
        return name
    state = _state(name, "name")
    if not is_member(session, state, conference, on):
        raise Problem("not-a-member", Finding("not-a-member", pointer="/name"))
    return state


def _state(text: str, field: str) -> str:
    state = resolve_state(text)
    if state is None:
        near = suggest(text, states())
        raise Problem("invalid-document", Finding("code-unknown", pointer=f"/{field}", params={"suggestions": near, "known": near}))
    return state


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _days(first: str | None, last: str | None) -> dict[str, date | None]:
    return {"valid_from": _date(first), "valid_to": _date(last)}
