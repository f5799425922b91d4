"""Routes of clients, for operators (contract: access); here, for a client fits a conference and its members."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.access.answers import PRIVATE, SECRET, credential, page_response, shown_to_operators
from app.access.clients import NewClient, disable, require_other_operator, rotate
from app.access.jose import public_key_of
from app.access.models import Client
from app.access.oauth import take_no_key
from app.access.rules import Operator, attempt_of
from app.core.db import Database
from app.core.declared import PLACE, REFUSED
from app.core.http import JsonBody, json_response, takes
from app.core.paging import CursorSeal, binding_of, page_size
from app.core.parsing import parse, read_json
from app.core.problems import Problem
from app.core.query import NoQuery, PageQuery, Word
from app.directory.clients import make_client
from app.directory.codes import resolve_conference, resolve_state
from app.settings import Settings
from app.wire.access import ClientCredential, ClientDraft, ClientMade, ClientPage, ClientRecord
from app.wire.codes import Role

BODIES = (ClientDraft,)
"""Bodies that are read by hand, after the caller and its rights are known."""

router = APIRouter(prefix="/v1/clients", tags=["access"])
ClientPath = Annotated[str, Path(max_length=64, description="the client's id")]
Nothing = Annotated[NoQuery, Query()]


class ClientsQuery(PageQuery):
    """Which clients are asked for."""

    role: Role | None = Field(None, description="clients of this role only")
    conference: Word | None = Field(None, description="clients of this conference only")
    state: Word | None = Field(None, description="clients of this State only, ISO 3166-1 alpha-3")
    disabled: bool | None = Field(None, description="disabled ones only, or all others")


@router.get("", operation_id="list_clients", responses={200: {"model": ClientPage}})
def list_clients(request: Request, caller: Operator, query: Annotated[ClientsQuery, Query()]) -> Response:
    """Every client with its rights, the oldest first; secrets are not among what is kept."""
    settings: Settings = request.app.state.settings
    seal: CursorSeal = request.app.state.cursor_seal
    db: Database = request.app.state.db
    limit = page_size(query.limit, settings.page_limit)
    binding = binding_of("clients", query.model_dump(exclude={"cursor", "limit"}, mode="json"), caller.rights)
    position = seal.open(query.cursor, binding) if query.cursor else None
    with db.read() as session:
        rows, total = _listed(session, query, position, limit + 1)
        page, more = [shown_to_operators(row) for row in rows[:limit]], len(rows) > limit
    cursor = seal.seal([page[-1]["created_at"], page[-1]["client_id"]], binding) if more else None
    return page_response(request, page, cursor, total)


def _listed(session: Session, query: ClientsQuery, position: list[object] | None, limit: int) -> tuple[list[Client], int]:
    wanted = _wanted(query)
    total = session.scalar(select(func.count()).select_from(Client).where(*wanted)) or 0
    after = []
    if position is not None:
        at = datetime.fromisoformat(str(position[0]))
        after = [or_(Client.created_at > at, and_(Client.created_at == at, Client.id > str(position[1])))]
    rows = session.scalars(select(Client).where(*wanted, *after).order_by(Client.created_at, Client.id).limit(limit))
    return list(rows), total


def _wanted(query: ClientsQuery) -> list[ColumnElement[bool]]:
    conference = query.conference and (resolve_conference(query.conference) or query.conference)
    state = query.state and (resolve_state(query.state) or query.state)
    asked = [(Client.role, query.role and query.role.value), (Client.conference, conference), (Client.state, state)]
    wanted: list[ColumnElement[bool]] = [column == value for column, value in asked if value is not None]
    if query.disabled is not None:
        wanted.append(Client.disabled_at.is_not(None) if query.disabled else Client.disabled_at.is_(None))
    return wanted


@router.post(
    "", operation_id="create_client", status_code=201, responses={201: {"model": ClientMade, **PLACE}}, openapi_extra=takes(ClientDraft)
)
def create_client(request: Request, caller: Operator, raw: JsonBody, query: Nothing) -> Response:
    """Create a client; its secret and API key are in this answer and nowhere else."""
    del caller, query
    take_no_key(request)
    wanted = wanted_client(parse(ClientDraft, read_json(raw)))
    db: Database = request.app.state.db
    with db.write() as session:
        made = make_client(session, wanted, attempt_of(request))
        shown = shown_to_operators(session.get_one(Client, made.client_id))
    location = {"Location": f"/v1/clients/{made.client_id}"}
    return json_response({**shown, "secret": made.secret, "api_key": made.api_key}, status=201, headers={**SECRET, **location})


def wanted_client(draft: ClientDraft) -> NewClient:
    """What a client is to be, from what was sent; raises `invalid-document` for a key that is no public one of P-256."""
    expires = datetime.fromisoformat(draft.expires_at) if draft.expires_at else None
    key = public_key_of(draft.public_key) if draft.public_key is not None else None
    return NewClient(draft.role, draft.conference, draft.state, draft.ceiling, draft.person, draft.name, expires, key)


@router.get("/{client_id}", operation_id="get_client", responses={200: {"model": ClientRecord}})
def get_client(request: Request, caller: Operator, query: Nothing, client_id: ClientPath) -> Response:
    """One client with its rights."""
    del caller, query
    db: Database = request.app.state.db
    with db.read() as session:
        client = session.get(Client, client_id) if client_id.isprintable() else None
        if client is None:
            raise Problem("client-unknown")
        return json_response(shown_to_operators(client), headers=PRIVATE)


@router.post("/{client_id}/rotate", operation_id="rotate_client", responses={200: {"model": ClientCredential}})
def rotate_client(request: Request, caller: Operator, query: Nothing, client_id: ClientPath) -> Response:
    """Give a client a new secret; every older one and every access token of it is refused from the next request on."""
    del caller, query
    take_no_key(request)
    db: Database = request.app.state.db
    with db.write() as session:
        made = rotate(session, client_id, attempt_of(request))
    return json_response(credential(made), headers=SECRET)


@router.post("/{client_id}/disable", operation_id="disable_client", responses={200: {"model": ClientRecord}, 409: REFUSED})
def disable_client(request: Request, caller: Operator, query: Nothing, client_id: ClientPath) -> Response:
    """Refuse a client from its next request on; the last operator cannot be disabled here, on the node itself it can."""
    del caller, query
    take_no_key(request)
    db: Database = request.app.state.db
    with db.write() as session:
        require_other_operator(session, client_id)
        shown = shown_to_operators(disable(session, client_id, attempt_of(request)))
    return json_response(shown, headers=PRIVATE)
