"""Nothing of what waits is seen by anybody, its sender among them: every route that reads answers as before, to the byte (contract: Life)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from bodies import bulletin, cells, publish
from held import items, waits
from serving import Served, serving
from stores import STORES

from app.main import create_app

TAKEN = "018e2d5c-0000-7000-8000-0000000000aa"
"""The id that one of the waiting documents will have."""
APART = ("/v1/reviews", "/v1/audit", "/v1/vocabularies", "/v1/changes/stream")
"""Where what waits is told to those who may know of it; what tells of every request (as `/readers` does); what is the same in every node; what never ends."""
WHO = ("pan", "rcm", "hnd", "analyst", "peer")
ALERT = {
    "title": {"es": "Red de Ecuador al golfo de Urabá"},
    "summary": {"es": "Recibe a personas en la frontera y las embarca de noche."},
    "severity": "high",
    "source_reliability": "A",
    "information_credibility": 2,
    "first_seen": "2017-01",
    "last_seen": "2018-09",
    "nationalities": ["NPL"],
    "route": [],
    "modus_operandi": ["safe_house"],
    "tlp": "GREEN",
}
NAMED = {"es": "María Zapaquilda Ventoquipa cobra en la frontera."}
SEEN = {"where": {"state": "PAN", "place": "Darién"}, "seen_from": "2018-02", "certainty": "probable", "note": NAMED}


def still(got: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but the request's own id and the time of day."""
    headers = [pair for pair in got.headers.multi_items() if pair[0] not in {"date", "x-request-id"}]
    return got.status_code, headers, re.sub(rb'"request_id":"[^"]+"', b"", got.content)


def paths(bulletin_id: str, alert_id: str) -> Iterator[str]:
    """Every address that is read, with the id of a document that stands in its place, and of bulletins with the one that waits too."""
    for route in create_app(None).routes:
        path, methods = getattr(route, "path", ""), getattr(route, "methods", None) or set()
        if "GET" not in methods or not path.startswith("/v1/") or path.startswith(APART) or path.endswith("/readers"):
            continue
        ids = [bulletin_id, TAKEN] if path.startswith("/v1/bulletins/{") else [alert_id]
        for document_id in ids:
            named = path.replace("{document_id}", document_id).replace("{number}", "1").replace("{code}", "RCM")
            yield re.sub(r"\{[^}]+\}", "measure", named)
    yield from (
        "/v1/flows?totals=true",
        "/v1/flows?format=csv",
        "/v1/bulletins?status=published",
        "/v1/alerts?q=red",
        "/v1/changes?limit=500",
    )


def asked(served: Served, *ids: str) -> dict[tuple[str, str], tuple[int, list[tuple[str, str]], bytes]]:
    return {(who, path): still(served.as_(who).get(path)) for who in WHO for path in paths(*ids)}


@pytest.mark.parametrize("kind", STORES[:1])
def test_no_route_that_reads_tells_anybody_of_what_waits(nodes, kind: str, tmp_path: Path):
    settings, keys = nodes.ready(kind, tmp_path)
    with serving(settings, judged=False, keys=keys) as served:
        pan, minute = served.as_("pan"), (datetime.now(UTC) + timedelta(days=2)).isoformat()
        standing = publish(pan)
        about = pan.post("/v1/alerts", json=ALERT).json()
        before = asked(served, standing["id"], about["id"])
        assert sum(answer[0] == 200 for answer in before.values()) > len(before) // 3
        headers = {"If-Match": f'"{standing["id"]}.v1"'}
        revision = bulletin(reason="late forms", cells=cells(VEN=420, NPL=213, SOM=31), publish_at=minute)
        batch = {"bulletins": [bulletin(period="2022-12", publish_at=minute), bulletin(period="2023-01")]}
        told = [
            pan.post("/v1/bulletins", json=bulletin(period="2022-11", id=TAKEN, publish_at=minute)),
            pan.put(f"/v1/bulletins/{standing['id']}", json=revision, headers=headers),
            pan.post("/v1/bulletins/batch", json=batch),
            pan.post("/v1/alerts", json={**ALERT, "summary": NAMED}),
            pan.post(f"/v1/alerts/{about['id']}/sightings", json=SEEN),
        ]
        assert [waits(each, outcome) for each, outcome in zip(told, ("pending",) * 3 + ("held",) * 2, strict=True)]
        assert items(served) == 5
        after = asked(served, standing["id"], about["id"])
        assert [key for key in before if after[key] != before[key]] == []
