"""Throttling: so many requests of one client, so many failed logins from one address (contract: Limits); in memory, a node each."""

import hashlib
import ipaddress
import math
import threading
import time
from collections import OrderedDict

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.core.problems import Problem
from app.settings import Settings

_MOST_REMEMBERED = 10_000
_MOST_COUNTED = 10_000
_SUBSCRIBER_BITS = 64


class _NoTimer(threading.Timer):
    """Looks as if it ran: else the library would start a thread each hundredth of a second, and wait for it, to drop what has ended."""

    def is_alive(self) -> bool:
        """Nothing is to be started."""
        return True


class Throttle:
    """Counts the requests of each client and the failed logins of each address, in moving windows.

    An address that failed too often is refused unread, but for credentials that were good before: who guesses keys behind the
    proxy of a ministry does not lock out the ministry.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the limits; the burst is rounded up to whole seconds of the rate."""
        seconds = math.ceil(settings.request_burst / settings.requests_per_second)
        self._requests = RateLimitItemPerSecond(settings.requests_per_second * seconds, seconds, "client")
        self._failures = RateLimitItemPerMinute(settings.failed_logins, 1, "address")
        self._counts = MemoryStorage()
        self._counts.timer = _NoTimer(0, self._sweep)
        self._window = MovingWindowRateLimiter(self._counts)
        self._good: OrderedDict[bytes, str] = OrderedDict()
        self._turn = threading.Lock()
        self._sweep_at = _MOST_COUNTED

    def admit(self, address: str, authorization: str | None) -> None:
        """Judge a request before its credential is; raises `too-many-requests` and `too-many-failed-logins` (429)."""
        client = self._remembered(authorization)
        if client is not None:
            self._count_request(client)
        elif not self._window.test(self._failures, source_of(address)):
            raise self._refusal("too-many-failed-logins", self._failures, source_of(address))

    def passed(self, authorization: str | None, client_id: str) -> None:
        """Remember a credential that was good, and count the request where `admit` did not; raises `too-many-requests`."""
        if self._remembered(authorization) is not None:
            return
        if authorization is not None:
            with self._turn:
                self._good[_digest(authorization)] = client_id
                if len(self._good) > _MOST_REMEMBERED:
                    self._good.popitem(last=False)
        self._count_request(client_id)

    def failed(self, address: str, authorization: str | None) -> None:
        """Count a failed login of an address; a credential that was good is so no more."""
        if authorization is not None:
            with self._turn:
                self._good.pop(_digest(authorization), None)
        self._window.hit(self._failures, source_of(address))
        self._trim(self._failures, source_of(address))

    def _remembered(self, authorization: str | None) -> str | None:
        if authorization is None:
            return None
        with self._turn:
            client = self._good.get(_digest(authorization))
            if client is not None:
                self._good.move_to_end(_digest(authorization))
        return client

    def _count_request(self, client_id: str) -> None:
        if not self._window.hit(self._requests, client_id):
            raise self._refusal("too-many-requests", self._requests, client_id)
        self._trim(self._requests, client_id)

    def _refusal(self, code: str, limit: RateLimitItem, key: str) -> Problem:
        wait = max(1, math.ceil(self._window.get_window_stats(limit, key).reset_time - time.time()))
        return Problem(code, headers={"Retry-After": str(wait)}, seconds=wait)

    def _trim(self, limit: RateLimitItem, key: str) -> None:
        # The window looks no further back than its limit.
        name = limit.key_for(key)
        with self._counts.locks[name]:
            del self._counts.events.get(name, [])[limit.amount :]
        self._sweep()

    def _sweep(self) -> None:
        # Without this every address ever seen stays in memory.
        if len(self._counts.events) <= self._sweep_at:
            return
        for key in list(self._counts.events):
            with self._counts.locks[key]:
                events = self._counts.events.get(key)
                if not events or events[0].expiry <= time.time():
                    self._counts.clear(key)
        self._sweep_at = max(_MOST_COUNTED, 2 * len(self._counts.events))


def source_of(address: str) -> str:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 one (RFC 6177), else the text as it stands."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, _SUBSCRIBER_BITS), strict=False))


def _digest(authorization: str) -> bytes:
    return hashlib.sha256(authorization.encode("utf-8", "surrogatepass")).digest()
