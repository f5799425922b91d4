"""What a bulletin of another node must be to be shown here: a member State of its conference, in codes that this release knows."""

import functools
from collections.abc import Mapping
from datetime import UTC, date
from typing import Any

from sqlalchemy.orm import Session

from app.directory.dimensions import DIMENSIONS, resolve
from app.directory.service import is_member
from app.documents.models import instant
from app.wire.codes import Status
from app.wire.period import parse_period


def is_of_origin(session: Session, document: Mapping[str, Any]) -> bool:
    """Whether the conference publishes for this State: it was a *member* on the day of publication, so that no count enters twice.

    A withdrawal names no State; it takes back what was judged before.
    """
    if document.get("status") == Status.WITHDRAWN.value:
        return True
    state, day = document.get("reporting_state"), instant(document["published_at"]).astimezone(UTC).date()
    return isinstance(state, str) and _is_member(session, state, str(document["origin"]), day)


def _is_member(session: Session, state: str, conference: str, day: date) -> bool:
    # Once a transaction: documents of one State come by the hundred.
    known: dict[tuple[str, str, date], bool] = session.info.setdefault("members", {})
    asked = (state, conference, day)
    if asked not in known:
        known[asked] = is_member(session, *asked)
    return known[asked]


@functools.lru_cache(maxsize=4096)
def _is_code(dimension: str, code: str) -> bool:
    return resolve(dimension, code) == code


def understands(document: Mapping[str, Any]) -> bool:
    """Whether every dimension, code and period of a table is known here; what is not is kept and passed on, not counted."""
    names = document["dimensions"]
    if not set(names) <= set(DIMENSIONS):
        return False
    if not all(name in cell and _is_code(name, cell[name]) for cell in document["cells"] for name in names):
        return False
    try:
        parse_period(document["period"], date.fromisoformat(document["period_start"]) if document["period"].endswith("-FY") else None)
    except ValueError:
        return False
    return True
