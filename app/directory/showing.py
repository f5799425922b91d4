"""Rows of the directory as JSON values."""

from datetime import date, datetime
from typing import Any

from app.core.clock import rfc3339
from app.directory.models import Membership, Office, Presidency, Recorded
from app.directory.presidencies import Tenure
from app.directory.spans import Span

Json = dict[str, Any]


def day_text(day: date | None) -> str | None:
    """A day as it crosses the wire."""
    return day.isoformat() if day else None


def seat(tenure: Tenure) -> Json:
    """A State's time in the presidency."""
    return {
        "state": tenure.state,
        "from": day_text(tenure.span.first),
        "to": day_text(tenure.span.last),
        "provisional": tenure.provisional,
    }


def contact(row: Office | None) -> Json:
    """Contact data of an office; all null where none are known."""
    if row is None:
        return dict.fromkeys(("title", "email", "phone", "url", "address"))
    titles = {"en": row.title_en, "es": row.title_es, "pt": row.title_pt}
    shown = titles if any(titles.values()) else None
    return {"title": shown, "email": row.email, "phone": row.phone, "url": row.url, "address": row.address}


def presidency_row(row: Presidency) -> Json:
    """A presidency of the history."""
    return {**_recorded(row.id, row), **seat(Tenure(row.state, Span(row.valid_from, row.valid_to), row.provisional))}


def membership_row(row: Membership) -> Json:
    """A membership of the history."""
    return {**_recorded(row.id, row), "state": row.state, "capacity": row.capacity, **_days(row)}


def office_row(row: Office) -> Json:
    """Contact data of the history."""
    return {**_recorded(row.id, row), "name": row.name, **contact(row), **_days(row)}


def _recorded(number: int, row: Recorded) -> Json:
    return {
        "id": number,
        "source": row.source,
        "recorded_at": _instant(row.recorded_at),
        "recorded_by": row.recorded_by,
        "superseded_at": _instant(row.superseded_at),
    }


def _days(row: Membership | Office) -> Json:
    return {"valid_from": day_text(row.valid_from), "valid_to": day_text(row.valid_to)}


def _instant(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
