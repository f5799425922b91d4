"""What waits to be published, as the office that sent it and its secretariat see it, and what they decide (contract: Routes, reviews)."""

from typing import Annotated, Any

from pydantic import Field, StrictStr

from app.wire.bulletin import Count, Wire
from app.wire.codes import WaitingStatus
from app.wire.output import ConferenceCode, Cursor, Identifier, Moment, Output, PartyCode, ProblemCode, Sum, TermCode, Version, Words
from app.wire.text import Code

_MOST_FINDINGS = 10_000
Pointer = Annotated[str, Field(max_length=1_000, pattern=r"^(/[^\x00-\x1f\x7f]*)?$")]
"""A place in what was sent (RFC 6901)."""


class ConfirmedFinding(Wire):
    """One finding, by its place, and why it is no person and gives no small number away: a code of the vocabulary `finding_reason`."""

    pointer: Annotated[StrictStr, Field(max_length=1_000, pattern=r"^(/[^\x00-\x1f\x7f]*)?$")]
    offset: Count
    reason: Code


class Confirmation(Wire):
    """The word of a second person that an item may be published: a reason for every finding."""

    findings: list[ConfirmedFinding] = Field([], max_length=_MOST_FINDINGS)


class Rejection(Wire):
    """Why an item is not published: a code of the vocabulary `reject_reason`."""

    reason: Code


class ReleasedVersion(Output):
    """A version that came of an item."""

    id: Identifier
    version: Version
    href: Annotated[str, Field(max_length=100, pattern=r"^/v1/[a-z]+/[0-9a-f-]+$")]


class ReviewItem(Output):
    """An item that waits, or what became of it, without its texts.

    `due` is the minute before which it is not published; `expires_at` when it is purged if nobody decides; `offices` wrote it.
    """

    id: Identifier
    version: Version
    kind: TermCode
    status: WaitingStatus
    reason: TermCode | None = Field(
        description="why it was rejected; why it was not published at its minute: `stale`, `failed`; what became of the document that it follows: `withdrawn`, `erased`"
    )
    origin: ConferenceCode
    issuer: PartyCode
    offices: list[PartyCode] = Field(max_length=1_000)
    needs_review: bool
    due: Moment | None
    created_at: Moment
    changed_at: Moment
    expires_at: Moment | None = Field(description="null for one that is decided")
    published: list[ReleasedVersion] = Field(max_length=5_000)


class TextFinding(Output):
    """What in a text looks like a person, or like a number that may give one away; `kind` says which rule found it."""

    pointer: Pointer
    offset: Sum
    length: Sum
    kind: TermCode
    code: ProblemCode
    detail: Words


class Review(ReviewItem):
    """An item with its documents as they would be published, in protected form, and what was found in them.

    Both are empty where the item is decided: nothing of it is kept.
    """

    documents: list[Annotated[dict[str, Any], Field(max_length=100)]] = Field(max_length=5_000)
    findings: list[TextFinding] = Field(max_length=_MOST_FINDINGS)


class ReviewPage(Output):
    """A page of items, the oldest first, and the exact number of all that the caller may see."""

    items: list[ReviewItem] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum
