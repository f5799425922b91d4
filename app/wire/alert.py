"""The alert as its sender writes it: a network that smuggles migrants, told without naming anyone (contract: alerts).

`reference`, `confidence` and the band of a price are derived by the node and never sent.  Codes of the longer lists (methods, roles,
risks ...) are judged where their vocabularies are known.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from app.wire.bulletin import Count, Day, DocumentId, Instant, Narratives, Texts, Wire
from app.wire.codes import TLP, CaseStatus, Crossing, FeeScope, Severity, SourceReliability
from app.wire.text import Code, Mandate, Reason, Title

MONTH_OR_DAY = r"^(19|20)[0-9]{2}-[0-9]{2}(-[0-9]{2})?$"
AREA = r"^[A-Z]{2}-[A-Z0-9]{1,3}$"
MOST_LEGS = 60
MOST_CODES = 50


def _month_or_day(text: str) -> str:
    try:
        date.fromisoformat(text if len(text) == len("2012-11-10") else f"{text}-01")
    except ValueError:
        raise PydanticCustomError("format", "no such month or day", {"expected": "YYYY-MM, YYYY-MM-DD"}) from None
    return text


MonthOrDay = Annotated[StrictStr, Field(max_length=10, pattern=MONTH_OR_DAY), AfterValidator(_month_or_day)]
"""When something was seen, as exactly as it is known: a month or a day."""
Codes = Annotated[list[Code], Field(max_length=MOST_CODES)]


class Leg(Wire):
    """One leg of a route: from which State to which, how, and the town or region where it ends.

    Legs are numbered from 1 and join: one begins in a State in which a leg of the number before ended.  Legs of one number are
    alternatives.  A leg within one State has it at both ends.  A place is a town or region by name, never an address, a building or
    coordinates; `area` is its ISO 3166-2 code.
    """

    seq: Annotated[StrictInt, Field(ge=1, le=MOST_LEGS)]
    origin: Annotated[Code, Field(alias="from")]
    to: Code
    place: Title | None = None
    area: Annotated[StrictStr, Field(max_length=6, pattern=AREA)] | None = None
    mode: Code
    crossing: Crossing = Crossing.UNKNOWN


class Fee(Wire):
    """A price for one person, with what it is for; two prices for the same thing are its lowest and its highest."""

    currency: Annotated[StrictStr, Field(max_length=3, pattern="^[A-Z]{3}$")]
    min: Count
    max: Count
    scope: FeeScope
    scope_note: Title | None = None


class AlertDraft(Wire):
    """An alert as its sender writes it; what is left out takes the contract's defaults.

    Without `last_seen` the network was seen in `first_seen` alone.  `network_code` is a pseudonym by rule, never a name: capitals, digits
    and hyphens, such as `KESTREL-07`.  `roles` say what persons do, never who they are.
    """

    id: DocumentId | None = None
    conference: Code | None = None
    title: Texts
    summary: Narratives
    recommendation: Narratives | None = None
    network_code: Title | None = None
    severity: Severity
    source_reliability: SourceReliability
    information_credibility: Annotated[StrictInt, Field(ge=1, le=6)]
    first_seen: MonthOrDay
    last_seen: MonthOrDay | None = None
    nationalities: Annotated[list[Code], Field(max_length=260)] = Field(default=[])
    route: Annotated[list[Leg], Field(max_length=MOST_LEGS)] = Field(default=[])
    modus_operandi: Codes = Field(default=[])
    document_fraud: Codes = Field(default=[])
    transport: Codes = Field(default=[])
    recruitment: Codes = Field(default=[])
    payment: Codes = Field(default=[])
    fee: Fee | None = None
    persons_band: Code | None = None
    roles: Codes = Field(default=[])
    risks: Codes = Field(default=[])
    linked_crimes: Codes = Field(default=[])
    related: Annotated[list[DocumentId], Field(max_length=MOST_CODES)] = Field(default=[])
    review_by: Day | None = None
    retention_until: Day | None = None
    case_status: CaseStatus = CaseStatus.OPEN
    tlp: TLP = TLP.AMBER
    audience: Annotated[list[Code], Field(max_length=50)] | None = None
    handling: Annotated[list[Code], Field(max_length=20)] = Field(default=[])
    mandate: Annotated[list[Mandate], Field(max_length=20)] = Field(default=[])
    lang: Annotated[list[Literal["es", "pt", "en"]], Field(max_length=3)] = Field(default=[])
    publish_at: Instant | None = None


class AlertRevision(AlertDraft):
    """A whole new version of an alert; the reason is published with it."""

    reason: Reason


class AlertBatch(Wire):
    """Alerts that are published together or not at all."""

    alerts: Annotated[list[AlertDraft], Field(min_length=1, max_length=500)]


class AlertBatchItems(Wire):
    """A batch of alerts before its items are judged, each by itself, so that every failing one is named."""

    alerts: Annotated[list[dict[str, object]], Field(min_length=1, max_length=500, repr=False)]
