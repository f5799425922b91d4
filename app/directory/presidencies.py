"""Presidencies pro tempore by date, and the Troika: previous, current and next (contract: Parties)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.directory.models import Presidency
from app.directory.spans import Span, next_to


@dataclass(frozen=True)
class Tenure:
    """A State's time in the presidency; `provisional` where its days are not known and its year stands for them."""

    state: str
    span: Span
    provisional: bool


@dataclass(frozen=True)
class Troika:
    """The presidency on a day and its neighbours; whoever is not known is None."""

    previous: Tenure | None = None
    current: Tenure | None = None
    next: Tenure | None = None


def tenures(session: Session, conference: str) -> list[Tenure]:
    """Every known presidency of a conference in the order of their days; what was corrected is left out."""
    standing = select(Presidency).where(Presidency.conference == conference, Presidency.superseded_at.is_(None))
    rows = session.scalars(standing.order_by(Presidency.valid_from, Presidency.id))
    return [Tenure(row.state, Span(row.valid_from, row.valid_to), row.provisional) for row in rows]


def troika_on(known: Sequence[Tenure], day: date) -> Troika:
    """The Troika on a day, from the presidencies in the order of their days.

    Only who stands next to the current presidency in time is its neighbour: a year of which nothing is known makes no wrong one.
    Beside a provisional presidency every row is provisional, for nobody knows on which day the one gave way to the other.
    """
    at = next((place for place, tenure in enumerate(known) if tenure.span.holds(day)), None)
    if at is None:
        return Troika()
    current = known[at]
    earlier = known[at - 1] if at > 0 and _neighbours(known[at - 1], current) else None
    later = known[at + 1] if at + 1 < len(known) and _neighbours(current, known[at + 1]) else None
    return Troika(_beside(earlier, current), current, _beside(later, current))


def _neighbours(earlier: Tenure, later: Tenure) -> bool:
    if next_to(earlier.span, later.span):
        return True
    # A year that stands for unknown days also borders on exact days of the year before or after it.
    return (earlier.provisional or later.provisional) and later.span.start.year - earlier.span.end.year <= 1


def _beside(neighbour: Tenure | None, current: Tenure) -> Tenure | None:
    return replace(neighbour, provisional=neighbour.provisional or current.provisional) if neighbour else None
