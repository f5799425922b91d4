"""The policy of a conference: read whole, decided whole; every decision stays, the newest is in force (contract: policy)."""

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.conditional import require_match
from app.directory.models import PolicyDecision
from app.directory.service import lock_conference, newest_decision
from app.wire.directory import Policy


def as_policy(decision: PolicyDecision) -> Policy:
    """A decision as it crosses the wire."""
    return Policy.model_validate({name: getattr(decision, name) for name in Policy.model_fields})


def etag_of(decision: PolicyDecision) -> str:
    """The ETag of a policy: its conference and the number of its decision."""
    return f'"{decision.conference}.policy.{decision.id}"'


def decide(session: Session, conference: str, wanted: Policy, if_match: str | None, by: str) -> tuple[PolicyDecision, bool]:
    """Put a policy in force against the one that its secretariat has seen; tells too whether anything changed.

    An equal policy writes nothing.  Raises `conference-unknown`, `precondition-required` (428) and `precondition-failed` (412).
    """
    lock_conference(session, conference)
    standing = newest_decision(session, conference)
    require_match(if_match, etag_of(standing))
    if as_policy(standing) == wanted:
        return standing, False
    decision = PolicyDecision(conference=conference, decided_at=utc_now(), decided_by=by, **wanted.model_dump())
    session.add(decision)
    session.flush()
    return decision, True
