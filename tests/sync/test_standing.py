"""What an officer sees of the other node: how far each has read the other, what waits since when, what was not taken, and no more of it than fits."""

import datetime as dt

import pytest
import time_machine
from bodies import publish, withdraw
from crooked import Json, Raw, crooked, fresh_id, item_of, on_changes, resealed
from serving import Served
from test_hostile import taken, through, with_items
from twins import Twins, quarantine

from app.core.clock import utc_now
from app.sync import quarantine as kept
from app.sync.faults import SyncFault


def standing(served: Served, language: str = "en") -> Json:
    """The one peer of a node, as its operator sees it."""
    (told,) = served.as_("operator").get("/v1/peers", headers={"Accept-Language": language}).json()["items"]
    return told


def some(told: Json, *names: str) -> list[object]:
    return [told[name] for name in names]


def test_what_waits_for_a_peer_is_counted_since_the_oldest_and_gone_once_it_signed(pair: Twins):
    assert some(standing(pair.rcm), "witnessed", "waiting", "waiting_since", "waiting_hours") == [None, 0, None, None]
    with time_machine.travel(utc_now() - dt.timedelta(hours=7), tick=True):
        first = publish(pair.rcm.as_("rcm"))
    # Not for the other node: nothing of it waits.
    publish(pair.rcm.as_("rcm"), period="2022-11", tlp="RED", audience=["RCM/PAN"])
    withdraw(pair.rcm.as_("rcm"), first)
    told = standing(pair.rcm)
    assert some(told, "waiting", "waiting_hours", "unwitnessed") == [2, 7, 3]
    assert told["waiting_since"][:13] == first["published_at"][:13]
    pair.pull(pair.sacm)
    assert some(standing(pair.rcm), "witnessed", "waiting", "waiting_since", "waiting_hours", "unwitnessed") == [3, 0, None, None, 0]
    # What came from the other node is in this log too, and waits for nobody.
    publish(pair.sacm.as_("sacm"), reporting_state="BRA", measure="regular_entry")
    pair.pull(pair.rcm)
    assert some(standing(pair.rcm), "waiting", "unwitnessed") == [0, 1]


def test_a_pull_that_broke_off_says_how_much_is_unread_and_since_when(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    publish(pair.rcm.as_("rcm"))
    with time_machine.travel(utc_now() - dt.timedelta(hours=5), tick=True):
        pair.pull(pair.sacm)
    for month in (1, 2, 3):
        publish(pair.rcm.as_("rcm"), period=f"2021-{month:02}")
    monkeypatch.setattr("app.sync.pulling.PAGE", 2)
    pages: list[Json] = []

    def break_off(page: Json) -> Json:
        pages.append(page)
        if len(pages) > 1:
            raise Raw(b"", 503)
        return page

    with crooked(pair.rcm, on_changes(break_off)) as url:
        through(pair, url)
        with pytest.raises(SyncFault):
            pair.pull(pair.sacm)
    assert some(standing(pair.sacm), "size", "read", "unread", "unread_hours", "applied", "failure") == [4, 1, 3, 5, 3, "sync-busy"]
    through(pair, pair.rcm.url)
    pair.pull(pair.sacm)
    assert some(standing(pair.sacm), "size", "read", "unread", "unread_hours", "applied", "failure") == [4, 4, 0, None, 4, None]


def test_nothing_is_signed_for_what_came_between_the_page_and_the_checkpoint(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    between: list[Json] = []

    def meanwhile(page: Json) -> Json:
        if not between:
            between.append(publish(pair.rcm.as_("rcm"), period="2022-11"))
        return page

    with crooked(pair.rcm, on_changes(meanwhile)) as url:
        through(pair, url)
        assert pair.pull(pair.sacm).applied == 1
        assert some(standing(pair.rcm), "witnessed", "waiting") == [None, 2]
        assert pair.pull(pair.sacm).applied == 1
    assert some(standing(pair.rcm), "witnessed", "waiting") == [2, 0]


def foreign(pair: Twins, count: int) -> list[Json]:
    """Changes that are correctly signed and bring a State which is none of the conference's."""
    document = publish(pair.rcm.as_("rcm"))
    bare = {name: value for name, value in document.items() if name not in {"outcome", "population_shown_pct"}}
    strange = {**bare, "reporting_state": "BRA", "publisher": "BRA-MIG"}
    return [item_of(resealed(pair.rcm, strange, id=fresh_id()), number) for number in range(1, count + 1)]


def test_a_quarantine_takes_no_more_than_fits_counts_the_rest_and_gives_one_alarm(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    brought = foreign(pair, 8)
    monkeypatch.setattr(kept, "MOST_KEPT", 4)
    # Three of them, and nothing of the fourth.
    monkeypatch.setattr(kept, "MOST_TEXT", sum(len(str(item["document"])) for item in brought[:3]))
    assert len(taken(pair, with_items(lambda _: brought[:2]))) == 2
    assert len(quarantine(pair.sacm)) == 2
    with pair.sacm.node.db.write() as session:
        for items in (brought[:2], brought):
            doubts = [
                kept.Doubtful("sync-foreign-state", "bulletin", each["id"], 1, each["digest"], str(each["document"])) for each in items
            ]
            assert kept.keep(session, "rcm", doubts) is (items is brought)
        assert kept.keep(session, "rcm", doubts[-1:]) is False
    told = standing(pair.sacm, "pt")
    assert [(each["code"], each["count"]) for each in told["quarantined"]] == [("sync-foreign-state", 4), (kept.FULL, 5)]
    assert told["quarantined"][1]["reason"].startswith("a quarentena deste nó par está cheia")
    assert [each["id"] for each in told["newest"]] == [item["id"] for item in reversed(brought[:4])]
    assert some(told["newest"][0], "kind", "version", "code") == ["bulletin", 1, "sync-foreign-state"]
    with pair.sacm.node.db.read() as session:
        rows = session.query(kept.Quarantined).order_by(kept.Quarantined.id)
        assert [row.text is None for row in rows] == [False, False, False, True, True]


def test_what_is_not_named_is_shown_without_a_name_and_what_is_ahead_is_counted_apart(old_pair: Twins):
    document = publish(old_pair.rcm.as_("rcm"))
    bare = {name: value for name, value in document.items() if name not in {"outcome", "population_shown_pct"}}
    ahead = item_of(resealed(old_pair.rcm, bare, id=fresh_id(), kind="forecast"), 2)
    taken(old_pair, with_items(lambda items: [*items, ahead, {"op": "publish", "seq": 3}]))
    told = standing(old_pair.sacm, "es")
    assert (told["applied"], told["not_understood"]) == (2, 1)
    assert [(each["kind"], each["id"], each["version"], each["reason"]) for each in told["newest"]] == [
        ("forecast", ahead["id"], 1, "guardado y transmitido, pero no mostrado: esta edición no conoce su clase o sus códigos"),
        (None, None, None, "el cambio no tiene la forma debida"),
    ]
