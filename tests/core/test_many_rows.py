"""Many rows at a time go past SQLAlchemy: they are kept as it would keep them (house.md)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import delete, select, text

from app.access.models import AuditRow, DocumentAccess
from app.core.db import Database, insert_all, insert_all_new

NOON = datetime(2024, 3, 11, 12, 0, 0, 123456, tzinfo=UTC)
PANAMA = timezone(timedelta(hours=-5))
MARKED = {"conference": "RCM", "tlp": 2, "newest": True, "parent": None, "until": date(2031, 1, 9), "gone": False}


def raw_rows(db: Database, table: str, columns: str, by: str) -> list[tuple[object, ...]]:
    """Rows as the store keeps them: no type of ours reads them."""
    with db.read() as session:
        return [tuple(row) for row in session.execute(text(f"SELECT {columns} FROM {table} ORDER BY {by}"))]


@pytest.mark.parametrize("insert", [insert_all, insert_all_new])
def test_many_rows_are_kept_as_one_by_one(db: Database, insert: Callable[..., None]):
    moments = [NOON, NOON.replace(microsecond=0), datetime(2024, 3, 11, 23, 59, 59, 1, tzinfo=PANAMA)]
    with db.write() as session:
        for moment in moments:
            session.add(AuditRow(at=moment, action="x", outcome="done"))
            session.flush()
        session.add_all([DocumentAccess(document_id="d", version=1, grantee=str(each), **MARKED) for each in "ab"])
    audit, marked = "at, action, outcome, code", "version, conference, tlp, newest, parent, until, gone"
    singly = raw_rows(db, "audit", audit, "id"), raw_rows(db, "document_access", marked, "grantee")
    with db.write() as session:
        session.execute(delete(AuditRow))
        session.execute(delete(DocumentAccess))
        insert(session, AuditRow, [{"at": moment, "action": "x", "outcome": "done"} for moment in moments])
        insert(session, DocumentAccess, [{"document_id": "d", "version": 1, "grantee": each, **MARKED} for each in "ab"])
    assert (raw_rows(db, "audit", audit, "id"), raw_rows(db, "document_access", marked, "grantee")) == singly
    if db.is_sqlite:
        assert [row[0] for row in singly[0]] == ["2024-03-11 12:00:00.123456", "2024-03-11 12:00:00.000000", "2024-03-12 04:59:59.000001"]
        assert singly[1] == [(1, "RCM", 2, 1, None, "2031-01-09", 0)] * 2


def test_of_many_new_rows_those_whose_key_stands_are_left_as_they_are(db: Database):
    row = {"document_id": "d", "version": 1, "grantee": "a", **MARKED}
    with db.write() as session:
        insert_all_new(session, DocumentAccess, [row])
        insert_all_new(
            session, DocumentAccess, [{**row, "tlp": 4}, {**row, "grantee": "b", "until": None}, {**row, "grantee": "b", "tlp": 0}]
        )
        insert_all_new(session, DocumentAccess, [])
    with db.read() as session:
        found = session.execute(select(DocumentAccess.grantee, DocumentAccess.tlp, DocumentAccess.until).order_by(DocumentAccess.grantee))
        assert [tuple(each) for each in found] == [("a", 2, date(2031, 1, 9)), ("b", 2, None)]


def test_a_naive_instant_is_refused_among_many_rows(stores):
    with stores.lent("sqlite") as url:
        db = Database(url)
        rows = [{"at": at, "action": "x", "outcome": "done"} for at in (NOON, datetime(2024, 3, 11))]  # noqa: DTZ001 - what is refused
        with pytest.raises(ValueError, match="without a time zone"), db.write() as session:
            insert_all(session, AuditRow, rows)
        assert raw_rows(db, "audit", "at", "id") == []
        db.dispose()
