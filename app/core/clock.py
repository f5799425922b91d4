"""The one clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant in UTC, to the microsecond."""
    return datetime.now(UTC)


def rfc3339(instant: datetime) -> str:
    """An instant as it crosses the wire: UTC with Z, microseconds always written so that texts sort as instants do."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
