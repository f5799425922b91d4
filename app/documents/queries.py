"""What may be asked of every kind of document."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from app.core.query import PageQuery, Query, Words
from app.wire.codes import TLP, Status


def _moment(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise PydanticCustomError("format", "no instant with a time zone", {"expected": "2012-11-10T12:00:00Z"})
    return value


Moment = Annotated[datetime, AfterValidator(_moment)]
"""An instant with its time zone."""


class MarkingQuery(Query):
    """Filters that every kind has; `published_after` and `published_before` leave their bound out."""

    origin: Words | None = None
    status: Status | None = None
    tlp: TLP | None = None
    published_after: Moment | None = None
    published_before: Moment | None = None


class DocumentQuery(PageQuery, MarkingQuery):
    """Filters of the list of any kind."""
