"""An office's own word for a code as it crosses the wire: what its files say where ours say a code (contract: /aliases)."""

from typing import Annotated, Literal

from pydantic import Field

from app.wire.bulletin import DimensionName, Wire
from app.wire.directory import ListPage
from app.wire.output import Identifier, Moment, Output, PartyCode, TermCode
from app.wire.text import PRINTABLE, Code, Word

AliasDimension = DimensionName | Literal["reporting_state", "measure", "unit", "figure_status"]
"""What a column of a file may hold in words."""


class AliasDraft(Wire):
    """What a word of an office's files stands for from its next file on."""

    dimension: AliasDimension
    label: Word = Field(description="the word as the files have it; accents, case, punctuation and the order of its words do not count")
    code: Code = Field(description="the code of the dimension that it stands for")


class AliasEntry(Output):
    """A word that an office registered: for its own files, or, where it is the secretariat, for those of its conference's offices."""

    id: Identifier
    office: PartyCode
    dimension: AliasDimension
    label: Annotated[str, Field(max_length=100, pattern=PRINTABLE)]
    code: TermCode
    added_at: Moment


class AliasPage(ListPage):
    """A page of the words that count in the caller's files."""

    items: list[AliasEntry] = Field(max_length=10_000)
