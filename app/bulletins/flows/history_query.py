"""What may be asked of how figures changed: the filters of the analyst query, declared once (contract: /flows)."""

from typing import Annotated, Literal

from pydantic import Field

from app.bulletins.flows.query import FlowFilters, FlowQuery
from app.core.query import PageQuery, Word


class RevisionQuery(FlowFilters, PageQuery):
    """Filters of the revisions; a bulletin's own columns are those of its latest version."""

    totals: bool = Field(default=False, description="every margin too, marked `is_total`")
    unrevised: bool = Field(default=False, description="bulletins of one version too")
    as_of: Word | None = Field(None, description="as the figures stood at this instant or at the end of this day, in UTC")
    format: Literal["json", "csv"] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None  # type: ignore[assignment]

    @property
    def flows(self) -> FlowQuery:
        """The analyst query of the same filters."""
        return FlowQuery.model_validate(self.model_dump(exclude={"cursor", "limit", "format", "unrevised"}, exclude_none=True))


class LagQuery(FlowFilters):
    """Filters of the revisions by lag; every bulletin counts, one that was never revised as unchanged."""

    totals: bool = Field(default=False, description="every margin too")
    as_of: Word | None = Field(None, description="as the figures stood at this instant or at the end of this day, in UTC")
    format: Literal["json", "csv"] | None = None

    @property
    def flows(self) -> FlowQuery:
        """The analyst query of the same filters."""
        return FlowQuery.model_validate(self.model_dump(exclude={"format"}, exclude_none=True))
