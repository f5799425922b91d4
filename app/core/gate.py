"""A small gate before heavy work: who waits for it holds no request thread (house.md: the journey of a bulletin, step 2)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.types import Receive

from app.core.admission import Crowd, stepped_aside
from app.core.db import Patience, busy

_Value = TypeVar("_Value")
_LOOKS_A_PLACE = 8


class Gate:
    """Lets `width` jobs work at once and `queue` wait; the next one is refused with `busy` (503, Retry-After)."""

    def __init__(self, width: int, queue: int) -> None:
        """Make the gate inside a running event loop."""
        self._slots = anyio.Semaphore(width)
        self._most = width + queue
        self._inside = 0

    @property
    def inside(self) -> int:
        """Jobs that work or wait now."""
        return self._inside

    @property
    def is_full(self) -> bool:
        """Whether the next job would be refused."""
        return self._inside >= self._most

    def require_room(self) -> None:
        """Refuse with `busy` where the queue is full already."""
        if self.is_full:
            raise busy()

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """Wait for a slot, holding no place among the requests (`app.core.admission`), work, give it back."""
        self.require_room()
        self._inside += 1
        try:
            with stepped_aside():
                await self._slots.acquire()
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._inside -= 1


class Share:
    """Threads of their own for reads that may be long, behind a gate: however many ask, those that write keep theirs.

    A read begins when nobody is at work on what it brought, or `yields_s` seconds after its turn: all of a process share one
    interpreter, and whoever only asks can wait better than a week's figures.
    """

    def __init__(self, width: int, queue: int, patience_s: float, writers: Crowd | None = None, yields_s: float = 0.0) -> None:
        """Make the share inside a running event loop; each statement of its reads may take `patience_s` seconds."""
        self._writers, self._yields_s = writers, yields_s
        self.gate, self.patience_s = Gate(width, queue), patience_s
        self._threads, self._glances = anyio.CapacityLimiter(width), anyio.CapacityLimiter(width)
        self._looking, self._most_looking = 0, _LOOKS_A_PLACE * (width + queue)

    async def work(self, receive: Receive, job: Callable[[Patience], _Value]) -> _Value:
        """Wait for a slot and do the job in a thread; its statement ends where the client that asked goes away.

        Raises `busy` (503, Retry-After) where the queue is full.
        """
        patience = Patience(self.patience_s)
        watch = asyncio.create_task(_until_gone(receive, patience))
        try:
            async with self.gate.passage():
                if self._writers:
                    with stepped_aside():
                        await self._writers.gone(self._yields_s)
                return await anyio.to_thread.run_sync(job, patience, limiter=self._threads)
        finally:
            watch.cancel()

    async def look(self, job: Callable[[], _Value]) -> _Value:
        """Do a short job that tells whether there is long work at all, in a thread of the share's second kind, holding no place among the requests.

        Raises `busy` (503, Retry-After) where very many wait for it.
        """
        if self._looking >= self._most_looking:
            raise busy()
        self._looking += 1
        try:
            with stepped_aside():
                return await anyio.to_thread.run_sync(job, limiter=self._glances)
        finally:
            self._looking -= 1

    async def parts(self, made: Iterator[bytes]) -> AsyncIterator[bytes]:
        """The parts of a long answer, each made in a thread of the share; nothing of it is left open where the client goes away."""
        try:
            while (part := await anyio.to_thread.run_sync(next, made, None, limiter=self._threads)) is not None:
                yield part
        finally:
            close = getattr(made, "close", None)
            if close:
                close()


async def _until_gone(receive: Receive, patience: Patience) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    # In a thread: a driver may have to ask its server for it, and neither the share nor the requests may have one free.
    await asyncio.to_thread(patience.end)
