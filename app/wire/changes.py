"""What the change feed and the node's public description say (contract: Changes, Parties)."""

from typing import Annotated, Literal

from pydantic import Field

from app.wire.alert_answers import AlertOpinion, Proposal, Sighting
from app.wire.alert_published import Alert, Reference
from app.wire.codes import Op, Status
from app.wire.output import (
    Base64Url,
    ConferenceCode,
    Cursor,
    Hexadecimal,
    Identifier,
    KeyId,
    Moment,
    Output,
    Sum,
    TermCode,
    Version,
)
from app.wire.published import Bulletin, Envelope, Signature

LogNumber = Annotated[Sum, Field(description="number in the log; told to operator, peer and secretariat")]


class Withdrawal(Envelope):
    """The version that takes a document back, as it was signed: an envelope without a body, its salt included."""

    kind: TermCode
    status: Literal[Status.WITHDRAWN]
    reference: Reference | None = None
    alert: Identifier | None = None
    salt: Hexadecimal
    digest: Hexadecimal
    signature: Signature


class BulletinWithdrawal(Withdrawal):
    """The version that takes a bulletin back: of its cells it says that there are none."""

    cells: None


class Change(Output):
    """One change of a document: `document` is null where the version is withdrawn or hidden, and for an operator.

    A peer gets the version that takes a document back as `withdrawal`, whole, so that it can check who signed it, and of documents of
    its own conference also what was taken back later, from which its node restores itself.
    """

    kind: TermCode
    id: Identifier
    version: Version
    op: Literal[Op.PUBLISH, Op.REVISE, Op.WITHDRAW, Op.HIDE]
    origin: ConferenceCode | None
    digest: Hexadecimal | None
    document: Bulletin | Alert | Sighting | AlertOpinion | Proposal | None
    withdrawal: BulletinWithdrawal | Withdrawal | None = None
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


class SnapshotPage(Output):
    """A page of documents that stand, as changes; the last one gives no next page but the cursor of `/v1/changes` to go on with."""

    items: list[Change] = Field(max_length=10_000)
    next_cursor: Cursor | None
    has_more: bool
    changes_cursor: Cursor | None


class CheckpointKey(Output):
    """A public Ed25519 key (base64url, 32 bytes) and the time in which it signs; `to` is null while it does.

    `endorsement` is the signature by the key before it, in the context "istmo key", over the canonical JSON of kid, key, purpose
    and from: by it, whoever knows that key may take this one. The purpose is `checkpoint` or `document-` and the conference.
    """

    kid: KeyId
    key: Base64Url
    from_: Moment = Field(alias="from")
    to: Moment | None
    endorsement: Signature | None = None


class DocumentKey(CheckpointKey):
    """The same of a key that signs the documents of one conference."""

    conference: ConferenceCode


class NodeDescription(Output):
    """What anyone may know of this node: its name and epoch, the conferences that it authors, the keys of documents and checkpoints."""

    node: str = Field(max_length=200, pattern=r"^\S.*$")
    epoch: Identifier
    conferences: list[ConferenceCode] = Field(max_length=100)
    document_keys: list[DocumentKey] = Field(max_length=10_000)
    checkpoint_keys: list[CheckpointKey] = Field(max_length=10_000)
