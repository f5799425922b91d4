"""A start that is consistent whatever is written while it is read: with the feed from its end on, nothing is missed and nothing stays too long."""

import random
import re

import orjson
import pytest
from logbook import Logbook
from serving import Served
from sqlalchemy import event, text

from app.core.problems import Problem
from app.exchange import feed, log, snapshot
from app.wire.codes import TLP, Role

READERS = ((Role.ANALYST, "SACM"), (Role.SECRETARIAT, "SACM"), (Role.PEER, "SACM"), (Role.OPERATOR, "RCM"))
OLD_EPOCH = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def analyst(book):
    return book.caller(Role.ANALYST)


def asked_for(book: Logbook, caller, cursor: str | None = None, **filters: object) -> snapshot.Page:
    with book.db.read() as session:
        head, asked = log.head(session), feed.Question(cursor, **filters)  # type: ignore[arg-type]
        return snapshot.page(session, caller, book.seal, head, asked, snapshot.place(session, caller, book.seal, head, asked))


def whole(book: Logbook, caller, **filters: object) -> snapshot.Page:
    """All pages as one."""
    page = asked_for(book, caller, **filters)
    items = list(page.items)
    while page.next_cursor:
        page = asked_for(book, caller, page.next_cursor, **filters)
        items += page.items
    return snapshot.Page(items, None, page.changes_cursor, [])


def brief(page: snapshot.Page) -> list[tuple]:
    return [(item["op"], item["id"], item["version"]) for item in page.items]


def followed(state: dict[str, tuple], items: list[dict]) -> dict[str, tuple]:
    """What a reader holds after some changes: each document that stands, in the newest version that it was given."""
    for item in orjson.loads(orjson.dumps(items)):
        stands = item["op"] in {"publish", "revise"} and (item["document"] is not None or "seq" in item)
        if stands and item["version"] >= state.get(item["id"], (0,))[0]:
            state[item["id"]] = (item["version"], item["digest"], item["document"])
        elif not stands:
            state.pop(item["id"], None)
    return state


class Story:
    """Random things that happen to documents."""

    def __init__(self, book: Logbook, seed: int) -> None:
        self.book, self.chance = book, random.Random(seed)
        self.versions: dict[str, int] = {}

    def happen(self, times: int) -> None:
        for _ in range(times):
            tlp = self.chance.choice([TLP.GREEN, TLP.GREEN, TLP.AMBER, TLP.RED])
            if len(self.versions) < 3 or self.chance.random() < 0.35:
                self.versions[self.book.publish(tlp)] = 1
                continue
            document_id = self.chance.choice(sorted(self.versions))
            deed = self.chance.choice(["revise", "revise", "withdraw", "erase"])
            if deed == "erase":
                del self.versions[document_id]
                self.book.erase_told(document_id)
                continue
            self.versions[document_id] += 1
            getattr(self.book, deed)(document_id, self.versions[document_id], tlp)


def test_of_each_document_that_stands_the_newest_version_is_given_as_the_feed_shows_it(book, analyst):
    first, second, gone, hidden, erased = (book.publish() for _ in range(5))
    book.revise(first, 2)
    book.withdraw(gone, 2)
    book.revise(hidden, 2, TLP.RED)
    book.erase_told(erased)
    book.publish(TLP.AMBER)
    given = whole(book, analyst)
    assert brief(given) == [("publish", second, 1), ("revise", first, 2)]
    shown = {(item["id"], item["version"]): item for item in book.items(analyst)}
    assert orjson.dumps(given.items) == orjson.dumps([shown[second, 1], shown[first, 2]])
    assert book.page(analyst, given.changes_cursor).items == []


def test_pages_of_any_size_give_the_same_and_only_the_last_leads_on_to_the_feed(book, analyst):
    documents = [book.publish() for _ in range(5)]
    book.publish(TLP.RED)
    for limit in (1, 2, 5, 100):
        assert [item["id"] for item in whole(book, analyst, limit=limit).items] == documents
    first = asked_for(book, analyst, limit=2)
    assert first.next_cursor is not None
    assert first.changes_cursor is None
    assert [item["id"] for item in whole(book, analyst, kind="bulletin", origin="RCM", limit=2).items] == documents
    assert whole(book, analyst, origin="SACM").items == whole(book, analyst, kind="alert").items == []


def test_what_happens_between_the_pages_comes_by_the_feed_and_both_readers_end_equal(book):
    """Seed 7: publish, revise, withdraw, hide and erase between any two pages, and after them."""
    story, ends = Story(book, 7), []
    story.happen(25)
    for limit in (1, 3, 8):
        for reader in [book.caller(*each) for each in READERS]:
            page = asked_for(book, reader, limit=limit)
            state = followed({}, page.items)
            while page.next_cursor:
                story.happen(story.chance.randrange(3))
                page = asked_for(book, reader, page.next_cursor, limit=limit)
                followed(state, page.items)
            story.happen(3)
            follows = book.page(reader, page.changes_cursor, limit=1_000)
            assert followed(state, follows.items) == followed({}, book.items(reader))
            ends.append(len(state))
    assert len(ends) == 12
    assert sum(ends) > 50


def test_a_document_that_was_revised_meanwhile_is_given_as_it_stood_and_then_anew(book, analyst):
    first, second = book.publish(), book.publish()
    page = asked_for(book, analyst, limit=1)
    book.revise(second, 2)
    last = asked_for(book, analyst, page.next_cursor, limit=1)
    assert brief(page) + brief(last) == [("publish", first, 1), ("publish", second, 1)]
    assert [(item["id"], item["version"]) for item in book.page(analyst, last.changes_cursor).items] == [(second, 2)]


@pytest.mark.parametrize("behind", [0, 2, 3], ids=["empty", "short page", "full page"])
def test_hidden_documents_change_no_byte_of_a_page_nor_its_cursors(book, analyst, behind):
    for _ in range(behind):
        book.publish()

    def answer() -> tuple:
        page = asked_for(book, analyst, limit=2)
        rest = asked_for(book, analyst, page.next_cursor, limit=2) if page.next_cursor else page
        return tuple((orjson.dumps(each.items), each.next_cursor, each.changes_cursor) for each in (page, rest))

    before = answer()
    hidden = book.publish(TLP.RED)
    book.revise(hidden, 2, TLP.AMBER)
    assert answer() == before


def test_a_cursor_is_of_its_own_question_and_epoch(book, analyst):
    for _ in range(3):
        book.publish()
    cursor = asked_for(book, analyst, limit=1).next_cursor
    follows = whole(book, analyst).changes_cursor
    for refused, filters in ((cursor, {"kind": "bulletin"}), (follows, {}), ("x", {})):
        with pytest.raises(Problem) as caught:
            asked_for(book, analyst, refused, **filters)
        assert caught.value.code == "cursor-invalid"
    with pytest.raises(Problem) as caught:
        book.page(analyst, cursor)
    assert caught.value.code == "cursor-invalid"
    with pytest.raises(Problem) as caught:
        asked_for(book, analyst, book.seal.seal([OLD_EPOCH, 1, 3], snapshot._binding(feed.Question())))
    assert caught.value.code == "resync-required"


def test_a_page_is_one_statement_that_never_walks_the_log(db, book):
    for _ in range(20):
        book.publish()
    asked, at, statements = feed.Question(limit=5), snapshot.Place(3, 18), []
    for number, role in enumerate((Role.ANALYST, Role.PEER, Role.OPERATOR), 1):
        reader = book.caller(role, "SACM")
        with db.read() as session:
            head = log.head(session)
            event.listen(session.connection(), "before_cursor_execute", lambda _c, _cur, sql, *_: statements.append(sql))
            snapshot.page(session, reader, book.seal, head, asked, at)
        assert len(statements) == number
        with db.read() as session:
            sql = snapshot._statement(reader, asked, at).compile(session.get_bind(), compile_kwargs={"literal_binds": True})
            if not db.is_sqlite:
                session.execute(text("SET LOCAL enable_seqscan = off"))
            kept = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"
            plan = [str(row[-1]) for row in session.connection().exec_driver_sql(f"{kept} {str(sql).replace('%%', '%')}")]
        assert [step for step in plan if re.search(r"^SCAN|Seq Scan|hashed SubPlan", step)] == []
        assert any("rowid>? AND rowid<?" in step or re.search(r"Index Cond: .*number > 3.*number <= 18", step) for step in plan)


def test_over_http_a_start_leads_to_the_feed_and_is_audited_and_tagged_like_it(served: Served):
    node = Logbook(served.node.db, served.node.secrets, served.node.signer, served.node.cursor_seal)
    documents = [node.publish() for _ in range(2)] + [node.publish(TLP.AMBER)]
    rcm = served.as_("rcm")
    first = rcm.get("/v1/snapshot", params={"limit": 2})
    assert set(first.json()) == {"items", "next_cursor", "has_more", "changes_cursor"}
    assert (first.json()["has_more"], first.json()["changes_cursor"]) == (True, None)
    last = rcm.get("/v1/snapshot", params={"limit": 2, "cursor": first.json()["next_cursor"]}).json()
    assert [item["id"] for item in first.json()["items"] + last["items"]] == documents
    assert (last["has_more"], last["next_cursor"]) == (False, None)
    assert ("get_snapshot", "read", None) in served.audit()
    again = rcm.get("/v1/snapshot", params={"limit": 2}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    later = node.publish()
    assert rcm.get("/v1/snapshot", params={"limit": 2}, headers={"If-None-Match": first.headers["etag"]}).status_code == 200
    follows = rcm.get("/v1/changes", params={"cursor": last["changes_cursor"]}).json()
    assert [item["id"] for item in follows["items"]] == [later]
    operator = served.as_("operator").get("/v1/snapshot").json()
    assert [item["document"] for item in operator["items"]] == [None] * 4
    old = node.seal.seal([OLD_EPOCH, 1, 3], snapshot._binding(feed.Question()))
    assert served.as_("analyst").get("/v1/snapshot", params={"cursor": old}).json()["code"] == "resync-required"
    assert served.as_(None).get("/v1/snapshot").status_code == 401
