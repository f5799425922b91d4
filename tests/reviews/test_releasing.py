"""What waits for its minute is published then: never early, never twice, whatever the clock, a kill or a second worker does (guarantees 2)."""

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from bodies import bulletin
from sqlalchemy import text
from waitroom import SECOND, TITLE, Room

import app.main
from app.core.problems import Problem
from app.documents.kinds import Kind
from app.exchange import decided
from app.exchange.waiting import KEPT_DAYS
from app.reviews.releasing import purge, release_due

DAY = timedelta(days=1)


def at(seconds: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)


def release(room: Room, seconds: float = 0) -> int:
    with at(seconds):
        return release_due(room.served.node, app.main.KINDS)


def waits(room: Room, item: str) -> tuple[str, str | None]:
    seen = room.seen(item)
    return seen["status"], seen["reason"]


def with_release(release: Any) -> Kind:
    return replace(app.main.KINDS["bulletin"], release=release)


def test_an_item_is_published_at_its_minute_and_once_whatever_the_clock_does(room: Room):
    item, later = room.hold(found=[], in_s=600), room.hold(period="2022-11", found=[], in_s=900)
    held = room.hold(period="2022-12", in_s=600)
    assert [release(room, seconds) for seconds in (0, 595, -86_400, 595)] == [0, 0, 0, 0]
    assert room.periods() == []
    assert release(room, 605) == 1
    assert [release(room, seconds) for seconds in (605, -86_400, 650)] == [0, 0, 0]
    assert (room.periods(), waits(room, item), waits(room, later)) == (["2022-10"], ("published", None), ("pending", None))
    assert waits(room, held) == ("held", None)
    assert room.decide("bea", "confirm", held, SECOND).json()["status"] == "pending"
    assert release(room, 86_400) == 2
    assert sorted(room.periods()) == ["2022-10", "2022-11", "2022-12"]
    assert [row for row in room.served.audit() if row[0] == "reviews.release"] == [
        ("reviews.release", "created", None),
        ("reviews.release", "released", None),
    ] * 3


def test_two_workers_at_once_publish_each_item_once(room: Room):
    for month in range(1, 7):
        room.hold(period=f"2021-{month:02}", found=[], in_s=-1)
    done: list[int] = []
    workers = [threading.Thread(target=lambda: done.append(release(room))) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done) == 6
    assert sorted(room.periods()) == [f"2021-{month:02}" for month in range(1, 7)]


def test_an_item_that_was_overtaken_or_fails_keeps_no_other_waiting_and_is_tried_no_more(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    stale, broken, good = (room.hold(period=f"2021-0{month}", found=[], in_s=month - 10) for month in (1, 2, 3))
    taken, fails = room.payload(stale)["id"], room.payload(broken)["id"]
    assert room("pan").post("/v1/bulletins", json=bulletin(period="2020-01", id=taken)).status_code == 201
    kind = app.main.KINDS["bulletin"]

    def release_some(session, node, payload, attempt):
        if payload["id"] == fails:
            raise ZeroDivisionError
        return kind.release(session, node, payload, attempt)

    monkeypatch.setitem(app.main.KINDS, "bulletin", with_release(release_some))
    with caplog.at_level(logging.WARNING, "istmo"):
        assert [release(room), release(room)] == [1, 0]
    assert TITLE.split()[-1] not in caplog.text
    assert [waits(room, item) for item in (stale, broken, good)] == [("pending", "stale"), ("pending", "failed"), ("published", None)]
    assert sorted(room.periods()) == ["2020-01", "2021-03"]
    done = room.decide("ana", "put", stale, {"title": {"es": TITLE}})
    assert (done.json()["status"], done.json()["reason"]) == ("held", None)


def test_where_the_store_is_busy_an_item_waits_for_the_next_look(room: Room, monkeypatch: pytest.MonkeyPatch):
    item, kind = room.hold(found=[], in_s=-1), app.main.KINDS["bulletin"]

    def busy(*_):
        raise Problem("busy")

    monkeypatch.setitem(app.main.KINDS, "bulletin", with_release(busy))
    with pytest.raises(Problem):
        release(room)
    assert waits(room, item) == ("pending", None)
    monkeypatch.setitem(app.main.KINDS, "bulletin", kind)
    assert release(room) == 1


def test_a_release_that_is_cut_off_leaves_nothing_and_is_done_again(room: Room, monkeypatch: pytest.MonkeyPatch):
    item = room.hold(found=[], in_s=-1)

    class CutError(BaseException):
        pass

    def cut(*_, **__):
        raise CutError

    with monkeypatch.context() as patched:
        patched.setattr(decided, "settle", cut)
        with pytest.raises(CutError):
            release(room)
    assert (room.periods(), waits(room, item)) == ([], ("pending", None))
    assert release(room) == 1
    assert room.periods() == ["2022-10"]


def test_what_nobody_decides_in_time_is_purged_and_its_row_is_kept_a_while(room: Room):
    held, pending = room.hold(), room.hold(period="2022-11", found=[], in_s=DAY.total_seconds(), places=["one"])
    for seconds, expected in ((KEPT_DAYS * DAY - DAY / 2, "held"), (KEPT_DAYS * DAY + DAY / 2, "expired")):
        with at(seconds.total_seconds()):
            purge(room.served.node)
        assert waits(room, held)[0] == expected
    assert waits(room, pending)[0] == "pending"
    with at(((KEPT_DAYS + 2) * DAY).total_seconds()):
        assert purge(room.served.node) == 1
    assert waits(room, pending)[0] == "expired"
    assert room.seen(held)["documents"] == []
    with room.served.node.db.read() as session:
        assert session.execute(text("SELECT count(*) FROM waiting_place")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM waiting_item WHERE sealed IS NOT NULL")).scalar_one() == 0
    assert [row[1] for row in room.served.audit() if row[0] == "reviews.purge"] == ["expired", "expired"]
    with at(((KEPT_DAYS + decided.ROW_DAYS + 3) * DAY).total_seconds()):
        assert purge(room.served.node) == 2
    assert room("rcm").get("/v1/reviews").json()["total"] == 0


def test_items_whose_key_is_lost_are_reported_purged_and_never_published(room: Room, caplog: pytest.LogCaptureFixture):
    lost, due = room.hold(), room.hold(period="2022-11", found=[], in_s=-1)
    room.served.node.secrets.forget("held.key")
    assert release(room) == 0
    assert waits(room, due) == ("pending", None)
    assert room.decide("bea", "confirm", lost, SECOND).json()["code"] == "review-unreadable"
    later = room.hold(period="2022-12")  # under a new key
    with caplog.at_level(logging.ERROR, "istmo"):
        assert purge(room.served.node) == 2
    assert "their key is lost" in caplog.text
    assert [waits(room, item)[0] for item in (lost, due, later)] == ["unreadable", "unreadable", "held"]
    assert room.periods() == []
    assert room.decide("bea", "confirm", later, SECOND).json()["status"] == "published"
