"""The list of profiles as it crosses the wire: what is shipped and what offices registered (contract: /profiles)."""

from typing import Annotated

from pydantic import Field

from app.wire.directory import ListPage
from app.wire.output import Moment, Name, Output, PartyCode, Version

ProfileName = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
Titles = Annotated[dict[str, Name], Field(max_length=3)]
"""A title by language."""


class ProfileEntry(Output):
    """A profile in its newest version; without an office it is shipped with the node."""

    name: ProfileName
    version: Version
    office: PartyCode | None
    title: Titles
    source: Name | None
    added_at: Moment | None


class ProfilePage(ListPage):
    """A page of the profiles that may read the caller's files."""

    items: list[ProfileEntry] = Field(max_length=10_000)
