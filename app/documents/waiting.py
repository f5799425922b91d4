"""What a document waits for before it is published: its embargo, its conference's policy, a second reader (contract: Life)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.core.clock import utc_now
from app.core.problems import Problem
from app.wire.codes import WaitingStatus
from app.wire.problem import Finding

LONGEST_EMBARGO_DAYS: Final = 366
_SECRETARIAT: Final = "/secretariat"
_AT_ONCE: Final = "at_once"
_MINUTES: Final = "after_minutes:"


@dataclass(frozen=True)
class Wait:
    """Until when nothing is published, and whether another person decides before that."""

    due: datetime | None = None
    needs_review: bool = False

    @property
    def status(self) -> WaitingStatus:
        """What it is while it waits."""
        return WaitingStatus.HELD if self.needs_review else WaitingStatus.PENDING

    @property
    def is_over(self) -> bool:
        """Whether it may be published now."""
        return not self.needs_review and (self.due is None or self.due <= utc_now())


def embargo(publish_at: str | None) -> datetime | None:
    """The instant before which a document is not published; none where it is past."""
    wanted = datetime.fromisoformat(publish_at).astimezone(UTC) if publish_at else None
    return wanted if wanted and wanted > utc_now() else None


def embargo_faults(publish_at: str | None, place: str) -> list[Finding]:
    """A finding `embargo-too-long` for an embargo that ends in more than a year."""
    wanted = embargo(publish_at)
    too_long = wanted is not None and wanted > utc_now() + timedelta(days=LONGEST_EMBARGO_DAYS)
    return [Finding("embargo-too-long", pointer=place, params={"days": LONGEST_EMBARGO_DAYS})] if too_long else []


def wait_for(office: str, partner_release: str, publish_at: str | None, to_confirm: Sequence[Finding]) -> Wait:
    """What a document of an office waits for; `partner_release` is what its conference decided for its national offices."""
    wanted, until = _AT_ONCE if office.endswith(_SECRETARIAT) else partner_release, embargo(publish_at)
    if wanted.startswith(_MINUTES):
        after = utc_now() + timedelta(minutes=int(wanted.removeprefix(_MINUTES)))
        until = max(after, until or after)
        wanted = _AT_ONCE
    return Wait(until, needs_review=bool(to_confirm) or wanted != _AT_ONCE)


def together(waits: Iterable[Wait]) -> Wait:
    """What a batch waits for: published whole, when the last of it may be."""
    each = list(waits)
    return Wait(max((wait.due for wait in each if wait.due), default=None), any(wait.needs_review for wait in each))


def stale() -> Problem:
    """The refusal of what was overtaken while it waited."""
    return Problem("review-stale")
