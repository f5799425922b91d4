"""What the change feed and the node's public description say (contract: Changes, Parties)."""

from typing import Annotated, Literal

from pydantic import Field

from app.wire.alert_answers import AlertOpinion, Proposal, Sighting
from app.wire.alert_published import Alert
from app.wire.codes import Op
from app.wire.output import Base64Url, ConferenceCode, Cursor, Hexadecimal, Identifier, KeyId, Moment, Output, Sum, TermCode, Version
from app.wire.published import Bulletin

LogNumber = Annotated[Sum, Field(description="number in the log; told to operator, peer and secretariat")]


class Change(Output):
    """One change of a document: `document` is null where the version is withdrawn or hidden, and for an operator."""

    kind: TermCode
    id: Identifier
    version: Version
    op: Literal[Op.PUBLISH, Op.REVISE, Op.WITHDRAW, Op.HIDE]
    origin: ConferenceCode | None
    digest: Hexadecimal | None
    document: Bulletin | Alert | Sighting | AlertOpinion | Proposal | None
    seq: LogNumber | None = None


class Erased(Output):
    """What is told of a document that was erased: which one, whose, and when; nothing else."""

    id: Identifier
    version: Version
    op: Literal[Op.ERASE]
    origin: ConferenceCode
    time: Moment


class Erasure(Erased):
    """A version that was erased: where and when it stood, nothing else."""

    seq: LogNumber | None = None


class ChangePage(Output):
    """A page of changes; `next_cursor` is always there, at the end too, so that it can be kept for the next visit."""

    items: list[Change | Erasure] = Field(max_length=10_000)
    next_cursor: Cursor
    has_more: bool


class DocumentKey(Output):
    """A public Ed25519 key (base64url, 32 bytes) and the time in which it signs documents; `to` is null while it does."""

    kid: KeyId
    key: Base64Url
    from_: Moment = Field(alias="from")
    to: Moment | None


class NodeDescription(Output):
    """What anyone may know of this node: its name and epoch, the conferences that it authors and the keys of their documents."""

    node: str = Field(max_length=200, pattern=r"^\S.*$")
    epoch: Identifier
    conferences: list[ConferenceCode] = Field(max_length=100)
    document_keys: list[DocumentKey] = Field(max_length=10_000)
