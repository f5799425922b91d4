"""What a node gives to another that cannot ask it, and what that one answers (contract: Routes, exchange)."""

from typing import Annotated, Any

from pydantic import Field

from app.wire.bulletin import Wire
from app.wire.log import Checkpoint, NodeName, Path, Size
from app.wire.output import LARGEST_COUNT, Identifier, Output, ProblemCode, Sum, TermCode
from app.wire.published import Signature

MOST_CHANGES = 500
Told = Annotated[dict[str, Any], Field(max_length=1_000)]
"""An object that is judged by itself, by other rules than a form's."""


class Delivery(Wire):
    """A page of the sender's own changes as its feed shows them, its public description and its signed checkpoint.

    `from` is how far this node last saw the sender's log, and `proof` leads from there to the checkpoint (`/log/proofs/consistency`);
    both may be absent where it never saw it. A change that may not be taken waits in quarantine and blocks no other.
    """

    description: Told
    checkpoint: Checkpoint
    from_: Size = Field(0, alias="from")
    proof: Path = Field(default_factory=list)
    items: list[Told] = Field(max_length=MOST_CHANGES)


class NotTaken(Output):
    """A change that was not applied, or not understood, and by which rule."""

    code: ProblemCode
    kind: TermCode | None
    id: Identifier | None
    version: Annotated[int, Field(ge=0, le=LARGEST_COUNT)]


class Delivered(Output):
    """The receipt: what became of the changes, and the checkpoint with the signature of the node that took them.

    The signature is over the checkpoint's canonical JSON, in the context "istmo witness".
    """

    applied: Sum
    known: Sum
    quarantined: list[NotTaken] = Field(max_length=MOST_CHANGES)
    checkpoint: Checkpoint
    witness: NodeName
    signature: Signature
