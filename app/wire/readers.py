"""Who has read a document, as it crosses the wire: offices and days, never clients or persons."""

from pydantic import Field

from app.wire.codes import Role
from app.wire.directory import ListPage
from app.wire.output import ConferenceCode, Date, Number, Output, PartyCode, Version


class DocumentReader(Output):
    """The days (UTC) on which an office read one version; analysts are told by their conference, another node by role `peer`.

    What was sent to a peer or written for one to be carried has neither conference nor office.
    """

    version: Version
    role: Role
    conference: ConferenceCode | None
    office: PartyCode | None
    first_read: Date
    last_read: Date
    days: Number


class DocumentReaderPage(ListPage):
    """A page of the readers of a document."""

    items: list[DocumentReader] = Field(max_length=10_000)
