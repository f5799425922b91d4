"""What the planner of the store is told about tables that have grown in a short time (guarantees 6)."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import Base, is_sqlite

_MARKS = tuple(1_000 * 4**power for power in range(8))


def tell_planner(session: Session, before: int, after: int) -> None:
    """Let PostgreSQL look at its tables again where a log has grown past a thousand entries, four thousand, and so on.

    It does so by itself once a minute: a log that is copied in less is looked up meanwhile as if it were empty, and each page costs
    a walk over all that came before it.  Tables that another such look holds are left out; nobody waits.
    """
    if not is_sqlite(session) and any(before < mark <= after for mark in _MARKS):
        # Three thousand rows of each table are enough to know how many there are.
        session.execute(text("SET LOCAL default_statistics_target = 10"))
        session.execute(text(f"ANALYZE (SKIP_LOCKED) {', '.join(sorted(Base.metadata.tables))}"))
