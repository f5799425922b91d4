"""The route of the analyst query (contract: /flows)."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.access.callers import Caller
from app.access.rules import BodyReader, attempt_of
from app.bulletins.flows import answers
from app.bulletins.flows.query import FlowQuery
from app.bulletins.flows.question import FlowQuestion, question_of
from app.bulletins.flows.warnings import told, warnings_of
from app.core.accepting import accepted
from app.core.clock import rfc3339
from app.core.conditional import answer_etag, is_fresh
from app.core.declared import CONDITIONAL, REFUSED, SPOKEN, TEXT
from app.core.http import JSON, json_response
from app.core.language import language_of, spoken
from app.core.paging import binding_of, page_size, unguessable
from app.core.problems import Problem
from app.documents.edge import node_of
from app.exchange.log import head, highest_visible
from app.exchange.node import Node
from app.formats.csv_text import csv_lines
from app.formats.json_page import page_json
from app.wire.flows import FlowPage

router = APIRouter(prefix="/v1/flows", tags=["flows"])

CSV = "text/csv"
_MEDIA = {"json": JSON, "csv": CSV}
_DEFAULT_LIMIT = 100
_CSV_HEADERS = {"Content-Type": f"{CSV}; charset=utf-8; header=present", "Content-Disposition": 'attachment; filename="flows.csv"'}
_BUILD = version("istmo")


@dataclass(frozen=True)
class _Asking:
    """One request, judged: who asks what of which node, in which language and format, from where on."""

    request: Request
    node: Node
    caller: Caller
    question: FlowQuestion
    language: str
    binding: str
    form: str
    after: list[object] | None
    limit: int | None


@router.get(
    "",
    operation_id="list_flows",
    responses={
        200: {
            "model": FlowPage,
            "description": "Rows or groups, a page as JSON or all of them as CSV.",
            "content": {CSV: {"schema": TEXT}},
            **SPOKEN,
        },
        **CONDITIONAL,
        406: REFUSED,
    },
)
def list_flows(request: Request, caller: BodyReader, query: Annotated[FlowQuery, Query()]) -> Response:
    """Published cells as tidy rows, or their sums by group; intervals where anonymity leaves no number.

    JSON comes in pages; CSV is the whole answer unless `limit` is given.
    """
    asking = _asking(request, caller, query)
    with asking.node.db.read() as session:
        at = head(session)
        highest = unguessable(asking.node.cursor_seal, highest_visible(session, caller, "bulletin", at=at))
    etag = answer_etag("flows", at.epoch, highest, asking.binding, asking.after, asking.limit, asking.form, asking.language, _BUILD)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", **spoken(asking.language, "Authorization", "Accept")}
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return _whole_csv(asking, headers) if asking.limit is None else _page(asking, asking.limit, headers)


def _asking(request: Request, caller: Caller, query: FlowQuery) -> _Asking:
    node = node_of(request)
    form = query.format or accepted(request.headers.get("accept"), _MEDIA)
    if form not in _MEDIA:
        raise Problem("not-acceptable", headers={"Vary": "Accept"}, known=list(_MEDIA.values()))
    question = question_of(query)
    # The format and the limit are not part of what a cursor is bound to: a reader may go on in another one.
    asked = query.model_dump(exclude={"cursor", "limit", "format"}, mode="json")
    binding = binding_of("flows", asked, caller.rights)
    after = node.cursor_seal.open(query.cursor, binding) if query.cursor else None
    everything = form == "csv" and query.limit is None and after is None
    limit = None if everything else page_size(query.limit or _DEFAULT_LIMIT, node.settings.page_limit)
    return _Asking(request, node, caller, question, query.lang or language_of(request), binding, form, after, limit)


def _page(asking: _Asking, limit: int, headers: dict[str, str]) -> Response:
    node, request = asking.node, asking.request
    with node.db.read() as session:
        found = answers.page(session, asking.caller, asking.question, asking.after, limit)
        warned = warnings_of(session, asking.caller, asking.question) if asking.form == "json" else []
    node.read_audit.note(attempt_of(request), found.answered)
    cursor = node.cursor_seal.seal(found.position, asking.binding) if found.position else None
    if cursor:
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    if asking.form == "csv":
        return Response(b"".join(csv_lines(found.columns, found.rows)), headers=headers | _CSV_HEADERS)
    items = (dict(zip(found.columns, row, strict=True)) for row in found.rows)
    as_of = rfc3339(asking.question.as_of) if asking.question.as_of else None
    also = {"warnings": told(warned, asking.language), "as_of": as_of}
    return json_response(page_json(items, cursor, found.total, **also), headers=headers)


def _whole_csv(asking: _Asking, headers: dict[str, str]) -> Response:
    answer = answers.whole(asking.node.db, asking.caller, asking.question)
    asking.node.read_audit.note(attempt_of(asking.request), answer.answered)
    return StreamingResponse(csv_lines(answer.columns, answer.rows), headers=headers | _CSV_HEADERS)
