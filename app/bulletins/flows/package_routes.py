"""The analyst query as a Data Package: rows, codes and what a program must know of them, in one file (contract: /flows/datapackage)."""

from functools import partial
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.callers import Caller
from app.access.rules import BodyReader
from app.bulletins.flows import export
from app.bulletins.flows.columns import columns_of
from app.bulletins.flows.notes import Telling
from app.bulletins.flows.query import FlowFilters, FlowQuery
from app.bulletins.flows.question import FlowQuestion, question_of
from app.bulletins.flows.serving import Streamed, Whole, served
from app.bulletins.flows.showing import view_of
from app.bulletins.flows.sources import places_of, sources_of
from app.bulletins.flows.warnings import told, warnings_of
from app.bulletins.flows.whole import whole
from app.core.accepting import accepted
from app.core.clock import rfc3339
from app.core.db import Patience
from app.core.declared import CONDITIONAL, FILE, REFUSED
from app.core.language import language_of, spoken
from app.core.paging import binding_of
from app.core.query import Word, Words
from app.documents.edge import node_of
from app.exchange.node import Node

router = APIRouter(prefix="/v1/flows", tags=["flows"])

_ZIP: Final = "application/zip"


class PackageQuery(FlowFilters):
    """What a package is to hold: the filters of the analyst query."""

    totals: bool = Field(default=False, description="every margin too, marked `is_total`")
    group_by: Words | None = None
    as_of: Word | None = Field(None, description="figures as they stood at this instant or at the end of this day, in UTC")
    lang: Literal["es", "pt", "en"] | None = Field(None, description="language of the descriptor's texts; else that of Accept-Language")

    @property
    def flows(self) -> FlowQuery:
        """The analyst query of the same filters."""
        return FlowQuery.model_validate(self.model_dump(exclude={"lang"}, exclude_none=True))


@router.get(
    "/datapackage",
    operation_id="get_flow_package",
    response_class=Response,
    responses={
        200: {"description": "A ZIP with datapackage.json, data/flows.csv and data/codes.csv.", "content": {_ZIP: {"schema": FILE}}},
        **CONDITIONAL,
        406: REFUSED,
    },
)
async def get_flow_package(request: Request, caller: BodyReader, query: Annotated[PackageQuery, Query()]) -> Response:
    """The whole answer of the analyst query as a Data Package 2.0 (Frictionless), a ZIP.

    Its descriptor holds the schema of the rows, the codes with their names in three languages, the sources with their digests and
    licences, hashes, and warnings; equal answers give equal bytes.
    """
    return await served(request, caller, partial(_judged, request, caller, query))


def _judged(request: Request, caller: Caller, query: PackageQuery) -> Whole:
    accepted(request.headers.get("accept"), {"zip": _ZIP})
    node, question, language = node_of(request), question_of(query.flows), query.lang or language_of(request)
    given = query.model_dump(mode="json", exclude_unset=True)
    binding = binding_of("flow-package", query.model_dump(mode="json"), caller.rights)
    make = partial(_package, node, caller, question, given, language)
    return Whole((binding, "zip", language), make, spoken(language, "Authorization", "Accept")["Vary"])


def _package(node: Node, caller: Caller, question: FlowQuestion, given: dict[str, object], language: str, patience: Patience) -> Streamed:
    answer = whole(node.db, caller, question, patience)
    sources = sources_of(node.db, caller, answer.answered, patience)
    with node.db.read(patience) as session:
        warned = told(warnings_of(session, caller, question), language)
    as_of = rfc3339(question.as_of) if question.as_of else None
    telling = Telling(given, as_of, answer.total, sources, warned, language)
    view = view_of(columns_of(question.group_by), None, "code", language, {})
    sheet = export.Sheet(answer.columns, answer.batches, view, places_of(sources), telling)
    headers = {
        **spoken(language, "Authorization", "Accept"),
        "Content-Type": _ZIP,
        "Content-Disposition": 'attachment; filename="flows.datapackage.zip"',
        "Istmo-Total": str(answer.total),
    }
    return Streamed(export.package_pieces(sheet, telling), headers, answer.answered)
