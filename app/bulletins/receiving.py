"""What a bulletin of another node must be to be shown here: a member State of its conference, in codes that this release knows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulletins.models import Bulletin
from app.bulletins.projection import natural_key_of, period_of
from app.directory.dimensions import DIMENSIONS, resolve
from app.directory.service import is_member
from app.documents.models import instant
from app.wire.codes import Status

_NAMED = ("reporting_state", "measure", "unit", "definition_code", "publisher", "accumulation", "period", "period_start")
"""What the natural key is made of beside the dimensions (contract: Natural key)."""
_TEXTS = frozenset({str})


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


def places_of(documents: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The natural key of each bulletin by its id; of a withdrawal, and of what lacks the fields of one, none."""
    return {str(document["id"]): natural_key_of(document) for document in documents if _is_named(document)}


def _is_named(document: Mapping[str, Any]) -> bool:
    dimensions = document.get("dimensions")
    parts = (*map(document.get, _NAMED), *(dimensions if isinstance(dimensions, list) else (None,)))
    return _TEXTS.issuperset(map(type, parts))


def holders(session: Session, places: Collection[str]) -> dict[str, str]:
    """Which bulletin has each of these natural keys here: two of them would count the same figures twice."""
    asked = select(Bulletin.natural_key, Bulletin.document_id).where(Bulletin.superseded_at.is_(None))
    return {row.natural_key: row.document_id for row in session.execute(asked.where(Bulletin.natural_key.in_(list(places))))}


_CODES: Mapping[str, set[str]] = {name: set() for name in DIMENSIONS}
"""Codes of each dimension that came and are known here, so that those of a table are looked for together."""


def _are_codes(dimension: str, codes: set[str | None]) -> bool:
    known = _CODES[dimension]
    new = codes - known
    if not all(code is not None and resolve(dimension, code) == code for code in new):
        return False
    known.update(code for code in new if code is not None)
    return True


def understands(document: Mapping[str, Any]) -> bool:
    """Whether every dimension, code and period of a table is known here; what is not is kept and passed on, not counted."""
    names = document["dimensions"]
    if not set(names) <= set(DIMENSIONS):
        return False
    if not all(_are_codes(name, {cell.get(name) for cell in document["cells"]}) for name in names):
        return False
    try:
        period_of(document)
    except ValueError:
        return False
    return True
