"""Answers to the analyst query as JSON: tidy rows, groups, pages (contract: /flows)."""

from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from app.wire.codes import FigureStatus, StockOrFlow, Unit
from app.wire.output import ConferenceCode, Cursor, Date, Moment, Name, Output, PeriodCode, ProblemCode, StateCode, Sum, TermCode, Words
from app.wire.period import Frequency
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
    stock_or_flow: StockOrFlow | None = None
    definition_code: TermCode | None = None
    accumulation: TermCode | None = None
    figure_status: FigureStatus | None = None
    frequency: Frequency | None = None
    area: TermCode | None = Field(None, description="AFR, AMN, AMS, ASI, CAR, EUR, OCE, or the code of what lies in none: XXA, `_U`, `_O`")
    extra_continental: TermCode | None = Field(
        None, description="under `classification`: true, false, or unclassified: the stateless, the unknown and the rests that hold both"
    )
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


ColumnName = Annotated[str, Field(max_length=40, pattern="^[a-z_]+$")]


class FlowChosen(RootModel[dict[ColumnName, Name | Sum | bool | None]]):
    """A row or a group by the columns that `fields` names, with names of codes where `labels` asks for them."""

    model_config = ConfigDict(json_schema_extra={"maxProperties": 60})


class FlowWarning(Output):
    """What one must know before one compares or adds up what an answer shows: where its series differ, break, or are not whole."""

    code: ProblemCode
    words: Words
    values: list[TermCode] = Field(max_length=300, description="the codes that it concerns")
    periods: list[PeriodCode] = Field(max_length=40, description="the periods where it begins, or between which it lies")


class FlowPage(Output):
    """A page of rows, or of groups where `group_by` was given, and the exact number of all."""

    items: list[FlowRow | FlowGroup | FlowChosen] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum
    warnings: list[FlowWarning] = Field(max_length=40, description="of the whole answer, whatever page is shown")
    as_of: Moment | None = Field(description="the instant as of which the figures are told; null for the present")


class FacetValue(Output):
    """How many of the rows that answer have a value, and how many bulletins they are of."""

    code: TermCode
    label: Name
    rows: Sum
    bulletins: Sum


class FlowFacet(Output):
    """The values of a column or dimension under all other filters, the most frequent first, and the exact number of all."""

    values: list[FacetValue] = Field(max_length=300)
    number: Sum


class FlowFacets(Output):
    """Over which values the published rows that answer are spread; `rows` and `bulletins` answer under all filters."""

    rows: Sum
    bulletins: Sum
    facets: dict[TermCode, FlowFacet] = Field(max_length=40)


Periods = Annotated[list[PeriodCode], Field(max_length=60)]
Days = Annotated[int, Field(ge=-100_000, le=100_000)]


class CoverageRow(Output):
    """What one publisher reported of one measure, by one definition and calendar."""

    conference: ConferenceCode
    reporting_state: StateCode
    publisher: TermCode
    measure: TermCode
    unit: Unit
    definition_code: TermCode
    accumulation: TermCode
    frequency: Frequency
    first_period: PeriodCode
    last_period: PeriodCode
    first_day: Date
    last_day: Date
    periods: Sum
    missing: Sum = Field(description="periods of the calendar between the first and the last that nobody told of; 0 for intervals")
    missing_periods: Periods = Field(description="the first of them")
    gap_days: Sum = Field(description="days between the first and the last that no period holds")
    nil: Sum = Field(description="periods of which all that is told is that nothing happened")
    nil_periods: Periods = Field(description="the first of them")
    bulletins: Sum
    versions: Sum = Field(description="versions of these bulletins that you may see")
    last_update: Moment
    usual_lateness_days: Days = Field(
        description="median of the days from the end of a period to its first publication; of periods loaded on one day the last counts"
    )
    last_lateness_days: Days
    next_period: PeriodCode | None
    expected_by: Date | None = Field(description="the end of the next period and the usual lateness")
    overdue: bool
    overdue_days: Sum


class CoveragePage(Output):
    """A page of who reported what for which periods, with the exact number of series; `today` is the day that `overdue` is told for."""

    items: list[CoverageRow] = Field(max_length=1_000)
    next_cursor: Cursor | None
    total: Sum
    today: Date
