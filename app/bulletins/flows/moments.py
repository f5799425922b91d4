"""The moment as of which figures are asked for (contract: /flows, `as_of`)."""

import re
from datetime import UTC, date, datetime, time

from app.core.clock import utc_now
from app.wire.problem import Finding

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def moment(text: str | None, faults: list[Finding]) -> datetime | None:
    """The instant that `as_of` names: an instant in UTC, or the end of a day in UTC; None where nothing is asked for.

    Adds `as-of-invalid` or `as-of-future` to the faults.
    """
    if text is None:
        return None
    try:
        instant = _read(text)
    except ValueError:
        faults.append(Finding("as-of-invalid", pointer="as_of"))
        return None
    if instant > utc_now():
        faults.append(Finding("as-of-future", pointer="as_of"))
        return None
    return instant


def _read(text: str) -> datetime:
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    if not _INSTANT.fullmatch(text):
        raise ValueError("neither an instant in UTC nor a day")
    return datetime.fromisoformat(text)
