"""Access rules, declared beside the routes: `Annotated` aliases that say which roles may call (house.md: Authorization is declared)."""

from typing import Annotated

from fastapi import Depends, Request

from app.access.audit import Attempt, record_refusal
from app.access.callers import Caller, authenticate
from app.core.db import Database
from app.core.problems import Problem
from app.wire.codes import Role


class Rule:
    """Which roles may call a route; shown in the API description as `x-access`."""

    def __init__(self, *roles: Role) -> None:
        """Name the roles that pass."""
        self.roles = roles

    def __call__(self, request: Request) -> Caller:
        """Know the caller, in a read of its own that is over before the endpoint begins (a shared one starves the pool).

        Raises `unauthenticated` (401) and `role-forbidden` (403).
        """
        db: Database = request.app.state.db
        with db.read() as session:
            caller = authenticate(session, request.headers.get("authorization"))
        request.state.caller = caller
        if caller.role not in self.roles:
            raise Problem("role-forbidden", role=caller.role.value)
        return caller


def audited(request: Request, db: Database, problem: Problem) -> Problem:
    """A refusal of a write whose audit row is written; where the store cannot take the row the answer is that it is busy."""
    try:
        record_refusal(db, attempt_of(request), problem.code)
    except Problem as unwritten:
        return unwritten
    return problem


def attempt_of(request: Request, action: str | None = None) -> Attempt:
    """The audit's view of a request: its operation, caller, id and address."""
    route = request.scope.get("route")
    name = action or getattr(route, "operation_id", None) or request.method
    address = request.client.host if request.client else None
    return Attempt(name, getattr(request.state, "caller", None), getattr(request.state, "request_id", None), address)


Reader = Annotated[Caller, Depends(Rule(*Role))]
BodyReader = Annotated[Caller, Depends(Rule(Role.SECRETARIAT, Role.PARTNER, Role.ANALYST, Role.PEER))]
Operator = Annotated[Caller, Depends(Rule(Role.OPERATOR))]
Secretariat = Annotated[Caller, Depends(Rule(Role.SECRETARIAT))]
Overseer = Annotated[Caller, Depends(Rule(Role.SECRETARIAT, Role.OPERATOR))]
Writer = Annotated[Caller, Depends(Rule(Role.SECRETARIAT, Role.PARTNER))]
