"""Query parameters: one model a route, declared once; misspelt and empty ones are refused (house.md: Filters)."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from app.wire.text import WRITTEN, refused_character


def _words(value: Any) -> Any:  # noqa: ANN401 - what the router hands over, before it is judged
    """Repeated parameters and commas both mean "or" (contract: /flows)."""
    texts = value if isinstance(value, list) else [value]
    return [word for text in texts for word in _split(text)]


def _split(text: object) -> list[str]:
    words = str(text).split(",")
    for word in words:
        _present(word)
    return words


def _present(value: object) -> object:
    if isinstance(value, str):
        if not value.strip():
            raise PydanticCustomError("parameter-empty", "an empty value")
        offset = refused_character(value)
        if offset is not None:
            raise PydanticCustomError("text-character", "a character that no text may hold", {"offset": offset})
    return value


Word = Annotated[str, Field(max_length=64, json_schema_extra={"pattern": WRITTEN})]
Words = Annotated[list[Word], BeforeValidator(_words), Field(max_length=300)]
Sealed = Annotated[str, Field(max_length=2048, json_schema_extra={"pattern": WRITTEN})]


class Query(BaseModel):
    """The parameters of a route; whatever else is sent is unknown."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        """Refuse an empty value and a character that no text may hold, whatever the parameter."""
        for text in value if isinstance(value, list) else [value]:
            _present(text)
        return value


class NoQuery(Query):
    """A route without parameters."""


class PageQuery(Query):
    """A page of a list: opaque cursor and limit."""

    cursor: Sealed | None = Field(None, description="`next_cursor` of the page before")
    limit: int = Field(100, ge=1, le=1000, description="items on a page; above the maximum is refused, never cut")
