"""What an officer sees of the other nodes (contract: Routes, /peers)."""

from typing import Annotated

from pydantic import Field

from app.wire.output import ConferenceCode, Moment, Output, ProblemCode, Sum, Words


class Quarantine(Output):
    """Versions that a peer brought and that were not taken, or not understood, for one reason."""

    code: ProblemCode
    count: Sum
    reason: Words


class PeerStanding(Output):
    """How a peer stands: when it was last heard, how far its log was read here, how far it has witnessed ours, what was not taken and why."""

    name: str = Field(max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9-]*$")
    node: str = Field(max_length=64, pattern=r"^\S.*$")
    conferences: list[ConferenceCode] = Field(max_length=100)
    url: Annotated[str, Field(max_length=500, pattern=r"^https?://\S+$")] | None
    last_contact: Moment | None
    last_try: Moment | None
    silent_hours: Sum | None = Field(description="whole hours since the last contact; null before the first")
    size: Sum = Field(description="entries of its log when it was last found whole")
    applied: Sum = Field(description="versions taken from it")
    witnessed: Sum | None = Field(description="entries of this node's log that it has counter-signed; null before the first time")
    witnessed_at: Moment | None
    unwitnessed: Sum = Field(description="entries of this node's log that it has not counter-signed yet")
    failure: ProblemCode | None
    quarantined: list[Quarantine] = Field(max_length=100)


class PeerList(Output):
    """Every peer of this node, by name."""

    items: list[PeerStanding] = Field(max_length=1_000)
