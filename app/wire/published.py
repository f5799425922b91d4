"""The flow bulletin as it is published and answered: document, envelope, receipts, judgement, pages (contract: Envelope, Flow bulletin)."""

from typing import Annotated, Literal

from pydantic import Field

from app.wire.bulletin import DimensionName, Narratives, RoutePoint, Source, Texts
from app.wire.codes import TLP, FigureStatus, Outcome, Status, StockOrFlow, Unit, WaitingStatus
from app.wire.output import (
    Base64Url,
    ConferenceCode,
    Cursor,
    Date,
    Hexadecimal,
    Identifier,
    KeyId,
    Moment,
    Name,
    Number,
    Output,
    PartyCode,
    PeriodCode,
    ProblemCode,
    StateCode,
    Sum,
    TermCode,
    Version,
    Words,
)

ReviewPlace = Annotated[
    str, Field(max_length=64, pattern="^/v1/reviews/[0-9a-f-]{36}$", description="where it waits: look, replace, cancel")
]
PublishedStatus = Literal["withheld", "not_collected"]
"""Why a published cell shows no value; everything withheld has this one outward code (guarantees 1, rule 5)."""
Codes = Annotated[list[TermCode], Field(max_length=20)]


class PublishedCell(Output):
    """One published cell: a code for each declared dimension (`_T` and areas are margins), and its value or why there is none."""

    nationality: TermCode | None = None
    origin_state: TermCode | None = None
    sex: TermCode | None = None
    age: TermCode | None = None
    accompaniment: TermCode | None = None
    procedure: TermCode | None = None
    route_point: TermCode | None = None
    mode: TermCode | None = None
    previous_state: TermCode | None = None
    destination_state: TermCode | None = None
    value: Number | None
    value_status: PublishedStatus | None = None


class Signature(Output):
    """Ed25519: of a document over its digest's text in the context "istmo document", of all else over its canonical JSON.

    The contexts of these are "istmo checkpoint", "istmo witness" and "istmo key".
    """

    kid: KeyId
    alg: Literal["EdDSA"]
    value: Base64Url = Field(description="base64url without padding")


class Envelope(Output):
    """What every version says of itself beside its kind and status, whether or not its body is served."""

    id: Identifier
    version: Version
    origin: ConferenceCode
    issuer: PartyCode
    tlp: TLP
    audience: list[PartyCode] = Field(max_length=50)
    handling: Codes
    mandate: Codes
    lang: list[Literal["es", "pt", "en"]] = Field(max_length=3)
    created_at: Moment
    published_at: Moment
    reason: Words | None = None


class Disclosure(Output):
    """How the table was protected; a function of published rows alone."""

    policy: Literal["rule(k)"]
    k: int = Field(ge=3, le=20)
    method: Literal["pool", "withhold", "round", "none"]
    declared: Number
    shown: Number
    withheld: Number
    certificate: Annotated[Hexadecimal | None, Field(description="SHA-256 of the certificate's text; null where there is none")]


class Marking(Output):
    """Whose a bulletin is, and who may read and pass it on."""

    kind: Literal["bulletin"]
    origin: ConferenceCode
    tlp: TLP
    audience: list[PartyCode] = Field(max_length=50)
    handling: Codes
    mandate: Codes
    lang: list[Literal["es", "pt", "en"]] = Field(max_length=3)


class BulletinContent(Marking):
    """A bulletin's protected form, without identity and signature: what publishing it would show."""

    status: Literal[Status.PUBLISHED]
    reporting_state: StateCode
    publisher: TermCode
    measure: TermCode
    unit: Unit
    stock_or_flow: StockOrFlow
    accumulation: Literal["period", "year_to_date"]
    definition_code: TermCode
    period: PeriodCode
    period_start: Date
    period_end: Date
    dimensions: list[DimensionName] = Field(max_length=10)
    cells: list[PublishedCell] = Field(max_length=200_000)
    nil_report: bool
    figure_status: FigureStatus
    classification: Literal["strict@1", "extra_regional@1"]
    title: Texts | None = None
    narrative: Narratives | None = None
    source: Source | None = None
    route_points: list[RoutePoint] = Field(max_length=500)
    disclosure: Disclosure


class Bulletin(BulletinContent):
    """A published bulletin: envelope and content at one level; `digest` and `signature` cover all the rest, `salt` included."""

    id: Identifier
    version: Version
    issuer: PartyCode
    created_at: Moment
    published_at: Moment
    reason: Words | None = None
    salt: Hexadecimal
    digest: Hexadecimal
    signature: Signature


class BulletinEnvelope(Envelope):
    """What is served of a withdrawn version, and of every version to an operator: that it exists, and not what it says."""

    kind: Literal["bulletin"]
    status: Status
    cells: None
    digest: Hexadecimal
    signature: Signature


class WrittenBulletin(Bulletin):
    """The answer to a write: the bulletin as it stands now and what became of the write.

    `population_shown_pct` is told to the sender alone and kept nowhere: a replayed answer is without it.
    """

    outcome: Outcome
    population_shown_pct: int | None = Field(default=None, ge=0, le=100, description="share of the counted under a code of their own")
    warnings: Annotated[list["Place"], Field(max_length=100)] | None = None


class WithdrawnBulletin(BulletinEnvelope):
    """The answer to a withdrawal: the envelope of the version that takes the bulletin back."""

    salt: Hexadecimal
    outcome: Literal["withdrawn"]


class Judgement(Output):
    """What publishing would do now, with the protected table that it would show; nothing was stored."""

    outcome: Literal["publish", WaitingStatus.PENDING, WaitingStatus.HELD]
    due: Moment | None = Field(description="the instant before which it would not be published")
    bulletin: BulletinContent
    findings: list["Place"] = Field(max_length=100)


class BulletinPage(Output):
    """A page of bulletins, and the exact number of all that the caller may see."""

    items: list[Bulletin | BulletinEnvelope] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum


class Receipt(Output):
    """What became of one bulletin of a batch or file; without id and version where nothing was published."""

    id: Identifier | None
    version: Version | None
    period: PeriodCode
    outcome: Literal[Outcome.CREATED, Outcome.REVISED, Outcome.UNCHANGED, WaitingStatus.PENDING, WaitingStatus.HELD, "left_out"]


class Place(Output):
    """One finding: where (pointer into a body, or name of a parameter; or sheet, row and column of a file), which rule, and a sentence."""

    pointer: Annotated[Words, Field(description="JSON pointer (RFC 6901), or the name of a parameter or header")] | None = None
    sheet: Name | None = None
    row: Annotated[Version, Field(description="counted from 1 as the file shows it")] | None = None
    column: Name | None = None
    offset: Annotated[Sum, Field(description="characters of the text before what was found")] | None = None
    length: Annotated[Version, Field(description="characters that were found there")] | None = None
    kind: Annotated[TermCode, Field(description="what they look like")] | None = None
    excerpt: Annotated[Words, Field(description="what was found, with dots for all that would tell it")] | None = None
    code: ProblemCode
    detail: Words


class Receipts(Output):
    """The answer to a batch or a file: a receipt a bulletin, in the order of the sender's."""

    bulletins: list[Receipt] = Field(max_length=5_000)
    findings: list[Place] = Field(max_length=100)


class Waits(Output):
    """A write that is kept and not published yet: until when, and what another person has to confirm first."""

    outcome: Literal[WaitingStatus.HELD, WaitingStatus.PENDING]
    review: ReviewPlace
    due: Moment | None
    findings: list[Place] = Field(max_length=100)


class WaitingReceipts(Waits):
    """A batch or a file that is kept whole, for one of its bulletins has to wait."""

    bulletins: list[Receipt] = Field(max_length=5_000)


class ReplayedReceipts(Receipts):
    """The answer to a file at the end of its lines of progress."""

    replayed: bool = Field(description="whether it is the answer kept under the Idempotency-Key")


class ReplayedWaitingReceipts(WaitingReceipts):
    """The answer to a file that waits, at the end of its lines of progress."""

    replayed: bool = Field(description="whether it is the answer kept under the Idempotency-Key")


class Progress(Output):
    """How far the work on a file has come."""

    done: Number
    of: Number
    period: PeriodCode


class PushLine(Output):
    """One line of progress; the last line has `answer` or `problem`, every other `progress`."""

    progress: Progress | None = None
    answer: ReplayedReceipts | ReplayedWaitingReceipts | None = None
    problem: "ProblemDocument | None" = None


class ProblemDocument(Output):
    """A refusal (RFC 9457): `code` is stable, `title` and `detail` are in the reader's language; what was sent is never repeated."""

    type: str = Field(max_length=200, pattern=r"^https://\S+$", json_schema_extra={"format": "uri"})
    title: Name
    status: int = Field(ge=400, le=599)
    code: ProblemCode
    detail: Words
    request_id: Identifier
    error: (
        Annotated[
            Literal["invalid_client", "invalid_request", "invalid_scope", "unsupported_grant_type"],
            Field(description="at /oauth: the word of RFC 6749 section 5.2"),
        ]
        | None
    ) = None
    size: Annotated[Sum, Field(description="of `log-behind`: entries of the sender's log that were last seen")] | None = None
    errors: Annotated[list[Place], Field(max_length=100)] | None = None
