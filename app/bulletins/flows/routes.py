"""The route of the analyst query (contract: /flows)."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.rules import BodyReader
from app.bulletins.flows import answers
from app.bulletins.flows.query import FlowQuery
from app.bulletins.flows.question import FlowQuestion, question_of
from app.bulletins.flows.serving import Given, Page, Streamed, Whole, served
from app.bulletins.flows.standing import Standing
from app.core.accepting import accepted
from app.core.db import Patience
from app.core.declared import CONDITIONAL, REFUSED, TEXT
from app.core.http import JSON
from app.core.paging import binding_of, page_size
from app.core.problems import Problem
from app.documents.edge import node_of
from app.exchange.node import Node
from app.formats.csv_text import csv_lines
from app.formats.json_page import page_json
from app.wire.flows import FlowPage

router = APIRouter(prefix="/v1/flows", tags=["flows"])

CSV = "text/csv"
_MEDIA = {"json": JSON, "csv": CSV}
_DEFAULT_LIMIT = 100
_CSV_HEADERS = {"Content-Type": f"{CSV}; charset=utf-8; header=present", "Content-Disposition": 'attachment; filename="flows.csv"'}


@dataclass(frozen=True)
class _Asking:
    """One request, judged: who asks what of which node, in which format, from where on."""

    request: Request
    node: Node
    caller: Caller
    question: FlowQuestion
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
        },
        **CONDITIONAL,
        406: REFUSED,
    },
)
async def list_flows(request: Request, caller: BodyReader, query: Annotated[FlowQuery, Query()]) -> Response:
    """Published cells as tidy rows, or their sums by group; intervals where anonymity leaves no number.

    JSON comes in pages; CSV is the whole answer unless `limit` is given.
    """
    return await served(request, caller, partial(_judged, request, caller, query))


def _judged(request: Request, caller: Caller, query: FlowQuery) -> Page | Whole:
    asking = _asking(request, caller, query)
    asked = (asking.binding, asking.after, asking.limit, asking.form)
    return Whole(asked, partial(_whole, asking)) if asking.limit is None else Page(asked, partial(_page, asking, asking.limit))


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
    return _Asking(request, node, caller, question, binding, form, after, limit)


def _page(asking: _Asking, limit: int, session: Session, stands: Standing) -> Given:
    found = answers.page(session, asking.caller, asking.question, asking.after, limit, stands)
    cursor = asking.node.cursor_seal.seal(found.position, asking.binding) if found.position else None
    if asking.form == "csv":
        return Given(b"".join(csv_lines(found.columns, found.rows)), _CSV_HEADERS, cursor, found.answered)
    items = (dict(zip(found.columns, row, strict=True)) for row in found.rows)
    return Given(page_json(items, cursor, found.total), {"Content-Type": JSON}, cursor, found.answered)


def _whole(asking: _Asking, patience: Patience) -> Streamed:
    answer = answers.whole(asking.node.db, asking.caller, asking.question, patience)
    return Streamed(csv_lines(answer.columns, answer.rows), _CSV_HEADERS, answer.answered)
