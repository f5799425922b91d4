"""The flow bulletin as it crosses the wire: what a sender writes, and the document that is published (contract: Flow bulletin)."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from app.wire.codes import TLP, FigureStatus, StockOrFlow, Unit, ValueStatus
from app.wire.ids import UUID7, is_uuid7
from app.wire.text import Code, Mandate, Narrative, Reason, Title

LARGEST_COUNT = 2**31 - 1
DimensionName = Literal[
    "nationality",
    "origin_state",
    "sex",
    "age",
    "accompaniment",
    "procedure",
    "route_point",
    "mode",
    "previous_state",
    "destination_state",
]
"""The dimensions of a bulletin, in the order in which a table shows them."""


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise PydanticCustomError("format", "no such day", {"expected": "YYYY-MM-DD"}) from None


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        moment.astimezone(UTC)  # an offset at the end of the calendar leads out of it
    except (ValueError, OverflowError):
        moment = datetime.min  # noqa: DTZ901 - a naive one is refused below like every other
    if moment.tzinfo is None:
        raise PydanticCustomError("format", "no instant with a time zone", {"expected": "2012-11-10T12:00:00Z"})
    return text


def _identifier(text: str) -> str:
    if not is_uuid7(text):
        raise PydanticCustomError("format", "no UUIDv7", {"expected": "UUIDv7"})
    return text


Count = Annotated[StrictInt, Field(ge=0, le=LARGEST_COUNT)]
Day = Annotated[StrictStr, Field(max_length=10, pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"}), AfterValidator(_day)]
Instant = Annotated[StrictStr, Field(max_length=40, json_schema_extra={"format": "date-time"}), AfterValidator(_instant)]
DocumentId = Annotated[StrictStr, Field(max_length=36, json_schema_extra={"format": "uuid", "pattern": UUID7}), AfterValidator(_identifier)]
Address = Annotated[StrictStr, Field(max_length=500, pattern=r"^https?://[!-~]+$")]


class Wire(BaseModel):
    """What crosses the wire inwards: a field that nobody knows is an error, never ignored."""

    model_config = ConfigDict(extra="forbid")


class Texts(Wire):
    """One text in one or more of the three languages."""

    es: Title | None = None
    pt: Title | None = None
    en: Title | None = None


class Narratives(Wire):
    """One longer text in one or more of the three languages."""

    es: Narrative | None = None
    pt: Narrative | None = None
    en: Narrative | None = None


class Source(Wire):
    """Where the figures were published first."""

    name: Title
    url: Address | None = None
    retrieved_on: Day | None = None
    licence: Title | None = None


class RoutePoint(Wire):
    """A point of the route with its label; codes are open: `{STATE}-[A-Z0-9]{2,12}`."""

    code: Code
    label: Title


class Cell(Wire):
    """One cell: a code for each declared dimension, and a whole number of persons, events, encounters or applications.

    `value` is null only with a `value_status`.  A cell at `_T` or an area is a submitted total, checked against the sum.
    """

    nationality: Code | None = None
    origin_state: Code | None = None
    sex: Code | None = None
    age: Code | None = None
    accompaniment: Code | None = None
    procedure: Code | None = None
    route_point: Code | None = None
    mode: Code | None = None
    previous_state: Code | None = None
    destination_state: Code | None = None
    value: Annotated[Count | None, Field(repr=False)]
    value_status: ValueStatus | None = None


class BulletinDraft(Wire):
    """A bulletin as its sender writes it; what is left out takes the contract's defaults."""

    id: DocumentId | None = None
    conference: Code | None = None
    reporting_state: Code
    publisher: Annotated[StrictStr, Field(max_length=32, pattern=r"^[A-Z0-9][A-Z0-9-]{1,31}$")] | None = None
    measure: Code
    unit: Unit
    period: Code
    period_start: Day | None = None
    dimensions: Annotated[list[DimensionName], Field(max_length=10)] | None = None
    cells: Annotated[list[Cell], Field(max_length=200_000, repr=False)] = []
    nil_report: StrictBool = False
    figure_status: FigureStatus = FigureStatus.PROVISIONAL
    classification: Literal["strict@1", "extra_regional@1"] = "strict@1"
    stock_or_flow: StockOrFlow | None = None
    accumulation: Literal["period", "year_to_date"] = "period"
    definition_code: Annotated[StrictStr, Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")] = "default"
    title: Texts | None = None
    narrative: Narratives | None = None
    source: Source | None = None
    route_points: Annotated[list[RoutePoint], Field(max_length=500)] = []
    tlp: TLP = TLP.GREEN
    audience: Annotated[list[Code], Field(max_length=50)] | None = None
    handling: Annotated[list[Mandate], Field(max_length=20)] = []
    mandate: Annotated[list[Mandate], Field(max_length=20)] = []
    lang: Annotated[list[Literal["es", "pt", "en"]], Field(max_length=3)] = []
    publish_at: Instant | None = None


class BulletinRevision(BulletinDraft):
    """A whole new version of a bulletin; the reason is published with it."""

    reason: Reason


class Batch(Wire):
    """Bulletins that are published together or not at all."""

    bulletins: Annotated[list[BulletinDraft], Field(min_length=1, max_length=5_000)]


class BatchItems(Wire):
    """A batch before its items are judged, each by itself, so that every failing one is named."""

    bulletins: Annotated[list[dict[str, object]], Field(min_length=1, max_length=5_000, repr=False)]


class Grounds(Wire):
    """Why a document is taken back, erased or declined: published with it, but for an erasure, of which nothing is kept."""

    reason: Reason
