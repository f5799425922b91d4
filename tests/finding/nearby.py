"""Alerts and bulletins for the flows around an alert: sent over HTTP, small, and protected by nothing, so that counts stand as sent."""

import csv
import importlib.resources
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from bodies import Body, bulletin, cells

ROUTE = (("ECU", "COL"), ("COL", "PAN"), ("PAN", "HND"))
FIELDS = ("period", "reporting_state", "nationality", "value", "leg")


def route(*legs: tuple[str, str]) -> list[Body]:
    """Legs that join, numbered from 1."""
    return [{"seq": number, "from": start, "to": end, "mode": "land"} for number, (start, end) in enumerate(legs, 1)]


def alert(client: httpx.Client, **changes: Any) -> Body:
    """Publish an alert that everyone sees, on Nepalis and Indians who passed from Ecuador to Honduras in November 2021."""
    sent = {
        "title": {"es": "Red de Ecuador a Honduras"},
        "summary": {"es": "Recibe a personas en la frontera y las embarca de noche."},
        "severity": "high",
        "source_reliability": "A",
        "information_credibility": 2,
        "first_seen": "2021-11",
        "nationalities": ["NPL", "IND"],
        "route": route(*ROUTE),
        "tlp": "GREEN",
    }
    answer = client.post("/v1/alerts", json=sent | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def revised(client: httpx.Client, document: Body, **changes: Any) -> Body:
    """Revise an alert in the version that is given."""
    derived = {"version", "kind", "status", "origin", "issuer", "reference", "confidence", "created_at", "published_at", "reason"}
    sent = {name: value for name, value in document.items() if name not in derived | {"salt", "digest", "signature", "outcome", "id"}}
    answer = client.put(f"/v1/alerts/{document['id']}", json=sent | {"reason": "more is known"} | changes, headers=etag(document))
    assert answer.status_code == 200, answer.text
    return answer.json()


def etag(document: Body) -> dict[str, str]:
    return {"If-Match": f'"{document["id"]}.v{document["version"]}"'}


def report(client: httpx.Client, period: str, counts: Mapping[str, int], **changes: Any) -> Body:
    """Publish a bulletin whose counts are shown as they are."""
    body = bulletin(period=period, cells=cells(**counts)) | changes
    answer = client.post("/v1/bulletins", json=body, params={"protect": "none"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def darien(period: str, *nationalities: str) -> dict[str, int]:
    """Counts of the public sample of Darién."""
    lines = importlib.resources.files("app.cli").joinpath("samples", "darien_by_nationality.csv").read_text("utf-8").splitlines()
    found = {row["nationality_iso3"]: int(row["count"]) for row in csv.DictReader(lines) if row["period"] == period}
    return {code: found[code] for code in nationalities}


def place(document: Body) -> str:
    return f"/v1/alerts/{document['id']}/flows"


def ask(client: httpx.Client, document: Body, **params: Any) -> Body:
    """The flows around an alert."""
    answer = client.get(place(document), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(found: Body) -> list[tuple[Any, ...]]:
    """What tells the rows of an answer apart, and what they say."""
    return [tuple(item[name] for name in FIELDS) for item in found["items"]]


def pages(client: httpx.Client, document: Body, **params: Any) -> Iterator[Body]:
    """Every page of the flows around an alert, by the links."""
    answer = client.get(place(document), params=params)
    while True:
        assert answer.status_code == 200, answer.text
        yield answer.json()
        if "next" not in answer.links:
            return
        answer = client.get(answer.links["next"]["url"])
