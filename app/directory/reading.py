"""The directory read back for a day: conferences with their Troika, States with their memberships, offices with their contact data."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.problems import Problem
from app.directory import codes
from app.directory.models import Conference, Membership, Office
from app.directory.presidencies import Tenure, Troika, tenures, troika_on
from app.directory.service import conference_codes, standing_on
from app.directory.showing import contact, day_text, seat
from app.wire.problem import Finding

Json = dict[str, Any]


def conferences(session: Session) -> list[Json]:
    """Every conference with its names, in the order of their codes."""
    return [_named(row) for row in session.scalars(select(Conference).order_by(Conference.code))]


def conference_on(session: Session, code: str, on: date) -> tuple[Json, list[Finding]]:
    """A conference on a day, and what is not known of it then; raises `conference-unknown`."""
    row = session.get(Conference, code)
    if row is None:
        raise Problem("conference-unknown")
    members = _memberships(session, on, code)
    troika = troika_on(tenures(session, code), on)
    roles = {"previous": troika.previous, "current": troika.current, "next": troika.next}
    shown = {
        **_named(row),
        "on": on.isoformat(),
        **{f"{capacity}s": [each.state for each in members if each.capacity == capacity] for capacity in ("member", "observer")},
        "presidency": seat(troika.current) if troika.current else None,
        "troika": [{"role": role, **seat(tenure)} for role, tenure in roles.items() if tenure],
    }
    return shown, _unknown(code, on, troika)


def states_on(session: Session, on: date, conference: str | None) -> list[Json]:
    """The States that take part in a conference, or in any, on a day, each with all its memberships on that day."""
    by_state: dict[str, list[Membership]] = {}
    for membership in _memberships(session, on, None):
        by_state.setdefault(membership.state, []).append(membership)
    named = codes.nationalities()
    return [
        {"code": state, "labels": dict(named[state].labels), "memberships": [_taking_part(each) for each in listed]}
        for state, listed in sorted(by_state.items())
        if conference is None or any(each.conference == conference for each in listed)
    ]


def offices_on(session: Session, on: date, conference: str | None) -> list[Json]:
    """The offices of a conference, or of all, on a day: secretariat, presidency and an office of each member."""
    chosen = [code for code in conference_codes(session) if conference in {None, code}]
    known = {(row.conference, row.name): row for row in session.scalars(select(Office).where(standing_on(Office, on)))}
    shown = [office for code in chosen for office in _offices_of(session, code, on, known)]
    return sorted(shown, key=lambda office: str(office["code"]))


def _offices_of(session: Session, code: str, on: date, known: Mapping[tuple[str, str], Office]) -> list[Json]:
    current = troika_on(tenures(session, code), on).current
    members = [each.state for each in _memberships(session, on, code) if each.capacity == "member"]
    by_rule: list[tuple[str, str, Tenure | None]] = [("secretariat", "secretariat", None), ("presidency", "presidency", current)]
    shown = [_office(code, kind, name, tenure, known) for kind, name, tenure in by_rule]
    return [*shown, *(_office(code, "member", state, None, known) | {"state": state} for state in members)]


def _office(code: str, kind: str, name: str, tenure: Tenure | None, known: Mapping[tuple[str, str], Office]) -> Json:
    return {
        "code": f"{code}/{name}",
        "conference": code,
        "kind": kind,
        "labels": dict(codes.vocabulary("office").terms[kind].labels),
        "state": tenure.state if tenure else None,
        "provisional": bool(tenure and tenure.provisional),
        **contact(known.get((code, name))),
    }


def _named(row: Conference) -> Json:
    aliases = [alias for one in codes.conferences() if one.code == row.code for alias in one.aliases]
    return {"code": row.code, "aliases": aliases, "names": {"en": row.name_en, "es": row.name_es, "pt": row.name_pt}}


def _memberships(session: Session, on: date, conference: str | None) -> list[Membership]:
    asked = select(Membership).where(standing_on(Membership, on)).order_by(Membership.state, Membership.conference)
    return list(session.scalars(asked if conference is None else asked.where(Membership.conference == conference)))


def _taking_part(row: Membership) -> Json:
    days = {"valid_from": day_text(row.valid_from), "valid_to": day_text(row.valid_to)}
    return {"conference": row.conference, "capacity": row.capacity, **days}


def _unknown(code: str, on: date, troika: Troika) -> list[Finding]:
    if troika.current is None:
        return [Finding("presidency-unknown", pointer="/presidency", params={"conference": code, "on": on.isoformat()})]
    if troika.previous is None or troika.next is None:
        return [Finding("troika-incomplete", pointer="/troika", params={"conference": code, "on": on.isoformat()})]
    return []
