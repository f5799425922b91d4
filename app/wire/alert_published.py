"""The alert as it is published and answered: document, envelope, receipts, pages, facets, what is related (contract: alerts)."""

from typing import Annotated, Literal

from pydantic import Field, RootModel

from app.wire.alert_content import AlertContent
from app.wire.codes import TLP, Outcome, Status
from app.wire.output import Cursor, Hexadecimal, Identifier, Moment, Name, Output, PartyCode, Sum, TermCode, Version, Words
from app.wire.published import Codes, Envelope, Place, Signature

Reference = Annotated[str, Field(max_length=32, pattern="^[A-Z][A-Z0-9-]*-[0-9]{4}-[0-9A-HJKMNP-TV-Z]{5}$")]
"""How people name an alert: conference, year, five characters that follow from its id."""


class Credit(Output):
    """Whose proposal a version follows."""

    proposal: Identifier
    office: PartyCode


class AlertRow(AlertContent):
    """A published alert without its seal, as a line of a file has it."""

    id: Identifier
    version: Version
    reference: Reference
    issuer: PartyCode
    created_at: Moment
    published_at: Moment
    reason: Words | None = None
    credits: list[Credit] | None = Field(default=None, max_length=1)


class Alert(AlertRow):
    """A published alert: envelope and content at one level; `digest` and `signature` cover all the rest, `salt` included."""

    salt: Hexadecimal
    digest: Hexadecimal
    signature: Signature


class WithdrawnRow(Envelope):
    """What a line of a file says of a withdrawn alert: that it exists, and not what it said."""

    kind: Literal["alert"]
    status: Status
    reference: Reference


class AlertEnvelope(WithdrawnRow):
    """What is served of a withdrawn version, and of every version to an operator: that it exists, and not what it says."""

    digest: Hexadecimal
    signature: Signature


class WrittenAlert(Alert):
    """The answer to a write: the alert as it stands now and what became of the write."""

    outcome: Outcome


class WithdrawnAlert(AlertEnvelope):
    """The answer to a withdrawal: the envelope of the version that takes the alert back."""

    salt: Hexadecimal
    outcome: Literal["withdrawn"]


LeftOut = Annotated[
    list[Literal["tlp"]] | None,
    Field(max_length=1, description="`tlp`: your own filter by marking left out alerts that answer all else"),
]


class AlertPage(Output):
    """A page of alerts, and the exact number of all that the caller may see."""

    items: list[Alert | AlertEnvelope] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum
    left_out: LeftOut = None


class FileEnd(Output):
    """The last line of a file from which something was left out: `tlp` by the caller's own filter, `no-onward=2` for it may not be passed on."""

    left_out: list[Annotated[str, Field(max_length=40, pattern="^(tlp|no-onward=[0-9]+)$")]] = Field(max_length=2)


class AlertLine(RootModel[AlertRow | WithdrawnRow | FileEnd]):
    """One line of alerts as NDJSON."""


class AlertReceipt(Output):
    """What became of one alert of a batch."""

    id: Identifier
    version: Version
    reference: Reference
    outcome: Literal[Outcome.CREATED]


class AlertReceipts(Output):
    """The answer to a batch: a receipt an alert, in the order of the sender's."""

    alerts: list[AlertReceipt] = Field(max_length=5_000)
    findings: list[Place] = Field(max_length=100)


class Facet(Output):
    """How many of the alerts that answer a question have a code."""

    code: TermCode
    label: Name
    count: Sum


class AlertFacets(Output):
    """How the alerts that answer a question, and that the caller may see, spread over the codes of each list."""

    total: Sum
    facets: dict[TermCode, Annotated[list[Facet], Field(max_length=1_000)]] = Field(max_length=20)


class RelatedReason(Output):
    """One thing that two alerts share: its code, its weight in points, what is shared, and a sentence."""

    code: TermCode
    weight: int = Field(ge=0, le=100)
    shared: list[Name] = Field(max_length=400)
    words: Words


class RelatedAlert(Output):
    """An alert that another one is related to, and why."""

    id: Identifier
    version: Version
    reference: Reference
    tlp: TLP
    handling: Codes
    score: int = Field(ge=0, le=100)
    reasons: list[RelatedReason] = Field(max_length=6)


class RelatedAlerts(Output):
    """The alerts that one is related to, the closest first; from nothing but alerts that the caller may see."""

    items: list[RelatedAlert] = Field(max_length=100)
