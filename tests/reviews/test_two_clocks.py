"""A clock that is set while the worker runs: what waits is never published early, late at most, and never twice (guarantees 2)."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from waitroom import Room

import app.main
from app.core.clock import counted, parting, utc_now
from app.reviews.releasing import purge, release_due
from app.reviews.two_clocks import slower_clock

HOUR, DAY, MINUTE = 3600, 86_400, 60


class Machine:
    """Two clocks: `passes` moves both, `set_by` the one that can be set."""

    def __init__(self) -> None:
        self.wall, self.count = utc_now(), 0.0
        self.began = self.wall

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.count += seconds

    def set_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)

    def started(self):
        return slower_clock(lambda: self.wall, lambda: self.count)

    def since(self, told: datetime) -> float:
        return (told - self.began).total_seconds()


def test_the_clock_that_counts_goes_on():
    assert counted() < counted()
    assert abs((slower_clock()() - utc_now()).total_seconds()) < 1


def test_by_how_much_a_clock_was_set_is_told_from_the_one_that_counts():
    parted = parting()
    assert abs(parted()) < 1
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10), tick=True):
        assert abs(parted() - 600) < 5
    with time_machine.travel(datetime.now(UTC) - timedelta(days=1), tick=True):
        assert abs(parted() + DAY) < 5


def test_of_two_clocks_the_slower_is_believed_and_each_parting_is_told_once(caplog: pytest.LogCaptureFixture):
    machine = Machine()
    now = machine.started()
    read = []
    for passed, jump in ((10, 0), (10, 50), (10, 20), (10, 5 * HOUR), (10, -5 * HOUR - 70), (10, -HOUR), (10, -10), (10, HOUR + 10)):
        machine.passes(passed)
        machine.set_by(jump)
        read.append((machine.since(now()), sum(each.message == "clock-jumped" for each in caplog.records)))
    # 50 s ahead are slack; 70 s are not, and five hours more are the same parting; right again, then back by an hour.
    assert read == [(10, 0), (20, 0), (30, 1), (40, 1), (50, 1), (60 - HOUR, 2), (70 - HOUR - 10, 2), (80, 2)]
    assert {each.levelno for each in caplog.records} == {logging.ERROR}


def test_a_clock_that_is_set_ahead_publishes_nothing_early_and_one_that_is_set_back_nothing_twice(room: Room):
    machine, node = Machine(), room.served.node
    clock = machine.started()
    for month, minutes in ((1, 10), (2, 20), (3, 30)):
        room.hold(period=f"2021-{month:02}", found=[], in_s=minutes * MINUTE)
    held = room.hold(period="2021-04")

    def released() -> int:
        return release_due(node, app.main.KINDS, clock)

    machine.set_by(400 * DAY)
    assert (released(), purge(node, clock), room.periods()) == (0, 0, [])
    machine.passes(11 * MINUTE)
    assert [released(), released()] == [1, 0]
    assert room.periods() == ["2021-01"]
    machine.set_by(-401 * DAY)
    machine.passes(10 * MINUTE)
    # By what has passed the second is due: it comes late, when the clock is right again.
    assert [released(), released()] == [0, 0]
    machine.set_by(DAY)
    assert [released(), released()] == [1, 0]
    machine.set_by(9 * HOUR)
    assert released() == 0
    clock = machine.started()  # a restart believes the wall clock
    assert [released(), released()] == [1, 0]
    assert sorted(room.periods()) == ["2021-01", "2021-02", "2021-03"]
    assert room.seen(held)["status"] == "held"


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_the_running_worker_goes_by_the_slower_clock(room: Room):
    over, due = room.hold(period="2021-01", found=[], in_s=-1), room.hold(period="2021-02", found=[], in_s=HOUR)
    worker = app.main.worker_of(room.served.node)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=40), tick=True):
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            deadline = time.monotonic() + 40
            while room.seen(over)["status"] == "pending" and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            worker.stop()
            thread.join()
    assert [room.seen(each)["status"] for each in (over, due)] == ["published", "pending"]
