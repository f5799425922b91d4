"""Audit: no change without its row; sensitive reads at once, others within a second; nothing that waits is lost (guarantees 3)."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import time_machine
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from app.access.audit import Attempt, record, record_refusal
from app.access.callers import Caller
from app.access.models import AuditRow
from app.access.read_audit import ReadAudit
from app.access.read_sets import Reading, forget_unnamed
from app.core.db import Database, hold_table
from app.core.problems import Problem
from app.wire.codes import TLP, Role

NOW = datetime(2024, 3, 11, 12, 0, 0, 123456, tzinfo=UTC)
ANA = Caller("client-1", Role.PARTNER, "RCM", "PAN", 4, "Ana")
READING = Attempt("read_bulletin", ANA, "request-1", "127.0.0.1")


def rows(db: Database) -> list[tuple[object, ...]]:
    """Every audit row, one for each of the documents that it names, in the order of their numbers."""
    with db.read() as session:
        document = "coalesce(audit.document_id, shown.document_id) AS document, coalesce(audit.version, shown.version)"
        names = f"action, outcome, code, {document}, client_id, request_id, address"
        joined = "audit LEFT JOIN read_set AS shown ON shown.digest = audit.read_set"
        order = "audit.id, length(coalesce(audit.document_id, shown.document_id)), document"
        return [tuple(row) for row in session.execute(text(f"SELECT {names} FROM {joined} ORDER BY {order}"))]


def sets(db: Database) -> list[tuple[str, int, int]]:
    """(document, version, rank) of every set that is stored, by sets."""
    with db.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT document_id, version, tlp FROM read_set ORDER BY digest, document_id"))]


def documents(db: Database) -> list[object]:
    return [row[3] for row in rows(db)]


def reads(count: int, tlp: TLP = TLP.GREEN, start: int = 0) -> list[tuple[str, int, TLP]]:
    return [(f"d{number}", 1, tlp) for number in range(start, start + count)]


@contextmanager
def full_store(url: str) -> Iterator[None]:
    """The store takes no audit row until the block ends: another connection holds what a writer needs."""
    holder = Database(url)
    with holder.write() as session:
        session.execute(text("SELECT 1" if holder.is_sqlite else "LOCK TABLE audit IN EXCLUSIVE MODE"))
        yield
    holder.dispose()


@pytest.fixture
def hasty(store_url: str) -> Iterator[Database]:
    """A store whose writers wait a fifth of a second."""
    db = Database(store_url, lock_wait_s=0.2)
    yield db
    db.dispose()


def test_a_changes_row_is_there_with_the_change_and_gone_without_it(db: Database):
    change = text("UPDATE policy_decision SET k = k + 1 WHERE conference = 'RCM'")
    with db.write() as session:
        session.execute(change)
        record(session, READING, "done", [("d1", 1), ("d2", 3)])
        assert rows(db) == []
    told = ("client-1", "request-1", "127.0.0.1")
    expected = [("read_bulletin", "done", None, "d1", 1, *told), ("read_bulletin", "done", None, "d2", 3, *told)]
    assert rows(db) == expected
    with pytest.raises(ZeroDivisionError), db.write() as session:
        session.execute(change)
        record(session, READING, "done")
        raise ZeroDivisionError
    assert rows(db) == expected


def test_a_change_whose_row_cannot_be_written_is_not_made(db: Database):
    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(text("UPDATE policy_decision SET k = 9"))
        record(session, Attempt(None), "done")
    with db.read() as session:
        assert session.execute(text("SELECT max(k) FROM policy_decision")).scalar_one() == 5
    assert rows(db) == []


def test_a_row_tells_the_instant_and_a_refusal_its_code(db: Database):
    with time_machine.travel(NOW, tick=False):
        record_refusal(db, Attempt("publish_bulletin", None, "request-2"), "not-your-state")
    assert rows(db) == [("publish_bulletin", "refused", "not-your-state", None, None, None, "request-2", None)]
    with db.read() as session:
        at = session.execute(text("SELECT at FROM audit")).scalar_one()
    assert str(at).removesuffix("+00:00") == "2024-03-11 12:00:00.123456"


@pytest.mark.parametrize("tlp", TLP)
def test_amber_and_above_is_written_before_the_answer_leaves_and_the_rest_waits(db: Database, tlp: TLP):
    audit = ReadAudit(db)
    audit.note(READING, reads(3, tlp))
    at_once = tlp in {TLP.AMBER, TLP.AMBER_STRICT, TLP.RED}
    assert documents(db) == (["d0", "d1", "d2"] if at_once else [])
    audit.stop()
    assert [row[:5] for row in rows(db)] == [("read_bulletin", "read", None, f"d{number}", 1) for number in range(3)]


def test_of_one_answer_the_sensitive_documents_alone_are_written_at_once_in_one_transaction(db: Database):
    commits: list[object] = []
    event.listen(db.writer, "commit", commits.append)
    audit = ReadAudit(db)
    audit.note(READING, [*reads(2), *reads(2, TLP.RED, 2), *reads(1, TLP.CLEAR, 4)])
    assert (documents(db), len(commits)) == (["d2", "d3"], 1)
    audit.flush()
    audit.flush()
    assert (documents(db), len(commits)) == (["d2", "d3", "d0", "d1", "d4"], 2)


def test_a_green_read_is_there_within_a_second_in_one_batch(db: Database):
    commits: list[object] = []
    event.listen(db.writer, "commit", commits.append)
    audit = ReadAudit(db)
    audit.start()
    for number in range(50):
        audit.note(READING, reads(1, start=number))
    began = time.monotonic()
    while len(documents(db)) < 50 and time.monotonic() - began < 5:
        time.sleep(0.02)
    waited = time.monotonic() - began
    audit.stop()
    assert documents(db) == [f"d{number}" for number in range(50)]
    # A second between two batches, and what a machine with two busy cores may add to it.
    assert waited < 2.5
    assert len(commits) <= 2


def test_stopping_writes_what_waits_also_more_than_one_batch(db: Database):
    audit = ReadAudit(db)
    for number in range(5_000):
        audit.note(READING, reads(1, start=number))
    assert documents(db) == []
    audit.note(READING, reads(1, start=5_000))
    assert len(documents(db)) == 5_000
    for number in range(5_001, 10_001):
        audit.note(READING, reads(1, start=number))
    audit.note(READING, reads(1_999, start=10_001))
    audit.stop()
    assert documents(db) == [f"d{number}" for number in range(12_000)]


def test_what_a_full_store_does_not_take_waits_on_and_is_written_once_and_in_order(store_url: str, hasty: Database):
    audit = ReadAudit(hasty)
    audit.note(READING, reads(3))
    with full_store(store_url):
        for _ in range(2):
            with pytest.raises(Problem) as refused:
                audit.flush()
            assert refused.value.code == "busy"
        audit.note(READING, reads(3, start=3))
        with pytest.raises(Problem):
            audit.stop()
    assert documents(hasty) == []
    audit.stop()
    assert documents(hasty) == [f"d{number}" for number in range(6)]


def test_a_batch_that_is_refused_goes_back_before_what_came_after_it(store_url: str, hasty: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.access.read_audit._FULL", 2)
    audit = ReadAudit(hasty)
    audit.note(READING, reads(1))
    audit.note(READING, reads(1, start=1))
    with full_store(store_url), pytest.raises(Problem):
        audit.note(READING, reads(1, start=2))
    audit.stop()
    assert documents(hasty) == ["d0", "d1", "d2"]


def test_an_answer_that_cannot_be_audited_does_not_leave(store_url: str, hasty: Database):
    audit = ReadAudit(hasty)
    with full_store(store_url), pytest.raises(Problem) as refused:
        audit.note(READING, reads(1, TLP.AMBER))
    assert (refused.value.code, refused.value.status) == ("busy", 503)
    audit.stop()
    assert documents(hasty) == []


def test_the_writer_of_batches_outlives_a_store_that_fails(store_url: str, hasty: Database):
    audit = ReadAudit(hasty)
    audit.start()
    with full_store(store_url):
        audit.note(READING, reads(3))
        time.sleep(1.4)
    audit.note(READING, reads(3, start=3))
    deadline = time.monotonic() + 5
    while len(documents(hasty)) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert documents(hasty) == [f"d{number}" for number in range(6)]
    audit.stop()


def test_many_readers_and_writers_of_batches_at_once_lose_and_repeat_nothing(db: Database):
    audit = ReadAudit(db)

    def read(reader: int) -> None:
        for number in range(40):
            audit.note(READING, [(f"{reader}-{number}", 1, TLP.CLEAR)])
            audit.flush()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(8)))
    audit.stop()
    assert sorted(documents(db)) == sorted(f"{reader}-{number}" for reader in range(8) for number in range(40))


def test_what_is_shown_together_again_and_again_stands_once_and_each_giving_has_its_row(db: Database):
    audit, given = ReadAudit(db), Reading(reads(3))
    audit.note(READING, given)
    audit.note(Attempt("list_flows", ANA), given)
    audit.flush()
    audit.note(READING, reversed(reads(3)))
    audit.note(READING, [*reads(3), *reads(3)])
    audit.note(READING, reads(2))
    audit.stop()
    assert sorted(sets(db)) == sorted([("d0", 1, 1), ("d1", 1, 1), ("d2", 1, 1), ("d0", 1, 1), ("d1", 1, 1)])
    given_by = [(row[0], row[3]) for row in rows(db)]
    all_three = ["d0", "d1", "d2"]
    assert given_by == [
        *(("read_bulletin", document) for document in all_three),
        *(("list_flows", document) for document in all_three),
        *(("read_bulletin", document) for document in [*all_three, *all_three, "d0", "d1"]),
    ]


def test_the_digest_of_a_set_is_that_of_its_documents_versions_and_markings(db: Database):
    # printf '[["d0",1,1],["d1",2,0]]' | sha256sum
    audit = ReadAudit(db)
    audit.note(READING, [("d1", 2, TLP.CLEAR), ("d0", 1, TLP.GREEN)])
    audit.stop()
    with db.read() as session:
        found = session.execute(text("SELECT read_set, document_id, version, tlp FROM audit")).all()
    assert found == [("7ade0093d3fd04ff306b38e9fd3bd6e4bac1c1c0292e097465fb19ba740267e9", None, None, 1)]


def test_a_document_that_is_shown_with_two_markings_counts_with_the_higher_one_in_each_part(db: Database):
    audit = ReadAudit(db)
    audit.note(READING, [("d0", 1, TLP.GREEN), ("d0", 1, TLP.CLEAR), ("d1", 1, TLP.CLEAR), ("d0", 1, TLP.RED), ("d0", 1, TLP.AMBER)])
    audit.stop()
    assert sets(db) == [("d0", 1, 1), ("d1", 1, 0)]
    with db.read() as session:
        assert session.execute(text("SELECT document_id, tlp FROM audit ORDER BY id")).all() == [("d0", 4), (None, 1)]


def test_many_that_show_the_same_sets_in_other_orders_wait_for_each_other_and_write_each_once(db: Database):
    audits = [ReadAudit(db) for _ in range(6)]
    begin = threading.Barrier(len(audits))

    def show(audit: ReadAudit) -> None:
        begin.wait()
        for turn in range(5):
            for number in sorted(range(8), key=lambda number: (number * 7 + audits.index(audit)) % 8):
                audit.note(READING, reads(20, start=20 * number + 1_000 * turn))
            audit.flush()

    with ThreadPoolExecutor(len(audits)) as pool:
        list(pool.map(show, audits))
    assert (len(sets(db)), len(rows(db))) == (5 * 8 * 20, 6 * 5 * 8 * 20)


def test_what_is_pruned_while_it_is_shown_again_stands_again(store_url: str, db: Database):
    if db.is_sqlite:
        return  # its writers take turns
    audit, other = ReadAudit(db), Database(store_url)
    audit.note(READING, reads(3))
    audit.flush()
    audit.note(READING, reads(3))
    with ThreadPoolExecutor(1) as pool:
        with other.write() as session:
            hold_table(session, AuditRow)
            session.execute(text("DELETE FROM audit"))
            written = pool.submit(audit.flush)
            waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
            deadline = time.monotonic() + 20
            while not session.scalar(waiting) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not written.done()
            digest = session.scalar(text("SELECT min(digest) FROM read_set"))
            assert forget_unnamed(session, [digest]) == 3
        written.result(20)
    other.dispose()
    assert documents(db) == ["d0", "d1", "d2"]
