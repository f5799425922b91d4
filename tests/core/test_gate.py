"""The gate before heavy work: its width, its queue, and what is given back (house.md: the journey of a bulletin, step 2)."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from app.core.gate import Gate
from app.core.problems import Problem

BUSY = ("busy", {"Retry-After": "1"})


class Hall:
    """Jobs that stay behind the gate until they are let go; `inside` and `most` are counted by the jobs themselves."""

    def __init__(self, width: int, queue: int) -> None:
        self.gate, self.leave = Gate(width, queue), anyio.Event()
        self.inside, self.most, self.done, self.refused = 0, 0, 0, list[object]()

    async def job(self) -> None:
        try:
            async with self.gate.passage():
                self.inside += 1
                self.most = max(self.most, self.inside)
                await self.leave.wait()
                self.inside -= 1
                self.done += 1
        except Problem as problem:
            self.refused.append((problem.code, problem.headers))

    async def refuses(self) -> bool:
        try:
            self.gate.require_room()
        except Problem:
            return True
        return False


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def within_its_time() -> None:
        with anyio.fail_after(10):
            await story()

    anyio.run(within_its_time)


@pytest.mark.parametrize(("width", "queue"), [(1, 0), (2, 3), (3, 1)])
def test_width_jobs_work_queue_jobs_wait_and_the_next_is_busy(width: int, queue: int):
    async def story() -> None:
        hall = Hall(width, queue)
        async with anyio.create_task_group() as group:
            for _ in range(width + queue + 2):
                group.start_soon(hall.job)
            await anyio.wait_all_tasks_blocked()
            assert (hall.inside, hall.refused, await hall.refuses()) == (width, [BUSY] * 2, True)
            hall.leave.set()
        assert (hall.done, hall.most, await hall.refuses()) == (width + queue, width, False)

    run(story)


def test_a_place_is_given_back_after_an_exception():
    async def story() -> None:
        gate = Gate(1, 0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with gate.passage():
                    raise ZeroDivisionError
        async with gate.passage():
            with pytest.raises(Problem):
                gate.require_room()
        gate.require_room()

    run(story)


def test_who_goes_away_while_waiting_or_working_gives_its_place_back():
    async def story() -> None:
        hall = Hall(1, 1)
        async with anyio.create_task_group() as group:
            group.start_soon(hall.job)
            group.start_soon(hall.job)
            await anyio.wait_all_tasks_blocked()
            assert await hall.refuses()
            group.cancel_scope.cancel()
        hall.leave.set()
        async with anyio.create_task_group() as group:
            group.start_soon(hall.job)
            group.start_soon(hall.job)
        assert (hall.done, hall.refused) == (2, [])

    run(story)


def test_a_refused_job_takes_no_place():
    async def story() -> None:
        hall = Hall(1, 0)
        async with anyio.create_task_group() as group:
            group.start_soon(hall.job)
            await anyio.wait_all_tasks_blocked()
            for _ in range(5):
                await hall.job()
            hall.leave.set()
        await hall.job()
        assert (hall.done, hall.refused) == (2, [BUSY] * 5)

    run(story)
