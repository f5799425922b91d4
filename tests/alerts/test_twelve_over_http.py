"""The twelve public cases through the API: in and back as they were sent, related as a person relates them, and moved by nothing hidden."""

from collections.abc import Mapping

import pytest
from alertbook import NOBODYS, Json, answer, made, opinion, proposal, publish, sighting, still, told
from serving import Served
from test_twelve import ALL, RELATED
from twelve import cases, published, written

from app.alerts.correlation import relate

SECRETARIATS = {"RCM": "rcm", "SACM": "sacm"}
# What the node adds, or writes out where the sender left it to the default.
GREEN = {1, 2, 3, 5, 6, 7, 9, 10, 11, 12}


def case(number: int) -> Json:
    return written(cases()[f"case-{number:02}"])


def send_all(served: Served) -> dict[int, Json]:
    """Publish the twelve, each by the secretariat that it belongs to; their documents by number."""
    bodies = {number: case(number) for number in ALL}
    writers = {number: served.as_(SECRETARIATS[body["conference"]]) for number, body in bodies.items()}
    return {number: made(writers[number].post("/v1/alerts", json=body)) for number, body in bodies.items()}


@pytest.fixture(scope="module")
def twelve(shared: Served) -> dict[int, Json]:
    return send_all(shared)


def as_sent(document: Mapping[str, object], sent: Json) -> Json:
    """Of a published alert what its sender wrote: without the crossing that no case tells and without the band of its fee."""
    came = {name: document[name] for name in sent if name != "conference"} | {"conference": document["origin"]}
    came["route"] = [{name: value for name, value in leg.items() if name != "crossing"} for leg in document["route"]]
    return came | ({"fee": {name: value for name, value in document["fee"].items() if name != "band"}} if "fee" in sent else {})


def test_every_mapped_field_of_a_case_comes_back_equal_by_one_by_list_and_by_versions(shared: Served, twelve: dict[int, Json]):
    reader = shared.as_("amber-analyst")
    page = told(reader)
    assert (page["total"], page["next_cursor"]) == (12, None)
    # The list holds the very same documents, in the order of publication.
    for (number, document), listed in zip(twelve.items(), page["items"], strict=True):
        path, sent = f"/v1/alerts/{document['id']}", case(number)
        one = told(reader, path)
        assert as_sent(one, sent) == sent
        assert one == {name: value for name, value in document.items() if name != "outcome"} == listed
        assert told(reader, f"{path}/versions") == {"items": [one], "next_cursor": None, "total": 1}
    assert told(reader, f"{path}/versions/1") == one


def test_a_case_belongs_to_its_conference_and_names_what_the_node_derived(shared: Served, twelve: dict[int, Json]):
    assert {number for number in ALL if twelve[number]["origin"] == "RCM"} == {8, 9, 10, 12}
    assert [twelve[number]["confidence"] for number in ALL] == [90, 70, 90, 70, 90, 70, 70, 90, 70, 70, 70, 70]
    assert {number for number in ALL if twelve[number]["tlp"] == "AMBER"} == {4, 8}
    for document in twelve.values():
        assert document["reference"].startswith(f"{document['origin']}-{document['published_at'][:4]}-")
    assert len({document["reference"] for document in twelve.values()}) == 12
    seen_by_green = {item["id"] for item in told(shared.as_("analyst"))["items"]}
    assert seen_by_green == {twelve[number]["id"] for number in GREEN}


def related(served: Served, who: str, document: Json, **headers: str) -> list[Json]:
    answered = served.as_(who).get(f"/v1/alerts/{document['id']}/related", headers=headers)
    return made(answered, 200)["items"]


def test_the_related_of_a_case_are_the_pairs_that_a_person_names_with_the_same_score_from_both_sides(
    shared: Served, twelve: dict[int, Json]
):
    numbers = {document["id"]: number for number, document in twelve.items()}
    scores = {}
    for number, document in twelve.items():
        items = related(shared, "rcm", document)
        # The closest first.
        assert [item["score"] for item in items] == sorted((item["score"] for item in items), reverse=True)
        for item in items:
            other = numbers[item["id"]]
            assert {name: item[name] for name in ("version", "reference", "tlp")} == {
                name: twelve[other][name] for name in ("version", "reference", "tlp")
            }
            reasons = [(reason["code"], reason["weight"], tuple(reason["shared"])) for reason in item["reasons"]]
            counted = relate(published(number), published(other))
            assert (item["score"], reasons) == (counted.score, [(each.code, each.weight, each.shared) for each in counted.reasons])
            scores[number, other] = item["score"]
    assert {pair for pair in scores if pair[0] < pair[1]} == set(RELATED)
    assert {(other, number): score for (number, other), score in scores.items()} == scores
    # By hand (test_twelve): three methods 18, three places 18, two legs 16, one nationality 3; their years do not meet.
    assert (scores[5, 7], scores[7, 5]) == (55, 55)


def test_the_reasons_are_told_in_the_language_of_the_reader(shared: Served, twelve: dict[int, Json]):
    said = {}
    for language in ("es", "pt", "en"):
        (item,) = [item for item in related(shared, "rcm", twelve[5], **{"Accept-Language": language}) if item["id"] == twelve[7]["id"]]
        said[language] = {reason["code"]: reason["words"] for reason in item["reasons"]}
    assert said["pt"]["shared-nationalities"] == "As duas transportam pessoas destas nacionalidades: Índia. Isso pesa pouco."
    assert said["en"]["shared-legs"] == "Both routes have these legs: COL–PAN, ECU–COL. This weighs something."
    assert said["es"]["shared-methods"].startswith("Ambas redes operan de estas maneras: Viaje con identidad ajena, ")


def test_who_may_not_see_an_alert_is_told_of_no_relation_to_it(shared: Served, twelve: dict[int, Json]):
    # Case 1 is related to 3, 4, 5, 7, 9 and 10; 4 is AMBER.
    near = {document["id"]: number for number, document in twelve.items()}
    assert {near[item["id"]] for item in related(shared, "rcm", twelve[1])} == {3, 4, 5, 7, 9, 10}
    assert {near[item["id"]] for item in related(shared, "analyst", twelve[1])} == {3, 5, 7, 9, 10}
    path = f"/v1/alerts/{twelve[4]['id']}/related"
    unknown = f"/v1/alerts/{NOBODYS}/related"
    assert still(shared.as_("analyst").get(path)) == still(shared.as_("analyst").get(unknown))
    assert shared.as_("operator").get(path).json()["code"] == "role-forbidden"


PATHS = (
    *("/v1/alerts", "/v1/alerts?limit=5&sort=-confidence", "/v1/alerts?nationality=NPL&q=sao paulo", "/v1/alerts?network_code=KESTREL-07"),
    *("/v1/alerts?format=csv", "/v1/alerts?format=ndjson&tlp=GREEN", "/v1/alerts/facets", "/v1/changes", "/v1/bulletins"),
)


def told_to(served: Served, who: str, documents: Mapping[int, Json]) -> dict[str, object]:
    """What a caller is told about the twelve: status, headers and bytes; of some of them what they are related to."""
    first = [f"/v1/alerts/{documents[1]['id']}{part}" for part in ("", "/sightings", "/opinions", "/proposals")]
    related_to = [f"/v1/alerts/{documents[number]['id']}/related" for number in ((1, 3, 4, 5, 9) if who == "rcm" else (1,))]
    return {path: still(served.as_(who).get(path)) for path in (*PATHS, *first, *related_to)}


def test_a_hidden_alert_that_shares_everything_moves_no_score_and_no_byte(shared: Served, twelve: dict[int, Json]):
    blind = ("rcm", "analyst")
    before = {who: told_to(shared, who, twelve) for who in blind}
    twin = case(1) | {"tlp": "RED", "audience": ["SACM/secretariat"], "network_code": "KESTREL-07"}
    hidden = publish(shared.as_("sacm"), **twin)
    for kind, body in (("sighting", sighting()), ("opinion", opinion()), ("proposal", proposal())):
        made(answer(shared.as_("sacm"), hidden, kind, body))
        made(answer(shared.as_("sacm"), twelve[1], kind, body | {"tlp": "RED", "audience": ["SACM/secretariat"]}))
    for who in blind:
        now = told_to(shared, who, twelve)
        assert {path for path in now if now[path] != before[who][path]} == set(), who
    # It is there: its own office is told of it first, for it shares all that the case has.
    assert related(shared, "sacm", twelve[1])[0]["id"] == hidden["id"]
    assert told(shared.as_("sacm"))["total"] == 13
