"""Routes of an office's own words for its files: read by who writes, changed by the office itself, audited (contract: /aliases)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from app.access.audit import record
from app.access.once import KeepAnswer, once
from app.access.rules import Writer, attempt_of
from app.core.clock import rfc3339
from app.core.declared import CONDITIONAL, ONCE
from app.core.http import JsonBody, json_response, takes
from app.core.parsing import parse, read_json
from app.core.query import NoQuery, PageQuery
from app.directory.aliases import add_alias, aliases_for, remove_alias
from app.directory.models import Alias
from app.directory.pages import page
from app.directory.routes import database
from app.documents.texts import read_kept
from app.wire.alias import AliasDraft, AliasEntry, AliasPage

router = APIRouter(prefix="/v1/aliases", tags=["files"])

BODIES = (AliasDraft,)
"""Bodies that are read by hand, after the caller and its rights are known."""

Nothing = Annotated[NoQuery, Query()]


@router.get("", operation_id="list_aliases", response_model=AliasPage, responses=CONDITIONAL)
def list_aliases(request: Request, caller: Writer, query: Annotated[PageQuery, Query()]) -> Response:
    """The words that count in the caller's files beside those of everyone: its office's own and its conference's secretariat's."""
    with database(request).read() as session:
        rows = aliases_for(session, caller)
    return page(request, query, [(f"{row.office}\n{row.dimension}\n{row.told}", _shown(row)) for row in rows])


@router.post("", operation_id="add_alias", status_code=201, response_model=AliasEntry, openapi_extra=takes(AliasDraft) | ONCE)
def post_alias(request: Request, caller: Writer, raw: JsonBody, query: Nothing) -> Response:
    """Let a word stand for a code in the office's files from the next one on; a secretariat's counts for all offices of its conference.

    Only words that have no meaning for everyone take one: `Congo` may become COD in the files of an office, `Chile` stays CHL.
    """
    del query
    state = request.app.state

    def work(keep: KeepAnswer | None) -> Response:
        draft = parse(AliasDraft, read_json(raw))
        read_kept(state.db, {"/label": draft.label})
        with state.db.write() as session:
            row = add_alias(session, caller, draft)
            record(session, attempt_of(request), "done", [(row.id, None)])
            response = json_response(_shown(row), status=201)
            if keep:
                keep(session, response)
        return response

    return once(request, db=state.db, secrets=state.secrets, keep_days=state.settings.idempotency_days, caller=caller, raw=raw, work=work)


@router.delete("/{entry_id}", operation_id="remove_alias", response_model=AliasEntry)
def delete_alias(
    request: Request, caller: Writer, query: Nothing, entry_id: Annotated[str, Path(max_length=64, description="the word's id")]
) -> Response:
    """Take a word of the office back; answers with what it was. What was published with it stays as it is."""
    del query
    with database(request).write() as session:
        row = remove_alias(session, caller, entry_id)
        record(session, attempt_of(request), "done", [(row.id, None)])
    return json_response(_shown(row))


def _shown(row: Alias) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in ("id", "office", "dimension", "label", "code")}
    return {**kept, "added_at": rfc3339(row.added_at)}
