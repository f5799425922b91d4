"""A hostile peer, correctly signed or not: nothing of it is taken, the reason is kept, and the next honest page goes on (guarantees 3)."""

import time
from collections.abc import Callable

import pytest
from bodies import publish, revise
from crooked import Json, Raw, crooked, fresh_id, item_of, on_changes, resealed
from sqlalchemy import text, update
from twins import Twins, held, peer_row, quarantine

from app.main import rebuild
from app.sync.applying import forget_understood
from app.sync.faults import SyncFault
from app.sync.models import Peer

ADDED = {"outcome", "population_shown_pct", "warnings"}


def through(pair: Twins, url: str) -> None:
    """Let SACM's node reach RCM's by another address."""
    with pair.sacm.node.db.write() as session:
        session.execute(update(Peer).where(Peer.name == "rcm").values(url=url))


def refused(pair: Twins, change) -> str:
    """The code by which a pull through a crooked peer ends; nothing was taken, and the row says why."""
    before = held(pair.sacm, "RCM")
    with crooked(pair.rcm, change) as url:
        through(pair, url)
        with pytest.raises(SyncFault) as fault:
            pair.pull(pair.sacm)
    assert held(pair.sacm, "RCM") == before
    assert peer_row(pair.sacm, "rcm").failure == fault.value.code
    through(pair, pair.rcm.url)
    return fault.value.code


def taken(pair: Twins, change) -> list[tuple[str, int]]:
    """(code, version) of what a pull through a crooked peer put into quarantine."""
    with crooked(pair.rcm, change) as url:
        through(pair, url)
        done = pair.pull(pair.sacm)
    through(pair, pair.rcm.url)
    assert {(doubt.code, doubt.version) for doubt in done.quarantined} <= {(code, version) for code, _, version in quarantine(pair.sacm)}
    return [(doubt.code, doubt.version) for doubt in done.quarantined]


def with_items(make: Callable[[list[Json]], list[Json]]):
    return on_changes(lambda page: {**page, "items": make(page["items"])})


def only(change: Callable[[Json], Json]):
    """Change each change of the feed."""
    return with_items(lambda items: [change(item) for item in items])


WRONG: dict[str, Callable[[Json], Json]] = {
    "sync-digest": lambda item: {**item, "document": {**item["document"], "narrative": {"es": "Otra cosa."}}},
    "sync-item-differs": lambda item: {**item, "version": 2},
    "sync-foreign-origin": lambda item: {**item, "origin": "OTHER"},
    "sync-item-form": lambda item: {**item, "op": "delete"},
}


@pytest.mark.parametrize("code", WRONG)
def test_a_change_that_is_not_what_was_signed_is_not_taken_and_blocks_nothing(pair: Twins, code: str):
    first = publish(pair.rcm.as_("rcm"))
    second = publish(pair.rcm.as_("rcm"), period="2022-11")
    change = with_items(lambda items: [WRONG[code](item) if item["id"] == first["id"] else item for item in items])
    assert [each for each, _ in taken(pair, change)] == [code]
    assert [document_id for document_id, *_ in held(pair.sacm, "RCM")] == [second["id"]]


def test_a_document_in_our_name_that_we_never_published_is_reported(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    assert taken(pair, only(lambda item: {**item, "origin": "SACM"})) == [("sync-own-unknown", 1)]
    assert document["id"] not in [entry[0] for entry in held(pair.sacm, "SACM")]


def first_of_all(*told: Json):
    """Put these changes before those of the first page."""

    def make(items: list[Json]) -> list[Json]:
        return [{**item, "seq": number} for number, item in enumerate([*told, *items], 1)] if items else []

    return with_items(make)


def test_a_second_bulletin_for_the_same_figures_is_not_counted_and_blocks_nothing(pair: Twins):
    first = publish(pair.rcm.as_("rcm"))
    bare = {name: value for name, value in first.items() if name not in ADDED}
    second = resealed(pair.rcm, bare, id=fresh_id())
    publish(pair.rcm.as_("rcm"), period="2022-11")
    assert taken(pair, first_of_all(item_of(bare, 0), item_of(second, 0))) == [("sync-place-taken", 1)]
    publish(pair.rcm.as_("rcm"), period="2022-12")
    assert taken(pair, first_of_all(item_of(second, 0))) == [("sync-place-taken", 1)]
    assert len(held(pair.sacm, "RCM")) == 3
    assert second["id"] not in {document_id for document_id, *_ in held(pair.sacm, "RCM")}
    publish(pair.rcm.as_("rcm"), period="2023-01")
    erased = {**item_of(bare, 0), "op": "erase", "version": 2, "digest": None, "document": None}
    assert taken(pair, first_of_all(erased, item_of(second, 0))) == []
    assert second["id"] in {document_id for document_id, *_ in held(pair.sacm, "RCM")}


@pytest.mark.parametrize(("order", "refused"), [("first moved second", []), ("first second moved", [("sync-place-taken", 1)])])
def test_a_bulletin_that_becomes_one_for_other_figures_on_one_page_leaves_its_place(
    pair: Twins, order: str, refused: list[tuple[str, int]]
):
    bare = {name: value for name, value in publish(pair.rcm.as_("rcm"), period="2022-10").items() if name not in ADDED}
    one = fresh_id()
    told = {
        "first": resealed(pair.rcm, bare, id=one, period="2022-08"),
        "moved": resealed(pair.rcm, bare, id=one, period="2022-09", version=2, reason="another month"),
        "second": resealed(pair.rcm, bare, id=fresh_id(), period="2022-08"),
    }
    items = [item_of(told[name], 0, op="revise" if name == "moved" else "publish") for name in order.split()]
    assert taken(pair, first_of_all(*items)) == refused
    there = {(document_id, version) for document_id, version, *_ in held(pair.sacm, "RCM")}
    assert {(one, 1), (one, 2)} < there
    assert ((told["second"]["id"], 1) in there) is (not refused)


@pytest.mark.parametrize("strange", [{"dimensions": 5}, {"dimensions": [5]}, {"period": None}, {"publisher": ["PAN"]}])
def test_a_signed_bulletin_in_no_form_of_one_is_kept_and_blocks_nothing(old_pair: Twins, strange: Json):
    first = publish(old_pair.rcm.as_("rcm"))
    bare = {name: value for name, value in first.items() if name not in ADDED}
    odd = resealed(old_pair.rcm, bare, id=fresh_id(), **strange)
    assert taken(old_pair, first_of_all(item_of(odd, 0))) == [("sync-not-understood", 1)]
    assert old_pair.sacm.as_("bra").get(f"/v1/bulletins/{first['id']}").json()["status"] == "published"


def test_a_signature_of_another_key_does_not_stand(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    foreign = resealed(pair.sacm, publish(pair.sacm.as_("sacm"), reporting_state="BRA"))["signature"]

    def signed(item: Json) -> Json:
        return {**item, "document": {**item["document"], "signature": foreign}}

    assert taken(pair, only(signed)) == [("sync-key-unknown", 1)]


def test_a_signature_that_was_changed_does_not_stand(pair: Twins):
    publish(pair.rcm.as_("rcm"))

    def spoilt(item: Json) -> Json:
        signature = item["document"]["signature"]
        value = ("B" if signature["value"][0] == "A" else "A") + signature["value"][1:]
        return {**item, "document": {**item["document"], "signature": {**signature, "value": value}}}

    assert taken(pair, only(spoilt)) == [("sync-signature", 1)]


def test_a_withdrawal_that_nobody_signed_withdraws_nothing(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    false = {**item_of({**document, "version": 2}, 1), "op": "withdraw", "document": None}
    for withdrawal in (None, {**document, "version": 2, "status": "withdrawn"}):
        publish(pair.rcm.as_("rcm"), period="2023-01" if withdrawal is None else "2023-02")
        brought = taken(pair, with_items(lambda items, told=withdrawal: [{**false, "withdrawal": told} if told else false, *items]))
        assert brought == [("sync-digest" if withdrawal else "sync-unsigned", 2)]
        assert pair.sacm.as_("bra").get(f"/v1/bulletins/{document['id']}").json()["status"] == "published"


@pytest.mark.parametrize("kind", ["alert", "sighting", "bulletin"])
def test_a_signed_withdrawal_that_lacks_what_its_kind_needs_blocks_nothing(old_pair: Twins, kind: str):
    document = publish(old_pair.rcm.as_("rcm"))
    kept = {name: document[name] for name in ("origin", "issuer", "audience", "handling", "mandate", "lang", "created_at", "published_at")}
    bad = {**kept, "kind": kind, "id": fresh_id(), "version": 1, "status": "withdrawn", "tlp": "GREEN"}
    del bad["lang" if kind == "bulletin" else "mandate"]
    told = resealed(old_pair.rcm, bad)
    item = {**item_of(told, 1), "op": "withdraw", "document": None, "withdrawal": told}

    def before(items: list[Json]) -> list[Json]:
        return [item, *({**each, "seq": 2} for each in items)]

    assert taken(old_pair, with_items(before)) == [("sync-not-understood", 1)]
    assert document["id"] in [entry[0] for entry in held(old_pair.sacm, "RCM")]


def test_the_same_version_with_another_content_is_a_fork_and_an_alarm(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    other = resealed(
        pair.rcm,
        {name: value for name, value in document.items() if name not in {"outcome", "population_shown_pct"}},
        title={"es": "Otra."},
    )
    publish(pair.rcm.as_("rcm"), period="2022-11")
    assert taken(pair, with_items(lambda items: [item_of(other, 1), *[{**item, "seq": 2} for item in items]])) == [("sync-fork", 1)]
    assert pair.sacm.as_("bra").get(f"/v1/bulletins/{document['id']}").json()["digest"] == document["digest"]
    assert len(held(pair.sacm, "RCM")) == 2


def test_a_bulletin_of_a_state_that_is_no_member_is_not_taken(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    bare = {name: value for name, value in document.items() if name not in {"outcome", "population_shown_pct"}}
    foreign = resealed(pair.rcm, bare, id=fresh_id(), reporting_state="BRA", publisher="BRA-MIG")
    assert taken(pair, with_items(lambda _: [item_of(foreign, 1)])) == [("sync-foreign-state", 1)]


def test_a_text_with_a_control_character_is_not_taken(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    bare = {name: value for name, value in document.items() if name not in {"outcome", "population_shown_pct"}}
    odd = resealed(pair.rcm, bare, title={"es": "Tránsito\u202eoculto"})
    assert taken(pair, with_items(lambda _: [item_of(odd, 1)])) == [("sync-text-gate", 1)]


def test_a_late_version_falls_into_its_place(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    newest = revise(pair.rcm.as_("rcm"), document, narrative={"es": "Cifras finales."})
    late: list[Json] = []

    def newest_first(items: list[Json]) -> list[Json]:
        late.extend(item for item in items if item["version"] == 1)
        return [item for item in items if item["version"] == 2]

    assert taken(pair, with_items(newest_first)) == []
    publish(pair.rcm.as_("rcm"), period="2022-11")
    taken(pair, with_items(lambda items: [*late, *items]))
    assert [version for document_id, version, *_ in held(pair.sacm, "RCM") if document_id == document["id"]] == [2, 1]
    seen = pair.sacm.as_("bra").get(f"/v1/bulletins/{document['id']}").json()
    assert (seen["version"], seen["digest"]) == (2, newest["digest"])
    flows = pair.sacm.as_("bra").get("/v1/flows", params={"nationality": "SOM", "period_from": "2022-10", "period_to": "2022-10"}).json()
    assert [row["bulletin"] for row in flows["items"]] == [f"{document['id']}@v2"]


def test_a_document_of_the_next_release_is_kept_and_passed_on_and_not_counted(old_pair: Twins):
    document = publish(old_pair.rcm.as_("rcm"))
    bare = {name: value for name, value in document.items() if name not in {"outcome", "population_shown_pct"}}
    wider = resealed(
        old_pair.rcm, bare, id=fresh_id(), period="2022-12", period_start="2022-12-01", period_end="2022-12-31", harvest={"by": "satellite"}
    )
    strange = resealed(old_pair.rcm, bare, id=fresh_id(), dimensions=["language"], cells=[{"language": "som", "value": 31}])
    unknown = resealed(old_pair.rcm, bare, id=fresh_id(), kind="forecast")
    brought = [item_of(each, number) for number, each in enumerate((wider, strange, unknown), 1)]
    assert taken(old_pair, with_items(lambda _: brought)) == [("sync-not-understood", 1)] * 2
    told = {item["id"]: item["document"] for item in old_pair.sacm.as_("bra").get("/v1/changes").json()["items"]}
    assert told == {each["id"]: each for each in (wider, strange, unknown)}
    assert old_pair.sacm.as_("bra").get(f"/v1/bulletins/{wider['id']}").status_code == 200
    assert old_pair.sacm.as_("bra").get(f"/v1/bulletins/{strange['id']}").status_code == 404
    rebuild(old_pair.sacm.node)
    assert len(quarantine(old_pair.sacm)) == 2
    with old_pair.sacm.node.db.write() as session:
        # As the next release would, which knows that kind and that dimension.
        forget_understood(session, [strange["id"]])
    assert [document_id for _, document_id, _ in quarantine(old_pair.sacm)] == [strange["id"]]


def html(_path: str, _query: Json, _honest: Json) -> Json:
    raise Raw(b"<html>Sign in</html>", content_type="text/html")


def redirect(_path: str, _query: Json, _honest: Json) -> Json:
    raise Raw(b"", 302, location="http://127.0.0.1:1/")


def packed(_path: str, _query: Json, _honest: Json) -> Json:
    raise Raw(b"\x1f\x8b", content_encoding="gzip")


def deep(_path: str, _query: Json, _honest: Json) -> Json:
    raise Raw(b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


ODD = {"sync-no-json": html, "sync-redirect": redirect, "sync-encoded": packed}


@pytest.mark.parametrize("code", ODD)
def test_what_is_no_answer_of_a_node_is_refused(pair: Twins, code: str):
    publish(pair.rcm.as_("rcm"))
    assert refused(pair, ODD[code]) == code


def test_a_body_of_brackets_without_end_is_refused(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    assert refused(pair, deep) == "sync-no-json"


def test_an_answer_without_end_is_left_at_its_bound(pair: Twins, monkeypatch):
    publish(pair.rcm.as_("rcm"))
    monkeypatch.setattr("app.sync.line.LARGEST_ANSWER", 10_000)
    assert refused(pair, on_changes(lambda page: {**page, "more": "x" * 20_000})) == "sync-too-large"


def test_a_feed_that_does_not_move_or_moves_backwards_is_left(pair: Twins):
    for month in (1, 2):
        publish(pair.rcm.as_("rcm"), period=f"2021-{month:02}")
    assert refused(pair, with_items(lambda items: items[::-1])) == "sync-loop"
    pair.pull(pair.sacm)
    cursor = peer_row(pair.sacm, "rcm").cursor
    publish(pair.rcm.as_("rcm"), period="2021-03")
    began = time.monotonic()
    assert refused(pair, on_changes(lambda page: {**page, "items": [], "has_more": True, "next_cursor": cursor})) == "sync-loop"
    assert time.monotonic() - began < 30
    assert pair.pull(pair.sacm).applied == 1


def test_a_log_that_was_rewritten_is_found_and_nothing_more_is_taken(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    publish(pair.rcm.as_("rcm"), period="2022-11")
    pair.pull(pair.sacm)
    with pair.sacm.node.db.write() as session:
        # As if what was seen of the peer had been another history.
        session.execute(update(Peer).values(root="0" * 64))
    publish(pair.rcm.as_("rcm"), period="2022-12")
    with pytest.raises(SyncFault) as fault:
        pair.pull(pair.sacm)
    assert fault.value.code == "sync-rewritten"
    assert len(held(pair.sacm, "RCM")) == 2


def test_a_checkpoint_that_another_signed_is_refused(pair: Twins):
    publish(pair.rcm.as_("rcm"))

    def change(path: str, _query: Json, honest: Json) -> Json:
        return {**honest, "size": honest["size"] + 1} if path == "/v1/log/checkpoint" else honest

    assert refused(pair, change) == "sync-checkpoint-signature"


def test_of_two_pulls_at_once_one_does_the_work_and_the_other_says_so(pair: Twins):
    publish(pair.rcm.as_("rcm"))

    def meanwhile(page: Json) -> Json:
        with pair.sacm.node.db.write() as session:
            session.execute(text("UPDATE peer SET cursor = 'elsewhere'"))
        return page

    with crooked(pair.rcm, on_changes(meanwhile)) as url:
        through(pair, url)
        with pytest.raises(SyncFault) as fault:
            pair.pull(pair.sacm)
    assert fault.value.code == "sync-elsewhere"
    assert held(pair.sacm, "RCM") == []
    assert peer_row(pair.sacm, "rcm").failure is None
