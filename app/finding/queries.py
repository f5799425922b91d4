"""What may be asked across kinds: one model a route, declared once."""

from pydantic import Field

from app.core.query import PageQuery


class AroundQuery(PageQuery):
    """A page of the flows around an alert, and how far around."""

    months: int = Field(
        1,
        ge=0,
        le=12,
        description="calendar months before the alert's first and after its last: 12 reaches the figures of whole years that lie within",
    )
