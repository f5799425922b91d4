"""Clients that fit the directory: of a conference that the node knows, for a State that is its member today (contract: Parties)."""

from dataclasses import replace

from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.access.clients import Credential, NewClient, create
from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory.codes import resolve_conference, resolve_state
from app.directory.service import conference_codes, is_member
from app.wire.problem import Finding


def make_client(session: Session, wanted: NewClient, attempt: Attempt | None = None) -> Credential:
    """Create a client.

    Raises `client-invalid` where role, conference and State do not fit, `invalid-document` with `code-unknown` for a conference that
    the node does not know and `expiry-past` for an end that has passed.
    """
    conference = resolve_conference(wanted.conference) or wanted.conference
    state = (resolve_state(wanted.state) or wanted.state) if wanted.state is not None else None
    known = sorted(conference_codes(session))
    if conference not in known:
        raise Problem("invalid-document", Finding("code-unknown", pointer="/conference", params={"suggestions": [], "known": known}))
    if state is not None and not is_member(session, state, conference, utc_now().date()):
        raise Problem("client-invalid")
    if wanted.expires_at is not None and wanted.expires_at <= utc_now():
        raise Problem("invalid-document", Finding("expiry-past", pointer="/expires_at"))
    return create(session, replace(wanted, conference=conference, state=state), attempt)
