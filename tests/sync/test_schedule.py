"""When the worker asks a peer again."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from bodies import publish
from crooked import Raw, crooked
from sqlalchemy import update
from twins import Twins, held, peer_row

from app.core.clock import utc_now
from app.exchange.upkeep import upkeep
from app.main import JOBS
from app.sync.line import wait_of
from app.sync.models import Peer
from app.sync.schedule import is_asked_to_wait, is_due

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "ago_s", "chance", "due"),
    [
        (0, 0, 0.0, True),
        (1, 59, 0.0, False),
        (1, 60, 0.0, True),
        (1, 30, 1.0, True),
        (1, 29, 1.0, False),
        (3, 239, 0.0, False),
        (3, 240, 0.0, True),
        (50, 3_599, 0.0, False),
        (50, 3_600, 0.0, True),
        (2, -7_200, 0.0, True),
    ],
)
def test_a_peer_that_fails_is_asked_less_and_less_often_but_at_least_once_an_hour(failures: int, ago_s: int, chance: float, due: bool):
    assert is_due(failures, NOW - timedelta(seconds=ago_s), NOW, chance) is due


DATE = {"date": "Sun, 01 Mar 2026 11:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "86400"}, 3_600),
        ({"retry-after": "9" * 5_000}, 3_600),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 01 Mar 2026 11:10:00 GMT", **DATE}, 600),
        ({"retry-after": "Sun, 01 Mar 2026 10:10:00 GMT", **DATE}, 0),
        ({"retry-after": "Mon, 02 Mar 2026 10:10:00 GMT", **DATE}, 3_600),
        ({"retry-after": "Sun, 01 Mar 2026 12:10:00 GMT"}, 600),
        ({"retry-after": "Sun, 01 Mar 2026 12:10:00 -0000", "date": "yesterday"}, 600),
    ],
)
def test_how_long_a_peer_asks_to_wait_is_read_by_its_own_clock_and_is_an_hour_at_most(headers: dict[str, str], wait_s: int | None):
    with time_machine.travel(NOW, tick=False):
        assert wait_of(headers) == wait_s


@pytest.mark.parametrize(
    ("until_s", "tried_s", "waits"),
    [(60, -1, True), (3_600, -1, True), (0, -1, False), (-1, -60, False), (3_601, -1, False), (60, 1, False)],
)
def test_a_peer_that_asked_to_wait_is_not_asked_before_and_a_clock_that_was_set_back_keeps_nobody(until_s: int, tried_s: int, waits: bool):
    peer = Peer(wait_until=NOW + timedelta(seconds=until_s), tried_at=NOW + timedelta(seconds=tried_s))
    assert is_asked_to_wait(peer, NOW) is waits


def test_a_peer_that_has_no_time_is_asked_again_when_it_said(pair: Twins):
    publish(pair.rcm.as_("rcm"))

    def busy(*_: object) -> dict[str, object]:
        raise Raw(b"{}", 503, retry_after="1800")

    with crooked(pair.rcm, busy) as url:
        with pair.sacm.node.db.write() as session:
            session.execute(update(Peer).values(url=url))
        assert upkeep(pair.sacm.node, JOBS)["pulled"] == 0
    row, now = peer_row(pair.sacm, "rcm"), utc_now()
    assert (row.failure, row.failures) == ("sync-busy", 1)
    assert row.wait_until is not None
    assert timedelta(minutes=28) < row.wait_until - now <= timedelta(minutes=30)
    with pair.sacm.node.db.write() as session:
        session.execute(update(Peer).values(url=pair.rcm.url))
    with time_machine.travel(now + timedelta(minutes=20)):
        # Its failure alone would let it be asked after a minute.
        assert upkeep(pair.sacm.node, JOBS)["pulled"] == 0
    with time_machine.travel(now + timedelta(minutes=31)):
        assert upkeep(pair.sacm.node, JOBS)["pulled"] == 1
    assert peer_row(pair.sacm, "rcm").wait_until is None


def test_the_worker_pulls_what_is_due_and_keeps_why_a_peer_could_not_be_reached(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    assert upkeep(pair.sacm.node, JOBS)["pulled"] == 1
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    with pair.sacm.node.db.write() as session:
        session.execute(update(Peer).values(url="http://127.0.0.1:9"))
    assert upkeep(pair.sacm.node, JOBS)["pulled"] == 0
    row = peer_row(pair.sacm, "rcm")
    assert (row.failure, row.failures) == ("sync-unreachable", 1)
