"""The route of the analyst query (contract: /flows)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.rules import BodyReader
from app.bulletins.flows import answers, export
from app.bulletins.flows.columns import columns_of
from app.bulletins.flows.export import CSV, MEDIA, Sheet
from app.bulletins.flows.notes import Telling
from app.bulletins.flows.query import FlowQuery
from app.bulletins.flows.question import FlowQuestion, question_of
from app.bulletins.flows.recalling import Recalled, RecallingRoute, remember
from app.bulletins.flows.serving import Asked, Given, Page, Streamed, Whole, served
from app.bulletins.flows.showing import View, view_of
from app.bulletins.flows.sources import Source, places_in, sources_in, sources_of
from app.bulletins.flows.standing import NOWHERE, Standing, key_of, within
from app.bulletins.flows.warnings import Warned, told, warnings_of
from app.bulletins.flows.whole import WholeAnswer, whole
from app.core.accepting import accepted
from app.core.clock import rfc3339
from app.core.db import Patience
from app.core.declared import CONDITIONAL, FILE, REFUSED, TEXT
from app.core.language import language_of, spoken
from app.core.paging import binding_of, page_size
from app.core.problems import Problem
from app.documents.edge import node_of
from app.exchange.node import Node
from app.formats.json_page import page_json
from app.wire.flows import FlowPage
from app.wire.problem import Finding

router = APIRouter(prefix="/v1/flows", tags=["flows"], route_class=RecallingRoute)

_DEFAULT_LIMIT = 100
_WARNING_BYTES = 500
SHOWN = ("fields", "labels", "lang", "excel")
"""Parameters of how rows are shown, whatever rows they are."""
_LINE = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("FlowRow", "FlowGroup", "FlowChosen")]}


@dataclass(frozen=True)
class _Asking:
    """One request, judged: who asks what of which node, in which format and language, from where on."""

    node: Node
    caller: Caller
    query: FlowQuery
    question: FlowQuestion
    binding: str
    form: str
    language: str
    after: list[object] | None
    limit: int | None

    @property
    def said(self) -> dict[str, str]:
        """The headers of the answer's language, and what the answer depends on; no language where no word is part of it."""
        varies = ("Authorization", "Accept")
        is_spoken = self.query.labels != "code" or self.form in {"xlsx", "json"}
        return spoken(self.language, *varies) if is_spoken else {"Vary": ", ".join(varies)}

    @property
    def as_of(self) -> str | None:
        """The moment that is asked for."""
        return rfc3339(self.question.as_of) if self.question.as_of else None

    @property
    def names_places(self) -> bool:
        """Whether names of places on routes are part of the answer."""
        shown = self.query.fields or columns_of(self.question.group_by)
        return "route_point" in shown and (self.query.labels != "code" or self.form == "xlsx")

    def telling(self, total: int, sources: Sequence[Source], warned: Sequence[Warned]) -> Telling:
        """What a file says of the answer."""
        given = self.query.model_dump(mode="json", exclude={"cursor", "format", "excel"}, exclude_unset=True)
        return Telling(given, self.as_of, total, sources, told(warned, self.language), self.language)

    @property
    def asked(self) -> Asked:
        """All that decides the answer's bytes beside the store."""
        shown = self.query.model_dump_json(include=set(SHOWN))
        return self.binding, self.after, self.limit, self.form, shown, self.said.get("Content-Language")


@router.get(
    "",
    operation_id="list_flows",
    responses={
        200: {
            "model": FlowPage,
            "description": "Rows or groups, a page as JSON or all of them as a file.",
            "content": {
                CSV: {"schema": TEXT},
                MEDIA["ndjson"]: {"schema": _LINE, "x-lines": True},
                MEDIA["xlsx"]: {"schema": FILE},
                MEDIA["parquet"]: {"schema": FILE},
            },
        },
        **CONDITIONAL,
        406: REFUSED,
    },
)
async def list_flows(request: Request, caller: BodyReader, query: Annotated[FlowQuery, Query()]) -> Response:
    """Published cells as tidy rows, or their sums by group; intervals where anonymity leaves no number.

    JSON comes in pages; NDJSON, CSV, XLSX and Parquet are the whole answer unless `limit` is given.  `Istmo-Total` says how many rows
    the whole answer has before the first of them comes; an answer that could not be sent to its end ends without its last chunk.
    """
    return await served(request, caller, partial(_judged, request, caller, query))


def _judged(request: Request, caller: Caller, query: FlowQuery) -> Page | Whole:
    asking = _asking(request, caller, query)
    vary = asking.said["Vary"]
    about = within(asking.question)
    remember(request, caller, Recalled(asking.asked, vary, about))
    if asking.limit is None:
        return Whole(asking.asked, partial(_whole, asking), vary, about)
    return Page(asking.asked, partial(_page, asking, asking.limit), vary, about)


def _asking(request: Request, caller: Caller, query: FlowQuery) -> _Asking:
    node = node_of(request)
    form = _form(request, query)
    question = question_of(query)
    # How rows are shown is not part of what a cursor is bound to: a reader may go on in another format.
    asked = query.model_dump(exclude={"cursor", "limit", "format", *SHOWN}, mode="json")
    binding = binding_of("flows", asked, caller.rights)
    after = node.cursor_seal.open(query.cursor, binding) if query.cursor else None
    everything = form != "json" and query.limit is None and after is None
    limit = None if everything else page_size(query.limit or _DEFAULT_LIMIT, node.settings.page_limit)
    return _Asking(node, caller, query, question, binding, form, query.lang or language_of(request), after, limit)


def _form(request: Request, query: FlowQuery) -> str:
    """The format: the one that is named, CSV for `excel`, else what Accept asks for."""
    offered = export.offered()
    form = query.format or ("csv" if query.excel else None) or accepted(request.headers.get("accept"), offered)
    if form not in offered:
        raise Problem("not-acceptable", headers={"Vary": "Accept"}, known=list(offered.values()))
    if query.excel and form != "csv":
        raise Problem("invalid-query", Finding("excel-without-csv", pointer="excel"))
    return form


def _page(asking: _Asking, limit: int, session: Session, stands: Standing) -> Given:
    caller, question = asking.caller, asking.question
    found = answers.page(session, caller, question, asking.after, limit, stands)
    cursor = asking.node.cursor_seal.seal(found.position, asking.binding) if found.position else None
    answer = WholeAnswer(found.columns, iter([found.rows]), found.total, found.answered)
    warned = _warned(asking, session, stands) if asking.form in {"json", "xlsx"} else []
    sources = sources_in(session, caller, found.answered) if asking.form == "xlsx" else []
    places = places_in(session, caller, question) if asking.names_places else {}
    headers = asking.said | export.headers_of(asking.form, found.total)
    if asking.form != "json":
        sheet = _sheet(asking, answer, places, asking.telling(answer.total, sources, warned))
        return Given(b"".join(export.pieces(asking.form, sheet, asking.query.excel)), headers, cursor, found.answered)
    view = _view(asking, found.columns, places)
    items = (dict(zip(view.columns, row, strict=True)) for row in view.of(found.rows))
    also = {"warnings": told(warned, asking.language), "as_of": asking.as_of}
    return Given(page_json(items, cursor, found.total, **also), headers, cursor, found.answered)


def _warned(asking: _Asking, session: Session, stands: Standing = NOWHERE) -> list[Warned]:
    about = ("warnings", key_of(replace(asking.question, sort=())))
    make = partial(warnings_of, session, asking.caller, asking.question, stands)
    return stands.once(list, about, make, lambda made: _WARNING_BYTES * (1 + len(made)))


def _whole(asking: _Asking, patience: Patience) -> Streamed:
    db, caller, question = asking.node.db, asking.caller, asking.question
    answer = whole(db, caller, question, patience)
    export.require_room(asking.form, answer.total)
    sources: list[Source] = []
    warned: list[Warned] = []
    places: dict[str, str] = {}
    if asking.names_places:
        with db.read(patience) as session:
            places = places_in(session, caller, question)
    if asking.form == "xlsx":
        sources = sources_of(db, caller, answer.answered, patience)
        with db.read(patience) as session:
            warned = _warned(asking, session)
    sheet = _sheet(asking, answer, places, asking.telling(answer.total, sources, warned))
    headers = asking.said | export.headers_of(asking.form, answer.total)
    return Streamed(export.pieces(asking.form, sheet, asking.query.excel), headers, answer.answered)


def _sheet(asking: _Asking, answer: WholeAnswer, places: Mapping[str, str], telling: Telling) -> Sheet:
    return Sheet(answer.columns, answer.batches, _view(asking, answer.columns, places), places, telling)


def _view(asking: _Asking, columns: Sequence[str], places: Mapping[str, str]) -> View:
    return view_of(columns, asking.query.fields, asking.query.labels, asking.language, places)
