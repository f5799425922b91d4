"""What this node knew at an instant: a version counts from when it was recorded here, not from when its origin published it."""

from datetime import datetime

from sqlalchemy import ColumnElement, literal, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.core.clock import rfc3339
from app.exchange.models import LogEntry
from app.wire.codes import Op

# Made once: an alias of the log costs as much as all else of a statement.
_KNOWN = aliased(LogEntry)
_Column = ColumnElement[str] | InstrumentedAttribute[str]
_Number = ColumnElement[int] | InstrumentedAttribute[int]


def known_by(document_id: _Column, version: _Number, instant: datetime) -> ColumnElement[bool]:
    """Condition on a version: it stood in this node's log at an instant, that instant included.

    What one transaction wrote bears one instant: of several versions that came together only the last was ever answered.
    """
    return _any(document_id, version, _KNOWN.recorded_at <= rfc3339(instant))


def takes_back(document_id: _Column, version: _Number) -> ColumnElement[bool]:
    """Condition on a version: it is a withdrawal itself, not one that a later withdrawal took back."""
    return _any(document_id, version, _KNOWN.op == Op.WITHDRAW.value)


def _any(document_id: _Column, version: _Number, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    # Not EXISTS: PostgreSQL hashes that over the whole log before it looks at the first row.
    entry = select(literal(1)).where(_KNOWN.document_id == document_id, _KNOWN.version == version, condition)
    return entry.limit(1).scalar_subquery().is_not(None)
