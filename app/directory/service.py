"""The directory: conferences with their policy, States and memberships, seeded from the package's data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.db import insert_new
from app.core.problems import Problem
from app.directory.codes import conferences, nationalities, states
from app.directory.models import Conference, Membership, PolicyDecision, State

DEFAULT_POLICY: Mapping[str, object] = {
    "k": 5,
    "protect": "contract",
    "delta_below_k": "publish",
    "partner_release": "at_once",
    "single_officer": False,
}
"""What rules where a conference decided nothing (contract: policy)."""


@dataclass(frozen=True)
class Policy:
    """What a conference has decided for its bulletins: k of rule(k), default protection, release of partners' bulletins."""

    k: int
    protect: str
    partner_release: str


def seed(session: Session) -> None:
    """Add what the package's directory data names and the store lacks; what operators changed stays as it is."""
    names = nationalities()
    for code in sorted(states()):
        labels = names[code].labels
        insert_new(session, State, {"code": code, "name_en": labels["en"], "name_es": labels["es"], "name_pt": labels["pt"]})
    for conference in conferences():
        labels = conference.labels
        row = {"code": conference.code, "name_en": labels["en"], "name_es": labels["es"], "name_pt": labels["pt"]}
        if insert_new(session, Conference, row):
            session.add(PolicyDecision(conference=conference.code, **DEFAULT_POLICY))
            _add_memberships(session, conference.code, {"member": conference.members, "observer": conference.observers})


def _add_memberships(session: Session, conference: str, by_capacity: dict[str, tuple[str, ...]]) -> None:
    session.add_all(
        Membership(state=state, conference=conference, capacity=capacity) for capacity, listed in by_capacity.items() for state in listed
    )


def policy_of(session: Session, conference: str) -> Policy:
    """The policy of a conference; raises `conference-unknown`."""
    newest = select(PolicyDecision).where(PolicyDecision.conference == conference).order_by(PolicyDecision.id.desc()).limit(1)
    row = session.scalar(newest)
    if row is None:
        raise Problem("conference-unknown")
    return Policy(row.k, row.protect, row.partner_release)


def conference_codes(session: Session) -> list[str]:
    """Codes of the conferences that this node knows."""
    return list(session.scalars(select(Conference.code).order_by(Conference.code)))


def is_member(session: Session, state: str, conference: str, on: date) -> bool:
    """Whether a State is a *member* of a conference on a date; an observer is none, so that no count enters twice."""
    found = session.scalar(
        select(Membership.id).where(
            Membership.state == state,
            Membership.conference == conference,
            Membership.capacity == "member",
            Membership.superseded_at.is_(None),
            or_(Membership.valid_from.is_(None), Membership.valid_from <= on),
            or_(Membership.valid_to.is_(None), Membership.valid_to >= on),
        )
    )
    return found is not None


def offices(session: Session) -> frozenset[str]:
    """Every office that documents may name: a conference's secretariat and its members' offices."""
    members = session.execute(
        select(Membership.conference, Membership.state).where(Membership.capacity == "member", Membership.superseded_at.is_(None))
    ).all()
    secretariats = {f"{code}/secretariat" for code in conference_codes(session)}
    return frozenset(secretariats | {f"{conference}/{state}" for conference, state in members})
