"""A small gate before heavy work: who waits for it holds no request thread (house.md: the journey of a bulletin, step 2)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from app.core.db import busy


class Gate:
    """Lets `width` jobs work at once and `queue` wait; the next one is refused with `busy` (503, Retry-After)."""

    def __init__(self, width: int, queue: int) -> None:
        """Make the gate inside a running event loop."""
        self._slots = anyio.Semaphore(width)
        self._most = width + queue
        self._inside = 0

    def require_room(self) -> None:
        """Refuse with `busy` where the queue is full already."""
        if self._inside >= self._most:
            raise busy()

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """Wait for a slot, work, give it back."""
        self.require_room()
        self._inside += 1
        try:
            async with self._slots:
                yield
        finally:
            self._inside -= 1
