"""When the worker asks a peer again."""

from datetime import UTC, datetime, timedelta

import pytest
from bodies import publish
from sqlalchemy import update
from twins import Twins, held, peer_row

from app.exchange.upkeep import upkeep
from app.main import JOBS
from app.sync.models import Peer
from app.sync.schedule import is_due

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


def test_the_worker_pulls_what_is_due_and_keeps_why_a_peer_could_not_be_reached(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    assert upkeep(pair.sacm.node, JOBS)["pulled"] == 1
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    with pair.sacm.node.db.write() as session:
        session.execute(update(Peer).values(url="http://127.0.0.1:9"))
    assert upkeep(pair.sacm.node, JOBS)["pulled"] == 0
    row = peer_row(pair.sacm, "rcm")
    assert (row.failure, row.failures) == ("sync-unreachable", 1)
