"""The line to a peer: one address, one key, answers of bounded size and time, no redirect followed, no compression taken."""

import functools
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from app.core.clock import utc_now
from app.core.egress import EgressRefused, target_of
from app.settings import Settings
from app.sync.faults import SyncFault

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer: a page of 500 documents of 64,000 characters each."""
LONGEST_ANSWER_S = 300.0
_LIMITS = httpx.Timeout(30.0, connect=10.0)
_GONE = 410
_PASSING = frozenset({429, 503, 507})
_LONGEST_ETAG = 100
LONGEST_WAIT_S = 3_600
"""Seconds for which a peer may ask not to be asked again."""
_LONGEST_NUMBER = 9


@dataclass(frozen=True)
class Answer:
    """A JSON object and its ETag, empty where it has none; no ETag at all where the peer says that nothing changed (304)."""

    value: dict[str, Any]
    etag: str | None


class Line:
    """A connection to one peer; a context manager. Every method raises `SyncFault`."""

    def __init__(self, settings: Settings, url: str, key: str = "", limits: httpx.Timeout = _LIMITS) -> None:
        """Judge the address and connect to nothing yet; raises `SyncFault` for an address to which this node does not connect."""
        try:
            target = target_of(url, private=settings.private_peers)
        except EgressRefused as refused:
            raise SyncFault(refused.code) from None
        self._at = target.url.rstrip("/")
        self._extensions = dict(target.extensions)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", **target.headers}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx.Client(headers=headers, timeout=limits, follow_redirects=False, trust_env=False, verify=_trust(settings.ca_file))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """The JSON object at a path of the peer."""
        return self._ask("GET", path, params=dict(params or {})).value

    def changed(self, path: str, params: Mapping[str, str | int], etag: str | None) -> Answer | None:
        """The JSON object at a path with its ETag; none where it is still the one of this ETag."""
        answer = self._ask("GET", path, params=dict(params), headers={"If-None-Match": etag} if etag else {})
        return None if answer.etag is None else answer

    def post(self, path: str, body: object) -> dict[str, Any]:
        """What the peer answers to a JSON body."""
        return self.post_bytes(path, orjson.dumps(body))

    def post_bytes(self, path: str, body: bytes) -> dict[str, Any]:
        """What the peer answers to a JSON body that is text already."""
        return self._ask("POST", path, content=body, headers={"Content-Type": "application/json"}).value

    def _ask(self, method: str, path: str, **sent: Any) -> Answer:  # noqa: ANN401 - httpx's own parameters
        try:
            with self._http.stream(method, f"{self._at}{path}", extensions=self._extensions, **sent) as response:
                raw = _bounded(response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise SyncFault("sync-unreachable", error=type(error).__name__) from error
        if response.status_code == httpx.codes.NOT_MODIFIED and "If-None-Match" in sent.get("headers", ()):
            return Answer({}, None)
        if response.status_code >= httpx.codes.MULTIPLE_CHOICES:
            raise _refused(response, raw)
        if response.status_code == httpx.codes.ACCEPTED:
            return Answer({}, "")
        return Answer(_object(raw), response.headers.get("etag", "")[:_LONGEST_ETAG])


@functools.cache
def _trust(ca_file: str) -> ssl.SSLContext:
    # Once a process: to read the certificates of the whole world takes longer than a pull.
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _bounded(response: httpx.Response) -> bytes:
    """The whole body, as it crossed; a peer that sends without end or drop by drop is left."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise SyncFault("sync-encoded")
    began, parts, length = time.monotonic(), [], 0
    for part in response.iter_raw():
        parts.append(part)
        length += len(part)
        if length > LARGEST_ANSWER:
            raise SyncFault("sync-too-large", limit=LARGEST_ANSWER)
        if time.monotonic() - began > LONGEST_ANSWER_S:
            raise SyncFault("sync-too-slow", seconds=int(LONGEST_ANSWER_S))
    return b"".join(parts)


def _refused(response: httpx.Response, raw: bytes) -> SyncFault:
    status = response.status_code
    if status < httpx.codes.BAD_REQUEST:
        return SyncFault("sync-redirect", status=status)
    code, size = _told(raw)
    if status == _GONE and code == "resync-required":
        return SyncFault("sync-epoch")
    if code == "log-behind" and size is not None:
        return SyncFault("sync-behind", size=size)
    if code == "peer-not-known":
        return SyncFault("sync-not-known")
    return _refused_by(status, code, wait_of(response.headers))


def _refused_by(status: int, code: str, wait_s: int | None) -> SyncFault:
    if status in _PASSING:
        return SyncFault("sync-busy", status=status, wait_s=wait_s)
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return SyncFault("sync-body-too-large")
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return SyncFault("sync-key-refused", status=status)
    return SyncFault("sync-refused", status=status, said=code or "?")


def wait_of(headers: Mapping[str, str]) -> int | None:
    """Seconds that an answer asks to wait (RFC 9110 section 10.2.3), an hour at most; none where it does not say.

    A moment is read by the peer's own clock, which its Date tells.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:_LONGEST_NUMBER]), LONGEST_WAIT_S)
    until, now = _moment(text), _moment(headers.get("date", "")) or utc_now()
    return max(min(int((until - now).total_seconds()), LONGEST_WAIT_S), 0) if until else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _told(raw: bytes) -> tuple[str, int | None]:
    """Code and size of a problem; a foreign server may say anything: only what has the shape of a code is repeated."""
    try:
        problem = orjson.loads(raw)
    except ValueError:
        return "", None
    told = problem if isinstance(problem, dict) else {}
    code, size = told.get("code"), told.get("size")
    is_code = isinstance(code, str) and code.replace("-", "").isalnum() and code.isascii()
    is_size = isinstance(size, int) and not isinstance(size, bool) and size > 0
    return str(code) if is_code else "", size if is_size else None


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(raw)
    except ValueError:
        raise SyncFault("sync-no-json") from None
    if not isinstance(value, dict):
        raise SyncFault("sync-no-json")
    return value
