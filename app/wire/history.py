"""How figures changed, as it is answered: a row a cell, and revisions by lag (contract: /flows/revisions)."""

from typing import Annotated, Literal

from pydantic import Field

from app.wire.codes import FigureStatus, StockOrFlow, Unit
from app.wire.output import (
    LARGEST_SUM,
    ConferenceCode,
    Cursor,
    Date,
    Moment,
    Output,
    PeriodCode,
    StateCode,
    Sum,
    TermCode,
    Version,
    Words,
)

_Days = Annotated[int, Field(ge=-100_000, le=100_000, description="whole days")]
_Change = Annotated[int | None, Field(ge=-LARGEST_SUM, le=LARGEST_SUM)]
_Percent = Annotated[float | None, Field(ge=-(10**13), le=10**13, description="in hundredths; null where the earlier figure is none or 0")]
_Status = Annotated[
    Literal["withheld", "not_collected", "absent", "pooled"] | None,
    Field(description="why there is no value; `absent`: this version names no such cell; `pooled`: it may be in a rest"),
]
_Name = Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f-]{36}@v[0-9]+$", description="a bulletin and its version, `id@vN`")]


class Revision(Output):
    """A version that came after another, when, and why."""

    version: Version
    published_at: Moment
    days: _Days = Field(description="since the version before that the caller may read")
    figure_status: FigureStatus
    reason: Words | None


class RevisionRow(Output):
    """A cell as its bulletin said first and as it says now; of one that was taken back there is one row, without figures."""

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
    first_value: Sum | None
    first_value_status: _Status
    first_lower: Sum | None
    first_upper: Sum | None
    first_figure_status: FigureStatus
    first_published_at: Moment
    first_lag_days: _Days = Field(description="from the end of the period to the first publication that the caller may read")
    latest_value: Sum | None
    latest_value_status: _Status
    latest_lower: Sum | None
    latest_upper: Sum | None
    latest_figure_status: FigureStatus
    latest_published_at: Moment
    latest_lag_days: _Days = Field(description="from the end of the period to the latest publication")
    difference: _Change = Field(description="the latest value less the first; null where one of them is none")
    difference_lower: _Change = Field(description="the least that the difference can be; null where nobody knows")
    difference_upper: _Change = Field(description="the most that the difference can be; null where nobody knows")
    percent: _Percent
    versions: Version = Field(description="how many of its versions the caller may read")
    is_total: bool
    withdrawn: bool
    first_bulletin: _Name
    bulletin: _Name
    revisions: list[Revision] = Field(max_length=10_000, description="the versions after the first, oldest first")


class RevisionPage(Output):
    """A page of rows, and the exact number of all."""

    items: list[RevisionRow] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum
    as_of: Moment | None = Field(description="the instant as of which the figures are told; null for the present")


class LagRow(Output):
    """Of one series, how far what was known at some distance from the end of a period was from the latest figures."""

    conference: ConferenceCode
    reporting_state: StateCode
    publisher: TermCode
    measure: TermCode
    unit: Unit
    definition_code: TermCode
    accumulation: TermCode
    weeks: Annotated[
        int | None, Field(ge=1, le=5_000, description="after the end of the period; null: at the first publication, whenever it came")
    ]
    cells: Sum = Field(description="cells of the latest versions whose bulletin had been published by then")
    compared: Sum = Field(description="of these, with a value then and now, and more than 0 then")
    changed: Sum = Field(description="of these, with another value now")
    mean_percent: _Percent = Field(description="mean of the relative revisions that were still to come, with their sign")
    median_percent: _Percent = Field(description="their median")
    mean_absolute_percent: _Percent = Field(description="their mean without sign: the usual size of a revision")


class LagTable(Output):
    """Revisions by lag: first and intermediate against latest."""

    items: list[LagRow] = Field(max_length=10_000)
    as_of: Moment | None = Field(description="the instant as of which the figures are told; null for the present")
