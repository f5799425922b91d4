"""The allow-list as it crosses the wire: what anyone may write though it looks like an identifier or a person (guarantees 2)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StrictStr

from app.wire.bulletin import Wire
from app.wire.directory import ListPage
from app.wire.output import Identifier, Moment, Output, Words
from app.wire.text import PRINTABLE, Reason


class AllowedKind(StrEnum):
    """What an entry of the allow-list lets pass."""

    DOMAIN = "domain"
    EMAIL = "email"
    HOST = "host"
    PHONE = "phone"
    NAME = "name"


class AllowedDraft(Wire):
    """What an operator lets pass from now on, and whose it is: it is read by every office that writes."""

    kind: AllowedKind
    value: Annotated[StrictStr, Field(min_length=1, max_length=254, pattern=PRINTABLE)] = Field(
        description="`example.org` with all under it, `desk@example.org`, the host `www.example.org` alone, `+50622220000`, or a name of two words or more"
    )
    note: Reason | None = Field(None, description="whose it is and where its owner publishes it")


class AllowedEntry(Output):
    """An entry of the allow-list; what is shipped with the node has no id and cannot be taken off."""

    id: Identifier | None
    kind: AllowedKind
    value: Annotated[str, Field(max_length=254, pattern=PRINTABLE)]
    note: Words | None
    added_at: Moment | None


class AllowedPage(ListPage):
    """A page of the allow-list."""

    items: list[AllowedEntry] = Field(max_length=10_000)
