"""The share of those that only ask: its short looks hold no place and end somewhere, its long work lets those that write go first."""

import threading
import time
from collections.abc import Awaitable, Callable

import anyio
import pytest

from app.core.admission import _PLACE, Crowd, Place, Room
from app.core.db import Patience
from app.core.gate import Share
from app.core.problems import Problem


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def within_its_time() -> None:
        with anyio.fail_after(20):
            await story()

    anyio.run(within_its_time)


async def stays() -> dict[str, str]:
    await anyio.sleep(60)
    return {"type": "http.disconnect"}


def test_looks_take_turns_hold_no_place_and_the_next_after_very_many_is_busy():
    async def story() -> None:
        share, room, leave, most = Share(1, 1, 60), Room(4), threading.Event(), 8 * 2
        told: list[object] = []

        async def look() -> None:
            token = _PLACE.set(Place(room))
            try:
                told.append(await share.look(lambda: leave.wait(10)))
            except Problem as problem:
                told.append((problem.code, problem.headers))
            finally:
                _PLACE.reset(token)

        async with anyio.create_task_group() as group:
            for _ in range(most):
                group.start_soon(look)
            await anyio.wait_all_tasks_blocked()
            assert (room.taken, told) == (0, [])
            await look()
            assert told == [("busy", {"Retry-After": "1"})]
            leave.set()
        assert told[1:] == [True] * most
        assert await share.look(lambda: 3) == 3

    run(story)


def test_who_goes_away_while_looking_gives_its_turn_back():
    async def story() -> None:
        share, leave = Share(1, 0, 60), threading.Event()
        for _ in range(3):
            with anyio.move_on_after(0.1):
                async with anyio.create_task_group() as group:
                    for _ in range(8):
                        group.start_soon(share.look, lambda: leave.wait(0.3))
        leave.set()
        assert await share.look(lambda: 4) == 4

    run(story)


def test_long_work_begins_when_those_that_write_are_gone():
    async def story() -> None:
        writers, done = Crowd(), list[str]()
        share = Share(2, 2, 60, writers, yields_s=15)
        for _ in range(2):
            writers.enter()
        async with anyio.create_task_group() as group:
            group.start_soon(share.work, stays, lambda _: done.append("read"))
            await anyio.sleep(0.2)
            writers.leave()
            await anyio.sleep(0.2)
            done.append("written")
            writers.leave()
        assert done == ["written", "read"]

    run(story)


def test_long_work_waits_only_so_long_for_those_that_write():
    async def story() -> None:
        writers = Crowd()
        writers.enter()
        share, begun = Share(1, 0, 60, writers, yields_s=0.2), time.monotonic()
        assert await share.work(stays, lambda patience: patience.seconds) == 60
        assert 0.2 <= time.monotonic() - begun < 15
        writers.leave()
        assert await Share(1, 0, 60, writers, yields_s=15).work(stays, lambda _: 5) == 5
        assert await Share(1, 0, 60).work(stays, lambda patience: isinstance(patience, Patience))

    run(story)


def test_a_place_counts_in_its_crowd_while_it_is_held():
    async def story() -> None:
        crowd, room = Crowd(), Room(3)
        place, other = Place(room, crowd), Place(room)
        for leave, enter in ((place.leave, place.enter), (other.leave, other.enter)):
            leave()
            leave()
            enter()
        begun = time.monotonic()
        await crowd.gone(0.2)
        assert time.monotonic() - begun >= 0.2
        place.leave()
        await crowd.gone(15)
        assert room.taken == 1

    run(story)


def test_one_who_waits_goes_on_at_the_moment_when_nobody_is_left_though_others_come_at_once():
    async def story() -> None:
        crowd, gone = Crowd(), anyio.Event()
        crowd.enter()

        async def wait() -> None:
            await crowd.gone(15)
            gone.set()

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            crowd.leave()
            crowd.enter()
            await gone.wait()

    run(story)


@pytest.mark.parametrize("failing", [ZeroDivisionError, KeyError])
def test_a_look_that_fails_fails_for_who_asked_and_gives_its_turn_back(failing: type[Exception]):
    async def story() -> None:
        share = Share(1, 0, 60)

        def fail() -> None:
            raise failing

        for _ in range(9):
            with pytest.raises(failing):
                await share.look(fail)

    run(story)
