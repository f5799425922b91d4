"""How a node's answers are read: JSON objects, problems, and the progress lines of a push."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.client.errors import Unreachable, refusal
from app.client.web import httpx

NDJSON = "application/x-ndjson"
BROKE_OFF = "unreachable-broke-off"
_FIRST_REDIRECT = 300
_FIRST_REFUSAL = 400

Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Waiting:
    """What a node has taken and not published yet (202): `held` for another person, or `pending` until an instant (UTC with Z)."""

    outcome: str
    review: str
    due: str | None

    @property
    def id(self) -> str:
        """Its id among the reviews."""
        return self.review.rsplit("/", 1)[-1]


def waiting_of(answer: Mapping[str, Any]) -> Waiting | None:
    """Where what was sent waits, by the answer to it; none where it is published."""
    review = answer.get("review")
    return Waiting(str(answer.get("outcome")), review, answer.get("due")) if isinstance(review, str) else None


@dataclass(frozen=True)
class Written:
    """What became of what was sent: the node's answer, its ETag, and whether it is the kept one of an earlier, equal sending."""

    answer: dict[str, Any]
    replayed: bool
    etag: str = ""

    @property
    def waiting(self) -> Waiting | None:
        """Where it waits; none where it is published."""
        return waiting_of(self.answer)

    @property
    def bulletins(self) -> list[dict[str, Any]]:
        """Id, period and outcome of each bulletin of a file or batch."""
        return list(self.answer.get("bulletins") or ())

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Remarks and warnings: sheet, row, column or pointer, code and detail of each."""
        return list(self.answer.get("findings") or ())


@dataclass(frozen=True)
class Fetched:
    """A document and the ETag that a later write names in If-Match."""

    document: dict[str, Any]
    etag: str


def media_type(response: httpx.Response) -> str:
    """The answer's media type without its parameters."""
    return str(response.headers.get("content-type", "")).split(";")[0].strip().lower()


def is_replayed(response: httpx.Response) -> bool:
    """Whether the node answers with what it kept of an earlier, equal sending."""
    return bool(response.headers.get("idempotency-replayed") == "true")


def object_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a whole answer; raises `Refused` or `Unreachable`."""
    require_success(response)
    return _object(_whole(response))


def require_success(response: httpx.Response) -> None:
    """Pass over 2xx; raises `Refused` for the node's own 4xx, `Unreachable` for every other answer."""
    if response.status_code < _FIRST_REDIRECT:
        return
    if response.status_code < _FIRST_REFUSAL:
        raise Unreachable("unreachable-redirect", status=response.status_code)
    problem = _object(_whole(response)) if media_type(response).endswith("json") else {}
    if not problem.get("code"):
        raise Unreachable("unreachable-foreign", status=response.status_code)
    raise refusal(response.status_code, problem, response.headers.get("retry-after", ""))


def answer_of(response: httpx.Response, on_progress: Progress | None) -> Written:
    """The answer of a push, sent whole or as lines with progress before it; raises `Refused` or `Unreachable`."""
    if response.status_code >= _FIRST_REDIRECT or media_type(response) != NDJSON:
        return Written(object_of(response), is_replayed(response))
    for line in _lines(pieces_of(response)):
        said = _object(line, otherwise=BROKE_OFF)
        if isinstance(said.get("answer"), dict):
            # Lines begin before the node knows whether it replays: here the last line says so, not a header.
            answer = dict(said["answer"])
            return Written(answer, bool(answer.pop("replayed", False)) or is_replayed(response))
        if isinstance(said.get("problem"), dict):
            raise refusal(int(said["problem"].get("status") or _FIRST_REFUSAL), said["problem"])
        if on_progress and isinstance(said.get("progress"), dict):
            on_progress(said["progress"])
    raise Unreachable(BROKE_OFF)


def pieces_of(response: httpx.Response) -> Iterator[bytes]:
    """The bytes of an answer as they come; raises `Unreachable` where it breaks off."""
    try:
        yield from response.iter_bytes()
    except httpx.TransportError as error:
        raise Unreachable(BROKE_OFF) from error


def _whole(response: httpx.Response) -> bytes:
    try:
        return response.read()
    except httpx.TransportError as error:
        raise Unreachable(BROKE_OFF) from error


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # httpx's own lines also end at U+2028 and its like, which may stand inside a JSON string.
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from filter(bytes.strip, whole)
    if rest.strip():
        yield rest


def _object(raw: bytes, otherwise: str = "unreachable-no-node") -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Unreachable(otherwise)
    return value
