"""A node's routes as an office's script calls them."""

import contextlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from app.client.answers import NDJSON, Progress, answer_of, media_type, object_of, require_success
from app.client.errors import Unreachable
from app.client.transport import open_client, retries

_PUSH_TIME_LIMITS = httpx.Timeout(180.0, connect=10.0, pool=10.0)
_SAFE_REPEAT = {"retry": retries(("POST", "PUT"))}

Params = Mapping[str, object]


@dataclass(frozen=True)
class PushAnswer:
    """What became of a pushed file: the node's answer, and whether it is the kept one of an earlier, equal push."""

    answer: dict[str, Any]
    replayed: bool


@dataclass(frozen=True)
class Fetched:
    """A document and the ETag that a later write names in If-Match."""

    document: dict[str, Any]
    etag: str


class Istmo:
    """One node, called with one API key; a context manager.

    Every method raises `Refused` where the node refuses and `Unreachable` where none answers.  Reads, and writes that carry an
    Idempotency-Key, are repeated a few times after a lost connection, 429 or 503.  Making one raises `Unusable` (a ValueError) for an
    address or key that cannot be one and OSError for a CA file that cannot be read.  What the node says comes in `language`: en, es, pt.
    """

    def __init__(self, url: str, key: str = "", ca_file: str = "", language: str = "") -> None:
        self._http = open_client(url, key, ca_file, language)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def push_file(
        self, name: str, raw: bytes, options: Params, idempotency_key: str | None, on_progress: Progress | None = None
    ) -> PushAnswer:
        """Send a file as one atomic batch (POST /v1/bulletins/files); `options` are the query parameters of the contract.

        `on_progress` is told `{done, of, period}` while the node works.  Without a key, as for a dry run, nothing is kept.
        """
        headers = {"Accept": NDJSON} | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
        with (
            _plain_words(),
            self._http.stream(
                "POST",
                "/v1/bulletins/files",
                params=_pairs(options),
                files={"file": (name, raw)},
                headers=headers,
                timeout=_PUSH_TIME_LIMITS,
                extensions=_SAFE_REPEAT if idempotency_key else {},
            ) as response,
        ):
            answer = answer_of(response, on_progress)
            # Lines of progress begin before the node knows whether it replays: there the last line says so, not a header.
            replayed = bool(answer.pop("replayed", False)) or response.headers.get("idempotency-replayed") == "true"
            return PushAnswer(answer, replayed)

    def flows(self, params: Params | None = None) -> dict[str, Any]:
        """One page of published figures: {items, next_cursor, total} (GET /v1/flows)."""
        return self._get("/v1/flows", params).document

    def all_flows(self, params: Params | None = None) -> Iterator[dict[str, Any]]:
        """Every published figure that answers, page after page."""
        return _following(self.flows, params)

    def flows_csv(self, params: Params | None = None) -> Iterator[bytes]:
        """Published figures as CSV, streamed in pieces as they come."""
        with _plain_words(), self._http.stream("GET", "/v1/flows", params=_pairs({**(params or {}), "format": "csv"})) as response:
            require_success(response)
            if media_type(response) != "text/csv":
                raise Unreachable("unreachable-no-csv")
            yield from response.iter_bytes()

    def bulletins(self, params: Params | None = None) -> dict[str, Any]:
        """One page of bulletins: {items, next_cursor, total} (GET /v1/bulletins)."""
        return self._get("/v1/bulletins", params).document

    def all_bulletins(self, params: Params | None = None) -> Iterator[dict[str, Any]]:
        """Every bulletin that answers, page after page."""
        return _following(self.bulletins, params)

    def bulletin(self, identifier: str) -> Fetched:
        """The newest version of a bulletin that the caller may see."""
        return self._get(_path(identifier), None)

    def withdraw(self, identifier: str, reason: str, etag: str) -> dict[str, Any]:
        """Take a bulletin back; `etag` is that of the version that was looked at, so that nothing newer is withdrawn unseen."""
        headers = {"If-Match": etag, "Idempotency-Key": str(uuid.uuid4())}
        with _plain_words():
            path = f"{_path(identifier)}/withdraw"
            return object_of(self._http.post(path, json={"reason": reason}, headers=headers, extensions=_SAFE_REPEAT))

    def me(self) -> dict[str, Any]:
        """What the key stands for: role, conference, State, office and ceiling (GET /v1/me)."""
        return self._get("/v1/me", None).document

    def policy(self, conference: str) -> Fetched:
        """The policy of a conference that is in force (GET /v1/conferences/{code}/policy)."""
        return self._get(_policy_path(conference), None)

    def decide_policy(self, conference: str, policy: Mapping[str, Any], etag: str) -> dict[str, Any]:
        """Put a whole policy in force; `etag` is that of the policy that was looked at, so that no newer one is overruled unseen."""
        headers = {"If-Match": etag, "Idempotency-Key": str(uuid.uuid4())}
        with _plain_words():
            return object_of(self._http.put(_policy_path(conference), json=dict(policy), headers=headers, extensions=_SAFE_REPEAT))

    def changes(self, cursor: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """One page of the change feed: {items, next_cursor, has_more} (GET /v1/changes)."""
        return self._get("/v1/changes", {"cursor": cursor, "limit": limit}).document

    def change_pages(self, cursor: str | None = None, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Pages of the change feed until it is empty; each brings the cursor to keep once its items are stored."""
        more = True
        while more:
            page = self.changes(cursor, limit)
            yield page
            more = bool(page.get("has_more")) and page.get("next_cursor") != cursor
            cursor = page.get("next_cursor")

    def _get(self, path: str, params: Params | None) -> Fetched:
        with _plain_words():
            response = self._http.get(path, params=_pairs(params or {}))
            return Fetched(object_of(response), response.headers.get("etag", ""))


@contextlib.contextmanager
def _plain_words() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable("unreachable-no-answer", error=str(error) or type(error).__name__) from error


def _following(page_of: Callable[[Params], dict[str, Any]], params: Params | None) -> Iterator[dict[str, Any]]:
    cursor: object = (params or {}).get("cursor")
    while True:
        page = page_of({**(params or {}), "cursor": cursor})
        yield from page.get("items") or ()
        if page.get("next_cursor") in (None, cursor):
            return
        cursor = page["next_cursor"]


def _path(identifier: str) -> str:
    return f"/v1/bulletins/{quote(identifier, safe='')}"


def _policy_path(conference: str) -> str:
    return f"/v1/conferences/{quote(conference, safe='')}/policy"


def _pairs(params: Params) -> list[tuple[str, str | int | float | bool | None]]:
    lists = ((name, value if isinstance(value, list | tuple) else (value,)) for name, value in params.items() if value is not None)
    # A list of nothing crosses as an empty value, which the node refuses: left out it would mean everything (case B019).
    return [(name, _text(one)) for name, several in lists for one in several or (None,)]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
