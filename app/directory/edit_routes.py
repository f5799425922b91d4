"""Routes of the directory's edits and their history; an operator's edit is audited in its own transaction (contract: Routes)."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.access.audit import record
from app.access.callers import Caller
from app.access.once import KeepAnswer, once
from app.access.rules import Operator, Overseer, attempt_of
from app.core.declared import CONDITIONAL, ONCE
from app.core.http import JsonBody, json_response, takes
from app.core.parsing import parse, read_json
from app.core.query import NoQuery, PageQuery
from app.directory.edits import add_membership, add_office, add_presidency, history
from app.directory.models import Membership, Office, Presidency
from app.directory.pages import page
from app.directory.queries import conference_named
from app.directory.routes import ConferencePath, database
from app.directory.showing import membership_row, office_row, presidency_row
from app.wire.directory import (
    Edit,
    MembershipEdit,
    MembershipPage,
    MembershipRow,
    OfficeEdit,
    OfficeHistoryPage,
    OfficeRow,
    PresidencyEdit,
    PresidencyPage,
    PresidencyRow,
)

router = APIRouter(prefix="/v1/conferences/{code}", tags=["directory"])

BODIES = (PresidencyEdit, MembershipEdit, OfficeEdit)
"""Bodies that are read by hand, after the caller and its rights are known."""

Nothing = Annotated[NoQuery, Query()]
Pages = Annotated[PageQuery, Query()]
Wanted = TypeVar("Wanted", bound=Edit)
Kept = TypeVar("Kept", Presidency, Membership, Office)


@router.get("/presidencies", operation_id="list_presidencies", response_model=PresidencyPage, responses=CONDITIONAL)
def list_presidencies(request: Request, caller: Overseer, code: ConferencePath, query: Pages) -> Response:
    """Every presidency as it was recorded, corrected ones too."""
    del caller
    return _history(request, code, query, Presidency, presidency_row)


@router.post(
    "/presidencies",
    operation_id="add_presidency",
    status_code=201,
    response_model=PresidencyRow,
    openapi_extra=takes(PresidencyEdit) | ONCE,
)
def post_presidency(request: Request, caller: Operator, code: ConferencePath, raw: JsonBody, query: Nothing) -> Response:
    """Record who presides from a day on; `corrects` names the row whose place it takes, which stays in the history."""
    del query
    return _add(request, caller, code, raw, PresidencyEdit, add_presidency, presidency_row)


@router.get("/memberships", operation_id="list_memberships", response_model=MembershipPage, responses=CONDITIONAL)
def list_memberships(request: Request, caller: Overseer, code: ConferencePath, query: Pages) -> Response:
    """Every membership as it was recorded, corrected ones too."""
    del caller
    return _history(request, code, query, Membership, membership_row)


@router.post(
    "/memberships", operation_id="add_membership", status_code=201, response_model=MembershipRow, openapi_extra=takes(MembershipEdit) | ONCE
)
def post_membership(request: Request, caller: Operator, code: ConferencePath, raw: JsonBody, query: Nothing) -> Response:
    """Record in which capacity a State takes part from a day on; one that ends is corrected by a row with its last day."""
    del query
    return _add(request, caller, code, raw, MembershipEdit, add_membership, membership_row)


@router.get("/offices", operation_id="list_office_history", response_model=OfficeHistoryPage, responses=CONDITIONAL)
def list_office_history(request: Request, caller: Overseer, code: ConferencePath, query: Pages) -> Response:
    """Contact data of offices as they were recorded, corrected ones too."""
    del caller
    return _history(request, code, query, Office, office_row)


@router.post("/offices", operation_id="add_office", status_code=201, response_model=OfficeRow, openapi_extra=takes(OfficeEdit) | ONCE)
def post_office(request: Request, caller: Operator, code: ConferencePath, raw: JsonBody, query: Nothing) -> Response:
    """Record the contact data of an office from a day on."""
    del query
    return _add(request, caller, code, raw, OfficeEdit, add_office, office_row)


def _history(request: Request, code: str, query: PageQuery, table: type[Kept], show: Callable[[Kept], dict[str, Any]]) -> Response:
    with database(request).read() as session:
        rows: Sequence[Kept] = history(session, table, conference_named(code))
    return page(request, query, [(row.id, show(row)) for row in rows])


def _add(
    request: Request,
    caller: Caller,
    code: str,
    raw: bytes,
    model: type[Wanted],
    add: Callable[[Session, str, Wanted, str], Kept],
    show: Callable[[Kept], dict[str, Any]],
) -> Response:
    conference, state = conference_named(code), request.app.state

    def work(keep: KeepAnswer | None) -> Response:
        edit = parse(model, read_json(raw))
        with database(request).write() as session:
            row = add(session, conference, edit, caller.client_id)
            record(session, attempt_of(request), "done", [(f"{row.__tablename__}-{row.id}", None)])
            response = json_response(show(row), status=201)
            if keep:
                keep(session, response)
        return response

    return once(request, db=state.db, secrets=state.secrets, keep_days=state.settings.idempotency_days, caller=caller, raw=raw, work=work)
