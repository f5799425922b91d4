"""What an officer sees of the other nodes (contract: Routes, /peers)."""

from typing import Annotated

from pydantic import Field

from app.wire.output import ConferenceCode, Identifier, Moment, Output, ProblemCode, Sum, TermCode, Version, Words


class Quarantine(Output):
    """How many versions a peer brought that were not taken, or not understood, for one reason."""

    code: ProblemCode
    count: Sum
    reason: Words


class Quarantined(Output):
    """One version that was not taken, or not understood, and since when it is kept; null where the peer did not name it."""

    code: ProblemCode
    reason: Words
    kind: TermCode | None
    id: Identifier | None
    version: Version | None
    since: Moment


class PeerStanding(Output):
    """How a peer stands: when it was last heard, how far each has read the other and what waits since when, what was not taken and why."""

    name: str = Field(max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9-]*$")
    node: str = Field(max_length=64, pattern=r"^\S.*$")
    conferences: list[ConferenceCode] = Field(max_length=100)
    url: Annotated[str, Field(max_length=500, pattern=r"^https?://\S+$")] | None
    last_contact: Moment | None
    last_try: Moment | None
    silent_hours: Sum | None = Field(description="whole hours since the last contact; null before the first")
    size: Sum = Field(description="entries of its log when it was last found whole")
    read: Sum | None = Field(description="entries of its log up to which everything is taken here; null before the first time")
    read_at: Moment | None
    unread: Sum = Field(description="entries of its log that were seen and are not taken yet")
    unread_hours: Sum | None = Field(description="whole hours since everything was taken; null where nothing is unread")
    applied: Sum = Field(description="versions taken from it")
    witnessed: Sum | None = Field(
        description="entries of this node's log up to which it has taken everything that it may see, by its signature; null before the first time"
    )
    witnessed_at: Moment | None
    unwitnessed: Sum = Field(description="entries of this node's log that it has not counter-signed yet, whoever may see them")
    waiting: Sum = Field(description="versions of this node's own documents, of those that it may see, that it has not counter-signed yet")
    waiting_since: Moment | None = Field(description="when the oldest of them was published; null where none waits")
    waiting_hours: Sum | None = Field(description="whole hours since then")
    failure: ProblemCode | None
    not_understood: Sum = Field(description="versions taken, kept and passed on that this release cannot show: the peer is a release ahead")
    quarantined: list[Quarantine] = Field(max_length=100)
    newest: list[Quarantined] = Field(max_length=100, description="what is in quarantine, the newest first")


class PeerList(Output):
    """Every peer of this node, by name."""

    items: list[PeerStanding] = Field(max_length=1_000)
