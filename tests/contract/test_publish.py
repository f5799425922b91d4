"""Publishing a bulletin: what is stored, what is answered, what a second time does."""

import base64
import hashlib

import pytest
import rfc8785
from bodies import bulletin, by_nationality, cells, publish, revise, withdraw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from serving import Served


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_published_bulletin_is_answered_with_its_place_and_its_etag(served: Served):
    answer = served.as_("pan").post("/v1/bulletins", json=bulletin())
    document = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/bulletins/{document['id']}"
    assert answer.headers["etag"] == f'"{document["id"]}.v1"'
    assert (document["kind"], document["version"], document["status"], document["outcome"]) == ("bulletin", 1, "published", "created")
    assert (document["origin"], document["issuer"]) == ("RCM", "RCM/PAN")


def test_what_the_sender_leaves_out_takes_the_defaults_of_the_contract(served: Served):
    document = publish(served.as_("rcm"))
    defaults = {
        "publisher": "PAN-SNM",
        "figure_status": "provisional",
        "classification": "strict@1",
        "stock_or_flow": "flow",
        "accumulation": "period",
        "definition_code": "default",
        "dimensions": ["nationality"],
        "tlp": "GREEN",
        "audience": ["RCM", "SACM"],
        "nil_report": False,
        "period_start": "2022-10-01",
        "period_end": "2022-10-31",
        "issuer": "RCM/secretariat",
    }
    assert {name: document[name] for name in defaults} == defaults
    other = publish(served.as_("rcm"), reporting_state="BLZ", cells=cells(HTI=12))
    assert other["publisher"] == "BLZ-MIG"


def test_digest_and_signature_can_be_checked_by_an_outsider_with_public_things_alone(served: Served):
    sent = publish(served.as_("pan"))
    document = served.as_("analyst").get(f"/v1/bulletins/{sent['id']}").json()
    signature = document.pop("signature")
    digest = document.pop("digest")
    assert hashlib.sha256(rfc8785.dumps(document)).hexdigest() == digest
    assert len(bytes.fromhex(document["salt"])) == 16
    keys = {key["kid"]: key["key"] for key in served.as_(None).get("/.well-known/istmo.json").json()["document_keys"]}
    public = Ed25519PublicKey.from_public_bytes(from_base64url(keys[signature["kid"]]))
    public.verify(from_base64url(signature["value"]), b"istmo document\x00" + digest.encode())


def test_small_counts_are_pooled_and_never_stored(served: Served):
    counts = {"VEN": 400, "NPL": 213, "SOM": 3, "ERI": 2, "CMR": 4, "GHA": 30}
    document = publish(served.as_("pan"), cells=cells(**counts))
    shown = by_nationality(document)
    assert shown["_T"] == sum(counts.values())
    assert not {"SOM", "ERI", "CMR"} & set(shown)
    assert all(value == 0 or value >= 5 for value in shown.values())
    assert document["disclosure"]["method"] == "pool"
    assert document["disclosure"]["k"] == 5
    assert 0 < document["population_shown_pct"] < 100
    stored = served.as_("pan").get(f"/v1/bulletins/{document['id']}").json()
    assert "population_shown_pct" not in stored


def test_margins_of_areas_are_stored_beside_the_total(served: Served):
    sent = bulletin(dimensions=["nationality", "sex"], cells=[
        {"nationality": "SOM", "sex": "F", "value": 10},
        {"nationality": "SOM", "sex": "M", "value": 20},
        {"nationality": "NPL", "sex": "M", "value": 40},
    ])  # fmt: skip
    document = served.as_("pan").post("/v1/bulletins", params={"protect": "none"}, json=sent).json()
    lattice = {(cell["nationality"], cell["sex"]): cell["value"] for cell in document["cells"]}
    assert lattice == {
        ("SOM", "F"): 10, ("SOM", "M"): 20, ("NPL", "M"): 40,
        ("SOM", "_T"): 30, ("NPL", "_T"): 40, ("_AFR", "F"): 10, ("_AFR", "M"): 20, ("_AFR", "_T"): 30,
        ("_ASI", "M"): 40, ("_ASI", "_T"): 40, ("_T", "F"): 10, ("_T", "M"): 60, ("_T", "_T"): 70,
    }  # fmt: skip
    assert document["disclosure"]["method"] == "none"


def test_a_bulletin_without_dimensions_is_one_figure(served: Served):
    document = publish(served.as_("pan"), cells=[{"value": 18}])
    assert document["dimensions"] == []
    assert document["cells"] == [{"value": 18}]


def test_a_nil_report_says_nothing_happened(served: Served):
    document = publish(served.as_("pan"), nil_report=True, cells=None, dimensions=["nationality"])
    assert document["nil_report"] is True
    assert document["cells"] == [{"nationality": "_T", "value": 0}]
    rows = served.as_("analyst").get("/v1/flows", params={"nationality": "_T"}).json()
    assert [row["value"] for row in rows["items"]] == [0]


def test_the_same_bulletin_again_is_a_success_and_writes_audit_alone(served: Served):
    first = publish(served.as_("pan"), cells=cells(VEN=400, SOM=3, ERI=4))
    before, audit = served.counts(), len(served.audit())
    again = served.as_("pan").post("/v1/bulletins", json=bulletin(cells=cells(VEN=400, SOM=3, ERI=4)))
    assert again.status_code == 200
    assert (again.json()["outcome"], again.json()["id"], again.json()["version"]) == ("unchanged", first["id"], 1)
    assert served.counts() == before
    assert served.audit()[audit:] == [("publish_bulletin", "unchanged", None)]


def test_other_figures_under_the_same_natural_key_conflict_and_name_the_bulletin(served: Served):
    first = publish(served.as_("pan"))
    before = served.counts()
    answer = served.as_("pan").post("/v1/bulletins", json=bulletin(cells=cells(VEN=401)))
    assert (answer.status_code, answer.json()["code"]) == (409, "bulletin-exists")
    assert f"/v1/bulletins/{first['id']}" in answer.headers["link"]
    assert served.counts() == before


@pytest.mark.parametrize(
    "other",
    [
        {"publisher": "PAN-OTHER"},
        {"measure": "rescue"},
        {"unit": "event"},
        {"definition_code": "presented"},
        {"accumulation": "year_to_date"},
        {"period": "2022-11"},
        {"dimensions": [], "cells": [{"value": 644}]},
        {"reporting_state": "HND"},
    ],
)
def test_another_part_of_the_natural_key_makes_another_bulletin(served: Served, other: dict[str, object]):
    first = publish(served.as_("rcm"))
    assert publish(served.as_("rcm"), **other)["id"] != first["id"]


def test_the_sender_may_choose_the_id_once(served: Served):
    chosen = "01920000-0000-7000-8000-000000000001"
    assert publish(served.as_("pan"), id=chosen)["id"] == chosen
    before = served.counts()
    answer = served.as_("pan").post("/v1/bulletins", json=bulletin(id=chosen, period="2022-11"))
    assert (answer.status_code, answer.json()["code"]) == (409, "id-in-use")
    assert served.counts() == before


def test_a_revision_is_a_new_version_with_its_reason(served: Served):
    first = publish(served.as_("pan"))
    second = revise(served.as_("pan"), first, cells=cells(VEN=410, NPL=213, SOM=31), reason="late registrations")
    assert (second["version"], second["reason"], second["outcome"]) == (2, "late registrations", "revised")
    versions = served.as_("analyst").get(f"/v1/bulletins/{first['id']}/versions").json()
    assert [item["version"] for item in versions["items"]] == [1, 2]
    old = served.as_("analyst").get(f"/v1/bulletins/{first['id']}/versions/1").json()
    assert by_nationality(old)["VEN"] == 400
    flows = served.as_("analyst").get("/v1/flows", params={"nationality": "VEN"}).json()
    assert [(row["value"], row["bulletin"]) for row in flows["items"]] == [(410, f"{first['id']}@v2")]


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [(None, 428, "precondition-required"), ('"another.v1"', 412, "precondition-failed"), ("{id}.v2", 412, "precondition-failed")],
)
def test_a_revision_goes_against_the_version_that_its_sender_has_seen(served: Served, if_match: str | None, status: int, code: str):
    first = publish(served.as_("pan"))
    before = served.counts()
    headers = {"If-Match": if_match.format(id=first["id"])} if if_match else {}
    answer = served.as_("pan").put(f"/v1/bulletins/{first['id']}", json=bulletin(reason="x", cells=cells(VEN=9)), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert served.counts() == before


def test_a_revision_cannot_become_another_bulletin(served: Served):
    first = publish(served.as_("pan"))
    etag = {"If-Match": f'"{first["id"]}.v1"'}
    answer = served.as_("pan").put(f"/v1/bulletins/{first['id']}", json=bulletin(reason="x", period="2022-11"), headers=etag)
    assert (answer.status_code, answer.json()["code"]) == (422, "natural-key-differs")


def test_final_figures_never_become_provisional_again(served: Served):
    first = publish(served.as_("pan"), figure_status="final")
    etag = {"If-Match": f'"{first["id"]}.v1"'}
    answer = served.as_("pan").put(f"/v1/bulletins/{first['id']}", json=bulletin(reason="x", cells=cells(VEN=9)), headers=etag)
    assert (answer.status_code, answer.json()["code"]) == (422, "figure-status-back")


def test_a_code_once_pooled_stays_pooled_over_revisions(served: Served):
    first = publish(served.as_("pan"), cells=cells(VEN=400, SOM=3, ERI=40))
    assert "SOM" not in by_nationality(first)
    second = revise(served.as_("pan"), first, cells=cells(VEN=400, SOM=30, ERI=40))
    assert "SOM" not in by_nationality(second)


def test_a_withdrawn_bulletin_keeps_its_envelope_and_loses_its_body_everywhere(served: Served):
    first = publish(served.as_("pan"), title={"es": "Tránsito irregular"})
    taken = withdraw(served.as_("pan"), first)
    assert (taken["version"], taken["status"], taken["reason"], taken["cells"]) == (2, "withdrawn", "counted twice", None)
    reader = served.as_("analyst")
    for path in ("", "/versions/1", "/versions/2"):
        document = reader.get(f"/v1/bulletins/{first['id']}{path}").json()
        assert document["status"] == "withdrawn"
        assert document["cells"] is None
        assert "title" not in document
        assert len(document["digest"]) == 64
        assert document["signature"]["alg"] == "EdDSA"
    assert reader.get("/v1/flows").json()["total"] == 0
    assert (served.counts()["cell"], served.counts()["hideout"]) == (0, 0)
    listed = reader.get("/v1/bulletins", params={"status": "withdrawn"}).json()
    assert [item["cells"] for item in listed["items"]] == [None]
    assert all(item["document"] is None for item in reader.get("/v1/changes").json()["items"])


def test_withdrawing_twice_conflicts_and_posting_again_does_too(served: Served):
    first = publish(served.as_("pan"))
    taken = withdraw(served.as_("pan"), first)
    again = served.as_("pan").post(
        f"/v1/bulletins/{first['id']}/withdraw", json={"reason": "x"}, headers={"If-Match": f'"{taken["id"]}.v2"'}
    )
    assert (again.status_code, again.json()["code"]) == (409, "already-withdrawn")
    posted = served.as_("pan").post("/v1/bulletins", json=bulletin())
    assert (posted.status_code, posted.json()["code"]) == (409, "bulletin-exists")


def test_a_revision_reinstates_a_withdrawn_bulletin(served: Served):
    first = publish(served.as_("pan"))
    taken = withdraw(served.as_("pan"), first)
    back = revise(served.as_("pan"), taken, reason="withdrawn by mistake")
    assert (back["version"], back["status"]) == (3, "published")
    assert served.as_("analyst").get("/v1/flows").json()["total"] > 0
    assert served.as_("analyst").get(f"/v1/bulletins/{first['id']}/versions/1").json()["cells"] is None


def test_check_judges_as_publishing_would_and_stores_nothing(served: Served):
    before = served.counts()
    answer = served.as_("pan").post("/v1/bulletins/check", json=bulletin(cells=cells(VEN=400, SOM=3, ERI=4)))
    assert (answer.status_code, answer.json()["outcome"], answer.json()["findings"]) == (200, "publish", [])
    assert served.counts() == before
    published = publish(served.as_("pan"), cells=cells(VEN=400, SOM=3, ERI=4))
    assert answer.json()["bulletin"]["cells"] == published["cells"]
    refused = served.as_("pan").post("/v1/bulletins/check", json=bulletin(period="2022-11", cells=cells(SOM=3)))
    assert (refused.status_code, refused.json()["code"]) == (422, "total-too-small")


def test_a_batch_is_published_together(served: Served):
    body = {"bulletins": [bulletin(period=f"2022-{month:02}") for month in (1, 2, 3)]}
    answer = served.as_("pan").post("/v1/bulletins/batch", json=body)
    assert answer.status_code == 201
    assert [(item["period"], item["version"], item["outcome"]) for item in answer.json()["bulletins"]] == [
        ("2022-01", 1, "created"), ("2022-02", 1, "created"), ("2022-03", 1, "created"),
    ]  # fmt: skip
    again = served.as_("pan").post("/v1/bulletins/batch", json=body)
    assert again.status_code == 200
    assert {item["outcome"] for item in again.json()["bulletins"]} == {"unchanged"}


def test_one_bad_item_keeps_a_whole_batch_out(served: Served):
    before = served.counts()
    body = {"bulletins": [bulletin(period="2022-01"), bulletin(period="2022-13"), bulletin(period="2022-01", cells=cells(VEN=9))]}
    answer = served.as_("pan").post("/v1/bulletins/batch", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/bulletins/1/period"
    assert served.counts() == before


def test_a_batch_that_names_one_bulletin_twice_is_refused(served: Served):
    body = {"bulletins": [bulletin(), bulletin(cells=cells(VEN=9))]}
    answer = served.as_("pan").post("/v1/bulletins/batch", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bulletin-repeated")
    assert answer.json()["errors"][0]["pointer"] == "/bulletins/1/period"


def test_masked_cells_go_out_as_withheld_and_their_margins_are_null(served: Served):
    document = publish(
        served.as_("pan"),
        cells=[{"nationality": "VEN", "value": 40}, {"nationality": "SOM", "value": None, "value_status": "masked"}],
    )
    lattice = {cell["nationality"]: (cell["value"], cell.get("value_status")) for cell in document["cells"]}
    assert lattice == {
        "VEN": (40, None), "SOM": (None, "withheld"), "_AFR": (None, "withheld"), "_AMS": (40, None), "_T": (None, "withheld"),
    }  # fmt: skip
