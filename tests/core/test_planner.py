"""A table that grew in less than a minute is looked up as what it is (guarantees 6), and no index lists what names nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.access.models import AuditRow
from app.core.db import Database, insert_all
from app.core.planner import tell_planner

MOMENT = datetime(2024, 3, 11, 12, tzinfo=UTC)


@pytest.fixture
def postgresql(stores) -> Iterator[Database]:
    db = Database(stores.ready("postgresql"))
    yield db
    db.dispose()


def rows_known(session: Session, table: str) -> int:
    """How many rows PostgreSQL believes a table to have; -1 where it never looked."""
    return int(session.execute(text("SELECT reltuples FROM pg_class WHERE relname = :table"), {"table": table}).scalar_one())


def told(db: Database, before: int, after: int) -> int:
    with db.write() as session:
        tell_planner(session, before, after)
        return rows_known(session, "flow")


def test_postgresql_looks_again_where_a_log_grew_past_a_thousand_and_four_times_as_many(postgresql: Database):
    db = postgresql
    with db.write() as session:
        session.execute(text("INSERT INTO flow SELECT 'f' || n, 5, 'calendar' FROM generate_series(1, 3000) n"))
    assert (told(db, 0, 999), told(db, 1_000, 3_999), told(db, 64_000, 64_001)) == (-1, -1, -1)
    assert told(db, 999, 1_000) == 3_000
    with db.write() as session:
        session.execute(text("DELETE FROM flow WHERE key <> 'f1'"))
        assert session.execute(text("SHOW default_statistics_target")).scalar_one() == "100"
    assert (told(db, 4_000, 15_999), told(db, 15_000, 17_000)) == (3_000, 1)


def test_what_a_page_holds_already_is_found_by_its_index_then(postgresql: Database):
    db = postgresql
    with db.write() as session:
        session.execute(
            text(
                "INSERT INTO log_entry (number, kind, document_id, version, op, origin, recorded_at, leaf, root) SELECT n, 'bulletin', "
                "md5(n::text), 1, 'publish', 'RCM', '2024-01-01T00:00:00Z', '\\x00', '\\x00' FROM generate_series(1, 40000) n"
            )
        )
        tell_planner(session, 0, 40_000)
        assert rows_known(session, "log_entry") == 40_000
        asked = text("EXPLAIN SELECT version FROM log_entry WHERE document_id IN (SELECT md5(n::text) FROM generate_series(1, 20) n)")
        assert "uq_log_entry_document_id" in "\n".join(session.scalars(asked))


def test_sqlite_is_told_nothing(stores):
    db = Database(stores.ready("sqlite"))
    with db.write() as session:
        tell_planner(session, 0, 5_000)
        assert session.scalars(text("SELECT name FROM sqlite_master WHERE name LIKE 'sqlite_stat%'")).all() == []
    db.dispose()


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("SELECT id FROM audit WHERE client_id = 'c7'", "ix_audit_client_id"),
        (
            "SELECT audit.id FROM read_set AS shown JOIN audit ON audit.read_set = shown.digest WHERE shown.document_id = 'd'",
            "ix_audit_read_set",
        ),
        ("SELECT document_id FROM document_access WHERE parent = 'p'", "ix_document_access_parent"),
    ],
)
def test_what_is_named_is_found_by_an_index_that_holds_nothing_else(db: Database, question: str, index: str):
    with db.write() as session:
        insert_all(session, AuditRow, [{"at": MOMENT, "action": "x", "outcome": "done"} for _ in range(3_000)])
        if db.is_sqlite:
            assert index in str(session.execute(text(f"EXPLAIN QUERY PLAN {question}")).all())
            assert "IS NOT NULL" in session.execute(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": index}).scalar_one()
            return
        session.execute(text("SET LOCAL enable_seqscan = off"))
        assert index in "\n".join(session.scalars(text(f"EXPLAIN {question}")))
        assert (
            "IS NOT NULL" in session.execute(text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": index}).scalar_one()
        )
