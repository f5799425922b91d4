"""Routes of a conference's policy: read by secretariats and operators, decided by its own secretariat (contract: Routes)."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from app.access.audit import record
from app.access.callers import Caller
from app.access.once import KeepAnswer, once
from app.access.rules import Overseer, Secretariat, attempt_of
from app.core.conditional import is_fresh
from app.core.declared import CONDITIONAL, ONCE, TAGGED
from app.core.http import JsonBody, json_response, takes
from app.core.parsing import parse, read_json
from app.core.problems import Problem
from app.core.query import NoQuery
from app.directory.models import PolicyDecision
from app.directory.policies import as_policy, decide, etag_of
from app.directory.queries import conference_named
from app.directory.routes import ConferencePath, database
from app.directory.service import newest_decision
from app.wire.codes import Outcome
from app.wire.directory import Policy

router = APIRouter(prefix="/v1/conferences/{code}/policy", tags=["directory"])

BODIES = (Policy,)
"""Bodies that are read by hand, after the caller and its rights are known."""

IfMatch = Annotated[str | None, Header(max_length=200, description="the ETag of the policy that is changed")]
Nothing = Annotated[NoQuery, Query()]


@router.get("", operation_id="get_policy", response_model=Policy, responses=CONDITIONAL)
def get_policy(request: Request, caller: Overseer, code: ConferencePath, query: Nothing) -> Response:
    """The policy of a conference that is in force; each secretariat may read the other's."""
    del caller, query
    with database(request).read() as session:
        decision = newest_decision(session, conference_named(code))
        headers, shown = _headers(decision), as_policy(decision).model_dump()
    if is_fresh(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return json_response(shown, headers=headers)


@router.put("", operation_id="decide_policy", response_model=Policy, responses={200: TAGGED}, openapi_extra=takes(Policy) | ONCE)
def put_policy(
    request: Request, caller: Secretariat, code: ConferencePath, raw: JsonBody, query: Nothing, if_match: IfMatch = None
) -> Response:
    """Put a whole policy in force from the next write on, against the one that was seen; what a flow's k was, it stays."""
    del query
    conference, state = conference_named(code), request.app.state
    _require_own(caller, conference, state.settings.authored)

    def work(keep: KeepAnswer | None) -> Response:
        wanted = parse(Policy, read_json(raw))
        with database(request).write() as session:
            decision, changed = decide(session, conference, wanted, if_match, caller.client_id)
            document = (f"policy-{decision.id}", None)
            record(session, attempt_of(request), "done" if changed else Outcome.UNCHANGED.value, [document])
            response = json_response(as_policy(decision).model_dump(), headers=_headers(decision))
            if keep:
                keep(session, response)
        return response

    return once(request, db=state.db, secrets=state.secrets, keep_days=state.settings.idempotency_days, caller=caller, raw=raw, work=work)


def _require_own(caller: Caller, conference: str, authored: tuple[str, ...]) -> None:
    """Raises `not-your-conference` (403), and `not-authored-here` (403) where this node protects nothing of that conference."""
    if caller.conference != conference:
        raise Problem("not-your-conference")
    if conference not in authored:
        raise Problem("not-authored-here", conference=conference)


def _headers(decision: PolicyDecision) -> dict[str, str]:
    return {"ETag": etag_of(decision), "Cache-Control": "private, no-cache", "Vary": "Authorization"}
