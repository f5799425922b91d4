"""Alerts and their answers over HTTP, as an office sends them and as everyone reads them."""

import re
from collections.abc import Iterable
from typing import Any

import httpx
from drafts import alert
from serving import CLIENTS, Served
from sqlalchemy import text

Json = dict[str, Any]
EVERYONE = frozenset(CLIENTS) - {"rcm-analyst"}
"""Nine callers; what an analyst of the RCM reads under a ceiling of GREEN, one of the SACM reads too."""
NOBODYS = "018e2d5c-0000-7000-8000-0000000000ff"
"""An id that no document has."""
_WRITTEN = ("alert", "alert_term", "alert_reference", "alert_answer")


def etag(document: Json) -> dict[str, str]:
    """The precondition of a change to this version."""
    return {"If-Match": f'"{document["id"]}.v{document["version"]}"'}


def made(answer: httpx.Response, status: int = 201) -> Json:
    assert answer.status_code == status, answer.text
    return answer.json()


def publish(client: httpx.Client, **changes: Any) -> Json:
    """Publish an alert and give its document."""
    return made(client.post("/v1/alerts", json=alert(**changes)))


def revise(client: httpx.Client, document: Json, **changes: Any) -> Json:
    """Publish another version of an alert, whole, in the place of the one that is given."""
    body = alert(**{"reason": "more is known", **changes})
    return made(client.put(f"/v1/alerts/{document['id']}", json=body, headers=etag(document)), 200)


def place_of(document: Json) -> str:
    return f"/v1/{document['kind']}s/{document['id']}"


def withdraw(client: httpx.Client, document: Json, reason: str = "mistaken") -> Json:
    """Take back an alert or an answer in the version that is given."""
    return made(client.post(f"{place_of(document)}/withdraw", json={"reason": reason}, headers=etag(document)), 200)


def sighting(**changes: Any) -> Json:
    """That a network was seen in Panama in a month; None takes a field away."""
    body = {"where": {"state": "PAN", "place": "Darién"}, "seen_from": "2018-02", "certainty": "probable"}
    return {name: value for name, value in (body | changes).items() if value is not None}


def opinion(step: str = "agree", **changes: Any) -> Json:
    return {"opinion": step, "explanation": {"en": "Seen here too."}} | changes


def proposal(changes: Json | None = None, **more: Any) -> Json:
    return {"changes": changes or {"severity": "critical"}, "explanation": {"en": "It grew."}} | more


def answer(client: httpx.Client, about: Json, kind: str, body: Json) -> httpx.Response:
    """Answer an alert: a sighting, an opinion or a proposal."""
    return client.post(f"/v1/alerts/{about['id']}/{kind}s", json=body)


def seen(client: httpx.Client, about: Json, **changes: Any) -> Json:
    """Publish a sighting and give its document."""
    return made(answer(client, about, "sighting", sighting(**changes)))


def thinks(client: httpx.Client, about: Json, step: str = "agree", **changes: Any) -> Json:
    """Publish an opinion and give its document."""
    return made(answer(client, about, "opinion", opinion(step, **changes)))


def proposes(client: httpx.Client, about: Json, changes: Json | None = None, **more: Any) -> Json:
    """Publish a proposal and give its document."""
    return made(answer(client, about, "proposal", proposal(changes, **more)))


def decide(client: httpx.Client, offered: Json, verb: str, **body: Any) -> httpx.Response:
    """Accept or decline a proposal."""
    return client.post(f"/v1/proposals/{offered['id']}/{verb}", json=body)


def told(client: httpx.Client, path: str = "/v1/alerts", **params: Any) -> Json:
    """What a route answers, as JSON."""
    return made(client.get(path, params=params or None), 200)


def ids(client: httpx.Client, path: str = "/v1/alerts", **params: Any) -> list[str]:
    """Ids of a list, whose total is their number."""
    page = told(client, path, **params)
    assert page["total"] == len(page["items"]), page
    return [item["id"] for item in page["items"]]


def readers(served: Served, path: str, among: Iterable[str] = EVERYONE) -> set[str]:
    """Who of these clients gets an answer there; whoever does not gets the one of what does not exist, to the byte."""
    found = set()
    for who in among:
        got = served.as_(who).get(path)
        if got.status_code == 200:
            found.add(who)
        else:
            unknown = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", NOBODYS, path)
            assert (got.status_code, still(got)) == (404, _asked_once(served, who, unknown)), (who, path)
    return found


def _asked_once(served: Served, who: str, path: str) -> object:
    """What is answered to what never exists: the same each time."""
    key = (served.url, who, path)
    if key not in _ANSWERED:
        _ANSWERED[key] = still(served.as_(who).get(path))
    return _ANSWERED[key]


_ANSWERED: dict[tuple[str, str, str], object] = {}


def still(got: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but the request's own id and the time of day."""
    headers = [pair for pair in got.headers.multi_items() if pair[0] not in {"date", "x-request-id"}]
    return got.status_code, headers, re.sub(rb'"request_id":"[^"]+"', b"", got.content)


def feed(client: httpx.Client, **params: Any) -> list[tuple[str, int, str]]:
    """(id, version, op) of the whole feed; something hidden, erased or withdrawn never comes with a body."""
    page = told(client, "/v1/changes", limit=500, **params)
    assert not page["has_more"]
    for item in page["items"]:
        assert item["op"] in {"publish", "revise"} or item.get("document") is None, item
    return [(item["id"], item["version"], item["op"]) for item in page["items"]]


def faults_of(got: httpx.Response) -> tuple[int, str, list[tuple[str, str]]]:
    """Status, code, and (pointer, code) of every finding of a refusal, in order."""
    assert got.headers["content-type"] == "application/problem+json", got.text
    problem = got.json()
    return got.status_code, problem["code"], [(error.get("pointer", ""), error["code"]) for error in problem.get("errors", [])]


def stored(served: Served) -> dict[str, int]:
    """Rows of every table that a refused write must leave alone, those of alerts too."""
    with served.node.db.read() as session:
        own = {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in _WRITTEN}
    return served.counts() | own
