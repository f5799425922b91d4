"""The routes of what one looks at before one asks for flows: facets and coverage (contract: /flows)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.rules import BodyReader
from app.bulletins.flows import coverage, facets
from app.bulletins.flows.labels import label_of
from app.bulletins.flows.looking import CoverageQuery, FacetQuery
from app.bulletins.flows.question import FlowQuestion, question_of
from app.bulletins.flows.serving import Given, Page, Streamed, Whole, served
from app.bulletins.flows.standing import Standing
from app.core.accepting import accepted
from app.core.clock import utc_now
from app.core.db import Patience
from app.core.declared import CONDITIONAL, REFUSED, SPOKEN, TEXT
from app.core.http import JSON
from app.core.language import language_of, spoken
from app.core.paging import binding_of, page_size
from app.documents.edge import node_of
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


@router.get("/facets", operation_id="list_flow_facets", responses={200: {"model": FlowFacets, **SPOKEN}, **CONDITIONAL})
async def list_flow_facets(request: Request, caller: BodyReader, query: Annotated[FacetQuery, Query()]) -> Response:
    """Over which values the published rows that answer are spread: of each column and dimension, under all other filters.

    The rows of a value are as many as /v1/flows tells with it in place of the facet's own filter.
    """
    return await served(request, caller, partial(_facets_asked, request, caller, query))


def _facets_asked(request: Request, caller: Caller, query: FacetQuery) -> Page:
    language, names = query.lang or language_of(request), facets.names_of(query.facets)
    said = spoken(language, "Authorization")
    asked = ("facets", query.model_dump_json(exclude={"lang"}), language)
    return Page(asked, partial(_facets, caller, question_of(query.flows), names, said), said["Vary"])


def _facets(caller: Caller, question: FlowQuestion, names: tuple[str, ...], said: dict[str, str], session: Session, _: Standing) -> Given:
    found = facets.facets(session, caller, question, names)
    shown = {name: _facet(name, facet, said["Content-Language"]) for name, facet in found.by_name.items()}
    told = {"rows": found.rows, "bulletins": found.bulletins, "facets": shown}
    return Given(orjson.dumps(told), {**said, "Content-Type": JSON})


def _facet(name: str, facet: facets.Facet, language: str) -> dict[str, object]:
    values = [
        {"code": code, "label": label_of(name, code, language), "rows": rows, "bulletins": bulletins}
        for code, rows, bulletins in facet.values
    ]
    return {"values": values, "number": facet.number}


@dataclass(frozen=True)
class _Asking:
    """One request, judged: who asks on which day of which node for the coverage of what, in which format, from where on."""

    node: Node
    caller: Caller
    question: FlowQuestion
    today: date
    binding: str
    form: str
    after: list[object] | None
    limit: int | None


@router.get(
    "/coverage",
    operation_id="list_flow_coverage",
    responses={
        200: {"model": CoveragePage, "description": "A page as JSON, or every series as CSV.", "content": {_CSV: {"schema": TEXT}}},
        **CONDITIONAL,
        406: REFUSED,
    },
)
async def list_flow_coverage(request: Request, caller: BodyReader, query: Annotated[CoverageQuery, Query()]) -> Response:
    """Who reported what for which periods: what is missing, how late figures come, and whether the next are overdue today.

    JSON comes in pages; CSV is the whole answer unless `limit` is given.
    """
    return await served(request, caller, partial(_coverage_asked, request, caller, query))


def _coverage_asked(request: Request, caller: Caller, query: CoverageQuery) -> Page | Whole:
    node = node_of(request)
    form = query.format or accepted(request.headers.get("accept"), _MEDIA)
    binding = binding_of("flow-coverage", query.model_dump(exclude={"cursor", "limit", "format"}, mode="json"), caller.rights)
    after = node.cursor_seal.open(query.cursor, binding) if query.cursor else None
    everything = form == "csv" and query.limit is None and after is None
    limit = None if everything else page_size(query.limit or _DEFAULT_LIMIT, node.settings.page_limit)
    asking = _Asking(node, caller, question_of(query.flows), utc_now().date(), binding, form, after, limit)
    asked = ("coverage", binding, after, limit, form, asking.today)
    return Whole(asked, partial(_whole, asking)) if limit is None else Page(asked, partial(_page, asking, limit))


def _page(asking: _Asking, limit: int, session: Session, _: Standing) -> Given:
    found = coverage.page(session, asking.caller, asking.question, asking.today, asking.after, limit)
    cursor = asking.node.cursor_seal.seal(found.position, asking.binding) if found.position else None
    if asking.form == "csv":
        return Given(b"".join(csv_lines(_COLUMNS, map(_line, found.rows))), _CSV_HEADERS, cursor, found.answered)
    body = page_json(found.rows, cursor, found.total, today=asking.today.isoformat())
    return Given(body, {"Content-Type": JSON}, cursor, found.answered)


def _whole(asking: _Asking, patience: Patience) -> Streamed:
    pages = list(_pages(asking, patience))
    lines = (_line(row) for page in pages for row in page.rows)
    return Streamed(csv_lines(_COLUMNS, lines), _CSV_HEADERS, [read for page in pages for read in page.answered])


def _pages(asking: _Asking, patience: Patience) -> Iterator[coverage.CoveragePage]:
    """Every series, in short reads; there are never more than some thousands."""
    after = asking.after
    while True:
        with asking.node.db.read(patience) as session:
            found = coverage.page(session, asking.caller, asking.question, asking.today, after, _SERIES_A_READ)
        yield found
        if found.position is None:
            return
        after = found.position


def _line(row: dict[str, Any]) -> list[object]:
    """A row as a line of a file: lists of periods in one cell, parted by blanks."""
    return [" ".join(row[name]) if isinstance(row[name], list) else row[name] for name in _COLUMNS]
