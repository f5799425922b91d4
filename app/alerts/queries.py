"""What may be asked of alerts: one model a route, declared once."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.query import Query, Word, Words
from app.documents.queries import DocumentQuery, MarkingQuery
from app.wire.codes import CaseStatus, Severity
from app.wire.text import WRITTEN

Sort = Literal[
    "published_at",
    "-published_at",
    "severity",
    "-severity",
    "first_seen",
    "-first_seen",
    "last_seen",
    "-last_seen",
    "confidence",
    "-confidence",
    "reference",
    "-reference",
]
Question = Annotated[str, Field(max_length=300, json_schema_extra={"pattern": WRITTEN})]
_Q = Field(None, description="words that all occur in the alert's texts or its reference, whatever their case and accents")
_PASSES = Field(None, description="States of which one is on a leg of the route")
_FROM = Field(None, description="a month or a day: seen in it or later")
_TO = Field(None, description="a month or a day: seen in it or earlier")


class AlertFilters(Query):
    """What narrows a list of alerts down, besides the filters of every list; several codes of one parameter mean "or"."""

    reference: Words | None = None
    nationality: Words | None = None
    network_code: Words | None = None
    modus_operandi: Words | None = None
    transport: Words | None = None
    document_fraud: Words | None = None
    payment: Words | None = None
    severity_min: Severity | None = None
    passes: Words | None = _PASSES
    active_from: Word | None = _FROM
    active_to: Word | None = _TO
    case_status: CaseStatus | None = None
    q: Question | None = _Q


class AlertQuery(DocumentQuery, AlertFilters):
    """Filters, order and form of the list of alerts."""

    sort: Sort = "published_at"
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None  # type: ignore[assignment]
    format: Literal["json", "csv", "ndjson"] | None = None


class FacetQuery(MarkingQuery, AlertFilters):
    """Filters of the facets: those of the list."""


class AnswerQuery(DocumentQuery):
    """Filters of the answers to an alert."""
