"""Alerts that are refused over HTTP: each fault by its place and code, nothing written but the refusal's row, and what was sent never told back."""

import itertools
import json

import pytest
from alertbook import NOBODYS, Json, etag, faults_of, publish, sighting, stored
from drafts import alert, leg, price
from serving import Served

JSON = {"Content-Type": "application/json"}
# A few of each family; test_declare.py has them all.
FORM: list[tuple[Json, str, str]] = [
    ({"title": {"es": "a\u0000b"}}, "/title/es", "text-character"),
    ({"summary": {"en": "a\u202eb"}}, "/summary/en", "text-character"),
    ({"title": {"es": "a" * 301}}, "/title/es", "text-too-long"),
    ({"title": {"fr": "Réseau"}}, "/title/fr", "field-unknown"),
    ({"title": {}}, "/title", "text-missing"),
    ({"summary": {"es": "a" * 20_000, "pt": "b" * 20_000, "en": "c" * 20_000}, "recommendation": {"es": "d" * 4_000}}, "", "text-too-long"),
    ({"route": [leg(1, "ECU", "COL"), leg(2, "PAN", "CRI")]}, "/route/1/from", "leg-not-joined"),
    ({"route": [leg(1, "ECU", "COL"), leg(3, "COL", "PAN")]}, "/route/1/seq", "leg-number-missing"),
    ({"route": [leg(1, "ECU", "COL", place="Calle 9 # 4-20")]}, "/route/0/place", "place-address"),
    ({"route": [leg(1, "ECU", "COL", place="Hotel Ipiales")]}, "/route/0/place", "place-building"),
    ({"route": [leg(1, "ECU", "COL", place="0.8303, -77.6444")]}, "/route/0/place", "place-coordinates"),
    ({"route": [leg(1, "ECU", "COL", area="PE-LIM")]}, "/route/0/area", "area-elsewhere"),
    ({"last_seen": "2016-12"}, "/last_seen", "days-reversed"),
    ({"first_seen": "2018-02-30", "last_seen": None}, "/first_seen", "format"),
    ({"fee": price(min=6001)}, "/fee/max", "fee-reversed"),
    ({"fee": {"currency": "USD", "min": 1, "max": 2}}, "/fee/scope", "field-missing"),
    ({"fee": price(currency="USS")}, "/fee/currency", "code-unknown"),
    ({"fee": price(max=2**31)}, "/fee/max", "out-of-range"),
    ({"fee": price(max=1e3)}, "/fee/max", "not-a-whole-number"),
    ({"network_code": "Juan Perez"}, "/network_code", "network-code-name"),
    ({"network_code": "KESTREL RIVER"}, "/network_code", "network-code-name"),
    ({"network_code": "kestrel"}, "/network_code", "network-code-form"),
    ({"severity": None}, "/severity", "field-missing"),
    ({"information_credibility": 7}, "/information_credibility", "out-of-range"),
    ({"information_credibility": True}, "/information_credibility", "not-a-whole-number"),
    ({"nationalities": ["NPL", "NP"]}, "/nationalities/1", "code-repeated"),
    ({"modus_operandi": ["safehouse"]}, "/modus_operandi/0", "code-unknown"),
    ({"related": ["RCM-2026-7KQ2M"]}, "/related/0", "format"),
    ({"related": [NOBODYS] * 51}, "/related", "list-too-long"),
    ({"retention_until": "2020-01-01"}, "/retention_until", "retention-past"),
    ({"reference": "RCM-2026-7KQ2M"}, "/reference", "field-unknown"),
    ({"tlp": "ROJO"}, "/tlp", "code-unknown"),
    ({"audience": ["XYZ"]}, "/audience/0", "code-unknown"),
    ({"audience": ["RCM", "RCM/QQQ"]}, "/audience/1", "code-unknown"),
    ({"handling": ["no-onwards"]}, "/handling/0", "code-unknown"),
    ({"publish_at": "tomorrow"}, "/publish_at", "format"),
]


def test_a_wrong_alert_is_refused_by_its_place_and_nothing_is_written(standing: Served):
    before, audit = stored(standing), len(standing.audit())
    for changes, place, code in FORM:
        refused = standing.as_("rcm").post("/v1/alerts", json=alert(**changes))
        assert faults_of(refused) == (422, "invalid-document", [(place, code)]), changes
    assert stored(standing) == before
    assert standing.audit()[audit:] == [("publish_alert", "refused", "invalid-document")] * len(FORM)


RAW = [
    ('{"severity": "low", "severity": "high"}', "/severity", "repeated-key"),
    ('{"route": [{"seq": 1, "seq": 1}]}', "/route/0/seq", "repeated-key"),
    ('{"information_credibility": NaN}', "/information_credibility", "not-a-number"),
    ('{"information_credibility": 1e999}', "/information_credibility", "not-a-number"),
    ('{"title": {"es": "\\ud800"}}', "/title/es", "text-character"),
    ("{", "", "malformed-json"),
    ("", "", "malformed-json"),
    ("[]", "", "format"),
    ("[" * 5000, "", "too-deep"),
]


def test_what_is_no_json_of_ours_is_refused(standing: Served):
    before = stored(standing)
    for text, place, code in RAW:
        for path in ("/v1/alerts", "/v1/alerts/batch"):
            refused = standing.as_("rcm").post(path, content=text, headers=JSON)
            assert faults_of(refused) == (422, "invalid-document", [(place, code)]), text[:30]
    assert stored(standing) == before


def test_no_sentence_is_smuggled_through_where_codes_belong(standing: Served, document: Json):
    """What the screening of texts never sees must be codes: `mandate` and `handling` hold no sentence."""
    before = stored(standing)
    for name in ("handling", "mandate"):
        for body, path in ((alert(), "/v1/alerts"), (sighting(), f"/v1/alerts/{document['id']}/sightings")):
            refused = standing.as_("rcm").post(path, json=body | {name: ["Juana Perez, Calle 9"]})
            assert (refused.status_code, [place for place, _ in faults_of(refused)[2]]) == (422, [f"/{name}/0"]), (name, path)
    assert stored(standing) == before


def test_every_fault_is_told_at_once_in_the_language_of_who_sent_it_and_without_what_was_sent(standing: Served):
    before = stored(standing)
    wrong = alert(
        network_code="Juana Perez", risks=["qzz-risk"], fee=price(currency="QQQ", min=7000), route=[leg(1, "QQA", "COL", place="Calle 9")],
        last_seen="2016-11", title={"es": ""}, summary={"es": "x" * 20_001},
    )  # fmt: skip
    refused = standing.as_("rcm").post("/v1/alerts", json=wrong)
    # What the form alone shows comes first.
    assert set(faults_of(refused)[2]) == {("/title/es", "text-empty"), ("/summary/es", "text-too-long")}
    wrong |= {"title": {"es": "Red"}, "summary": {"es": "Noche"}}
    said = {}
    for language in ("en", "es", "pt"):
        refused = standing.as_("rcm").post("/v1/alerts", json=wrong, headers={"Accept-Language": language})
        assert set(faults_of(refused)[2]) == {
            ("/network_code", "network-code-name"), ("/risks/0", "code-unknown"), ("/fee/currency", "code-unknown"), ("/fee/max", "fee-reversed"),
            ("/route/0/from", "code-unknown"), ("/route/0/place", "place-address"), ("/last_seen", "days-reversed"),
        }  # fmt: skip
        assert not [text for text in ("Juana", "qzz", "QQQ", "QQA", "Calle 9", "7000", "2016-11") if text in refused.text]
        said[language] = {error["code"]: error["detail"] for error in refused.json()["errors"]}
    assert len({detail["network-code-name"] for detail in said.values()}) == 3
    assert stored(standing) == before


@pytest.fixture(scope="module")
def document(standing: Served) -> Json:
    return publish(standing.as_("rcm"), tlp="GREEN")


def test_the_same_holds_for_a_revision(standing: Served, document: Json):
    path, before = f"/v1/alerts/{document['id']}", stored(standing)
    for changes, place, code in FORM[6:24:3]:
        refused = standing.as_("rcm").put(path, json=alert(reason="x", **changes), headers=etag(document))
        assert faults_of(refused) == (422, "invalid-document", [(place, code)])
        assert standing.audit()[-1] == ("revise_alert", "refused", "invalid-document")
    reason = standing.as_("rcm").put(path, json=alert(reason="a" * 1001), headers=etag(document))
    assert faults_of(reason)[2] == [("/reason", "text-too-long")]
    # The form of a body is judged before the version that it replaces.
    assert faults_of(standing.as_("rcm").put(path, json=alert(reason="x", severity="grave")))[0] == 422
    assert stored(standing) == before


def test_what_is_no_body_and_who_is_nobody_is_refused_before_all_else(standing: Served, document: Json):
    before = stored(standing)
    wrong = json.dumps(alert(severity="grave"))
    assert standing.as_(None).post("/v1/alerts", content=wrong, headers=JSON).status_code == 401
    assert standing.as_("rcm").post("/v1/alerts", content=wrong, headers={"Content-Type": "text/plain"}).status_code == 415
    assert standing.as_("rcm").post("/v1/alerts", content=b" " * (10 * 2**20 + 1), headers=JSON).status_code == 413
    for params in ("?dry_run=true", "?protect=none"):
        refused = standing.as_("rcm").post(f"/v1/alerts{params}", json=alert())
        assert faults_of(refused)[2] == [(params[1:].split("=")[0], "parameter-unknown")]
    for method in ("PATCH", "DELETE"):
        assert standing.as_("rcm").request(method, f"/v1/alerts/{document['id']}").status_code == 405
    too_many = standing.as_("rcm").post("/v1/alerts/batch", json={"alerts": [{}] * 501})
    assert too_many.status_code == 422
    assert stored(standing) == before


def test_an_id_that_is_none_answers_as_one_that_does_not_exist(standing: Served, document: Json):
    parts = itertools.cycle(("", "/versions", "/versions/1", "/related", "/sightings", "/opinions"))
    for wrong in ("x", "7", document["reference"], document["id"].upper(), document["id"] + "0", "%00", "..%2f", "é", "a" * 64):
        for part in itertools.islice(parts, 2):
            assert standing.as_("analyst").get(f"/v1/alerts/{wrong}{part}").status_code == 404, (wrong, part)
    assert standing.as_("analyst").get(f"/v1/alerts/{'a' * 65}").status_code == 422
