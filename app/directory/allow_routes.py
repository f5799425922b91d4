"""Routes of the allow-list: read by every office that writes, changed by operators, audited (contract: screening)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from app.access.audit import record
from app.access.once import KeepAnswer, once
from app.access.rules import Operator, Sender, attempt_of
from app.core.clock import rfc3339
from app.core.declared import CONDITIONAL, ONCE
from app.core.http import JsonBody, json_response, takes
from app.core.parsing import parse, read_json
from app.core.query import NoQuery, PageQuery
from app.directory.allow_list import add, added, remove
from app.directory.models import Allowed
from app.directory.pages import page
from app.directory.passing import shipped
from app.directory.routes import database
from app.wire.allow_list import AllowedDraft, AllowedEntry, AllowedPage

router = APIRouter(prefix="/v1/screening/allow-list", tags=["directory"])

BODIES = (AllowedDraft,)
"""Bodies that are read by hand, after the caller and its rights are known."""

Nothing = Annotated[NoQuery, Query()]
EntryPath = Annotated[str, Path(max_length=64, description="the entry's id")]


@router.get("", operation_id="list_allowed", response_model=AllowedPage, responses=CONDITIONAL)
def list_allowed(request: Request, caller: Sender, query: Annotated[PageQuery, Query()]) -> Response:
    """What anyone may write though it looks like an identifier or a person: what is shipped, without an id, and what operators added."""
    del caller
    with database(request).read() as session:
        rows = added(session)
    items = [*_shipped(), *(((row.kind, row.value), _shown(row)) for row in rows)]
    return page(request, query, [("\n".join(place), item) for place, item in sorted(items, key=lambda each: each[0])])


@router.post("", operation_id="add_allowed", status_code=201, response_model=AllowedEntry, openapi_extra=takes(AllowedDraft) | ONCE)
def add_allowed(request: Request, caller: Operator, raw: JsonBody, query: Nothing) -> Response:
    """Let something pass from the next text on: an institution's domain, address, host or number, or a name that is nobody's."""
    del query
    state = request.app.state

    def work(keep: KeepAnswer | None) -> Response:
        draft = parse(AllowedDraft, read_json(raw))
        with database(request).write() as session:
            row = add(session, draft, caller.client_id)
            record(session, attempt_of(request), "done", [(row.id, None)])
            response = json_response(_shown(row), status=201)
            if keep:
                keep(session, response)
        return response

    return once(request, db=state.db, secrets=state.secrets, keep_days=state.settings.idempotency_days, caller=caller, raw=raw, work=work)


@router.delete("/{entry_id}", operation_id="remove_allowed", response_model=AllowedEntry)
def remove_allowed(request: Request, caller: Operator, query: Nothing, entry_id: EntryPath) -> Response:
    """Take what an operator added off the list; answers with what it was. What was published meanwhile stays as it is."""
    del caller, query
    with database(request).write() as session:
        shown = _shown(remove(session, entry_id))
        record(session, attempt_of(request), "done", [(shown["id"], None)])
    return json_response(shown)


def _shipped() -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for (kind, value), note in shipped().items():
        yield (kind, value), {"id": None, "kind": kind, "value": value, "note": note, "added_at": None}


def _shown(row: Allowed) -> dict[str, Any]:
    return {"id": row.id, "kind": row.kind, "value": row.value, "note": row.note, "added_at": rfc3339(row.added_at)}
