"""A node's routes as an office's script calls them."""

import contextlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from app.client.alerts import FORMS, REFERENCE, AlertsFile, body_of, in_the_file, receipts
from app.client.answers import NDJSON, Progress, answer_of, media_type, object_of, require_success
from app.client.errors import Refused, Unreachable
from app.client.push import Waiting, waiting_of
from app.client.transport import open_client, retries

_PUSH_TIME_LIMITS = httpx.Timeout(180.0, connect=10.0, pool=10.0)
_SAFE_REPEAT = {"retry": retries(("POST", "PUT"))}
_NOT_FOUND = 404

Params = Mapping[str, object]
ANSWERS = ("sightings", "opinions", "proposals")
"""What offices answer to an alert, as its addresses call it."""
KINDS = ("bulletins", "alerts", *ANSWERS)
"""Every kind of document that a node serves, as its addresses call it."""


@dataclass(frozen=True)
class PushAnswer:
    """What became of a file that was sent: the node's answer, and whether it is the kept one of an earlier, equal sending."""

    answer: dict[str, Any]
    replayed: bool

    @property
    def waiting(self) -> Waiting | None:
        """Where it waits; none where it is published."""
        return waiting_of(self.answer)


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
        return self._get(_path("bulletins", identifier), None)

    def alerts(self, params: Params | None = None) -> dict[str, Any]:
        """One page of alerts: {items, next_cursor, total}, and `left_out` where the filter by marking left some out (GET /v1/alerts)."""
        return self._get("/v1/alerts", params).document

    def all_alerts(self, params: Params | None = None) -> Iterator[dict[str, Any]]:
        """Every alert that answers, page after page."""
        return _following(self.alerts, params)

    @contextlib.contextmanager
    def alerts_file(self, form: str, params: Params | None = None) -> Iterator[AlertsFile]:
        """The alerts that answer as a file, `csv` or `ndjson`, streamed; one that may not be passed on is not among them."""
        query = _pairs({**(params or {}), "format": form})
        with _plain_words(), self._http.stream("GET", "/v1/alerts", params=query, headers={"Accept": FORMS[form]}) as response:
            require_success(response)
            if media_type(response) != FORMS[form]:
                raise Unreachable("unreachable-no-file")
            yield AlertsFile(response.iter_bytes(), response.headers.get("istmo-left-out", ""))

    def alert(self, name: str) -> Fetched:
        """The newest version of an alert that the caller may see, by its id or by its reference, such as RCM-2026-7KQ2M."""
        if REFERENCE.fullmatch(name):
            for found in self.alerts({"reference": name}).get("items") or ():
                return Fetched(found, f'"{found["id"]}.v{found["version"]}"')
        # A reference that nothing bears is asked for as an id: so the node says in its own words that there is no such alert.
        return self._get(_path("alerts", name), None)

    def post_alerts(self, raw: bytes, idempotency_key: str | None) -> PushAnswer:
        """Publish one alert, or a list of them together or not at all, from the bytes of a JSON file.

        Answers {alerts: [{id, version, reference, outcome}], findings} for one as for many; pointers of findings are those of the file.
        Where it waits: {alerts: [], outcome, review, due, findings}.
        """
        body, is_list = body_of(raw)
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
        with _plain_words():
            response = self._http.post(
                "/v1/alerts/batch" if is_list else "/v1/alerts",
                content=body,
                headers=headers,
                timeout=_PUSH_TIME_LIMITS,
                extensions=_SAFE_REPEAT if idempotency_key else {},
            )
        with in_the_file(is_list):
            answer = object_of(response)
        return PushAnswer(receipts(answer, is_list), response.headers.get("idempotency-replayed") == "true")

    def answers(self, alert: str, kind: str, params: Params | None = None) -> dict[str, Any]:
        """One page of what was answered to an alert: its sightings, opinions (with `counts`) or proposals."""
        return self._get(f"{_path('alerts', alert)}/{kind}", params).document

    def related(self, alert: str) -> list[dict[str, Any]]:
        """The alerts that one is related to, the closest first, each with its reasons."""
        return list(self._get(f"{_path('alerts', alert)}/related", None).document.get("items") or ())

    def decision(self, proposal: str) -> dict[str, Any]:
        """What became of a proposal: open, accepted or declined."""
        return self._get(f"{_path('proposals', proposal)}/decision", None).document

    def vocabulary(self, name: str) -> dict[str, Any]:
        """A list of codes with their labels (GET /v1/vocabularies/{name})."""
        return self._get(f"/v1/vocabularies/{quote(name, safe='')}", None).document

    def find(self, name: str) -> tuple[str, Fetched]:
        """A document of any kind by its id, an alert by its reference too, with its kind, one of KINDS; `Refused` where there is none."""
        if REFERENCE.fullmatch(name):
            return "alerts", self.alert(name)
        *others, last = KINDS
        for kind in others:
            try:
                return kind, self._get(_path(kind, name), None)
            except Refused as refused:
                if refused.status != _NOT_FOUND:
                    raise
        return last, self._get(_path(last, name), None)

    def withdraw(self, identifier: str, reason: str, etag: str, kind: str = "bulletins") -> dict[str, Any]:
        """Take a document back; `etag` is that of the version that was looked at, so that nothing newer is withdrawn unseen."""
        return self._decide(f"{_path(kind, identifier)}/withdraw", reason, etag)

    def erase(self, kind: str, identifier: str, reason: str, etag: str) -> dict[str, Any]:
        """Erase a document of one of KINDS for good, in the version that was looked at; answers with the receipt of its erasure."""
        return self._decide(f"{_path(kind, identifier)}/erase", reason, etag)

    def _decide(self, path: str, reason: str, etag: str) -> dict[str, Any]:
        return self._post(path, {"reason": reason}, etag)

    def _post(self, path: str, body: Mapping[str, Any] | None, etag: str) -> dict[str, Any]:
        headers = {"If-Match": etag, "Idempotency-Key": str(uuid.uuid4())}
        sent = None if body is None else dict(body)
        with _plain_words():
            return object_of(self._http.post(path, json=sent, headers=headers, extensions=_SAFE_REPEAT))

    def reviews(self, params: Params | None = None) -> dict[str, Any]:
        """One page of what waits to be published, or waited: {items, next_cursor, total} (GET /v1/reviews)."""
        return self._get("/v1/reviews", params).document

    def review(self, identifier: str) -> Fetched:
        """One waiting item whole, and the ETag that a decision on it names (GET /v1/reviews/{id})."""
        return self._get(_path("reviews", identifier), None)

    def decide_review(self, identifier: str, verb: str, body: Mapping[str, Any] | None, etag: str) -> dict[str, Any]:
        """Confirm, reject or cancel an item in the version that was looked at; answers with what became of it."""
        return self._post(f"{_path('reviews', identifier)}/{verb}", body, etag)

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


def _path(kind: str, identifier: str) -> str:
    return f"/v1/{kind}/{quote(identifier, safe='')}"


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
