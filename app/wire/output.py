"""What crosses the wire outwards: closed, without defaults, every text, list and number within bounds.

Models here describe answers and are checked against every answer that a test sees; answers are not built through them, for speed.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.wire.ids import UUID7
from app.wire.text import PRINTABLE

LARGEST_COUNT = 2**31 - 1
LARGEST_SUM = 2**53 - 1
"""The largest whole number that every JSON reader takes as it stands (RFC 8259 section 6)."""

PERIOD = r"^[0-9]{4}(-W[0-9]{2}|-[0-9]{2}|-Q[1-4]|-FY|-[0-9]{2}-[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2})?$"


def present(schema: dict[str, Any]) -> None:
    """Say of a field with a default that it may be absent, and not that it may be null."""
    for name, field in schema.get("properties", {}).items():
        if field.pop("default", ...) is None:
            schema["properties"][name] = _without_null(field)


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    kept = [branch for branch in field.pop("anyOf", []) if branch.get("type") != "null"]
    return {**kept[0], **field} if len(kept) == 1 else {"anyOf": kept, **field} if kept else field


class Output(BaseModel):
    """What crosses the wire outwards: nothing that is not named here; a field with a default may be absent and is never null."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=present)


def _text(longest: int, pattern: str = PRINTABLE) -> Any:  # noqa: ANN401 - pydantic's own type of a field
    return Field(max_length=longest, pattern=pattern)


Identifier = Annotated[str, Field(max_length=36, pattern=UUID7, json_schema_extra={"format": "uuid"})]
"""A UUIDv7 (RFC 9562) in lower case."""
Moment = Annotated[str, Field(max_length=40, pattern=r"Z$", json_schema_extra={"format": "date-time"})]
"""An instant in UTC (RFC 3339)."""
Date = Annotated[str, Field(max_length=10, json_schema_extra={"format": "date"})]
"""A day of the calendar."""
PeriodCode = Annotated[str, _text(32, PERIOD)]
"""A week, month, quarter, year, fiscal year or interval (contract: Flow bulletin)."""
StateCode = Annotated[str, _text(3, "^[A-Z]{3}$")]
"""A State (ISO 3166-1 alpha-3)."""
ConferenceCode = Annotated[str, _text(16, "^[A-Z][A-Z0-9-]*$")]
"""A conference."""
PartyCode = Annotated[str, _text(64, "^[A-Z][A-Z0-9-]*(/[A-Za-z0-9-]+)?$")]
"""A conference, or an office of it: `RCM`, `RCM/secretariat`, `SACM/BRA`."""
TermCode = Annotated[str, _text(64, r"^[A-Za-z0-9_][A-Za-z0-9_.:@+/-]*$")]
"""A code of a vocabulary or of a dimension."""
ProblemCode = Annotated[str, _text(64, "^[a-z0-9-]+$")]
"""A problem's stable code."""
Words = Annotated[str, _text(2_000)]
"""A sentence for people."""
Name = Annotated[str, _text(300)]
"""A short text for people."""
Cursor = Annotated[str, _text(2_048, "^[A-Za-z0-9_-]+$")]
"""Where the next page begins; opaque."""
Hexadecimal = Annotated[str, _text(64, "^[0-9a-f]+$")]
Base64Url = Annotated[str, _text(100, "^[A-Za-z0-9_-]+$")]
KeyId = Annotated[str, _text(64, "^[A-Za-z0-9._-]+$")]
Number = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
"""A count of persons, events, encounters or applications."""
Sum = Annotated[int, Field(ge=0, le=LARGEST_SUM)]
"""A number that may be a sum."""
Version = Annotated[int, Field(ge=1, le=LARGEST_COUNT)]
"""A version of a document, from 1."""
