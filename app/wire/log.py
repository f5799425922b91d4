"""The log as others check it: checkpoints, entries, proofs and witnesses (contract: Routes; guarantees 3)."""

from typing import Annotated

from pydantic import Field, StrictInt, StrictStr

from app.wire.bulletin import Wire
from app.wire.codes import Op
from app.wire.output import LARGEST_COUNT, ConferenceCode, Cursor, Identifier, Moment, Output, Sum, TermCode, Version
from app.wire.published import Signature

Hash = Annotated[StrictStr, Field(max_length=64, pattern="^[0-9a-f]{64}$")]
"""A hash of the tree: SHA-256, in hexadecimal."""
Size = Annotated[StrictInt, Field(ge=0, le=LARGEST_COUNT)]
"""How many entries a log has."""
EntryNumber = Annotated[StrictInt, Field(ge=1, le=LARGEST_COUNT)]
"""The place of an entry in the log, from 1."""
NodeName = Annotated[StrictStr, Field(max_length=64, pattern=r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
"""The name of a node, as its description gives it."""
Path = Annotated[list[Hash], Field(max_length=64)]
"""The hashes of a proof, in the order in which they are joined."""


class Checkpoint(Output):
    """How far a node's log went at a time, signed: over the canonical JSON of all but the signature, in the context "istmo checkpoint"."""

    node: NodeName
    epoch: Identifier
    size: Size
    root: Hash
    time: Moment
    signature: Signature


class LogEntry(Output):
    """One entry: its place, its leaf and when it was recorded; of which document's version only to who may see that version.

    `digest` is absent too once the document was erased.  The leaf is the leaf hash (RFC 6962 section 2.1) of the canonical JSON of
    number, kind, id, version, op, origin, recorded_at and digest (null where there is none).
    """

    number: EntryNumber
    leaf: Hash
    recorded_at: Moment
    kind: TermCode | None = None
    id: Identifier | None = None
    version: Version | None = None
    op: Op | None = None
    origin: ConferenceCode | None = None
    digest: Hash | None = None


class LogPage(Output):
    """A page of entries by number; `next_after` begins the next page and is null on the last one, `total` is the size of the log."""

    items: list[LogEntry] = Field(max_length=10_000)
    next_after: EntryNumber | None
    total: Size


class InclusionProof(Output):
    """That an entry's leaf is in the tree of `size` leaves with this root (RFC 6962 section 2.1.1); its index there is number - 1."""

    number: EntryNumber
    size: EntryNumber
    leaf: Hash
    root: Hash
    proof: Path


class ConsistencyProof(Output):
    """That the tree of `to` leaves begins with the whole tree of `from` leaves (RFC 6962 section 2.1.2)."""

    from_: Size = Field(alias="from")
    to: Size
    first_root: Hash
    second_root: Hash
    proof: Path


class WitnessDraft(Wire):
    """A checkpoint of this node, counter-signed by another that saw it: over its canonical JSON, in the context "istmo witness"."""

    checkpoint: Checkpoint
    witness: NodeName
    signature: Signature


class WitnessReceipt(Output):
    """Since when this node keeps that another one saw its log at this size."""

    witness: NodeName
    size: Size
    kept_at: Moment


class WitnessRecord(Output):
    """A checkpoint, of this node's log or of another's, and the signature of the node that saw it."""

    checkpoint: Checkpoint
    witness: NodeName
    signature: Signature
    kept_at: Moment


class WitnessPage(Output):
    """A page of witnesses, the newest first."""

    items: list[WitnessRecord] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum
