"""What this node knew at an instant: a version counts from when it was recorded here, not from when its origin published it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import JSON, ColumnElement, cast, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

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


def reasons(session: Session, pairs: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Why versions came to be, by (id, version), in one statement; what gives no reason is left out.

    Who may see them is the caller's question.  The store reads the texts: the largest of them has a million cells.
    """
    if not pairs:
        return {}
    sqlite = session.get_bind().dialect.name == "sqlite"
    read = (
        func.json_extract(LogEntry.document, "$.reason") if sqlite else func.json_extract_path_text(cast(LogEntry.document, JSON), "reason")
    )
    # The ids by themselves too: SQLite looks pairs up by no index.
    named = (LogEntry.document_id.in_([each for each, _ in pairs]), tuple_(LogEntry.document_id, LogEntry.version).in_(pairs))
    asked = select(LogEntry.document_id, LogEntry.version, read.label("reason")).where(*named, LogEntry.document.is_not(None))
    return {(row.document_id, row.version): row.reason for row in session.execute(asked) if row.reason is not None}
