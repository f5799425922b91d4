"""A conference's policy: read by those who run the exchange, decided whole by its own secretariat, in force from the next write on."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from bodies import bulletin, cells, codes_of, publish, revise
from serving import Served, serving, settings_for
from sqlalchemy import text

Json = dict[str, Any]
DEFAULT: Json = {"protect": "contract", "k": 5, "delta_below_k": "publish", "partner_release": "at_once", "single_officer": False}
SMALL = {"VEN": 400, "SOM": 31, "ERI": 6}


def get(served: Served, who: str = "rcm", code: str = "RCM") -> httpx.Response:
    return served.as_(who).get(f"/v1/conferences/{code}/policy")


def put(served: Served, who: str | None = "rcm", code: str = "RCM", etag: str | None = None, **changes: object) -> httpx.Response:
    seen = etag or get(served, "operator", "RCM" if code == "CRM" else code).headers["etag"]
    return served.as_(who).put(f"/v1/conferences/{code}/policy", json={**DEFAULT, **changes}, headers={"If-Match": seen})


def decide(served: Served, **changes: object) -> Json:
    answer = put(served, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


def decisions(served: Served) -> list[tuple[object, ...]]:
    with served.node.db.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT * FROM policy_decision ORDER BY id"))]


def test_without_a_decision_the_contracts_policy_rules(served: Served):
    for who in ("rcm", "sacm", "operator"):
        for code in ("RCM", "CRM", "SACM"):
            answer = get(served, who, code)
            assert (answer.status_code, answer.json()) == (200, DEFAULT)
    assert get(served, code="RCM").headers["etag"] != get(served, code="SACM").headers["etag"]


def test_an_unchanged_policy_is_304(served: Served):
    etag = get(served).headers["etag"]
    answer = served.as_("rcm").get("/v1/conferences/RCM/policy", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    decide(served, k=6)
    assert served.as_("rcm").get("/v1/conferences/RCM/policy", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("pan", 403), ("analyst", 403), ("peer", 403)])
def test_who_does_not_run_the_exchange_does_not_read_it(standing: Served, who: str | None, status: int):
    assert standing.as_(who).get("/v1/conferences/RCM/policy").status_code == status


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        (None, 401, "unauthenticated"),
        ("operator", 403, "role-forbidden"),
        ("pan", 403, "role-forbidden"),
        ("analyst", 403, "role-forbidden"),
        ("peer", 403, "role-forbidden"),
        ("sacm", 403, "not-your-conference"),
    ],
)
def test_only_its_own_secretariat_decides_it(standing: Served, who: str | None, status: int, code: str):
    before, audit = decisions(standing), len(standing.audit())
    answer = put(standing, who, k=6)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert decisions(standing) == before
    assert standing.audit()[audit:] == [("decide_policy", "refused", code)]


def test_a_node_that_does_not_sign_for_a_conference_takes_no_policy_of_it(stores, tmp_path):
    with serving(settings_for(stores.ready("sqlite"), tmp_path, conferences="RCM")) as served:
        assert put(served, "sacm", "SACM", k=6).json()["code"] == "not-authored-here"
        assert put(served, "rcm", "CRM", k=6).status_code == 200


def test_a_decision_is_a_new_row_with_its_audit(served: Served):
    before, audit, etag = decisions(served), len(served.audit()), get(served).headers["etag"]
    answer = put(served, k=6, partner_release="after_minutes:90", single_officer=True)
    assert answer.json() == {**DEFAULT, "k": 6, "partner_release": "after_minutes:90", "single_officer": True}
    assert get(served).json() == answer.json()
    assert get(served).headers["etag"] == answer.headers["etag"] != etag
    assert decisions(served)[: len(before)] == before
    assert len(decisions(served)) == len(before) + 1
    assert served.audit()[audit:] == [("decide_policy", "done", None)]
    assert get(served, code="SACM").json() == DEFAULT


def test_an_equal_policy_writes_nothing(served: Served):
    before, audit, etag = decisions(served), len(served.audit()), get(served).headers["etag"]
    answer = put(served)
    assert (answer.status_code, answer.headers["etag"]) == (200, etag)
    assert decisions(served) == before
    assert served.audit()[audit:] == [("decide_policy", "unchanged", None)]


def test_a_decision_is_made_against_the_policy_that_was_seen(served: Served):
    path, etag = "/v1/conferences/RCM/policy", get(served).headers["etag"]
    before = decisions(served)
    bare = served.as_("rcm").put(path, json={**DEFAULT, "k": 6})
    assert (bare.status_code, bare.json()["code"]) == (428, "precondition-required")
    assert put(served, etag='"RCM.policy.0"', k=6).json()["code"] == "precondition-failed"
    assert decisions(served) == before
    assert put(served, etag=etag, k=6).status_code == 200
    late = put(served, etag=etag, k=7)
    assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")
    assert late.headers["etag"] == get(served).headers["etag"]
    assert get(served).json()["k"] == 6


def test_of_decisions_at_once_against_one_policy_one_stands(served: Served):
    headers = {"Authorization": f"Bearer {served.keys['rcm']}", "If-Match": get(served).headers["etag"]}

    def send(k: int) -> int:
        body, address = {**DEFAULT, "k": k}, f"{served.url}/v1/conferences/RCM/policy"
        return httpx.put(address, json=body, headers=headers, timeout=60, trust_env=False).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(send, range(6, 14))) == [200] + [412] * 7
    assert len(decisions(served)) == 3


def test_a_decision_under_a_key_is_made_once(served: Served):
    headers = {"If-Match": get(served).headers["etag"], "Idempotency-Key": "policy-1"}
    first, again = (served.as_("rcm").put("/v1/conferences/RCM/policy", json={**DEFAULT, "k": 6}, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, first.json(), first.headers["etag"]) == (200, 200, again.json(), again.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"
    assert len(decisions(served)) == 3


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"k": 2}, "/k", "out-of-range"),
        ({"k": 21}, "/k", "out-of-range"),
        ({"k": "5"}, "/k", "not-a-whole-number"),
        ({"k": True}, "/k", "not-a-whole-number"),
        ({"protect": "hide"}, "/protect", "code-unknown"),
        ({"delta_below_k": "drop"}, "/delta_below_k", "code-unknown"),
        ({"partner_release": "after_minutes:0"}, "/partner_release", "format"),
        ({"partner_release": "after_minutes:100000"}, "/partner_release", "format"),
        ({"partner_release": "later"}, "/partner_release", "format"),
        ({"single_officer": 1}, "/single_officer", "format"),
        ({"colour": "blue"}, "/colour", "field-unknown"),
    ],
)
def test_a_wrong_policy_is_refused_by_its_field(standing: Served, changes: Json, pointer: str, code: str):
    before = decisions(standing)
    answer = put(standing, **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-document"), answer.text
    assert codes_of(answer) == {(pointer, code)}
    assert decisions(standing) == before


@pytest.mark.parametrize("field", DEFAULT)
def test_a_policy_is_whole(standing: Served, field: str):
    body = {name: value for name, value in DEFAULT.items() if name != field}
    answer = standing.as_("rcm").put("/v1/conferences/RCM/policy", json=body, headers={"If-Match": get(standing).headers["etag"]})
    assert codes_of(answer) == {(f"/{field}", "field-missing")}


# ---- what it does --------------------------------------------------------------------------------------------------------------


def test_a_new_k_holds_from_the_next_write_for_new_flows_and_never_for_old_ones(served: Served):
    """6 persons stand alone at k = 5; at k = 10 they are too few, unless their flow was published at 5 before."""
    publish(served.as_("pan"))
    decide(served, k=10)
    old = publish(served.as_("pan"), period="2022-11", cells=cells(**SMALL))
    assert old["disclosure"]["k"] == 5
    refused = served.as_("pan").post("/v1/bulletins?protect=none", json=bulletin(measure="rescue", cells=cells(**SMALL)))
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot-be-protected")
    new = publish(served.as_("pan"), measure="rescue", cells=cells(VEN=400, SOM=31))
    assert new["disclosure"]["k"] == 10
    decide(served, k=3)
    for measure, k in (("irregular_transit", 5), ("rescue", 10), ("removal", 3)):
        assert publish(served.as_("pan"), measure=measure, period="2022-12")["disclosure"]["k"] == k
    assert publish(served.as_("sacm"), reporting_state="COL")["disclosure"]["k"] == 5


def test_the_conferences_method_rules_where_the_sender_asks_for_none(served: Served):
    decide(served, protect="none")
    assert publish(served.as_("pan"))["disclosure"]["method"] == "none"
    answer = served.as_("pan").post("/v1/bulletins", json=bulletin(period="2022-11", cells=cells(VEN=400, SOM=3)))
    assert (answer.status_code, answer.json()["code"]) == (422, "cannot-be-protected")
    asked = served.as_("pan").post("/v1/bulletins?protect=pool", json=bulletin(period="2022-11"))
    assert asked.json()["disclosure"]["method"] == "pool"


@pytest.mark.parametrize("method", ["withhold", "round", "none"])
def test_the_method_of_the_conference_protects_what_its_senders_do_not_name_one_for(served: Served, method: str):
    decide(served, protect=method)
    assert publish(served.as_("pan"))["disclosure"]["method"] == method


def test_a_revision_that_would_have_to_be_held_is_not_published(served: Served):
    document = publish(served.as_("pan"))
    decide(served, delta_below_k="hold")
    before = served.counts()
    headers = {"If-Match": f'"{document["id"]}.v1"'}
    body = bulletin(reason="late forms", cells=cells(VEN=402, NPL=213, SOM=31))
    answer = served.as_("pan").put(f"/v1/bulletins/{document['id']}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "not-supported-yet")
    assert served.counts() == before
    publish(served.as_("pan"), period="2022-11")
    decide(served)
    assert revise(served.as_("pan"), document, cells=cells(VEN=402, NPL=213, SOM=31))["version"] == 2
