"""How a node's answers are read: JSON objects, problems, and the progress lines of a push."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx

from app.client.errors import Unreachable, refusal

NDJSON = "application/x-ndjson"
_FIRST_REDIRECT = 300
_FIRST_REFUSAL = 400

Progress = Callable[[dict[str, Any]], None]


def media_type(response: httpx.Response) -> str:
    """The answer's media type without its parameters."""
    return str(response.headers.get("content-type", "")).split(";")[0].strip().lower()


def object_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a whole answer; raises `Refused` or `Unreachable`."""
    require_success(response)
    return _object(response.read())


def require_success(response: httpx.Response) -> None:
    """Pass over 2xx; raises `Refused` for the node's own 4xx, `Unreachable` for every other answer."""
    if response.status_code < _FIRST_REDIRECT:
        return
    if response.status_code < _FIRST_REFUSAL:
        raise Unreachable("unreachable-redirect", status=response.status_code)
    response.read()
    problem = _object(response.content) if media_type(response).endswith("json") else {}
    if not problem.get("code"):
        raise Unreachable("unreachable-foreign", status=response.status_code)
    raise refusal(response.status_code, problem)


def answer_of(response: httpx.Response, on_progress: Progress | None) -> dict[str, Any]:
    """The answer of a push, sent whole or as lines with progress before it; raises `Refused` or `Unreachable`."""
    if response.status_code >= _FIRST_REDIRECT or media_type(response) != NDJSON:
        return object_of(response)
    for line in _lines(response.iter_bytes()):
        said = _object(line)
        if isinstance(said.get("answer"), dict):
            return dict(said["answer"])
        if isinstance(said.get("problem"), dict):
            raise refusal(int(said["problem"].get("status") or _FIRST_REFUSAL), said["problem"])
        if on_progress and isinstance(said.get("progress"), dict):
            on_progress(said["progress"])
    raise Unreachable("unreachable-broke-off")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # httpx's own lines also end at U+2028 and its like, which may stand inside a JSON string.
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from filter(bytes.strip, whole)
    if rest.strip():
        yield rest


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Unreachable("unreachable-no-node")
    return value
