"""A row of the revisions as it is told: both figures or what is known of them, their difference, and the story between (contract: /flows/revisions)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Row

from app.bulletins.flows.question import NATIONALITY
from app.core.clock import rfc3339
from app.directory.dimensions import DIMENSIONS
from app.wire.codes import TLP

_OF_BULLETIN: Final = (
    *("period", "period_start", "period_end", "conference", "reporting_state", "publisher", "measure", "unit", "stock_or_flow"),
    *("definition_code", "accumulation"),
)
_SIDES: Final = ("first", "latest")
_FIGURE: Final = ("value", "value_status", "lower", "upper", "figure_status", "published_at", "lag_days")
COLUMNS: Final = (
    *_OF_BULLETIN,
    *DIMENSIONS,
    *(f"{side}_{name}" for side in _SIDES for name in _FIGURE),
    *("difference", "difference_lower", "difference_upper", "percent", "versions", "is_total", "withdrawn", "first_bulletin"),
    *("bulletin", "revisions"),
)
"""Columns of a row, in the order of every format."""

ABSENT, POOLED = "absent", "pooled"
HUNDREDTHS: Final = 10_000


@dataclass(frozen=True)
class Version:
    """One version in the story of a bulletin, and how it is marked."""

    number: int
    published_at: datetime
    figure_status: str
    reason: str | None
    tlp: TLP


@dataclass(frozen=True)
class Figure:
    """What a version says of a cell: a value, or why there is none and between which bounds it lies, as far as they are known."""

    value: int | None
    status: str | None
    lower: int | None
    upper: int | None


def shown(row: Row[Any], story: Sequence[Version]) -> dict[str, object]:
    """The row by column; `revisions` lists the versions after the first with days since the one before, and reasons."""
    first, now = (_figure(row, side) for side in _SIDES)
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by column
    given: dict[str, object] = {**values, "conference": row.origin, "withdrawn": bool(row.withdrawn), "is_total": bool(row.is_total)}
    given |= {"period_start": row.period_start.isoformat(), "period_end": row.period_end.isoformat()}
    given |= _told("first", first, row.first_figure_status, row.first_published_at, row.period_end)
    given |= _told("latest", now, row.figure_status, row.latest_published_at, row.period_end)
    given |= _difference(first, now)
    given |= {"bulletin": f"{row.document_id}@v{row.version}", "first_bulletin": f"{row.document_id}@v{row.first_version}"}
    given["revisions"] = [_revision(before, each) for before, each in pairwise(story)]
    return {name: given[name] for name in COLUMNS}


def as_line(row: dict[str, Any]) -> list[object]:
    """The same as a line of a file: the story in one cell, a line a version."""
    told = [f"v{each['version']} ({each['published_at'][:10]}, +{each['days']} d): {each['reason'] or '-'}" for each in row["revisions"]]
    return ["\n".join(told) if name == "revisions" else row[name] for name in COLUMNS]


def in_hundredths(difference: int, base: int) -> int:
    """A difference in hundredths of a percent of a base above 0, rounded half away from 0: the same on every machine and store."""
    twice, odd = 2 * abs(difference) * HUNDREDTHS, 2 * base
    rounded = (twice + base) // odd
    return rounded if difference >= 0 else -rounded


def lag_of(period_end: date, published_at: datetime) -> int:
    """Whole days from the end of a period to the day of a publication (UTC)."""
    return (published_at.date() - period_end).days


def _revision(before: Version, each: Version) -> dict[str, object]:
    return {
        "version": each.number,
        "published_at": rfc3339(each.published_at),
        "days": (each.published_at.date() - before.published_at.date()).days,
        "figure_status": each.figure_status,
        "reason": each.reason,
    }


def _figure(row: Row[Any], side: str) -> Figure:
    if row.withdrawn:
        return Figure(None, None, None, None)
    there, value, status = (getattr(row, f"{side}_{name}") for name in ("there", "value", "value_status"))
    if there:
        return Figure(value, status, value or 0, value)
    most = _most(row, side)
    if most is None:
        return Figure(None, ABSENT, None, None)
    return Figure(None, POOLED, 0, most) if most else Figure(0, None, 0, 0)


def _most(row: Row[Any], side: str) -> int | None:
    """How many may be in a rest of a pooled version that does not name them; null where nobody knows.

    Only a nationality can be in a rest: what a rest, an area or a total would have been nothing tells.
    """
    pooled: bool = row.first_pooled if side == "first" else row.pooled
    most: int | None = getattr(row, f"{side}_hideout")
    is_one = not row.is_total and not getattr(row, NATIONALITY).startswith("_")
    return most if pooled and is_one else None


def _told(side: str, figure: Figure, figure_status: str, published_at: datetime, period_end: date) -> dict[str, object]:
    told = (figure.value, figure.status, figure.lower, figure.upper, figure_status, rfc3339(published_at), lag_of(period_end, published_at))
    return {f"{side}_{name}": value for name, value in zip(_FIGURE, told, strict=True)}


def _difference(first: Figure, now: Figure) -> dict[str, object]:
    """The change: a number where both are, else between which bounds it lies; null where nobody knows."""
    lower = now.lower - first.upper if now.lower is not None and first.upper is not None else None
    upper = now.upper - first.lower if now.upper is not None and first.lower is not None else None
    exact = now.value - first.value if now.value is not None and first.value is not None else None
    percent = in_hundredths(exact, first.value) / 100 if exact is not None and first.value else None
    return {"difference": exact, "difference_lower": lower, "difference_upper": upper, "percent": percent}
