"""Answers to the analyst query as JSON: tidy rows, groups, pages (contract: /flows)."""

from pydantic import Field

from app.wire.codes import FigureStatus, StockOrFlow, Unit
from app.wire.output import ConferenceCode, Cursor, Date, Output, PeriodCode, StateCode, Sum, TermCode
from app.wire.published import PublishedStatus


class FlowRow(Output):
    """One published cell; `_T` stands in every dimension that is summed or not declared."""

    period: PeriodCode
    period_start: Date
    period_end: Date
    conference: ConferenceCode
    reporting_state: StateCode
    publisher: TermCode
    measure: TermCode
    unit: Unit
    stock_or_flow: StockOrFlow
    definition_code: TermCode
    accumulation: TermCode
    figure_status: FigureStatus
    nationality: TermCode
    origin_state: TermCode
    sex: TermCode
    age: TermCode
    accompaniment: TermCode
    procedure: TermCode
    route_point: TermCode
    mode: TermCode
    previous_state: TermCode
    destination_state: TermCode
    value: Sum | None = Field(description="null where it is withheld: then it lies from `lower` to `upper`")
    value_status: PublishedStatus | None
    lower: Sum
    upper: Sum | None = Field(description="null where nobody knows how much is withheld")
    is_total: bool
    bulletin: str = Field(
        max_length=64,
        pattern=r"^[0-9a-f-]{36}@v[0-9]+$",
        description="the bulletin and version that says so, `id@vN`",
    )


class FlowGroup(Output):
    """A sum: the keys that it was asked to be grouped by, and its figures."""

    period: PeriodCode | None = None
    period_start: Date | None = None
    period_end: Date | None = None
    conference: ConferenceCode | None = None
    reporting_state: StateCode | None = None
    publisher: TermCode | None = None
    measure: TermCode | None = None
    unit: Unit | None = None
    definition_code: TermCode | None = None
    accumulation: TermCode | None = None
    figure_status: FigureStatus | None = None
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
    value: Sum | None = Field(description="null where anonymity leaves no number: then it lies from `lower` to `upper`")
    lower: Sum
    upper: Sum | None = Field(description="null where nobody knows how much is withheld")
    withheld: Sum = Field(description="how many withheld cells and rests the sum meets")
    bulletins: Sum = Field(description="how many bulletins the sum reads")


class FlowPage(Output):
    """A page of rows, or of groups where `group_by` was given, and the exact number of all."""

    items: list[FlowRow | FlowGroup] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum
