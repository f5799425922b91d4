"""Admission: a limit on the requests inside, before any thread and any database (guarantees 5); pure ASGI.

A request holds a place while it works or waits for a thread.  It gives the place back while it waits for something else: for its
body to come in, for its reader to take the answer, for a gate of its own (`app.core.gate`).  So neither slow lines nor heavy work
keep others out, and what is inside can always be worked off in a time that the number of places bounds.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.problems import Problem
from app.core.rendering import problem_response

FREE = "/livez"
"""The one path that is always answered: it touches nothing."""

ASIDE = frozenset({"/", "/docs", "/metrics"})
"""Paths with a few places of their own: whoever watches the node or looks something up finds it also when it is full."""

_ASIDE_BELOW = "/docs/"
_PLACES_ASIDE = 4


class ReaderStalled(Exception):  # noqa: N818 - says what happened, as Problem does
    """Nobody took the next part of an answer in time."""


@dataclass
class Room:
    """A number of places and how many of them are taken."""

    places: int
    taken: int = 0

    @property
    def is_full(self) -> bool:
        """Whether the next one must be refused."""
        return self.taken >= self.places


class Crowd:
    """How many are at work, for those who would rather wait until nobody is."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._count, self._emptied = 0, asyncio.Event()

    def enter(self) -> None:
        """One more."""
        self._count += 1

    def leave(self) -> None:
        """One fewer; whoever waited for the last one goes on."""
        self._count -= 1
        if not self._count:
            self._emptied.set()
            self._emptied = asyncio.Event()

    async def gone(self, most_s: float) -> None:
        """Wait until nobody is at work, at most so many seconds."""
        if self._count:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), most_s)


class Rooms:
    """The rooms of one application: requests inside, a few aside, bodies on their way in; and who is at work on what it brought."""

    def __init__(self, places: int, uploads: int) -> None:
        """Begin with nobody in them."""
        self.inside, self.aside, self.arriving = Room(places), Room(_PLACES_ASIDE), Room(uploads)
        self.bringing = Crowd()


class Place:
    """One request's place, held or given back for a while; who comes back never queues anew.  With a `crowd` it is one of that while held."""

    __slots__ = ("_crowd", "_held", "_room")

    def __init__(self, room: Room, crowd: Crowd | None = None) -> None:
        """Take a place."""
        self._room, self._crowd, self._held = room, crowd, False
        self.enter()

    def enter(self) -> None:
        """Take the place again; nothing happens where it is held."""
        if not self._held:
            self._held = True
            self._room.taken += 1
            if self._crowd:
                self._crowd.enter()

    def leave(self) -> None:
        """Give the place back; nothing happens where it is not held."""
        if self._held:
            self._held = False
            self._room.taken -= 1
            if self._crowd:
                self._crowd.leave()


_PLACE: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def stepped_aside() -> Iterator[None]:
    """The request of this task holds no place inside the block."""
    place = _PLACE.get()
    if place is None:
        yield
        return
    place.leave()
    try:
        yield
    finally:
        place.enter()


class Admission:
    """Lets as many requests in as there are places and refuses the next with `overloaded` (503) at once; bodies on their way in have a room of their own.

    A body that is not whole after `patience_s` seconds is refused with `body-timeout` (408); a reader that takes nothing for as
    long is cut off.
    """

    def __init__(self, app: ASGIApp, rooms: Rooms, patience_s: float) -> None:
        """Wrap the application."""
        self.app, self.rooms, self.patience_s = app, rooms, patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a request a place for as long as it works, or refuse it."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path == FREE:
            await self.app(scope, receive, send)
            return
        room = self.rooms.aside if path in ASIDE or path.startswith(_ASIDE_BELOW) else self.rooms.inside
        if room.is_full:
            await problem_response(Request(scope), overloaded())(scope, receive, send)
            return
        brings = _has_body(scope)
        place = Place(room, self.rooms.bringing if brings else None)
        token = _PLACE.set(place)
        body = _Body(self, place, receive) if brings else None
        try:
            await self.app(scope, body.receive if body else receive, self._sender(place, send))
        finally:
            if body:
                body.end()
            place.leave()
            _PLACE.reset(token)

    def _sender(self, place: Place, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            place.leave()
            try:
                async with asyncio.timeout(self.patience_s):
                    await send(message)
            except TimeoutError:
                raise ReaderStalled from None
            finally:
                if message.get("more_body"):
                    place.enter()

        return sent


class _Body:
    """The body of one request on its way in: within its time, holding no place."""

    def __init__(self, gate: Admission, place: Place, receive: Receive) -> None:
        self._gate, self._place, self._receive = gate, place, receive
        self._deadline: float | None = None
        self._is_over = False

    async def receive(self) -> Message:
        """The next part; raises `overloaded` where too many bodies are on their way, `body-timeout` where this one takes too long."""
        if self._is_over:
            return await self._receive()
        self._begin()
        self._place.leave()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise Problem("body-timeout", headers={"Connection": "close"}, seconds=f"{self._gate.patience_s:g}") from None
        finally:
            self._place.enter()
        if not message.get("more_body"):
            self.end()
        return message

    def _begin(self) -> None:
        if self._deadline is None:
            if self._gate.rooms.arriving.is_full:
                raise overloaded()
            self._gate.rooms.arriving.taken += 1
            self._deadline = asyncio.get_running_loop().time() + self._gate.patience_s

    def end(self) -> None:
        """The body is whole, refused or given up."""
        if self._deadline is not None and not self._is_over:
            self._gate.rooms.arriving.taken -= 1
        self._is_over = True


def _has_body(scope: Scope) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in scope["headers"])


def overloaded() -> Problem:
    """There is no place: try again after a second (503)."""
    return Problem("overloaded", headers={"Retry-After": "1"})
