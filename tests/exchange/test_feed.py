import json
import random

import orjson
import pytest
from logbook import MARKER, Logbook
from sqlalchemy import event

from app.access.visibility import visible_to
from app.core.paging import CursorSeal
from app.core.problems import Problem
from app.exchange import feed, log
from app.exchange.noticing import highest_visible
from app.wire.canonical import digest_of
from app.wire.codes import TLP, Role

CHANGE = {"kind", "id", "version", "op", "origin", "digest", "document"}


def read(book: Logbook, caller, **filters: object) -> list[dict]:
    """A caller's whole feed as it crosses the wire."""
    return orjson.loads(orjson.dumps(book.items(caller, **filters)))


def brief(items: list[dict]) -> list[tuple]:
    return [(item["op"], item["id"], item["version"]) for item in items]


@pytest.fixture
def analyst(book):
    return book.caller(Role.ANALYST)


@pytest.fixture
def secretariat(book):
    return book.caller(Role.SECRETARIAT)


def test_published_versions_come_in_order_as_their_stored_bytes(book, analyst):
    first = book.publish()
    book.publish(origin="SACM")
    book.revise(first, 2)
    items = read(book, analyst)
    assert brief(items) == [("publish", first, 1), ("publish", items[1]["id"], 1), ("revise", first, 2)]
    assert all(set(item) == CHANGE for item in items)
    assert all(digest_of(item["document"]) == item["digest"] for item in items)
    given = book.page(analyst).items[0]["document"]
    assert orjson.dumps(given).decode() == book.entries()[0].text


def test_the_number_is_for_operator_peer_and_secretariat(book):
    book.publish(TLP.RED)
    book.publish()
    for role in Role:
        reader = book.caller(role, state="PAN" if role is Role.PARTNER else None)
        numbers = [item.get("seq") for item in read(book, reader)]
        assert numbers[-1] == (2 if role in {Role.OPERATOR, Role.PEER, Role.SECRETARIAT} else None)


def test_an_operator_gets_envelopes_without_documents(book):
    book.publish(TLP.RED)
    items = read(book, book.caller(Role.OPERATOR))
    assert len(items) == 1
    assert items[0]["document"] is None
    assert items[0]["digest"]
    assert MARKER not in json.dumps(items, ensure_ascii=False)


def test_a_withdrawn_document_keeps_its_digests_and_loses_its_bodies(book, analyst):
    document_id = book.publish()
    book.revise(document_id, 2)
    book.withdraw(document_id, 3)
    items = read(book, analyst)
    assert brief(items) == [("publish", document_id, 1), ("revise", document_id, 2), ("withdraw", document_id, 3)]
    assert [item["document"] for item in items] == [None] * 3
    assert [item["digest"] for item in items] == [entry.digest for entry in book.entries()]


def test_a_peer_gets_what_its_own_conference_took_back_and_not_what_another_did(book):
    own = book.publish()
    book.withdraw(own, 2)
    items = read(book, book.caller(Role.PEER, "RCM"))
    assert [(item["op"], item["document"] is not None, "withdrawal" in item) for item in items] == [
        ("publish", True, False),
        ("withdraw", False, True),
    ]
    assert orjson.dumps(book.items(book.caller(Role.PEER, "RCM"))[0]["document"]).decode() == book.entries()[0].text
    assert [item["document"] for item in read(book, book.caller(Role.PEER, "SACM"))] == [None, None]


def test_a_reinstated_document_gives_its_new_body_only(book, analyst):
    document_id = book.publish()
    book.withdraw(document_id, 2)
    book.revise(document_id, 3)
    assert [item["document"] is None for item in read(book, analyst)] == [True, True, False]


def test_who_saw_the_version_before_is_told_that_it_was_hidden_and_nothing_else(book, analyst, secretariat):
    document_id = book.publish()
    book.revise(document_id, 2, TLP.RED)
    hidden = {"kind": "bulletin", "id": document_id, "version": 2, "op": "hide", "origin": None, "digest": None, "document": None}
    assert read(book, analyst) == [hidden]
    assert brief(read(book, secretariat)) == [("publish", document_id, 1), ("revise", document_id, 2)]


def test_hiding_is_told_once_and_showing_again_gives_the_newest(book, analyst):
    document_id = book.publish()
    for version, tlp in enumerate([TLP.RED, TLP.RED, TLP.GREEN], 2):
        book.revise(document_id, version, tlp)
    assert brief(read(book, analyst)) == [("publish", document_id, 1), ("hide", document_id, 2), ("revise", document_id, 4)]


def test_an_older_open_version_is_as_strict_as_the_newest(book, analyst):
    document_id = book.publish()
    assert len(read(book, analyst)) == 1
    book.revise(document_id, 2, TLP.AMBER)
    assert brief(read(book, analyst)) == [("hide", document_id, 2)]
    assert brief(read(book, book.caller(Role.ANALYST, ceiling=TLP.AMBER))) == [("publish", document_id, 1), ("revise", document_id, 2)]


def test_who_never_saw_it_is_told_nothing(book, analyst):
    document_id = book.publish(TLP.AMBER)
    book.revise(document_id, 2, TLP.RED)
    book.withdraw(document_id, 3, TLP.RED)
    assert read(book, analyst) == []


def test_a_change_of_audience_hides_from_the_other_conference_and_its_peer(book):
    readers = [book.caller(Role.SECRETARIAT, "SACM"), book.caller(Role.PEER, "SACM")]
    document_id = book.publish(TLP.AMBER, ("RCM", "SACM"))
    book.revise(document_id, 2, TLP.AMBER, ("RCM",))
    for reader in readers:
        assert brief(read(book, reader)) == [("hide", document_id, 2)]


def test_an_erased_entry_is_id_version_origin_and_time(book, analyst, secretariat):
    document_id = book.publish()
    book.erase(document_id)
    recorded_at = book.entries()[0].recorded_at
    erased = {"id": document_id, "version": 1, "op": "erase", "origin": "RCM", "time": recorded_at}
    assert read(book, analyst) == [erased]
    assert read(book, secretariat) == [{**erased, "seq": 1}]


def test_pages_of_any_size_give_every_change_once(book, analyst):
    documents = [book.publish() for _ in range(7)]
    book.publish(TLP.RED)
    for limit in (1, 2, 3, 7, 8, 100):
        pages = list(book.pages(analyst, limit=limit))
        assert [item["id"] for page in pages for item in page.items] == documents
        assert [page.has_more for page in pages] == [True] * (len(pages) - 1) + [False]


def test_the_cursor_of_the_last_page_goes_on_with_what_comes_later(book, analyst):
    book.publish()
    kept = book.page(analyst).next_cursor
    empty = book.page(analyst, kept)
    assert (empty.items, empty.next_cursor, empty.has_more) == ([], kept, False)
    later = book.publish()
    assert [item["id"] for item in book.page(analyst, kept).items] == [later]


def test_filters_choose_by_kind_and_origin(book, analyst):
    bulletin, alert, foreign = book.publish(), book.publish(kind="alert"), book.publish(origin="SACM")
    assert [item["id"] for item in read(book, analyst, kind="alert")] == [alert]
    assert [item["id"] for item in read(book, analyst, origin="SACM")] == [foreign]
    assert [item["id"] for item in read(book, analyst, kind="bulletin", origin="RCM")] == [bulletin]


def test_a_cursor_is_bound_to_its_filters_and_not_to_limit_or_client(book, analyst, secretariat):
    documents = [book.publish() for _ in range(3)]
    cursor = book.page(analyst, limit=1).next_cursor
    assert cursor == book.page(secretariat, limit=1).next_cursor
    assert [item["id"] for item in book.page(secretariat, cursor, limit=50).items] == documents[1:]
    for filters in ({"kind": "bulletin"}, {"origin": "RCM"}):
        with pytest.raises(Problem) as caught:
            book.page(analyst, cursor, **filters)
        assert caught.value.code == "cursor-invalid"


def test_a_cursor_of_another_epoch_asks_for_a_new_start(book, analyst):
    asked = feed.Question()
    old = book.seal.seal(["01890000-0000-7000-8000-000000000000", 1], asked.binding)
    with pytest.raises(Problem) as caught:
        book.page(analyst, old)
    assert caught.value.code == "resync-required"
    assert "/v1/snapshot" in caught.value.headers["Link"]


def test_a_cursor_of_another_node_or_another_question_is_refused(book, analyst):
    asked = feed.Question()
    with book.db.read() as session:
        epoch = log.head(session).epoch
    for cursor in (CursorSeal(bytes(64)).seal([epoch, 1], asked.binding), book.seal.seal([epoch, 1], "bulletins"), "x", "é"):
        with pytest.raises(Problem) as caught:
            book.page(analyst, cursor)
        assert caught.value.code == "cursor-invalid"


@pytest.mark.parametrize("behind", [0, 1, 3], ids=["empty", "short page", "full page"])
def test_hidden_documents_change_no_byte_and_no_tag_of_a_page(book, analyst, behind):
    for _ in range(behind):
        book.publish()

    def answer() -> tuple:
        with book.db.read() as session:
            highest = highest_visible(session, analyst)
        first = book.page(analyst, limit=3)
        second = book.page(analyst, first.next_cursor, limit=3)
        return highest, *((orjson.dumps(page.items), page.next_cursor, page.has_more) for page in (first, second))

    before = answer()
    hidden = book.publish(TLP.RED)
    assert answer() == before
    book.revise(hidden, 2, TLP.AMBER)
    book.withdraw(hidden, 3, TLP.AMBER)
    assert answer() == before


def test_only_documents_whose_bodies_are_given_count_as_read(book, analyst, secretariat):
    open_one, secret, gone = book.publish(), book.publish(TLP.RED), book.publish()
    stricter = book.publish()
    book.withdraw(gone, 2)
    book.revise(stricter, 2, TLP.AMBER)
    assert book.page(analyst).delivered == [(open_one, 1, TLP.GREEN)]
    assert book.page(secretariat).delivered == [
        (open_one, 1, TLP.GREEN),
        (secret, 1, TLP.RED),
        (stricter, 1, TLP.AMBER),
        (stricter, 2, TLP.AMBER),
    ]
    assert book.page(book.caller(Role.OPERATOR)).delivered == []


def test_a_page_is_one_statement(db, book, analyst):
    book.publish()
    with db.read() as session:
        head, statements = log.head(session), []
        event.listen(session.connection(), "before_cursor_execute", lambda _c, _cur, statement, *_: statements.append(statement))
        feed.page(session, analyst, book.seal, head, feed.Question())
    assert len(statements) == 1


def test_what_is_given_is_exactly_what_the_one_statement_of_access_shows(db, book):
    chance = random.Random(11)
    versions = {book.publish(chance.choice(list(TLP))): 1 for _ in range(6)}
    for _ in range(40):
        document_id = chance.choice(list(versions))
        versions[document_id] += 1
        book.revise(document_id, versions[document_id], chance.choice(list(TLP)), chance.choice([("RCM",), ("SACM",), ("SACM/BRA",), ()]))
    readers = [book.caller(role, conference) for role in Role if role is not Role.PARTNER for conference in ("RCM", "SACM")]
    readers += [
        book.caller(Role.PARTNER, state="PAN"),
        book.caller(Role.PARTNER, "SACM", "BRA"),
        book.caller(Role.ANALYST, ceiling=TLP.RED),
    ]
    for reader in readers:
        given = {(item["id"], item["version"]) for item in read(book, reader, limit=7) if item["op"] != "hide"}
        with db.read() as session:
            assert given == set(map(tuple, session.execute(visible_to(reader)).all()))


@pytest.mark.parametrize("role", Role)
def test_a_page_looks_at_its_own_entries_and_never_walks_all_documents(db, book, role):
    if db.is_sqlite:
        reader = book.caller(role, state="PAN" if role is Role.PARTNER else None)
        with db.read() as session:
            asked = feed._statement(reader, feed.Question(), 0).compile(session.get_bind(), compile_kwargs={"literal_binds": True})
            plan = [row[-1] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")]
        assert [step for step in plan if step.startswith("SCAN") or "newest" in step] == []
        assert any("document_id=?" in step for step in plan)
