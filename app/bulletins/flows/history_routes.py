"""The routes of how figures changed: revisions cell by cell, and by lag (contract: /flows/revisions)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.access.callers import Caller
from app.access.rules import BodyReader, attempt_of
from app.bulletins.flows import history, history_lags
from app.bulletins.flows.history_query import LagQuery, RevisionQuery
from app.bulletins.flows.history_rows import as_line
from app.bulletins.flows.question import FlowQuestion, question_of
from app.core.accepting import accepted
from app.core.clock import rfc3339
from app.core.conditional import answer_etag, is_fresh
from app.core.declared import CONDITIONAL, REFUSED, TEXT
from app.core.http import JSON, json_response
from app.core.paging import binding_of, page_size, unguessable
from app.documents.edge import node_of
from app.exchange.log import head
from app.exchange.node import Node
from app.exchange.noticing import highest_visible
from app.formats.csv_text import csv_lines
from app.formats.json_page import page_json
from app.wire.history import LagTable, RevisionPage

router = APIRouter(prefix="/v1/flows/revisions", tags=["flows"])

_CSV: Final = "text/csv"
_MEDIA: Final = {"json": JSON, "csv": _CSV}
_DEFAULT_LIMIT: Final = 100
_BUILD: Final = version("istmo")


def _csv_headers(name: str) -> dict[str, str]:
    return {"Content-Type": f"{_CSV}; charset=utf-8; header=present", "Content-Disposition": f'attachment; filename="{name}.csv"'}


def _responses(model: type[RevisionPage | LagTable], words: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model, "description": words, "content": {_CSV: {"schema": TEXT}}}, **CONDITIONAL, 406: REFUSED}


@dataclass(frozen=True)
class _Asking:
    """One request, judged: who asks what of which node, in which format, from where on."""

    request: Request
    node: Node
    caller: Caller
    question: FlowQuestion
    unrevised: bool
    binding: str
    form: str
    after: list[object] | None
    limit: int | None


@router.get(
    "", operation_id="list_flow_revisions", responses=_responses(RevisionPage, "A page as JSON or CSV; every row as CSV without `limit`.")
)
def list_flow_revisions(request: Request, caller: BodyReader, query: Annotated[RevisionQuery, Query()]) -> Response:
    """Of each cell that /v1/flows answers with what its bulletin said first and says now, with the reasons given between.

    One row of a bulletin that was taken back, without figures.  Withheld and pooled figures give bounds, or null where nobody knows.
    """
    asking = _asking(request, caller, query)
    etag = _etag(asking.node, caller, "flow-revisions", asking.binding, asking.after, asking.limit, asking.form)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept"}
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if asking.limit is None:
        return StreamingResponse(csv_lines(history.COLUMNS, _every(asking)), headers=headers | _csv_headers("revisions"))
    return _page(asking, asking.limit, headers)


@router.get("/lags", operation_id="list_flow_lags", responses=_responses(LagTable, "A row a series and distance, as JSON or CSV."))
def list_flow_lags(request: Request, caller: BodyReader, query: Annotated[LagQuery, Query()]) -> Response:
    """How far figures still moved, by how long after the end of their period they were known: first and intermediate against latest.

    By series, never mixed; after 1, 2, 4, 8, 13, 26, 52 and 104 weeks, and from the first publication on, whenever that was.
    """
    node = node_of(request)
    form = query.format or accepted(request.headers.get("accept"), _MEDIA)
    question = question_of(query.flows)
    etag = _etag(node, caller, "flow-lags", query.model_dump(exclude={"format"}, mode="json"), caller.rights, form)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept"}
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    with node.db.read() as session:
        rows, read = history_lags.lags(session, caller, question)
    node.read_audit.note(attempt_of(request), read)
    if form == "csv":
        return _csv(history_lags.COLUMNS, (list(row.values()) for row in rows), headers | _csv_headers("lags"))
    return json_response({"items": rows, "as_of": _as_of(question)}, headers=headers)


def _asking(request: Request, caller: Caller, query: RevisionQuery) -> _Asking:
    node = node_of(request)
    form = query.format or accepted(request.headers.get("accept"), _MEDIA)
    question = question_of(query.flows)
    binding = binding_of("flow-revisions", query.model_dump(exclude={"cursor", "limit", "format"}, mode="json"), caller.rights)
    after = node.cursor_seal.open(query.cursor, binding) if query.cursor else None
    everything = form == "csv" and query.limit is None and after is None
    limit = None if everything else page_size(query.limit or _DEFAULT_LIMIT, node.settings.page_limit)
    return _Asking(request, node, caller, question, query.unrevised, binding, form, after, limit)


def _page(asking: _Asking, limit: int, headers: dict[str, str]) -> Response:
    node, request = asking.node, asking.request
    with node.db.read() as session:
        found = history.page(session, asking.caller, asking.question, unrevised=asking.unrevised, after=asking.after, limit=limit)
    node.read_audit.note(attempt_of(request), found.answered)
    cursor = node.cursor_seal.seal(found.position, asking.binding) if found.position else None
    if cursor:
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    if asking.form == "csv":
        return _csv(history.COLUMNS, map(as_line, found.rows), headers | _csv_headers("revisions"))
    return json_response(page_json(found.rows, cursor, found.total, as_of=_as_of(asking.question)), headers=headers)


def _every(asking: _Asking) -> Iterator[list[object]]:
    attempt = attempt_of(asking.request)
    for found in history.whole(asking.node.db, asking.caller, asking.question, unrevised=asking.unrevised):
        asking.node.read_audit.note(attempt, found.answered)
        yield from map(as_line, found.rows)


def _csv(columns: Sequence[str], rows: Iterable[list[object]], headers: dict[str, str]) -> Response:
    return Response(b"".join(csv_lines(columns, rows)), headers=headers)


def _as_of(question: FlowQuestion) -> str | None:
    return rfc3339(question.as_of) if question.as_of else None


def _etag(node: Node, caller: Caller, *parts: object) -> str:
    with node.db.read() as session:
        at = head(session)
        highest = unguessable(node.cursor_seal, highest_visible(session, caller, "bulletin", at=at))
    return answer_etag(at.epoch, highest, *parts, _BUILD)
