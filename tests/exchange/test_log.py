import json
import random
import threading
import time

import pytest
from logbook import MARKER, Logbook, bulletin
from sqlalchemy import event, text

from app.core.db import Database
from app.exchange import keys, log, merkle, noticing
from app.exchange.noticing import highest_visible
from app.wire.canonical import CHECKPOINT_CONTEXT, DOCUMENT_CONTEXT, canonical, digest_of
from app.wire.codes import TLP, Op, Role
from app.wire.ids import uuid7

WRITERS, READERS = 8, 3
MARKED = (
    "INSERT INTO document_access (document_id, version, grantee, conference, tlp, newest, gone) VALUES (:id, 1, '*', '*', 1, true, false)"
)


def head(db: Database) -> log.Head:
    with db.read() as session:
        return log.head(session)


def publics(db: Database) -> dict[str, bytes]:
    with db.read() as session:
        return {known.kid: known.public for known in keys.public_keys(session)}


def test_a_document_is_sealed_with_salt_digest_and_the_origins_signature(db, book):
    first, second = (log.sealed(book.signer, bulletin("d1", origin="SACM")) for _ in range(2))
    assert len(bytes.fromhex(str(first["salt"]))) == 16
    assert first["salt"] != second["salt"]
    assert first["digest"] == digest_of(first) != second["digest"]
    kid = first["signature"]["kid"]
    assert kid == book.signer.keys["document-SACM"][0]
    assert keys.verify_signature(publics(db)[kid], first["signature"], DOCUMENT_CONTEXT, str(first["digest"]).encode())


def test_a_batch_is_numbered_in_its_order_and_without_gaps(book):
    documents = [bulletin(uuid7()) for _ in range(5)]
    book.publish()
    appended = book.write([(Op.PUBLISH, document, ()) for document in documents])
    assert [entry.number for entry in appended] == [2, 3, 4, 5, 6]
    assert [entry.document["id"] for entry in appended] == [document["id"] for document in documents]
    assert [entry.number for entry in book.entries()] == [1, 2, 3, 4, 5, 6]


def test_what_is_answered_is_what_is_stored_as_canonical_text(book):
    appended = book.write([(Op.PUBLISH, bulletin("d1"), ())])[0]
    stored = book.entries()[0]
    assert stored.text == appended.text == canonical(appended.document).decode()
    assert (stored.kind, stored.id, stored.version, stored.op, stored.origin) == ("bulletin", "d1", 1, "publish", "RCM")
    assert stored.digest == appended.document["digest"]


def test_leaf_and_root_of_an_entry_can_be_worked_out_by_anyone(book):
    book.publish()
    book.publish()
    one, two = book.entries()
    named = {"number": 2, "kind": two.kind, "id": two.id, "version": two.version, "op": two.op, "origin": two.origin}
    assert two.leaf == merkle.leaf_hash(canonical({**named, "recorded_at": two.recorded_at, "digest": two.digest}))
    assert (one.root, two.root) == (one.leaf, merkle.node_hash(one.leaf, two.leaf))


def test_the_head_keeps_a_signed_checkpoint_of_the_last_root(db, book):
    for size in range(3):
        if size:
            book.publish()
        with db.read() as session:
            stated = json.loads(session.scalar(text("SELECT checkpoint FROM log_head")))
        signature = stated.pop("signature")
        root = book.entries()[-1].root if size else merkle.EMPTY_ROOT
        assert (stated["node"], stated["epoch"], stated["size"], stated["root"]) == ("test-node", head(db).epoch, size, root.hex())
        assert keys.verify_signature(publics(db)[signature["kid"]], signature, CHECKPOINT_CONTEXT, canonical(stated))


def test_nothing_to_append_touches_nothing(db, book):
    with db.write() as session:
        assert log.append(session, book.signer, []) == []
    assert head(db).size == 0


def test_a_failed_write_leaves_no_entry_and_no_gap(db, book):
    book.publish()
    with pytest.raises(RuntimeError, match="cut"), db.write() as session:
        log.append(session, book.signer, [log.NewEntry(Op.PUBLISH, bulletin("lost"))])
        raise RuntimeError("cut")
    book.publish()
    assert [entry.number for entry in book.entries()] == [1, 2]
    assert book.faults() == []


def test_a_document_of_an_origin_without_a_key_here_is_not_appended(db, book):
    with pytest.raises(KeyError), db.write() as session:
        log.append(session, book.signer, [log.NewEntry(Op.PUBLISH, bulletin("d1", origin="XYZ"))])
    assert head(db).size == 0


def test_an_erasure_takes_every_text_and_digest_and_is_an_entry_of_its_own(db, book):
    erased, kept = book.publish(origin="SACM"), book.publish()
    book.revise(erased, 2)
    before = book.entries()
    receipt = book.erase_told(erased)
    entries = book.entries()
    assert [(entry.id, entry.version, entry.op) for entry in entries] == [
        (erased, 1, "publish"), (kept, 1, "publish"), (erased, 2, "revise"), (erased, 3, "erase"),
    ]  # fmt: skip
    assert [entry.number for entry in entries if entry.text is not None and entry.digest is not None] == [2]
    assert [(entry.leaf, entry.root) for entry in entries[:3]] == [(entry.leaf, entry.root) for entry in before]
    last = entries[3]
    assert receipt == log.Receipt(4, erased, 3, "RCM", last.recorded_at)
    named = {"number": 4, "kind": "bulletin", "id": erased, "version": 3, "op": "erase", "origin": "RCM"}
    assert last.leaf == merkle.leaf_hash(canonical({**named, "recorded_at": last.recorded_at, "digest": None}))
    with db.read() as session:
        stated = json.loads(session.scalar(text("SELECT checkpoint FROM log_head")))
    assert (stated["size"], stated["root"]) == (4, last.root.hex())


def test_what_the_log_does_not_know_is_not_erased(db, book):
    book.publish()
    with pytest.raises(KeyError), db.write() as session:
        log.erase(session, book.signer, "d1")
    assert [entry.op for entry in book.entries()] == ["publish"]


def test_stored_documents_are_found_by_id_and_version_in_one_statement(db, book):
    kept, gone, erased = book.publish(), book.publish(), book.publish()
    book.withdraw(gone, 2)
    book.erase(erased)
    pairs = [(kept, 1), (gone, 1), (gone, 2), (erased, 1), ("unknown", 1), (kept, 2)]
    with db.read() as session:
        statements = counted(session)
        found = log.documents(session, pairs)
        assert len(statements) == 1
    assert {pair: (stored.text is None, stored.withdrawn) for pair, stored in found.items()} == {
        (kept, 1): (False, False),
        (gone, 1): (False, True),
        (gone, 2): (False, True),
        (erased, 1): (True, False),
    }


def test_documents_are_looked_up_by_index_however_long_the_log_is(db, book):
    pairs = [(book.publish(), 1) for _ in range(3)]
    with db.read() as session:
        asked: list[tuple[str, object]] = []
        event.listen(session.connection(), "before_cursor_execute", lambda _c, _cur, statement, given, *_: asked.append((statement, given)))
        log.documents(session, pairs)
        (statement, given), connection = asked[0], session.connection()
        if db.is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
            plan = [str(row[-1]) for row in rows]
            assert [line for line in plan if line.startswith("SCAN log_entry")] == []
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # what a long log does by itself
            plan = [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", given)]
            assert [line for line in plan if "Seq Scan on log_entry" in line] == []
    assert any("log_entry" in line for line in plan)


def test_a_reinstated_document_is_withdrawn_in_its_earlier_versions_only(db, book):
    document_id = book.publish()
    book.withdraw(document_id, 2)
    book.revise(document_id, 3)
    with db.read() as session:
        found = log.documents(session, [(document_id, version) for version in (1, 2, 3)])
    assert [found[document_id, version].withdrawn for version in (1, 2, 3)] == [True, True, False]


def test_an_id_is_known_by_any_of_its_versions(db, book):
    document_id = book.publish()
    with db.read() as session:
        assert log.is_known(session, document_id)
        assert not log.is_known(session, uuid7())


def test_an_envelope_holds_neither_body_nor_salt(book):
    appended = book.write([(Op.PUBLISH, bulletin("d1"), ())])[0]
    shown = log.envelope(appended.text)
    assert set(shown) == {
        *("id", "kind", "version", "status", "origin", "issuer", "tlp", "audience", "handling", "mandate", "lang"),
        *("created_at", "published_at", "digest", "signature", "cells"),
    }
    assert shown["cells"] is None
    assert MARKER not in json.dumps(shown, ensure_ascii=False)
    assert (shown["status"], log.envelope(appended.text, withdrawn=True)["status"]) == ("published", "withdrawn")


def test_entries_begin_after_a_number_and_come_in_chunks(db, book):
    book.write([(Op.PUBLISH, bulletin(uuid7()), ()) for _ in range(7)])
    with db.read() as session:
        assert [entry.number for entry in log.entries(session, after=3, chunk=2)] == [4, 5, 6, 7]


def counted(session) -> list[str]:
    statements: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda _c, _cur, statement, *_: statements.append(statement))
    return statements


def highest(book: Logbook, caller, *kinds: str) -> int:
    with book.db.read() as session:
        return highest_visible(session, caller, *kinds)


def test_the_highest_visible_entry_ignores_hidden_ones_and_other_kinds(book):
    analyst = book.caller(Role.ANALYST)
    assert highest(book, analyst) == 0
    document_id = book.publish()
    book.publish(kind="alert")
    book.publish(TLP.RED)
    assert (highest(book, analyst), highest(book, analyst, "bulletin"), highest(book, analyst, "bulletin", "alert")) == (2, 1, 2)
    book.revise(document_id, 2, TLP.RED)
    assert (highest(book, analyst), highest(book, analyst, "bulletin")) == (4, 4)
    book.revise(document_id, 3, TLP.RED)
    assert (highest(book, analyst), highest(book, analyst, "bulletin")) == (4, 4)


def test_the_remembered_answer_is_the_one_that_is_worked_out_anew(book):
    chance, readers = random.Random(7), [book.caller(Role.ANALYST), book.caller(Role.PARTNER, state="PAN"), book.caller(Role.PEER, "SACM")]
    versions = {book.publish(): 1 for _ in range(4)}
    for _ in range(40):
        document_id = chance.choice(list(versions))
        versions[document_id] += 1
        book.revise(document_id, versions[document_id], chance.choice(list(TLP)), chance.choice([("RCM",), ("SACM",)]))
        remembered = [highest(book, reader) for reader in readers]
        noticing._highest.clear()
        assert remembered == [highest(book, reader) for reader in readers]


def test_an_unchanged_log_answers_with_one_small_statement(db, book):
    book.publish()
    analyst = book.caller(Role.ANALYST)
    highest(book, analyst)
    with db.read() as session:
        statements = counted(session)
        highest_visible(session, analyst)
    assert len(statements) == 1
    assert "log_entry" not in statements[0]


def test_a_view_older_than_what_is_remembered_is_answered_for_itself(db, book):
    analyst = book.caller(Role.ANALYST)
    book.publish()
    with db.read() as session:
        assert log.head(session).size == 1
        book.publish()
        assert highest(book, analyst) == 2
        assert highest_visible(session, analyst) == 1


def test_what_is_remembered_stays_within_bounds(book, monkeypatch):
    monkeypatch.setattr(noticing, "_REMEMBERED", 2)
    noticing._highest.clear()
    book.publish()
    for kind in ("bulletin", "alert", "answer"):
        highest(book, book.caller(Role.ANALYST), kind)
    assert len(noticing._highest) == 2


class Follower(threading.Thread):
    """Reads the feed by its cursor for as long as others write."""

    def __init__(self, book: Logbook, done: threading.Event, limit: int) -> None:
        super().__init__()
        self.book, self.done, self.limit = book, done, limit
        self.caller = book.caller(Role.SECRETARIAT)
        self.numbers: list[int] = []

    def run(self) -> None:
        cursor = None
        while True:
            last_round = self.done.is_set()
            page = self.book.page(self.caller, cursor, limit=self.limit)
            self.numbers.extend(int(str(item["seq"])) for item in page.items)
            cursor = page.next_cursor
            if last_round and not page.has_more:
                return
            if not page.items:
                time.sleep(0.002)


def write_with_pauses(book: Logbook, times: int, seed: int, written: list[str]) -> None:
    chance = random.Random(seed)
    for _ in range(times):
        with book.db.write() as session:
            document = bulletin(uuid7())
            log_marking(session, document)
            appended = log.append(session, book.signer, [log.NewEntry(Op.PUBLISH, document)])
            if chance.random() < 0.3:
                # A commit that comes late: whoever reads by number must not run past it.
                time.sleep(chance.random() * 0.003)
        written.append(str(appended[0].document["id"]))
        time.sleep(chance.random() * 0.004)


def log_marking(session, document) -> None:
    row = {"id": document["id"]}
    session.execute(text(MARKED), row)


def race(book: Logbook, times: int) -> None:
    done, written = threading.Event(), [[] for _ in range(WRITERS)]
    followers = [Follower(book, done, limit) for limit in (1, 7, 100)[:READERS]]
    writers = [threading.Thread(target=write_with_pauses, args=(book, times, seed, written[seed])) for seed in range(WRITERS)]
    started = time.perf_counter()
    for thread in [*followers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    print(f"{WRITERS} x {times} in {time.perf_counter() - started:.1f} s", end=" ")
    done.set()
    for thread in followers:
        thread.join()
    acknowledged = {document_id for mine in written for document_id in mine}
    entries = book.entries()
    assert {entry.id for entry in entries} == acknowledged
    assert len(acknowledged) == WRITERS * times
    for follower in followers:
        assert follower.numbers == list(range(1, WRITERS * times + 1))
    assert book.faults() == []


@pytest.fixture
def wide(db, book):
    """The same log with room for all writers and readers at once."""
    book.db = Database(str(db.url.render_as_string(hide_password=False)), threads=12, lock_wait_s=60)
    yield book
    book.db.dispose()


def test_eight_writers_and_three_followers_lose_repeat_and_reorder_nothing(wide):
    race(wide, 40)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_eight_writers_of_five_hundred_and_three_followers_lose_repeat_and_reorder_nothing(wide):
    race(wide, 500)
