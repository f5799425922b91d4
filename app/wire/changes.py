"""What the change feed and the node's public description say (contract: Changes, Parties)."""

from typing import Literal

from pydantic import BaseModel, Field

from app.wire.codes import Op


class Change(BaseModel):
    """One change of a document: `document` is null where the version is withdrawn or hidden, and for an operator."""

    kind: str
    id: str
    version: int
    op: Literal[Op.PUBLISH, Op.REVISE, Op.WITHDRAW, Op.HIDE]
    origin: str | None
    digest: str | None
    document: dict[str, object] | None


class NumberedChange(Change):
    """A change with its number in the log, for operator, peer and secretariat."""

    seq: int


class Erasure(BaseModel):
    """A version that was erased: where and when it stood, nothing else."""

    id: str
    version: int
    op: Literal[Op.ERASE]
    origin: str
    time: str


class NumberedErasure(Erasure):
    """An erasure with its number in the log, for operator, peer and secretariat."""

    seq: int


class ChangePage(BaseModel):
    """A page of changes; `next_cursor` is always there, at the end too, so that it can be kept for the next visit."""

    items: list[NumberedChange | Change | NumberedErasure | Erasure]
    next_cursor: str
    has_more: bool


class DocumentKey(BaseModel):
    """A public Ed25519 key (base64url, 32 bytes) and the time in which it signs documents; `to` is null while it does."""

    kid: str
    key: str
    from_: str = Field(alias="from")
    to: str | None


class NodeDescription(BaseModel):
    """What anyone may know of this node: its name and epoch, the conferences that it authors and the keys of their documents."""

    node: str
    epoch: str
    conferences: list[str]
    document_keys: list[DocumentKey]
