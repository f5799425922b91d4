"""Who may write for whom and whom a document may name: judged before the form of a body (contract: Order of judgement)."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory import codes
from app.directory.service import is_member, offices
from app.wire.codes import TLP, Role
from app.wire.problem import Finding
from app.wire.strict_json import pointer


def conference_code(text: str) -> str:
    """A conference by its code or an input alias (CRM, CSM); other texts are given back as they are."""
    return codes.resolve_conference(text) or text


def require_conference(caller: Caller, body: object, authored: Sequence[str], at: tuple[object, ...] = ()) -> str:
    """The conference for which a caller publishes this body.

    Raises `not-your-state` (403) for another conference than the caller's, `not-authored-here` (403) where this node does not sign
    for the conference.
    """
    fields: Mapping[str, object] = body if isinstance(body, dict) else {}
    named = fields.get("conference")
    conference = conference_code(named) if isinstance(named, str) else caller.conference
    if conference != caller.conference:
        raise Problem("not-your-state", Finding("not-your-state", pointer=pointer(*at, "conference")))
    if conference not in authored:
        raise Problem("not-authored-here", conference=conference)
    return conference


def may_write_for(session: Session, caller: Caller, state: str, on: date) -> bool:
    """Whether a caller publishes for a State: a member of its conference, and for a partner its own."""
    own = caller.role is not Role.PARTNER or caller.state == state
    return own and is_member(session, state, caller.conference, on)


def audience_for(session: Session, caller: Caller, wanted: Sequence[str] | None, tlp: TLP, at: tuple[object, ...] = ()) -> list[str]:
    """The audience of a document: conferences or offices, by default every conference; empty means the origin alone.

    Raises `invalid-document` for an unknown party and `audience-not-yours` (422) where a partner's restricted document would
    leave its own conference or name nobody.
    """
    conferences = [conference.code for conference in codes.conferences()]
    parties = conferences if wanted is None else [conference_code(party) for party in wanted]
    require_known_parties(session, parties, at)
    judged = wanted is not None or tlp.rank > TLP.GREEN.rank
    outside = not parties or any(party.split("/")[0] != caller.conference for party in parties)
    if caller.role is Role.PARTNER and judged and outside:
        raise Problem("audience-not-yours", Finding("audience-not-yours", pointer=pointer(*at, "audience")))
    return sorted(set(parties))


def require_known_parties(session: Session, parties: Sequence[str], at: tuple[object, ...] = ()) -> None:
    """Raise `invalid-document` with every party of an audience that is neither a conference nor an office today."""
    shown = [conference.code for conference in codes.conferences()]
    known = {*shown, *offices(session, utc_now().date())}
    unknown = [(index, party) for index, party in enumerate(parties) if party not in known]
    faults = [
        Finding(
            "code-unknown", pointer=pointer(*at, "audience", index), params={"suggestions": codes.suggest(party, known), "known": shown}
        )
        for index, party in unknown
    ]
    if faults:
        raise Problem("invalid-document", *faults)
