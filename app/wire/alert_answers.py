"""What offices answer to an alert, each answer a document of its own: sightings, opinions, proposals (contract: alerts)."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr

from app.wire.alert import AREA, MONTH_OR_DAY, MonthOrDay
from app.wire.bulletin import DocumentId, Narratives, Wire
from app.wire.codes import TLP, Certainty, Decision, Outcome, Status
from app.wire.codes import Opinion as OpinionCode
from app.wire.output import Cursor, Hexadecimal, Identifier, Name, Output, StateCode, Sum, Version, Words
from app.wire.published import Envelope, Signature
from app.wire.text import Code, Mandate, Reason, Title

Language = Literal["es", "pt", "en"]


class _Answered(Wire):
    """What every answer may say of itself; left out, it is marked as its alert is, within what its sender may name."""

    id: DocumentId | None = None
    conference: Code | None = None
    tlp: TLP | None = None
    audience: Annotated[list[Code], Field(max_length=50)] | None = None
    handling: Annotated[list[Code], Field(max_length=20)] = Field(default=[])
    mandate: Annotated[list[Mandate], Field(max_length=20)] = Field(default=[])
    lang: Annotated[list[Language], Field(max_length=3)] = Field(default=[])


class SightingPlace(Wire):
    """Where something was seen: a State, and a town or region of it by name; never an address, a building or coordinates."""

    state: Code
    area: Annotated[StrictStr, Field(max_length=6, pattern=AREA)] | None = None
    place: Title | None = None


class SightingDraft(_Answered):
    """That what an alert tells was seen: where, when (a month or a day; without `seen_to` in `seen_from` alone) and how sure it is."""

    where: SightingPlace
    seen_from: MonthOrDay
    seen_to: MonthOrDay | None = None
    certainty: Certainty
    note: Narratives | None = None


class OpinionDraft(_Answered):
    """How far an office agrees with an alert, in five steps (STIX 2.1 section 4.15), and why."""

    opinion: OpinionCode
    explanation: Narratives


class ProposalDraft(_Answered):
    """A change that is offered to an alert's origin: fields of the alert with their new values, null for one that is to go.

    `alert_version` is the version that it was written against, by default the newest.
    """

    alert_version: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)] | None = None
    changes: Annotated[dict[Annotated[str, Field(max_length=64, pattern="^[a-z_]+$")], Any], Field(min_length=1, max_length=40)] = Field(
        repr=False
    )
    explanation: Narratives


class SightingRevision(SightingDraft):
    """A whole new version of a sighting; the reason is published with it."""

    reason: Reason


class OpinionRevision(OpinionDraft):
    """A whole new version of an opinion; the reason is published with it."""

    reason: Reason


class ProposalRevision(ProposalDraft):
    """A whole new version of a proposal that is not decided yet; the reason is published with it."""

    reason: Reason


class Acceptance(Wire):
    """The acceptance of a proposal; the reason, if any, is published with the alert's new version."""

    reason: Reason | None = None


class _Envelope(Envelope):
    alert: Identifier
    digest: Hexadecimal
    signature: Signature


class AnswerEnvelope(_Envelope):
    """What is served of a withdrawn answer, and of every one to an operator: that it exists, and not what it says."""

    kind: Literal["sighting", "opinion", "proposal"]
    status: Status


class SeenAt(Output):
    """Where something was seen."""

    state: StateCode
    area: Annotated[str, Field(max_length=6, pattern=AREA)] | None = None
    place: Name | None = None


class Sighting(_Envelope):
    """A published sighting."""

    kind: Literal["sighting"]
    status: Literal[Status.PUBLISHED]
    where: SeenAt
    seen_from: Annotated[str, Field(max_length=10, pattern=MONTH_OR_DAY)]
    seen_to: Annotated[str, Field(max_length=10, pattern=MONTH_OR_DAY)] | None = None
    certainty: Certainty
    note: Narratives | None = None
    salt: Hexadecimal


class Decides(Output):
    """Which proposal an opinion decides, and how."""

    proposal: Identifier
    decision: Literal[Decision.DECLINED]


class AlertOpinion(_Envelope):
    """A published opinion; one with `decides` is the origin's refusal of a proposal, its `reason` says why."""

    kind: Literal["opinion"]
    status: Literal[Status.PUBLISHED]
    opinion: OpinionCode
    explanation: Narratives | None = None
    decides: Decides | None = None
    salt: Hexadecimal


class Proposal(_Envelope):
    """A published proposal."""

    kind: Literal["proposal"]
    status: Literal[Status.PUBLISHED]
    alert_version: Version
    changes: dict[str, Any] = Field(max_length=40)
    explanation: Narratives
    salt: Hexadecimal


class WrittenSighting(Sighting):
    """The answer to a write: the sighting as it stands now and what became of the write."""

    outcome: Outcome


class WrittenOpinion(AlertOpinion):
    """The answer to a write: the opinion as it stands now and what became of the write."""

    outcome: Outcome


class WrittenProposal(Proposal):
    """The answer to a write: the proposal as it stands now and what became of the write."""

    outcome: Outcome


class WithdrawnAnswer(AnswerEnvelope):
    """The answer to a withdrawal: the envelope of the version that takes an answer back."""

    salt: Hexadecimal
    outcome: Literal["withdrawn"]


class SightingPage(Output):
    """A page of sightings, and the exact number of all that the caller may see."""

    items: list[Sighting | AnswerEnvelope] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum


class AnswerVersions(Output):
    """Every version of an answer that the caller may see."""

    items: list[Sighting | AlertOpinion | Proposal | AnswerEnvelope] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum


class OpinionCounts(Output):
    """How many opinions there are of each step, of those that the caller may see; decisions on proposals are not among them."""

    strongly_disagree: Sum
    disagree: Sum
    neutral: Sum
    agree: Sum
    strongly_agree: Sum


class OpinionPage(Output):
    """A page of opinions, the exact number of all that the caller may see, and how they spread."""

    items: list[AlertOpinion | AnswerEnvelope] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum
    counts: OpinionCounts | None = None


class ProposalPage(Output):
    """A page of proposals, and the exact number of all that the caller may see."""

    items: list[Proposal | AnswerEnvelope] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum


class ProposalDecision(Output):
    """What became of a proposal, of what the caller may see: open, accepted with a version of the alert, or declined for a reason."""

    proposal: Identifier
    decision: Decision
    alert_version: Version | None = None
    opinion: Identifier | None = None
    reason: Words | None = None
