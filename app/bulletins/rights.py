"""Who may write what: judged before the form of a body, on the few fields that say whose figures they are (contract: Order of judgement)."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory import codes
from app.documents.rights import may_write_for, require_conference
from app.wire.problem import Finding
from app.wire.strict_json import pointer


def require_writer(session: Session, caller: Caller, body: object, authored: Sequence[str], at: tuple[object, ...] = ()) -> str:
    """The conference for which a caller publishes this body.

    Raises what `require_conference` raises, and `not-your-state` (403) for a State that is not its *member* today, and for a
    partner's other State.
    """
    conference = require_conference(caller, body, authored, at)
    text = body.get("reporting_state") if isinstance(body, dict) else None
    state = codes.resolve_state(text) if isinstance(text, str) else None
    if state is not None and not may_write_for(session, caller, state, utc_now().date()):
        raise Problem("not-your-state", Finding("not-your-state", pointer=pointer(*at, "reporting_state")))
    return conference
