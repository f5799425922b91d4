"""A node's routes as an office's script calls them."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from app.client.alerts import FORMS, REFERENCE, AlertsFile, body_of, in_the_file, receipts
from app.client.answers import NDJSON, Fetched, Progress, Written, answer_of, media_type, pieces_of, require_success
from app.client.calls import LONG, Calls, Params, new_key, repeated
from app.client.errors import NotFound, Unreachable, Unusable
from app.client.files import Saved, download, put_whole
from app.client.flows import Flows, Rows
from app.client.lists import Changes, Listing
from app.client.push import idempotency_key
from app.client.tokens import AccessTokens, by_private_key, by_secret
from app.client.transport import TIME_LIMIT, open_client

ANSWERS = ("sightings", "opinions", "proposals")
"""What offices answer to an alert, as its addresses call it."""
KINDS = ("bulletins", "alerts", *ANSWERS)
"""Every kind of document that a node serves, as its addresses call it."""
_ALLOW_LIST = "/v1/screening/allow-list"


class Istmo:
    """One node, called as one client; a context manager.

    Who calls is an API `key`, or a `client_id` with its `secret` or `private_key` (PEM), for which access tokens are fetched and renewed;
    `audience` is the node's public address where that is not `url`.  What the node says comes in `language`: en, es, pt.  An answer may
    take `timeout` seconds to begin.  Without a `proxy` the environment's is used, with an empty one none.

    Every method raises `Refused` where the node refuses and `Unreachable` where none answers, each in its kinds.  Reads, and writes that
    carry an Idempotency-Key, are repeated a few times after a lost connection, 429 or 503.  Making one raises `Unusable` (a ValueError)
    for an address or credential that cannot be one and OSError for a CA file that cannot be read.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        ca_file: str = "",
        language: str = "",
        *,
        client_id: str = "",
        secret: str = "",
        private_key: str = "",
        audience: str = "",
        proxy: str | None = None,
        timeout: float = TIME_LIMIT,
    ) -> None:
        if not _is_one_login(key, client_id, secret, private_key):
            raise Unusable("unusable-login")
        tokens = None
        if client_id:
            login = by_secret(url, client_id, secret) if secret else by_private_key(url, client_id, private_key, audience)
            tokens = AccessTokens(login)
        # Under its API key a push has the name that the command gives it.
        known_by = key or (f"istmo_{client_id}_{secret}" if secret else private_key)
        self._push_key: Callable[[Params, bytes], str] = lambda options, raw: idempotency_key(known_by, options, raw)
        self._url = url
        self._calls = Calls(open_client(url, tokens or key, ca_file, language, proxy=proxy, timeout=timeout))

    def __repr__(self) -> str:
        return f"Istmo({self._url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._calls.close()

    def push(self, file: str | Path, on_progress: Progress | None = None, **options: object) -> Written:
        """Send a file as `istmo push` does, as one atomic batch; `options` are its options, with underscores.

        Its Idempotency-Key follows from client, options and bytes: the same push made again counts nothing twice.  With `dry_run=True` it
        is judged and nothing is kept.  Raises OSError for a file that cannot be read.
        """
        path = Path(file)
        raw = path.read_bytes()
        given = {name: value for name, value in options.items() if value is not None}
        # A dry run is judged afresh each time: what it would answer changes with what is published.
        key = None if given.get("dry_run") else self._push_key(given, raw)
        return self.push_file(path.name, raw, given, key, on_progress)

    def push_file(
        self, name: str, raw: bytes, options: Params, idempotency_key: str | None, on_progress: Progress | None = None
    ) -> Written:
        """Send the bytes of a file as one atomic batch (POST /v1/bulletins/files); `options` are the query parameters of the contract.

        `on_progress` is told `{done, of, period}` while the node works.  Without a key, as for a dry run, nothing is kept.
        """

        def once() -> Written:
            with self._calls.stream(
                "POST",
                "/v1/bulletins/files",
                params=options,
                key=idempotency_key,
                headers={"Accept": NDJSON},
                seconds=LONG,
                files={"file": (name, raw)},
            ) as response:
                return answer_of(response, on_progress)

        return repeated(once, may_be=bool(idempotency_key))

    def check(self, draft: Mapping[str, Any], protect: str | None = None) -> dict[str, Any]:
        """Judge a bulletin as publishing it would, and store nothing: {outcome, due, bulletin, findings} (POST /v1/bulletins/check)."""
        return self._calls.write("POST", "/v1/bulletins/check", None, json=dict(draft), params={"protect": protect}).answer

    def publish(self, draft: Mapping[str, Any], protect: str | None = None, idempotency_key: str = "") -> Written:
        """Publish a bulletin (POST /v1/bulletins); one that has to wait is `waiting`.

        A key of your own lets another run of your program send the same again.
        """
        params = {"protect": protect}
        return self._calls.write("POST", "/v1/bulletins", idempotency_key or new_key(), json=dict(draft), params=params)

    def publish_all(self, drafts: list[Mapping[str, Any]], protect: str | None = None, idempotency_key: str = "") -> Written:
        """Publish bulletins together or not at all (POST /v1/bulletins/batch)."""
        body = {"bulletins": [dict(draft) for draft in drafts]}
        return self._calls.write("POST", "/v1/bulletins/batch", idempotency_key or new_key(), json=body, params={"protect": protect})

    def revise(self, identifier: str, draft: Mapping[str, Any], reason: str, etag: str, protect: str | None = None) -> Written:
        """Put a whole bulletin in the place of the version that was looked at, which `etag` names (PUT /v1/bulletins/{id})."""
        body, params = {**draft, "reason": reason}, {"protect": protect}
        return self._calls.write("PUT", _path("bulletins", identifier), new_key(), etag=etag, json=body, params=params)

    def flows(self, /, **filters: object) -> Flows:
        """Published figures (GET /v1/flows): rows, `save()`, `csv()`, `to_pandas()`, `to_polars()`, `warnings`; filters are the query's."""
        return Flows(self._calls, filters)

    def facets(self, /, **filters: object) -> dict[str, Any]:
        """Over which values the rows that answer are spread (GET /v1/flows/facets): {rows, bulletins, facets: {name: {values, number}}}."""
        return self._calls.get("/v1/flows/facets", filters).document

    def coverage(self, /, **filters: object) -> Rows:
        """Who reported what for which periods, what is missing and what is late (GET /v1/flows/coverage)."""
        return Rows(self._calls, "/v1/flows/coverage", filters)

    def revisions(self, /, **filters: object) -> Rows:
        """How figures changed since they were first published, and why (GET /v1/flows/revisions)."""
        return Rows(self._calls, "/v1/flows/revisions", filters)

    def lags(self, /, **filters: object) -> Rows:
        """How far what was known some weeks after a period was from the latest figures (GET /v1/flows/revisions/lags)."""
        return Rows(self._calls, "/v1/flows/revisions/lags", filters, in_pages=False)

    def datapackage(self, file: str | Path, on_progress: Progress | None = None, /, **filters: object) -> Saved:
        """Write all that answers as a Data Package (ZIP), whole or not at all (GET /v1/flows/datapackage).

        Raises OSError where the file cannot be written.
        """
        rows: list[int | None] = []

        def once() -> int:
            with download(self._calls, "/v1/flows/datapackage", filters, ("zip",), on_progress) as came:
                rows.append(came.rows)
                return put_whole(came.pieces, Path(file))

        length = repeated(once)
        return Saved(Path(file), "zip", rows[-1], length)

    def citation(self, name: str) -> dict[str, Any]:
        """How one cites a version of a bulletin, by its name `id@vN`, in three languages (GET /v1/bulletins/{id@vN}/citation)."""
        return self._calls.get(f"{_path('bulletins', name)}/citation").document

    def bulletins(self, /, **filters: object) -> Listing:
        """The bulletins that answer (GET /v1/bulletins)."""
        return self._listing("/v1/bulletins", filters)

    def bulletin(self, identifier: str) -> Fetched:
        """The newest version of a bulletin that the caller may see."""
        return self._calls.get(_path("bulletins", identifier))

    def alerts(self, /, **filters: object) -> Listing:
        """The alerts that answer; a page says in `left_out` where the filter by marking left some out (GET /v1/alerts)."""
        return self._listing("/v1/alerts", filters)

    @contextlib.contextmanager
    def alerts_file(self, form: str, params: Params | None = None) -> Iterator[AlertsFile]:
        """The alerts that answer as a file, `csv` or `ndjson`, streamed; one that may not be passed on is not among them."""
        query = {**(params or {}), "format": form}
        with self._calls.stream("GET", "/v1/alerts", params=query, headers={"Accept": FORMS[form]}) as response:
            require_success(response)
            if media_type(response) != FORMS[form]:
                raise Unreachable("unreachable-no-file")
            yield AlertsFile(pieces_of(response), response.headers.get("istmo-left-out", ""))

    def alert(self, name: str) -> Fetched:
        """The newest version of an alert that the caller may see, by its id or by its reference, such as RCM-2026-7KQ2M."""
        if REFERENCE.fullmatch(name):
            for found in self.alerts(reference=name).page().get("items") or ():
                return Fetched(found, f'"{found["id"]}.v{found["version"]}"')
        # A reference that nothing bears is asked for as an id: so the node says in its own words that there is no such alert.
        return self._calls.get(_path("alerts", name))

    def post_alerts(self, raw: bytes, idempotency_key: str | None) -> Written:
        """Publish one alert, or a list of them together or not at all, from the bytes of a JSON file.

        Answers {alerts: [{id, version, reference, outcome}], findings} for one as for many; pointers of findings are those of the file.
        Where it waits: {alerts: [], outcome, review, due, findings}.
        """
        body, is_list = body_of(raw)
        path = "/v1/alerts/batch" if is_list else "/v1/alerts"
        with in_the_file(is_list):
            done = self._calls.write("POST", path, idempotency_key, content=body, headers={"Content-Type": "application/json"})
        return Written(receipts(done.answer, is_list), done.replayed, done.etag)

    def answers(self, alert: str, kind: str, params: Params | None = None) -> dict[str, Any]:
        """One page of what was answered to an alert: its sightings, opinions (with `counts`) or proposals."""
        return self._calls.get(f"{_path('alerts', alert)}/{kind}", params).document

    def related(self, alert: str) -> list[dict[str, Any]]:
        """The alerts that one is related to, the closest first, each with its reasons."""
        return list(self._calls.get(f"{_path('alerts', alert)}/related").document.get("items") or ())

    def decision(self, proposal: str) -> dict[str, Any]:
        """What became of a proposal: open, accepted or declined."""
        return self._calls.get(f"{_path('proposals', proposal)}/decision").document

    def vocabulary(self, name: str) -> dict[str, Any]:
        """A list of codes with their labels (GET /v1/vocabularies/{name})."""
        return self._calls.get(_path("vocabularies", name)).document

    def find(self, name: str) -> tuple[str, Fetched]:
        """A document of any kind by its id, an alert by its reference too, with its kind, one of KINDS; `NotFound` where there is none."""
        if REFERENCE.fullmatch(name):
            return "alerts", self.alert(name)
        *others, last = KINDS
        for kind in others:
            with contextlib.suppress(NotFound):
                return kind, self._calls.get(_path(kind, name))
        return last, self._calls.get(_path(last, name))

    def withdraw(self, identifier: str, reason: str, etag: str, kind: str = "bulletins") -> dict[str, Any]:
        """Take a document back; `etag` is that of the version that was looked at, so that nothing newer is withdrawn unseen."""
        return self._decide(f"{_path(kind, identifier)}/withdraw", {"reason": reason}, etag)

    def erase(self, kind: str, identifier: str, reason: str, etag: str) -> dict[str, Any]:
        """Erase a document of one of KINDS for good, in the version that was looked at; answers with the receipt of its erasure."""
        return self._decide(f"{_path(kind, identifier)}/erase", {"reason": reason}, etag)

    def reviews(self, /, **filters: object) -> Listing:
        """What waits to be published, or waited (GET /v1/reviews)."""
        return self._listing("/v1/reviews", filters)

    def review(self, identifier: str) -> Fetched:
        """One waiting item whole, and the ETag that a decision on it names (GET /v1/reviews/{id})."""
        return self._calls.get(_path("reviews", identifier))

    def decide_review(self, identifier: str, verb: str, body: Mapping[str, Any] | None, etag: str) -> dict[str, Any]:
        """Confirm, reject or cancel an item in the version that was looked at; answers with what became of it."""
        return self._decide(f"{_path('reviews', identifier)}/{verb}", body, etag)

    def profiles(self, /, **filters: object) -> Listing:
        """The profiles that the node would read the caller's files by: shipped ones and registered ones (GET /v1/profiles)."""
        return self._listing("/v1/profiles", filters)

    def profile(self, name: str) -> dict[str, Any]:
        """One of them whole, in its newest version (GET /v1/profiles/{name})."""
        return self._calls.get(_path("profiles", name)).document

    def allowed(self, /, **filters: object) -> Listing:
        """What anyone may write though it looks like an identifier or a person (GET /v1/screening/allow-list)."""
        return self._listing(_ALLOW_LIST, filters)

    def allow(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Let something pass from the next text on: its kind, its value and whose it is; answers with the entry and its id."""
        return self._calls.write("POST", _ALLOW_LIST, new_key(), json=dict(entry)).answer

    def disallow(self, identifier: str) -> dict[str, Any]:
        """Take what an operator added off that list; answers with what it was. Never repeated: whoever took it off learns of it once."""
        return self._calls.write("DELETE", f"{_ALLOW_LIST}/{quote(identifier, safe='')}", None).answer

    def me(self) -> dict[str, Any]:
        """Who the caller is to the node: role, conference, State, office and ceiling (GET /v1/me)."""
        return self._calls.get("/v1/me").document

    def policy(self, conference: str) -> Fetched:
        """The policy of a conference that is in force (GET /v1/conferences/{code}/policy)."""
        return self._calls.get(f"{_path('conferences', conference)}/policy")

    def decide_policy(self, conference: str, policy: Mapping[str, Any], etag: str) -> dict[str, Any]:
        """Put a whole policy in force; `etag` is that of the policy that was looked at, so that no newer one is overruled unseen."""
        return self._calls.write("PUT", f"{_path('conferences', conference)}/policy", new_key(), etag=etag, json=dict(policy)).answer

    def changes(self, cursor: str | None = None, **filters: object) -> Changes:
        """The feed of changes from a cursor on, or from its beginning (GET /v1/changes)."""
        return Changes(lambda params: self._calls.get("/v1/changes", params).document, cursor, filters)

    def _listing(self, path: str, filters: Params) -> Listing:
        return Listing(lambda params: self._calls.get(path, params).document, filters)

    def _decide(self, path: str, body: Mapping[str, Any] | None, etag: str) -> dict[str, Any]:
        return self._calls.write("POST", path, new_key(), etag=etag, json=None if body is None else dict(body)).answer


def _is_one_login(key: str, client_id: str, secret: str, private_key: str) -> bool:
    return not (secret or private_key) if not client_id else not key and bool(secret) != bool(private_key)


def _path(kind: str, identifier: str) -> str:
    return f"/v1/{kind}/{quote(identifier, safe='')}"
