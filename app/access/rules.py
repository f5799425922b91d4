"""Access rules, declared beside the routes: `Annotated` aliases that say which roles may call (house.md: Authorization is declared)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from app.access.audit import Attempt, record_refusal
from app.access.callers import Caller, authenticate
from app.access.throttle import Throttle
from app.core.db import Database
from app.core.glance import Source
from app.core.problems import Problem
from app.wire.codes import Role

_READS = frozenset({"GET", "HEAD"})
_LONGEST_ADDRESS = 64
_NOT_KNOWN = frozenset({"unauthenticated", "invalid-client"})


class Rule:
    """Which roles may call a route; shown in the API description as `x-access`."""

    def __init__(self, *roles: Role) -> None:
        """Name the roles that pass."""
        self.roles = roles

    def __call__(self, request: Request) -> Caller:
        """Know the caller in a glance that is over before the endpoint begins (a shared read starves the pool), once a request.

        Raises `unauthenticated` (401), `role-forbidden` (403), `too-many-requests` and `too-many-failed-logins` (429).
        """
        return self.known_to(request.app.state.db, request)

    def known_to(self, source: Source, request: Request) -> Caller:
        """The same, asked of a source that is at hand."""
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is None:
            caller = _known(request, source)
        if caller.role not in self.roles:
            raise Problem("role-forbidden", role=caller.role.value)
        return caller


def _known(request: Request, source: Source) -> Caller:
    authorization = authorization_of(request)
    if authorization is None and request.method in _READS:
        raise Problem("unauthenticated")  # how a browser asks for the first time: no failed login, and no statement
    admit(request)
    with counted(request):
        caller = authenticate(source, authorization, request.app.state.settings)
    knows(request, caller)
    return caller


def authorization_of(request: Request) -> str | None:
    """The one Authorization header; none where there is none, and an empty one, which is no credential, where there are several."""
    sent = request.headers.getlist("authorization")
    return (sent[0] if len(sent) == 1 else "") if sent else None


def address_of(request: Request) -> str:
    """The address that a request comes from: the connection's, or what a trusted proxy says of it (`ISTMO_TRUSTED_PROXIES`)."""
    return (request.client.host if request.client else "")[:_LONGEST_ADDRESS]


def admit(request: Request) -> None:
    """Refuse a request unread where its client or its address asked too often (429)."""
    throttle: Throttle = request.app.state.throttle
    throttle.admit(address_of(request), authorization_of(request))


@contextmanager
def counted(request: Request) -> Iterator[None]:
    """Count what fails inside as a failed login of the address."""
    throttle: Throttle = request.app.state.throttle
    try:
        yield
    except Problem as problem:
        if problem.code in _NOT_KNOWN:
            throttle.failed(address_of(request), authorization_of(request))
        raise


def knows(request: Request, caller: Caller) -> None:
    """Keep who calls for the audit, and count the request to it; raises `too-many-requests`."""
    throttle: Throttle = request.app.state.throttle
    request.state.caller = caller
    throttle.passed(authorization_of(request), caller.client_id)


def audited(request: Request, db: Database, problem: Problem) -> Problem:
    """A refusal of a write whose audit row is written; where the store cannot take the row the answer is why."""
    try:
        record_refusal(db, attempt_of(request), problem.code)
    except Problem as unwritten:
        return unwritten
    return problem


def attempt_of(request: Request, action: str | None = None) -> Attempt:
    """The audit's view of a request: its operation, caller, id and address."""
    route = request.scope.get("route")
    name = action or getattr(route, "operation_id", None) or request.method
    address = address_of(request) or None
    return Attempt(name, getattr(request.state, "caller", None), getattr(request.state, "request_id", None), address)


Reader = Annotated[Caller, Depends(Rule(*Role))]
BodyReader = Annotated[Caller, Depends(Rule(Role.SECRETARIAT, Role.PARTNER, Role.ANALYST, Role.PEER))]
Operator = Annotated[Caller, Depends(Rule(Role.OPERATOR))]
Secretariat = Annotated[Caller, Depends(Rule(Role.SECRETARIAT))]
Overseer = Annotated[Caller, Depends(Rule(Role.SECRETARIAT, Role.OPERATOR))]
Writer = Annotated[Caller, Depends(Rule(Role.SECRETARIAT, Role.PARTNER))]
Sender = Annotated[Caller, Depends(Rule(Role.SECRETARIAT, Role.PARTNER, Role.OPERATOR))]
LogReader = Annotated[Caller, Depends(Rule(Role.OPERATOR, Role.PEER, Role.SECRETARIAT))]
Peer = Annotated[Caller, Depends(Rule(Role.PEER))]
