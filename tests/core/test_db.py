"""Explicit transactions on both databases (guarantees 5; case B049)."""

import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError

from app.access.models import AuditRow
from app.core.db import Database, insert_new
from app.core.idempotency import KeptAnswer
from app.core.problems import Problem

APP = Path(__file__).parents[2] / "app"
COUNT = text("SELECT count(*) FROM audit")


def add(session, action: str = "x") -> None:
    session.add(AuditRow(at=datetime(2024, 3, 11, 12, 0, 0, 123456, tzinfo=UTC), action=action, outcome="done"))


def test_a_write_commits_at_its_end_and_rolls_back_whole_on_an_exception(db: Database):
    with db.write() as session:
        add(session)
    with pytest.raises(ZeroDivisionError), db.write() as session:
        add(session)
        session.flush()
        raise ZeroDivisionError
    with db.read() as session:
        assert session.execute(COUNT).scalar_one() == 1


def test_nothing_can_be_written_through_a_read(db: Database):
    with pytest.raises(DBAPIError), db.read() as session:
        session.execute(text("DELETE FROM audit"))


def test_a_read_is_one_view_while_others_write(db: Database):
    with db.read() as session:
        assert session.execute(COUNT).scalar_one() == 0
        with db.write() as other:
            add(other)
        assert session.execute(COUNT).scalar_one() == 0
    with db.read() as session:
        assert session.execute(COUNT).scalar_one() == 1


def test_instants_keep_their_microseconds_and_naive_ones_are_refused(db: Database):
    with db.write() as session:
        add(session)
    with db.read() as session:
        assert session.query(AuditRow).one().at == datetime(2024, 3, 11, 12, 0, 0, 123456, tzinfo=UTC)
    with pytest.raises((ValueError, StatementError)), db.write() as session:
        session.add(AuditRow(at=datetime(2024, 3, 11), action="x", outcome="done"))  # noqa: DTZ001 - what is refused


def test_b049_eight_writers_that_read_first_lose_nothing(db: Database):
    errors: list[BaseException] = []

    def write() -> None:
        for _ in range(100):
            try:
                with db.write() as session:
                    count = session.execute(COUNT).scalar_one()
                    add(session, f"after {count}")
            except BaseException as error:  # noqa: BLE001 - whatever it is fails the test
                errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with db.read() as session:
        assert session.execute(COUNT).scalar_one() == 800


def test_b049_where_the_wait_runs_out_the_answer_is_503_with_retry_after(store_url: str):
    holder, other = Database(store_url), Database(store_url, lock_wait_s=0.3)
    lock = text("UPDATE conference SET k = 5 WHERE code = 'RCM'")
    with holder.write() as session:
        session.execute(lock)
        with pytest.raises(Problem) as refused, other.write() as waiting:
            waiting.execute(lock)
    assert (refused.value.code, refused.value.status, refused.value.headers) == ("busy", 503, {"Retry-After": "1"})
    holder.dispose()
    other.dispose()


def test_a_pool_that_is_used_up_is_busy(store_url: str):
    small = Database(store_url, threads=1, lock_wait_s=0.2)
    with small.read() as session:
        session.execute(COUNT)
        with pytest.raises(Problem) as refused, small.read() as second:
            second.execute(COUNT)
    assert refused.value.code == "busy"
    small.dispose()


def test_sqlite_stands_as_promised(stores):
    db = Database(stores.ready("sqlite"))
    with db.write() as session:
        pragmas = {name: session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    db.dispose()


def test_inserting_new_tells_whether_it_did(db: Database):
    row = {"scope": "s", "fingerprint": "f", "claimed_at": datetime.now(UTC), "expires_at": datetime.now(UTC)}
    with db.write() as session:
        assert insert_new(session, KeptAnswer, row) is True
        assert insert_new(session, KeptAnswer, row) is False


def test_no_other_file_commits_or_rolls_back():
    found = [path.name for path in APP.rglob("*.py") if re.search(r"\.(commit|rollback)\(|session\.begin\(", path.read_text("utf-8"))]
    assert found == ["db.py"]
