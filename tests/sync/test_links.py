"""Documents that name one which is not there yet: kept, shown once it comes, in whatever order kinds and versions arrive."""

from typing import Any

import httpx
from crooked import Json
from serving import Served
from test_hostile import taken, with_items
from test_pull import ALERT, SIGHTING, is_whole
from twins import Twins, held, quarantine, texts

from app.main import rebuild


def posted(client: httpx.Client, path: str, **body: Any) -> Json:
    answer = client.post(path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def told(served: Served, *paths: str) -> list[Json]:
    """What a reader of either node gets; a request's own id apart."""
    answers = [served.as_("bra").get(path).json() for path in paths]
    return [{name: value for name, value in answer.items() if name != "request_id"} for answer in answers]


def in_order(items: list[Json]) -> list[Json]:
    """A page that a feed could have given: numbers that rise."""
    return [{**item, "seq": number} for number, item in enumerate(items, 1)]


def test_answers_relations_and_decisions_that_come_before_what_they_are_about_are_joined_when_it_comes(pair: Twins):
    rcm, pan = pair.rcm.as_("rcm"), pair.rcm.as_("pan")
    first = posted(rcm, "/v1/alerts", **ALERT)
    about = f"/v1/alerts/{first['id']}"
    second = posted(rcm, "/v1/alerts", **{**ALERT, "title": {"es": "La misma red"}, "related": [first["id"]]})
    seen = posted(pan, f"{about}/sightings", **SIGHTING)
    posted(pan, f"{about}/opinions", opinion="agree", explanation={"es": "Vista aquí también."}, tlp="GREEN")
    offered = [
        posted(pan, f"{about}/proposals", changes={"severity": severity}, explanation={"es": "Creció."}, tlp="GREEN")
        for severity in ("critical", "low")
    ]
    posted(rcm, f"/v1/proposals/{offered[0]['id']}/accept", reason="también aquí")
    posted(rcm, f"/v1/proposals/{offered[1]['id']}/decline", reason="una sola vez")
    paths = [about, *(f"{about}/{kind}" for kind in ("related", "versions", "sightings", "opinions", "proposals"))]
    paths += [
        f"/v1/alerts/{second['id']}/related",
        f"/v1/sightings/{seen['id']}",
        *(f"/v1/proposals/{each['id']}/decision" for each in offered),
    ]
    paths += ["/v1/alerts", "/v1/alerts/facets"]
    wanted = told(pair.rcm, *paths)
    assert [row["id"] for row in wanted[6]["items"]] == [first["id"]]
    assert [each["decision"] for each in wanted[8:10]] == ["accepted", "declined"]
    late: list[Json] = []

    def without_the_alert(items: list[Json]) -> list[Json]:
        late.extend(item for item in reversed(items) if item["id"] == first["id"])
        return in_order([item for item in reversed(items) if item["id"] != first["id"]])

    assert taken(pair, with_items(without_the_alert)) == []
    hidden = told(pair.sacm, *paths)
    assert [answer.get("code") for answer in hidden[:6]] == ["not-found"] * 6
    assert (hidden[6]["items"], hidden[7]["code"], hidden[8]["code"]) == ([], "not-found", "not-found")
    assert [item["id"] for item in told(pair.sacm, "/v1/changes")[0]["items"]] == [second["id"]]
    # The version that credits the proposal, and only then the first one.
    assert [item["version"] for item in late] == [2, 1]
    assert taken(pair, with_items(lambda _: in_order(late))) == []
    assert told(pair.sacm, *paths) == wanted
    assert texts(pair.sacm, "RCM") == texts(pair.rcm, "RCM")
    rebuild(pair.sacm.node)
    assert told(pair.sacm, *paths) == wanted
    assert is_whole(pair.sacm)
    assert quarantine(pair.sacm) == []


def test_an_alert_that_was_withdrawn_before_it_came_is_shown_as_withdrawn_with_what_was_answered(pair: Twins):
    rcm = pair.rcm.as_("rcm")
    alert = posted(rcm, "/v1/alerts", **ALERT)
    seen = posted(rcm, f"/v1/alerts/{alert['id']}/sightings", **SIGHTING)
    taken_back = rcm.post(f"/v1/alerts/{alert['id']}/withdraw", json={"reason": "mistaken"}, headers={"If-Match": f'"{alert["id"]}.v1"'})
    assert taken_back.status_code == 200
    pair.pull(pair.sacm)
    assert [(document_id, version) for document_id, version, *_ in held(pair.sacm, "RCM")] == [(seen["id"], 1), (alert["id"], 2)]
    paths = [
        f"/v1/alerts/{alert['id']}",
        f"/v1/sightings/{seen['id']}",
        f"/v1/alerts/{alert['id']}/sightings",
        "/v1/alerts?status=withdrawn",
    ]
    assert told(pair.sacm, *paths) == told(pair.rcm, *paths)
    (shown,) = told(pair.sacm, paths[0])
    assert (shown["status"], shown["reference"], "summary" in shown) == ("withdrawn", alert["reference"], False)
    before = told(pair.sacm, *paths)
    rebuild(pair.sacm.node)
    assert told(pair.sacm, *paths) == before
