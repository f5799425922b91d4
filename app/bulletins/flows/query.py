"""What may be asked of flows: one model, declared once (contract: /flows)."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.query import PageQuery, Query, Word, Words


class BulletinFilters(Query):
    """Filters by what a bulletin as a whole bears, and by the span of its periods (contract: /flows)."""

    reporting_state: Words | None = None
    conference: Words | None = None
    publisher: Words | None = None
    measure: Words | None = None
    unit: Words | None = None
    definition_code: Words | None = None
    accumulation: Words | None = None
    figure_status: Words | None = None
    period_from: Word | None = None
    period_to: Word | None = None
    frequency: Literal["week", "month", "quarter", "year", "fiscal_year", "interval"] | None = None


class FlowFilters(BulletinFilters):
    """Filters of the published rows (contract: /flows)."""

    nationality: Words | None = None
    origin_state: Words | None = None
    sex: Words | None = None
    age: Words | None = None
    accompaniment: Words | None = None
    procedure: Words | None = None
    route_point: Words | None = None
    mode: Words | None = None
    previous_state: Words | None = None
    destination_state: Words | None = None
    extra_continental: bool | None = Field(
        None, description="true: only nationalities that `classification` counts as such; false: only the others that it classifies"
    )
    classification: Literal["strict@1", "extra_regional@1"] = "strict@1"


class FlowQuery(FlowFilters, PageQuery):
    """The analyst query (contract: /flows)."""

    totals: bool = Field(default=False, description="every margin too, marked `is_total`")
    group_by: Words | None = Field(
        None, description="sums by period, any attribute or dimension, `area` of nationality, `extra_continental` under `classification`"
    )
    fields: Words | None = Field(None, description="columns of the answer, in this order; all of them where none is named")
    sort: Words | None = Field(None, description="columns to order the rows by, `-` before one for the largest first")
    labels: Literal["code", "name", "both"] = Field("code", description="codes as codes, as names in `lang`, or one column of each")
    lang: Literal["es", "pt", "en"] | None = Field(None, description="language of names and notes; else that of Accept-Language")
    as_of: Word | None = Field(
        None, description="figures as they stood at this instant (2022-11-30T23:59:59Z) or at the end of this day (2022-11-30), in UTC"
    )
    format: Literal["json", "ndjson", "csv", "xlsx", "parquet"] | None = Field(None, description="goes before Accept")
    excel: Literal["comma", "semicolon"] | None = Field(None, description="CSV in the form that Excel opens, by its list separator")
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None  # type: ignore[assignment]
