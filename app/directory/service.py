"""The directory: conferences with their policy, States, memberships and presidencies, seeded from the package's data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.core.db import insert_new
from app.core.problems import Problem
from app.directory import codes
from app.directory.models import Conference, Membership, Office, PolicyDecision, Presidency, State

DEFAULT_POLICY: Mapping[str, object] = {
    "k": 5,
    "protect": "contract",
    "delta_below_k": "publish",
    "partner_release": "at_once",
    "single_officer": False,
}
"""What rules where a conference decided nothing (contract: policy)."""


MINORS_ALONE_K = 10
"""The least k where a table tells who of the minors travels alone (guarantees 1)."""


@dataclass(frozen=True)
class Policy:
    """What a conference has decided for its bulletins: k of rule(k), default protection, small differences, release of partners' bulletins."""

    k: int
    protect: str
    delta_below_k: str
    partner_release: str


def seed(session: Session) -> None:
    """Add what the package's directory data names and the store lacks; what operators changed stays as it is."""
    names, stored = codes.nationalities(), set(session.scalars(select(State.code)))
    for code in sorted(codes.states() - stored):
        labels = names[code].labels
        insert_new(session, State, {"code": code, "name_en": labels["en"], "name_es": labels["es"], "name_pt": labels["pt"]})
    for conference in codes.conferences():
        labels = conference.labels
        row = {"code": conference.code, "name_en": labels["en"], "name_es": labels["es"], "name_pt": labels["pt"]}
        if insert_new(session, Conference, row):
            session.add(PolicyDecision(conference=conference.code, **DEFAULT_POLICY))
            _add_memberships(session, conference.code, {"member": conference.members, "observer": conference.observers})
        _seed_presidencies(session, conference)


def _add_memberships(session: Session, conference: str, by_capacity: dict[str, tuple[str, ...]]) -> None:
    session.add_all(
        Membership(state=state, conference=conference, capacity=capacity) for capacity, listed in by_capacity.items() for state in listed
    )


def _seed_presidencies(session: Session, conference: codes.Conference) -> None:
    # Stores of the release before have conferences and no presidency. The lock keeps two seeds at once from both finding none.
    lock_conference(session, conference.code)
    if session.scalar(select(Presidency.id).where(Presidency.conference == conference.code).limit(1)) is not None:
        return
    session.add_all(
        Presidency(
            conference=conference.code,
            state=one.state,
            valid_from=date(one.year, 1, 1),
            valid_to=date(one.year, 12, 31),
            provisional=True,
            source=one.source,
        )
        for one in conference.presidencies
        if one.verified
    )


def lock_conference(session: Session, code: str) -> Conference:
    """A conference, locked for the rest of the transaction, so that what is judged beside others is judged alone; raises `conference-unknown`."""
    found = session.scalar(select(Conference).where(Conference.code == code).with_for_update())
    if found is None:
        raise Problem("conference-unknown")
    return found


def newest_decision(session: Session, conference: str) -> PolicyDecision:
    """The decision on a conference's policy that is in force; raises `conference-unknown`."""
    newest = select(PolicyDecision).where(PolicyDecision.conference == conference).order_by(PolicyDecision.id.desc()).limit(1)
    row = session.scalar(newest)
    if row is None:
        raise Problem("conference-unknown")
    return row


def policy_of(session: Session, conference: str) -> Policy:
    """The policy of a conference; raises `conference-unknown`."""
    row = newest_decision(session, conference)
    return Policy(row.k, row.protect, row.delta_below_k, row.partner_release)


def k_for(decided: int, dimensions: Iterable[str]) -> int:
    """The k of a table: the one decided for its flow, at least 10 where a dimension is tagged `minors_alone` in the vocabulary."""
    terms = codes.vocabulary("dimension").terms
    return max(decided, *(MINORS_ALONE_K for name in dimensions if terms[name].attributes.get("minors_alone")), 0)


def conference_codes(session: Session) -> list[str]:
    """Codes of the conferences that this node knows."""
    return list(session.scalars(select(Conference.code).order_by(Conference.code)))


def standing_on(table: type[Membership | Office | Presidency], on: date) -> ColumnElement[bool]:
    """Whether a row of the directory counts on a day: it was not corrected, and the day lies between its first and its last."""
    begun: Any = or_(table.valid_from.is_(None), table.valid_from <= on)
    lasts: Any = or_(table.valid_to.is_(None), table.valid_to >= on)
    return and_(table.superseded_at.is_(None), begun, lasts)


def is_member(session: Session, state: str, conference: str, on: date) -> bool:
    """Whether a State is a *member* of a conference on a date; an observer is none, so that no count enters twice."""
    found = session.scalar(
        select(Membership.id).where(
            Membership.state == state,
            Membership.conference == conference,
            Membership.capacity == "member",
            standing_on(Membership, on),
        )
    )
    return found is not None


def members_of(session: Session, conference: str, on: date) -> frozenset[str]:
    """The States that are *members* of a conference on a date."""
    asked = select(Membership.state).where(
        Membership.conference == conference, Membership.capacity == "member", standing_on(Membership, on)
    )
    return frozenset(session.scalars(asked))


def offices(session: Session, on: date) -> frozenset[str]:
    """Every office that documents may name on a date: a conference's secretariat and the offices of those who are its members then."""
    members = session.execute(
        select(Membership.conference, Membership.state).where(Membership.capacity == "member", standing_on(Membership, on))
    ).all()
    secretariats = {f"{code}/secretariat" for code in conference_codes(session)}
    return frozenset(secretariats | {f"{conference}/{state}" for conference, state in members})
