import json
from collections.abc import Callable, Iterable

import pytest
from logbook import Logbook, begin, bulletin
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session
from stores import STORES

from app.core.db import Database
from app.exchange import keys, log, verify
from app.wire.canonical import DOCUMENT_CONTEXT, canonical, digest_of
from app.wire.codes import Op
from app.wire.ids import uuid7

Change = Callable[[Connection], object]

SIZE = 10_000
BATCH = 500
COLUMNS = ["kind", "document_id", "version", "op", "origin", "recorded_at", "document", "digest", "leaf", "root"]


@pytest.fixture(scope="module", params=STORES)
def big(request, stores, tmp_path_factory):
    """A log of 10,000 entries, built once; every test puts back what it changed. Of ten the ninth revises the seventh, the tenth takes the eighth back."""
    with stores.lent(request.param) as url:
        db = Database(url)
        book = begin(db, tmp_path_factory.mktemp("big"))
        for _ in range(SIZE // BATCH):
            made = []
            for number in range(BATCH):
                first = number % 10 < 8
                document = bulletin(uuid7() if first else made[-2].document["id"], 1 if first else 2)
                op = Op.PUBLISH if first else Op.REVISE
                if number % 10 == 9:
                    op = Op.WITHDRAW
                    document |= {"status": "withdrawn", "reason": "wrong table"}
                made.append(log.NewEntry(op, document))
            with db.write() as session:
                log.append(session, book.signer, made)
        yield book
        db.dispose()


def found_after(book: Logbook, *changes: Change) -> list[verify.Fault]:
    """What verifying says after changes, which are then rolled back."""
    with book.db.writer.connect() as connection:
        for change in changes:
            change(connection)
        with Session(connection) as session:
            return list(verify.faults(session))


def numbers(faults: Iterable[verify.Fault]) -> list[int | None]:
    return sorted({fault.number for fault in faults}, key=lambda number: number or 0)


def run(statement: str, **values: object) -> Change:
    return lambda connection: connection.execute(text(statement), values)


def set_column(number: int, column: str, value: object) -> Change:
    return run(f"UPDATE log_entry SET {column} = :value WHERE number = :number", number=number, value=value)


def deleted(number: int) -> Change:
    return run("DELETE FROM log_entry WHERE number = :number", number=number)


def swapped(one: int, other: int) -> tuple[Change, ...]:
    move = "UPDATE log_entry SET number = :to WHERE number = :of"
    return run(move, of=one, to=0), run(move, of=other, to=one), run(move, of=0, to=other)


def one_byte_off(value: object, at: int) -> object:
    """A value that differs in one place: another digit, letter or bit."""
    if isinstance(value, int):
        return value + 4
    if isinstance(value, str):
        at %= len(value)
        return value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
    assert isinstance(value, bytes)
    at %= len(value)
    return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]


def stored(book: Logbook, number: int, column: str) -> object:
    with book.db.read() as session:
        found = session.execute(text(f"SELECT {column} FROM log_entry WHERE number = :number"), {"number": number}).scalar_one()
    return plain(found)


def plain(value: object) -> object:
    """What PostgreSQL gives as a view of bytes, as bytes."""
    return bytes(value) if isinstance(value, memoryview) else value


def length_of(value: object) -> int:
    """How many places of a value can be changed."""
    return 1 if isinstance(value, int) else len(value)


@pytest.fixture
def small(book: Logbook) -> Logbook:
    """Five entries of three documents."""
    first = book.publish()
    book.publish(origin="SACM")
    book.revise(first, 2)
    book.publish()
    book.withdraw(first, 3)
    return book


def test_an_intact_log_of_ten_thousand_entries_has_no_fault(big):
    assert big.faults() == []


def test_one_byte_anywhere_in_an_entry_is_found_and_named_and_nothing_else(big):
    """Each place of an entry in an entry of its own; of a document that was revised or taken back one place in five."""
    with big.db.read() as session:
        rows = {row["number"]: row for row in session.execute(text(f"SELECT number, {', '.join(COLUMNS)} FROM log_entry")).mappings()}
    publications = [number for number in rows if number % 10 in {3, 5}]
    revisions, withdrawals = range(9, SIZE // 2, 10), range(SIZE // 2 + 10, SIZE, 10)
    changes, changed = [], set()
    for numbers_of_kind, step in (publications, 1), (revisions, 5), (withdrawals, 5):
        kind = rows[numbers_of_kind[0]]
        places = [(column, at) for column in COLUMNS for at in range(0, length_of(kind[column]), step if column == "document" else 1)]
        for number, (column, at) in zip(numbers_of_kind, places, strict=False):
            changes.append(set_column(number, column, one_byte_off(plain(rows[number][column]), at)))
            changed.add(number)
        assert len(places) < len(numbers_of_kind)
    # The version after one that is not what it was does not follow: it is named with it.
    for number, column in (9987, "document_id"), (9988, "version"):
        changes.append(set_column(number, column, one_byte_off(rows[number][column], 3)))
        changed |= {number, number + 2}
    assert len(changed) > 2000
    assert set(numbers(found_after(big, *changes))) == changed


def test_deleted_and_swapped_entries_among_ten_thousand_are_named(big):
    named = numbers(found_after(big, deleted(101), deleted(SIZE), *swapped(4001, 7003)))
    assert named == [101, 4001, 7003, SIZE]


@pytest.mark.parametrize("number", [1, 3, 5])
def test_one_byte_at_either_end_of_a_column_is_found_and_named_in_the_first_and_the_last_entry_too(small, number):
    for column in COLUMNS:
        value = stored(small, number, column)
        for at in {0, length_of(value) - 1}:
            named = numbers(found_after(small, set_column(number, column, one_byte_off(value, at))))
            assert number in named, (column, at)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_deleted_entry_is_named_the_last_one_too(small, number):
    assert number in numbers(found_after(small, deleted(number)))


@pytest.mark.parametrize("pair", [(1, 2), (1, 3), (2, 5)])
def test_two_exchanged_entries_are_both_named(small, pair):
    assert set(pair) <= set(numbers(found_after(small, *swapped(*pair))))


@pytest.mark.parametrize("number", [0, -4, 6, 2_000_000_000])
def test_an_entry_moved_out_of_the_log_is_missed(small, number):
    assert 2 in numbers(found_after(small, run("UPDATE log_entry SET number = :to WHERE number = 2", to=number)))


def test_an_empty_log_is_intact(book):
    assert book.faults() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("node", "other"), ("epoch", "other"), ("size", 6), ("size", 4), ("frontier", ""), ("frontier", "zz"), ("checkpoint", None)],
)
def test_a_changed_head_is_found(small, column, value):
    faults = found_after(small, run(f"UPDATE log_head SET {column} = :value", value=value))
    assert None in numbers(faults)


def test_every_byte_of_the_checkpoint_counts(book):
    book.publish()
    with book.db.read() as session:
        whole = session.scalar(text("SELECT checkpoint FROM log_head"))
    for at in range(len(whole)):
        assert numbers(found_after(book, run("UPDATE log_head SET checkpoint = :value", value=one_byte_off(whole, at)))) == [None], at


def test_a_log_without_its_head_is_no_log(small):
    assert numbers(found_after(small, run("DELETE FROM log_head"))) == [None]


def rewritten(book: Logbook, number: int, signer: keys.Signer | None = None, origin: str = "RCM") -> Change:
    """What someone with the database but not with the right key can do: another body with a digest that fits."""
    document = json.loads(str(stored(book, number, "document")))
    document["title"] = {"es": "otra cosa"}
    document["digest"] = digest_of(document)
    if signer:
        document["signature"] = signer.sign(keys.document_purpose(origin), DOCUMENT_CONTEXT, document["digest"].encode())
    change = "UPDATE log_entry SET document = :text, digest = :digest WHERE number = :number"
    return run(change, text=canonical(document).decode(), digest=document["digest"], number=number)


def reasons(faults: list[verify.Fault], number: int) -> str:
    return " ".join(fault.what for fault in faults if fault.number == number)


def test_a_rewritten_document_has_no_signature_that_stands(small):
    assert "signature does not stand" in reasons(found_after(small, rewritten(small, 1)), 1)


def test_a_key_of_the_other_conference_does_not_speak_for_the_origin(small):
    assert "does not speak for the origin" in reasons(found_after(small, rewritten(small, 1, small.signer, "SACM")), 1)


def test_a_key_that_nobody_knows_is_named(small, tmp_path):
    stranger = keys.Signer({"document-RCM": ("0" * 16, small.signer.keys["document-RCM"][1])})
    assert "unknown key" in reasons(found_after(small, rewritten(small, 1, stranger)), 1)


def test_text_in_another_order_is_not_the_record(small):
    pretty = json.dumps(json.loads(str(stored(small, 2, "document"))), ensure_ascii=False)
    assert numbers(found_after(small, set_column(2, "document", pretty))) == [2]


def test_an_erased_entry_is_intact_by_its_leaf_and_root(small):
    small.erase_told(small.entries()[1].id)
    assert small.faults() == []
    damaged = one_byte_off(stored(small, 2, "leaf"), 3)
    assert numbers(found_after(small, set_column(2, "leaf", damaged)))[0] == 2
    assert 2 in numbers(found_after(small, set_column(2, "leaf", b"")))
    assert numbers(found_after(small, set_column(2, "root", damaged))) == [2]


def test_what_tells_of_an_erasure_is_checked_for_all_its_columns(small):
    small.erase_told(small.entries()[1].id)
    assert [(entry.number, entry.op, entry.version, entry.text) for entry in small.entries()][-1] == (6, "erase", 2, None)
    assert small.faults() == []
    for column in COLUMNS:
        value = one_byte_off(stored(small, 6, column) or "{}", 1)
        assert 6 in numbers(found_after(small, set_column(6, column, value))), column
    assert None in numbers(found_after(small, run("DELETE FROM log_entry WHERE number = 6"), run("UPDATE log_head SET size = 5")))


def test_a_text_that_outlived_its_erasure_is_named(small):
    first = small.entries()[0]
    small.erase_told(first.id)
    assert small.faults() == []
    kept = run("UPDATE log_entry SET document = :text, digest = :digest WHERE number = 1", text=first.text, digest=first.digest)
    assert [(fault.number, fault.code, dict(fault.figures)) for fault in found_after(small, kept)] == [(6, "log-erased-body", {"entry": 1})]


def test_what_went_without_an_entry_that_tells_of_its_erasure_is_named(small):
    small.erase(small.entries()[0].id)
    assert [(fault.number, fault.code) for fault in small.faults()] == [(number, "log-erasure-untold") for number in (1, 3, 5)]


def test_no_version_follows_on_an_erasure(small):
    first = small.entries()[0].id
    small.erase_told(first)
    small.revise(first, 5)
    assert [(fault.number, fault.code) for fault in small.faults()] == [(7, "log-after-erasure")]
    assert small.entries()[6].version == 5


def test_an_entry_that_only_says_that_it_is_an_erasure_is_named(small):
    """Whoever takes a text away and calls that an erasure does not have the leaf of one."""
    gone = run("UPDATE log_entry SET document = NULL, digest = NULL, op = 'erase' WHERE number = 4")
    assert [(fault.number, fault.code) for fault in found_after(small, gone)] == [(4, "log-leaf")]


@pytest.mark.parametrize("column", ["document", "digest"])
def test_half_an_erasure_is_a_fault(small, column):
    assert 2 in numbers(found_after(small, set_column(2, column, None)))


def test_a_version_that_does_not_follow_is_named(small):
    small.revise(uuid7(), 4)
    assert numbers(small.faults()) == [6]


def test_text_that_cannot_even_be_decoded_is_named(small):
    if small.db.is_sqlite:
        broken = run("UPDATE log_entry SET document = CAST(x'ff00fe' AS TEXT) WHERE number = 3")
        assert 3 in numbers(found_after(small, broken))
        assert {1, 2, 4} & set(numbers(found_after(small, broken))) == set()


def test_documents_signed_before_a_rotation_remain_intact(small):
    with small.db.write() as session:
        for purpose in ("document-RCM", keys.CHECKPOINT):
            keys.rotate(session, small.secrets, purpose)
    assert small.faults() == []
    with small.db.read() as session:
        small.signer = keys.load_signer(session, small.secrets)
    small.publish()
    assert small.faults() == []
