"""The audit's daily digest and the removal of what has had its time (guarantees 3; issue 4, Build 6)."""

import hashlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from bodies import publish
from serving import Served, settings_for
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from app.access.audit import Attempt
from app.access.models import AuditRow
from app.access.read_audit import ReadAudit
from app.core.db import Database, busy
from app.core.idempotency import claim
from app.core.secrets import Secrets
from app.exchange import digests, verify
from app.exchange.digests import audit_faults, digest_days
from app.exchange.keys import initialise
from app.exchange.node import Node, open_database, open_node
from app.exchange.upkeep import Jobs, Worker, forget_answers, forget_spent, prune_reads, upkeep
from app.main import rebuild
from app.wire.canonical import canonical
from app.wire.codes import TLP

MONDAY, TUESDAY, WEDNESDAY = (datetime(2024, 3, day, 15, tzinfo=UTC) for day in (11, 12, 13))
READING = Attempt("read_bulletin", None, "r", "127.0.0.1")


@pytest.fixture
def node(store_url: str, tmp_path: Path) -> Iterator[Node]:
    """An installation without any audit row."""
    settings = settings_for(store_url, tmp_path, read_audit_days=30)
    db, secrets = open_database(settings), Secrets(settings.secrets_dir)
    with db.write() as session:
        initialise(session, secrets, settings)
        session.execute(text("DELETE FROM audit"))
    db.dispose()
    made = open_node(settings)
    yield made
    made.close()


def row(at: datetime, **columns: object) -> dict[str, object]:
    plain = {"at": at, "action": "publish_bulletin", "outcome": "done", "client_id": "abc", "code": None, "document_id": None}
    return {**plain, "version": None, "request_id": None, "address": None, "tlp": None, **columns}


def read(at: datetime, tlp: TLP = TLP.GREEN, document: str = "d1") -> dict[str, object]:
    return row(at, action="read_bulletin", outcome="read", document_id=document, version=1, tlp=tlp.rank)


def write(node: Node, *rows: dict[str, object]) -> list[int]:
    with node.db.write() as session:
        return list(session.scalars(insert(AuditRow).returning(AuditRow.id), list(rows)))


def stored(node: Node) -> list[tuple[int, str, str]]:
    with node.db.read() as session:
        return [tuple(found) for found in session.execute(text("SELECT id, action, outcome FROM audit ORDER BY id"))]


def made(node: Node) -> list[digests.Digest]:
    with node.db.read() as session:
        return digests.digests(session)


def faults(node: Node) -> list[tuple[str, object]]:
    with node.db.read() as session:
        found = [*verify.faults(session), *audit_faults(session)]
    return [(fault.code, fault.figures.get("day")) for fault in found]


def change(node: Node, statement: str, **values: object) -> None:
    with node.db.write() as session:
        session.execute(text(statement), values)


def test_a_finished_day_is_one_signed_entry_with_its_rows_counted_and_chained(node: Node):
    (first, second) = write(node, row(MONDAY), read(MONDAY + timedelta(minutes=1)))
    assert digest_days(node, MONDAY) == 0
    assert digest_days(node, TUESDAY) == 1
    (digest,) = made(node)
    assert (digest.day, digest.first, digest.last) == (date(2024, 3, 11), 1, second)
    told = {"action": "publish_bulletin", "at": "2024-03-11T15:00:00.000000Z", "client_id": "abc", "id": first, "outcome": "done"}
    assert digest.kept == {"rows": 1, "chain": hashlib.sha256(bytes(32) + canonical(told)).hexdigest()}
    told = {"action": "read_bulletin", "at": "2024-03-11T15:01:00.000000Z", "client_id": "abc", "document_id": "d1", "id": second}
    told |= {"outcome": "read", "tlp": 1, "version": 1}
    assert digest.reads == {"rows": 1, "chain": hashlib.sha256(bytes(32) + canonical(told)).hexdigest()}
    assert faults(node) == []
    assert digest_days(node, TUESDAY) == 0


def test_a_day_ends_at_midnight_utc_to_the_microsecond(node: Node):
    midnight = datetime(2024, 3, 12, tzinfo=UTC)
    last, first = write(node, row(midnight - timedelta(microseconds=1)), row(midnight))
    assert digest_days(node, midnight - timedelta(microseconds=1)) == 0
    assert digest_days(node, midnight) == 1
    assert digest_days(node, midnight + timedelta(days=1)) == 1
    assert [(digest.day.day, digest.last, digest.kept["rows"]) for digest in made(node)] == [(11, last, 1), (12, first, 1)]
    assert faults(node) == []


def test_a_day_without_rows_has_no_digest_and_several_days_are_made_up_for(node: Node):
    write(node, row(MONDAY), row(MONDAY), row(WEDNESDAY), row(WEDNESDAY + timedelta(days=1)))
    assert digest_days(node, WEDNESDAY + timedelta(days=1)) == 2
    assert [(digest.day.day, digest.kept["rows"]) for digest in made(node)] == [(11, 2), (13, 1)]
    assert faults(node) == []


def test_a_row_that_is_late_is_in_the_next_digest_and_each_row_in_exactly_one(node: Node):
    write(node, row(MONDAY), row(TUESDAY), row(MONDAY + timedelta(hours=8)))
    digest_days(node, TUESDAY)
    late = write(node, row(MONDAY))
    digest_days(node, WEDNESDAY)
    first, second = made(node)
    assert (first.last + 1, second.last) == (second.first, late[0])
    assert (first.kept["rows"], second.kept["rows"], second.day.day) == (1, 3, 12)
    assert faults(node) == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audit SET address = '10.0.0.1' WHERE id = :id",
        "UPDATE audit SET outcome = 'done' WHERE id = :id",
        "UPDATE audit SET tlp = 3 WHERE id = :id",
        "UPDATE audit SET tlp = NULL WHERE id = :id",
        "DELETE FROM audit WHERE id = :id",
    ],
)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_row_changed_or_deleted_within_the_kept_days_is_named_by_its_day(node: Node, damage: str, which: int):
    ids = write(node, read(MONDAY, TLP.CLEAR), read(MONDAY, TLP.AMBER), row(MONDAY, outcome="refused", code="busy"), row(TUESDAY))
    digest_days(node, WEDNESDAY)
    assert faults(node) == []
    change(node, damage, id=ids[which])
    named = set(faults(node))
    has_no_marking_anyway = "tlp = NULL" in damage and which == 2
    assert named == (set() if has_no_marking_anyway else {("audit-differs", "2024-03-11")})


def test_a_row_slipped_in_is_named_and_so_is_a_digest_that_does_not_follow(node: Node):
    ids = write(node, row(MONDAY), row(MONDAY), row(TUESDAY))
    change(node, "DELETE FROM audit WHERE id = :id", id=ids[1])
    digest_days(node, WEDNESDAY)
    assert faults(node) == []
    change(node, "INSERT INTO audit (id, at, action, outcome) VALUES (:id, :at, 'x', 'done')", id=ids[1], at="2024-03-11 15:00:00+00:00")
    assert faults(node) == [("audit-differs", "2024-03-11")]
    change(node, "DELETE FROM audit WHERE id = :id", id=ids[1])
    change(node, "UPDATE log_entry SET document = replace(document, :old, :new) WHERE number = 1", old='"last":', new='"last":1')
    assert ("audit-digest-gap", "2024-03-12") in faults(node)


def test_two_that_do_it_at_once_make_each_digest_once(node: Node):
    write(node, *(row(MONDAY + timedelta(days=day)) for day in range(6)))
    both = threading.Barrier(2)

    def work(_: int) -> int:
        both.wait()
        return digest_days(node, MONDAY + timedelta(days=7))

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(work, range(2)))
    assert sum(counts) == 6
    assert [digest.day.day for digest in made(node)] == list(range(11, 17))
    assert faults(node) == []


def test_postgresqls_row_that_is_not_committed_yet_is_waited_for_and_then_digested(node: Node):
    if node.db.is_sqlite:
        return  # its writers take turns: there is no such row
    with node.db.write() as slow:
        slow.execute(insert(AuditRow), [row(MONDAY)])
        write(node, row(MONDAY))
        with pytest.raises(Exception, match="busy"):
            digest_days(node, TUESDAY)
    assert digest_days(node, TUESDAY) == 1
    assert made(node)[0].kept["rows"] == 2


def test_only_reads_of_clear_and_green_go_and_only_after_their_days_and_their_digest(node: Node):
    tlps = list(TLP)
    ids = write(node, row(MONDAY), *(read(MONDAY, tlp) for tlp in tlps), row(MONDAY, outcome="refused", code="busy"), row(TUESDAY))
    unmarked = write(node, read(MONDAY) | {"tlp": None})
    thirty_days_on = datetime(2024, 4, 11, 1, tzinfo=UTC)
    assert prune_reads(node, thirty_days_on) == 0
    digest_days(node, WEDNESDAY)
    assert prune_reads(node, thirty_days_on - timedelta(hours=2)) == 0
    assert prune_reads(node, thirty_days_on) == 2
    kept = [number for number, action, _ in stored(node) if action != "audit.prune"]
    assert kept == [ids[0], *ids[3:], *unmarked]
    assert [found[1:] for found in stored(node)[-2:]] == [("audit.prune", "begun"), ("audit.prune", "done")]
    assert faults(node) == []
    assert prune_reads(node, thirty_days_on) == 0
    change(node, "DELETE FROM audit WHERE id = :id", id=ids[3])
    assert faults(node) == [("audit-differs", "2024-03-11")]


def test_pruning_goes_in_short_writes_and_goes_on_where_it_was_cut_off(node: Node, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.exchange.upkeep.CHUNK", 10)
    write(node, *(read(MONDAY) for _ in range(25)), row(MONDAY), *(read(MONDAY) for _ in range(10)), row(TUESDAY))
    digest_days(node, WEDNESDAY)
    later, writes = MONDAY + timedelta(days=60), []
    real = node.db.write

    def cut():
        writes.append(1)
        if len(writes) == 3:
            raise ZeroDivisionError
        return real()

    monkeypatch.setattr(node.db, "write", cut)
    with pytest.raises(ZeroDivisionError):
        prune_reads(node, later)
    assert len([found for found in stored(node) if found[2] == "read"]) == 15
    assert faults(node) == []
    assert prune_reads(node, later) == 15
    assert len([found for found in stored(node) if found[2] == "read"]) == 0
    assert faults(node) == []


def test_a_read_knows_the_marking_of_what_was_read(db: Database):
    audit = ReadAudit(db)
    audit.note(READING, [("a", 1, TLP.CLEAR), ("b", 1, TLP.RED)])
    audit.stop()
    with db.read() as session:
        assert session.execute(text("SELECT document_id, tlp FROM audit ORDER BY document_id")).all() == [("a", 0), ("b", 4)]


def shown(node: Node, at: datetime, *documents: tuple[str, int, TLP]) -> None:
    """An answer that showed these then."""
    with time_machine.travel(at, tick=False):
        node.read_audit.note(READING, documents)
        node.read_audit.flush()


def sets(node: Node) -> list[str]:
    """The documents of every set that is stored."""
    with node.db.read() as session:
        return sorted(session.scalars(text("SELECT document_id FROM read_set")))


THREE = (("a", 1, TLP.CLEAR), ("b", 2, TLP.GREEN), ("c", 3, TLP.GREEN))
SECRET = (("d", 1, TLP.AMBER), ("e", 1, TLP.RED))


def test_a_read_of_several_documents_is_chained_with_the_digest_of_what_is_stored_of_them(node: Node):
    shown(node, MONDAY, *THREE, *SECRET)
    digest_days(node, TUESDAY)
    (digest,) = made(node)
    secret = hashlib.sha256(b'[["d",1,2],["e",1,4]]').hexdigest()
    at_once, waited = (number for number, _, _ in stored(node))
    told = {"action": "read_bulletin", "address": "127.0.0.1", "at": "2024-03-11T15:00:00.000000Z", "id": at_once}
    told |= {"outcome": "read", "read_set": secret, "request_id": "r", "tlp": 4}
    assert digest.kept == {"rows": 1, "chain": hashlib.sha256(bytes(32) + canonical(told)).hexdigest()}
    passing = hashlib.sha256(b'[["a",1,0],["b",2,1],["c",3,1]]').hexdigest()
    told |= {"id": waited, "read_set": passing, "tlp": 1}
    assert digest.reads == {"rows": 1, "chain": hashlib.sha256(bytes(32) + canonical(told)).hexdigest()}
    assert faults(node) == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE read_set SET version = 9 WHERE document_id = :id",
        "UPDATE read_set SET document_id = 'z' WHERE document_id = :id",
        "UPDATE read_set SET tlp = 2 WHERE document_id = :id",
        "UPDATE read_set SET digest = 'x' WHERE document_id = :id",
        "DELETE FROM read_set WHERE document_id = :id",
        "DELETE FROM read_set WHERE digest = (SELECT digest FROM read_set WHERE document_id = :id)",
        "INSERT INTO read_set SELECT digest, 'z', 1, 1 FROM read_set WHERE document_id = :id",
        "UPDATE audit SET read_set = 'x' WHERE read_set = (SELECT digest FROM read_set WHERE document_id = :id)",
        "UPDATE audit SET read_set = NULL WHERE read_set = (SELECT digest FROM read_set WHERE document_id = :id)",
    ],
)
@pytest.mark.parametrize("document", ["b", "e"])
def test_whatever_is_changed_of_what_was_read_together_is_named_by_its_day(node: Node, damage: str, document: str):
    shown(node, MONDAY, *THREE, *SECRET)
    shown(node, TUESDAY, ("f", 1, TLP.GREEN), ("g", 1, TLP.GREEN))
    digest_days(node, WEDNESDAY)
    assert faults(node) == []
    change(node, damage, id=document)
    assert faults(node) == [("audit-differs", "2024-03-11")]


def test_with_the_last_row_that_names_what_was_read_together_that_goes_and_not_before(node: Node, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.exchange.upkeep.CHUNK", 2)
    shown(node, MONDAY, *THREE, *SECRET)
    shown(node, MONDAY, ("f", 1, TLP.GREEN), ("g", 1, TLP.GREEN))
    shown(node, MONDAY, *THREE[:2])
    shown(node, TUESDAY, *THREE[:2])
    digest_days(node, WEDNESDAY)
    assert sets(node) == [*"aabbc", *"de", *"fg"]
    assert prune_reads(node, datetime(2024, 4, 11, 1, tzinfo=UTC)) == 3
    assert (sets(node), faults(node)) == ([*"ab", *"de"], [])
    assert prune_reads(node, datetime(2024, 4, 12, 1, tzinfo=UTC)) == 1
    assert (sets(node), faults(node)) == ([*"de"], [])


def test_expired_answers_and_spent_ids_go_and_the_others_stay(node: Node, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.exchange.upkeep.CHUNK", 4)
    for number in range(9):
        with time_machine.travel(MONDAY + timedelta(days=number), tick=False):
            claim(node.db, f"scope-{number}", "f", 30)
    spent = "INSERT INTO spent_id (issuer, jti, expires_at) VALUES (:issuer, :jti, :at)"
    for number in range(9):
        change(node, spent, issuer="i", jti=str(number), at=f"2024-03-{11 + number} 15:00:00.000000")
    assert forget_answers(node, MONDAY + timedelta(days=36)) == 7
    assert forget_spent(node, MONDAY + timedelta(days=6)) == 7
    with node.db.read() as session:
        assert sorted(session.scalars(text("SELECT scope FROM idempotency_answer"))) == ["scope-7", "scope-8"]
        assert sorted(session.scalars(text("SELECT jti FROM spent_id"))) == ["7", "8"]


def test_upkeep_does_all_that_is_due_and_counts_it(node: Node):
    write(node, row(MONDAY), read(MONDAY), read(MONDAY))
    with time_machine.travel(MONDAY, tick=False):
        claim(node.db, "scope", "f", 30)
    change(node, "INSERT INTO spent_id (issuer, jti, expires_at) VALUES ('i', 'j', :at)", at="2024-03-11 15:00:00.000000+00:00")
    with time_machine.travel(MONDAY + timedelta(days=29), tick=False):
        assert upkeep(node, whole=False) == {"digests": 1, "reads": 0, "answers": 0, "spent_ids": 1}
    with time_machine.travel(MONDAY + timedelta(days=31), tick=False):
        assert upkeep(node, whole=False) == {"digests": 0, "reads": 0, "answers": 1, "spent_ids": 0}
        assert upkeep(node) == {"digests": 0, "reads": 2, "answers": 0, "spent_ids": 0}
        assert upkeep(node) == {"digests": 0, "reads": 0, "answers": 0, "spent_ids": 0}


def answers(served: Served) -> list[tuple[object, ...]]:
    """What every caller gets of lists and feed, with the headers that tell whether anything changed."""
    found: list[tuple[object, ...]] = []
    for who in served.keys:
        for path in ("/v1/changes", "/v1/bulletins"):
            answer = served.as_(who).get(path)
            found.append((who, path, answer.status_code, answer.headers.get("etag"), answer.content))
    return found


def test_a_digest_is_no_change_for_anybody_no_document_and_survives_a_rebuild(served: Served):
    document = publish(served.as_("pan"))
    served.as_("analyst").get("/v1/bulletins")
    served.node.read_audit.flush()
    before = answers(served)
    change(
        served.node,
        "UPDATE audit SET at = :at",
        at="2024-03-11 15:00:00.000000+00:00" if not served.node.db.is_sqlite else "2024-03-11 15:00:00.000000",
    )
    assert upkeep(served.node)["digests"] == 1
    assert answers(served) == before
    (digest,) = made(served.node)
    assert digest.number == 2
    for who in served.keys:
        assert served.as_(who).get(f"/v1/bulletins/{digest.id}").status_code in {403, 404}
    assert faults(served.node) == []
    assert rebuild(served.node) == 2
    assert answers(served) == before
    assert faults(served.node) == []
    assert served.as_("pan").get(f"/v1/bulletins/{document['id']}").status_code == 200


def test_a_digest_is_found_changed_like_any_entry_of_the_log(node: Node):
    write(node, row(MONDAY))
    digest_days(node, TUESDAY)
    change(node, "UPDATE log_entry SET document = replace(document, :old, :new)", old="2024-03-11", new="2024-03-10")
    assert ("log-digest", None) in faults(node)


def test_the_worker_works_at_once_and_ends_when_it_is_stopped(node: Node):
    write(node, row(MONDAY), read(MONDAY))
    worker = Worker(node)
    thread = threading.Thread(target=worker.run)
    thread.start()
    worker.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert [digest.reads["rows"] for digest in made(node)] == [1]
    assert [found[1:] for found in stored(node)][-1] == ("audit.prune", "done")
    assert json.loads(json.dumps(upkeep(node))) == {"digests": 0, "reads": 0, "answers": 0, "spent_ids": 0}


def test_the_worker_outlives_a_store_that_is_busy_or_away_and_looks_for_reads_once_a_day(
    node: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    worker, asked = Worker(node), []
    faults = [busy(), DBAPIError("", {}, OSError())]

    def do(node: Node, jobs: Jobs, *, whole: bool) -> dict[str, int]:
        asked.append(whole)
        if len(asked) == 4:
            clock.shift(timedelta(days=1))
        elif len(asked) == 6:
            worker.stop()
        if faults:
            raise faults.pop(0)
        return upkeep(node, jobs, whole=whole)

    write(node, row(MONDAY))
    monkeypatch.setattr("app.exchange.upkeep.EVERY_S", 0.01)
    monkeypatch.setattr("app.exchange.upkeep.upkeep", do)
    caplog.set_level("INFO", "istmo")
    with time_machine.travel(TUESDAY, tick=False) as clock:
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
    # Two that failed and are asked anew, the first of Tuesday that did not, one more; the first of Wednesday, one more.
    assert asked == [True, True, True, False, True, False]
    assert [record.message for record in caplog.records if record.name == "istmo"] == ["upkeep waits for the store"] * 2 + ["upkeep"]


def test_the_worker_outlives_a_job_that_fails_in_a_way_nobody_thought_of(
    node: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    tries: list[int] = []

    def odd(_node: Node) -> int:
        tries.append(len(tries))
        if len(tries) == 1:
            raise KeyError("odd")
        worker.stop()
        return 0

    monkeypatch.setattr("app.exchange.upkeep.EVERY_S", 0.01)
    worker = Worker(node, {"odd": odd})
    worker.run()
    assert tries == [0, 1]
    assert [record.message for record in caplog.records if record.name == "istmo" and record.levelname == "ERROR"] == ["upkeep failed"]
