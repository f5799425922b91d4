"""How a node is asked: one way to read, one to write, one for long answers; what may safely be repeated is."""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from app.client.answers import BROKE_OFF, Fetched, Written, is_replayed, object_of
from app.client.errors import IN_FLIGHT, Throttled, Unreachable
from app.client.transport import limits, retries
from app.client.web import httpx

LONG = 180.0
"""Seconds that the answer to a write may take to begin."""
_REPEATED = {"retry": retries(("POST", "PUT"))}
_TRIES = 3
_PATIENCE = 30.0

Params = Mapping[str, object]
Result = TypeVar("Result")


class Calls:
    """The connection to one node."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self.close = http.close

    def get(self, path: str, params: Params | None = None) -> Fetched:
        """A JSON object and its ETag; asked anew where the answer breaks off."""

        def once() -> Fetched:
            with self.stream("GET", path, params=params) as response:
                return Fetched(object_of(response), response.headers.get("etag", ""))

        return repeated(once)

    def write(
        self,
        method: str,
        path: str,
        key: str | None,
        *,
        etag: str = "",
        headers: Mapping[str, str] | None = None,
        **sent: Any,  # noqa: ANN401 - json= or content=, params=
    ) -> Written:
        """Send JSON, or the bytes of some, under an Idempotency-Key; without one it is never repeated."""
        named = {**(headers or {}), **({"If-Match": etag} if etag else {})}

        def once() -> Written:
            with self.stream(method, path, key=key, headers=named, seconds=LONG, **sent) as response:
                return Written(object_of(response), is_replayed(response), response.headers.get("etag", ""))

        return repeated(once, may_be=bool(key))

    @contextlib.contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
        **sent: Any,  # noqa: ANN401 - json=, content= or files=
    ) -> Iterator[httpx.Response]:
        """An answer whose body is still to be read; until it begins, a read and a write with a key are repeated."""
        named = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        asked = {"params": pairs(params or {}), "headers": named, "extensions": _REPEATED if key else {}, **sent}
        if seconds:
            asked["timeout"] = limits(max(seconds, self._http.timeout.read or seconds))
        try:
            with self._http.stream(method, path, **asked) as response:
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable("unreachable-no-answer", error=str(error) or type(error).__name__) from error


def repeated(call: Callable[[], Result], *, may_be: bool = True) -> Result:
    """What a call answers; made again, if it may be, where its answer breaks off and while the same is at work under its key."""
    tries, until = _TRIES, time.monotonic() + _PATIENCE
    while True:
        try:
            return call()
        except Unreachable as lost:
            tries -= 1
            at_work = _at_work(lost)
            if not may_be or not (time.monotonic() < until if at_work else tries and lost.code == BROKE_OFF):
                raise
        if at_work:
            time.sleep(at_work.retry_after or 1)


def _at_work(lost: Unreachable) -> Throttled | None:
    return lost if isinstance(lost, Throttled) and lost.problem == IN_FLIGHT else None


def new_key() -> str:
    """An Idempotency-Key that nothing else has."""
    return str(uuid.uuid4())


def pairs(params: Params) -> list[tuple[str, str | int | float | bool | None]]:
    """Query parameters as the contract writes them; an absent value is left out."""
    lists = ((name, value if isinstance(value, list | tuple) else (value,)) for name, value in params.items() if value is not None)
    # A list of nothing crosses as an empty value, which the node refuses: left out it would mean everything (case B019).
    return [(name, _text(one)) for name, several in lists for one in several or (None,)]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
