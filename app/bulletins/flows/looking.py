"""What may be asked before one asks for flows: how they spread, and who reported what; one model a route, declared once (contract: /flows)."""

from typing import Annotated, Literal

from pydantic import Field

from app.bulletins.flows.query import BulletinFilters, FlowFilters, FlowQuery
from app.core.query import PageQuery, Word, Words


class FacetQuery(FlowFilters):
    """Filters of the facets: those of the analyst query."""

    facets: Words | None = Field(None, description="columns and dimensions to count by; every one where none is named")
    as_of: Word | None = Field(None, description="as the figures stood at this instant or at the end of this day, in UTC")
    lang: Literal["es", "pt", "en"] | None = Field(None, description="language of the labels; else that of Accept-Language")

    @property
    def flows(self) -> FlowQuery:
        """The analyst query of the same filters."""
        return FlowQuery.model_validate(self.model_dump(exclude={"facets", "lang"}, exclude_none=True))


class CoverageQuery(BulletinFilters, PageQuery):
    """Filters of the coverage: what a bulletin as a whole bears, and the span of its periods."""

    format: Literal["json", "csv"] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None  # type: ignore[assignment]

    @property
    def flows(self) -> FlowQuery:
        """The analyst query of the same filters."""
        return FlowQuery.model_validate(self.model_dump(exclude={"cursor", "limit", "format"}, exclude_none=True))
