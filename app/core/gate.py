"""A small gate before heavy work: who waits for it holds no request thread (house.md: the journey of a bulletin, step 2)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from app.core.admission import stepped_aside
from app.core.db import busy


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

    def require_room(self) -> None:
        """Refuse with `busy` where the queue is full already."""
        if self._inside >= self._most:
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
