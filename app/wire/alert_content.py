"""The content of an alert as it is published: what was sent in canonical codes, and what the node derived (contract: alerts)."""

from typing import Annotated, Literal

from pydantic import Field

from app.wire.alert import AREA, MONTH_OR_DAY, MOST_CODES, MOST_LEGS
from app.wire.bulletin import Narratives, Texts
from app.wire.codes import TLP, CaseStatus, Crossing, FeeScope, Severity, SourceReliability, Status
from app.wire.output import ConferenceCode, Date, Identifier, Name, Number, Output, PartyCode, StateCode, TermCode

SeenIn = Annotated[str, Field(max_length=10, pattern=MONTH_OR_DAY)]
"""A month or a day."""
Listed = Annotated[list[TermCode], Field(max_length=MOST_CODES)]


class PublishedLeg(Output):
    """One leg of a published route; legs of one number are alternatives."""

    seq: int = Field(ge=1, le=MOST_LEGS)
    origin: StateCode = Field(alias="from")
    to: StateCode
    place: Name | None = None
    area: Annotated[str, Field(max_length=6, pattern=AREA)] | None = None
    mode: TermCode
    crossing: Crossing


class PublishedFee(Output):
    """A published price for one person; one in US dollars has the band of its highest figure."""

    currency: Annotated[str, Field(max_length=3, pattern="^[A-Z]{3}$")]
    min: Number
    max: Number
    scope: FeeScope
    scope_note: Name | None = None
    band: TermCode | None = None


class AlertContent(Output):
    """An alert's content, without identity, reference, instants and signature."""

    kind: Literal["alert"]
    status: Literal[Status.PUBLISHED]
    origin: ConferenceCode
    tlp: TLP
    audience: list[PartyCode] = Field(max_length=50)
    handling: list[TermCode] = Field(max_length=20)
    mandate: list[TermCode] = Field(max_length=20)
    lang: list[Literal["es", "pt", "en"]] = Field(max_length=3)
    title: Texts
    summary: Narratives
    recommendation: Narratives | None = None
    network_code: Annotated[str, Field(max_length=32, pattern="^[A-Z0-9]+(-[A-Z0-9]+)*$")] | None = None
    severity: Severity
    source_reliability: SourceReliability
    information_credibility: int = Field(ge=1, le=6)
    confidence: int = Field(ge=0, le=100)
    first_seen: SeenIn
    last_seen: SeenIn | None = None
    nationalities: list[StateCode] = Field(max_length=260)
    route: list[PublishedLeg] = Field(max_length=MOST_LEGS)
    modus_operandi: Listed
    document_fraud: Listed
    transport: Listed
    recruitment: Listed
    payment: Listed
    fee: PublishedFee | None = None
    persons_band: TermCode | None = None
    roles: Listed
    risks: Listed
    linked_crimes: Listed
    related: list[Identifier] = Field(max_length=MOST_CODES)
    review_by: Date | None = None
    retention_until: Date | None = None
    case_status: CaseStatus
