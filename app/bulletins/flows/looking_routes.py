"""The routes of what one looks at before one asks for flows: facets and coverage (contract: /flows)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.access.audit import Attempt
from app.access.callers import Caller
from app.access.rules import BodyReader, attempt_of
from app.bulletins.flows import coverage, facets
from app.bulletins.flows.labels import label_of
from app.bulletins.flows.looking import CoverageQuery, FacetQuery
from app.bulletins.flows.question import FlowQuestion, question_of
from app.core.accepting import accepted
from app.core.clock import utc_now
from app.core.conditional import answer_etag, is_fresh
from app.core.declared import CONDITIONAL, REFUSED, SPOKEN, TEXT
from app.core.http import JSON, json_response
from app.core.language import language_of, spoken
from app.core.paging import binding_of, page_size, unguessable
from app.documents.edge import node_of
from app.exchange.log import head, highest_visible
from app.exchange.node import Node
from app.formats.csv_text import csv_lines
from app.formats.json_page import page_json
from app.wire.flows import CoveragePage, CoverageRow, FlowFacets

router = APIRouter(prefix="/v1/flows", tags=["flows"])

_CSV: Final = "text/csv"
_MEDIA: Final = {"json": JSON, "csv": _CSV}
_DEFAULT_LIMIT: Final = 100
_SERIES_A_READ: Final = 200
_CSV_HEADERS: Final = {
    "Content-Type": f"{_CSV}; charset=utf-8; header=present",
    "Content-Disposition": 'attachment; filename="coverage.csv"',
}
_COLUMNS: Final = tuple(CoverageRow.model_fields)
_BUILD: Final = version("istmo")


@router.get("/facets", operation_id="list_flow_facets", responses={200: {"model": FlowFacets, **SPOKEN}, **CONDITIONAL})
def list_flow_facets(request: Request, caller: BodyReader, query: Annotated[FacetQuery, Query()]) -> Response:
    """Over which values the published rows that answer are spread: of each column and dimension, under all other filters.

    The rows of a value are as many as /v1/flows tells with it in place of the facet's own filter.
    """
    node, language = node_of(request), query.lang or language_of(request)
    question, names = question_of(query.flows), facets.names_of(query.facets)
    etag = _etag(node, caller, "flow-facets", query.model_dump(mode="json"), caller.rights, language)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", **spoken(language, "Authorization")}
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    with node.db.read() as session:
        found = facets.facets(session, caller, question, names)
    shown = {name: _facet(name, facet, language) for name, facet in found.by_name.items()}
    return json_response({"rows": found.rows, "bulletins": found.bulletins, "facets": shown}, headers=headers)


def _facet(name: str, facet: facets.Facet, language: str) -> dict[str, object]:
    values = [
        {"code": code, "label": label_of(name, code, language), "rows": rows, "bulletins": bulletins}
        for code, rows, bulletins in facet.values
    ]
    return {"values": values, "number": facet.number}


def _etag(node: Node, caller: Caller, *parts: object) -> str:
    with node.db.read() as session:
        at = head(session)
        highest = unguessable(node.cursor_seal, highest_visible(session, caller, "bulletin", at=at))
    return answer_etag(at.epoch, highest, *parts, _BUILD)


@dataclass(frozen=True)
class _Asking:
    """One request, judged: who asks on which day of which node for the coverage of what, in which format, from where on."""

    node: Node
    caller: Caller
    attempt: Attempt
    question: FlowQuestion
    today: date
    binding: str
    form: str
    after: list[object] | None
    limit: int | None

    def page(self, after: list[object] | None, limit: int) -> coverage.CoveragePage:
        with self.node.db.read() as session:
            found = coverage.page(session, self.caller, self.question, self.today, after, limit)
        self.node.read_audit.note(self.attempt, found.answered)
        return found


@router.get(
    "/coverage",
    operation_id="list_flow_coverage",
    responses={
        200: {"model": CoveragePage, "description": "A page as JSON, or every series as CSV.", "content": {_CSV: {"schema": TEXT}}},
        **CONDITIONAL,
        406: REFUSED,
    },
)
def list_flow_coverage(request: Request, caller: BodyReader, query: Annotated[CoverageQuery, Query()]) -> Response:
    """Who reported what for which periods: what is missing, how late figures come, and whether the next are overdue today.

    JSON comes in pages; CSV is the whole answer unless `limit` is given.
    """
    asking = _asking(request, caller, query)
    node, limit = asking.node, asking.limit
    etag = _etag(node, caller, "flow-coverage", asking.binding, asking.after, limit, asking.form, asking.today)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept"}
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    found = asking.page(asking.after, limit or _SERIES_A_READ)
    if limit is None:
        return StreamingResponse(csv_lines(_COLUMNS, _every(asking, found)), headers=headers | _CSV_HEADERS)
    cursor = node.cursor_seal.seal(found.position, asking.binding) if found.position else None
    if cursor:
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    if asking.form == "csv":
        return Response(b"".join(csv_lines(_COLUMNS, map(_line, found.rows))), headers=headers | _CSV_HEADERS)
    return json_response(page_json(found.rows, cursor, found.total, today=asking.today.isoformat()), headers=headers)


def _asking(request: Request, caller: Caller, query: CoverageQuery) -> _Asking:
    node = node_of(request)
    form = query.format or accepted(request.headers.get("accept"), _MEDIA)
    binding = binding_of("flow-coverage", query.model_dump(exclude={"cursor", "limit", "format"}, mode="json"), caller.rights)
    after = node.cursor_seal.open(query.cursor, binding) if query.cursor else None
    everything = form == "csv" and query.limit is None and after is None
    limit = None if everything else page_size(query.limit or _DEFAULT_LIMIT, node.settings.page_limit)
    return _Asking(node, caller, attempt_of(request), question_of(query.flows), utc_now().date(), binding, form, after, limit)


def _every(asking: _Asking, found: coverage.CoveragePage) -> Iterator[list[object]]:
    yield from map(_line, found.rows)
    while found.position is not None:
        found = asking.page(found.position, _SERIES_A_READ)
        yield from map(_line, found.rows)


def _line(row: dict[str, Any]) -> list[object]:
    """A row as a line of a file: lists of periods in one cell, parted by blanks."""
    return [" ".join(row[name]) if isinstance(row[name], list) else row[name] for name in _COLUMNS]
