"""Who may write what: 401 or 403, and "not mine to see" answers exactly as "does not exist"."""

import re
from itertools import product

import httpx
import pytest
from bodies import bulletin, cells, publish, revise, withdraw
from serving import Served
from sqlalchemy import text

from app.access.clients import disable

ABSENT = "01920000-0000-7000-8000-00000000dead"

WRITES = {
    "publish": ("POST", "/v1/bulletins", bulletin()),
    "batch": ("POST", "/v1/bulletins/batch", {"bulletins": [bulletin()]}),
    "check": ("POST", "/v1/bulletins/check", bulletin()),
    "revise": ("PUT", "/v1/bulletins/{id}", bulletin(reason="x")),
    "withdraw": ("POST", "/v1/bulletins/{id}/withdraw", {"reason": "x"}),
}
CALLERS = {
    None: (401, {"unauthenticated"}),
    "analyst": (403, {"role-forbidden"}),
    "rcm-analyst": (403, {"role-forbidden"}),
    "peer": (403, {"role-forbidden"}),
    "operator": (403, {"role-forbidden"}),
    "hnd": (403, {"not-your-state"}),
    "sacm": (403, {"not-your-state", "not-origin"}),
    "bra": (403, {"not-your-state", "not-origin"}),
}


def send(served: Served, who: str | None, write: str, document_id: str) -> httpx.Response:
    method, path, body = WRITES[write]
    return served.as_(who).request(method, path.format(id=document_id), json=body, headers={"If-Match": f'"{document_id}.v1"'})


def without_request_id(answer: httpx.Response) -> tuple[object, ...]:
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}
    return answer.status_code, re.sub(r'"request_id":"[^"]+"', "", answer.text), headers


def test_the_wrong_writer_is_refused_and_nothing_changes(served: Served):
    document = publish(served.as_("pan"))
    before = served.counts()
    for who, write in product(CALLERS, WRITES):
        audit = len(served.audit())
        answer = send(served, who, write, document["id"])
        status, codes = CALLERS[who]
        assert answer.status_code == status, (who, write)
        assert answer.json()["code"] in codes, (who, write)
        assert served.counts() == before, (who, write)
        assert [(outcome, code) for _, outcome, code in served.audit()[audit:]] == [("refused", answer.json()["code"])], (who, write)


def test_a_401_offers_both_schemes_and_never_says_why(served: Served):
    answers = [
        httpx.get(f"{served.url}/v1/bulletins", headers=headers, trust_env=False)
        for headers in ({}, {"Authorization": "Bearer istmo_nobody_x"}, {"Authorization": "Basic ####"}, {"Authorization": "Digest x"})
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {tuple(answer.headers.get_list("www-authenticate")) for answer in answers} == {
        ('Bearer realm="istmo"', 'Basic realm="istmo", charset="UTF-8"')
    }
    assert len({without_request_id(answer)[:2] for answer in answers}) == 1


def test_a_key_works_as_bearer_and_as_basic(served: Served):
    _, name, secret = served.keys["pan"].split("_", 2)
    answer = httpx.get(f"{served.url}/v1/bulletins", auth=(name, secret), trust_env=False)
    assert answer.status_code == 200


OF_ONE = (
    ("GET", "/v1/bulletins/{id}"), ("GET", "/v1/bulletins/{id}/versions"), ("GET", "/v1/bulletins/{id}/versions/1"),
    ("PUT", "/v1/bulletins/{id}"), ("POST", "/v1/bulletins/{id}/withdraw"),
)  # fmt: skip


def test_what_is_not_mine_to_see_answers_as_what_does_not_exist(served: Served):
    hidden = publish(served.as_("rcm"), tlp="RED", audience=["RCM/secretariat"])["id"]
    for who, (method, path) in product(("sacm", "bra", "hnd"), OF_ONE):
        body = {"reason": "x"} if path.endswith("withdraw") else bulletin(reason="x")
        sent = {"json": body if method != "GET" else None, "headers": {"If-Match": '"x.v1"'}}
        asked = [
            without_request_id(served.as_(who).request(method, path.format(id=each), **sent)) for each in (hidden, ABSENT, "no-uuid-at-all")
        ]
        assert asked[0] == asked[1] == asked[2], (who, method, path)
        assert asked[0][0] == 404, (who, method, path)


def test_only_a_member_state_is_published_for_so_that_no_count_enters_twice(served: Served):
    """Colombia observes in the RCM and is a member of the SACM."""
    answer = served.as_("rcm").post("/v1/bulletins", json=bulletin(reporting_state="COL"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not-your-state")
    assert answer.json()["errors"][0]["pointer"] == "/reporting_state"
    assert publish(served.as_("sacm"), reporting_state="COL")["origin"] == "SACM"


def test_another_conferences_name_in_the_body_is_refused(served: Served):
    answer = served.as_("rcm").post("/v1/bulletins", json=bulletin(conference="SACM", reporting_state="COL"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not-your-state")
    own_state = served.as_("rcm").post("/v1/bulletins", json=bulletin(conference="SACM"))
    assert (own_state.status_code, own_state.json()["errors"][0]["pointer"]) == (403, "/conference")
    assert served.counts()["log_entry"] == 0
    assert publish(served.as_("rcm"), conference="CRM")["origin"] == "RCM"


def test_rights_are_judged_before_the_form_of_a_body(served: Served):
    answer = served.as_("hnd").post("/v1/bulletins", json={"reporting_state": "PAN", "nonsense": 1})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-your-state")


def test_a_secretariat_revises_what_its_members_office_published(served: Served):
    document = publish(served.as_("pan"))
    assert revise(served.as_("rcm"), document, cells=cells(VEN=500))["issuer"] == "RCM/secretariat"


def test_a_disabled_client_is_refused_on_its_next_request(served: Served):
    assert served.as_("pan").get("/v1/bulletins").status_code == 200
    with served.node.db.write() as session:
        disable(session, served.keys["pan"].split("_")[1])
    assert served.as_("pan").get("/v1/bulletins").status_code == 401


AUDIENCES = [
    ({"tlp": "AMBER", "audience": ["RCM", "SACM"]}, 422),
    ({"tlp": "AMBER", "audience": ["SACM"]}, 422),
    ({"tlp": "AMBER", "audience": []}, 422),
    ({"tlp": "AMBER"}, 422),
    ({"tlp": "AMBER", "audience": ["RCM"]}, 201),
    ({"tlp": "AMBER", "audience": ["RCM/PAN", "RCM/HND"]}, 201),
    ({"tlp": "GREEN"}, 201),
]


@pytest.mark.parametrize(("marking", "status"), AUDIENCES)
def test_a_partner_restricts_to_its_own_conference_and_never_to_nobody(served: Served, marking: dict[str, object], status: int):
    answer = served.as_("pan").post("/v1/bulletins", json=bulletin(**marking))
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["code"] == "audience-not-yours"


SEEN = {
    ("CLEAR", None): {"rcm", "sacm", "pan", "hnd", "bra", "analyst", "rcm-analyst", "amber-analyst", "peer"},
    ("GREEN", None): {"rcm", "sacm", "pan", "hnd", "bra", "analyst", "rcm-analyst", "amber-analyst", "peer"},
    ("AMBER", ("RCM", "SACM")): {"rcm", "sacm", "pan", "hnd", "bra", "amber-analyst", "peer"},
    ("AMBER", ("SACM",)): {"rcm", "sacm", "pan", "bra", "amber-analyst", "peer"},
    ("AMBER", ("RCM",)): {"rcm", "pan", "hnd"},
    ("AMBER", ()): {"rcm", "pan", "hnd"},
    ("AMBER", ("SACM/BRA",)): {"rcm", "pan", "bra", "peer"},
    ("AMBER+STRICT", ("RCM", "SACM")): {"rcm", "sacm", "pan", "peer"},
    ("RED", ("SACM/BRA",)): {"rcm", "pan", "bra", "peer"},
    ("RED", ("RCM", "SACM")): {"rcm", "pan"},
}


def test_a_marking_is_obeyed_by_every_route_that_reads(served: Served):
    documents = {}
    for number, (tlp, audience) in enumerate(SEEN, 1):
        marked = {"tlp": tlp, "audience": None if audience is None else list(audience)}
        documents[tlp, audience] = publish(served.as_("rcm"), period=f"2022-{number:02}", **marked)["id"]
    for who in served.keys:
        reader = served.as_(who)
        seen = {documents[marking] for marking, readers in SEEN.items() if who in readers or who == "operator"}
        assert {each for each in documents.values() if reader.get(f"/v1/bulletins/{each}").status_code == 200} == seen, who
        page = reader.get("/v1/bulletins").json()
        assert ({item["id"] for item in page["items"]}, page["total"]) == (seen, len(seen)), who
        assert {item["id"] for item in reader.get("/v1/changes").json()["items"]} == seen, who
        if who != "operator":
            rows = reader.get("/v1/flows?limit=1000").json()["items"]
            assert {row["bulletin"].split("@")[0] for row in rows} == seen, who


def test_an_operator_sees_envelopes_and_no_bodies(served: Served):
    document = publish(served.as_("rcm"), tlp="RED", audience=["RCM/secretariat"], title={"en": "A title"})
    seen = served.as_("operator").get(f"/v1/bulletins/{document['id']}").json()
    assert seen["cells"] is None
    assert "title" not in seen
    assert seen["digest"] == document["digest"]
    assert served.as_("operator").get("/v1/changes").json()["items"][0]["document"] is None
    assert served.as_("operator").get("/v1/flows").status_code == 403


def test_a_hidden_document_changes_no_byte_that_others_get(served: Served):
    publish(served.as_("rcm"))
    paths = ["/v1/bulletins", "/v1/flows", "/v1/flows?group_by=nationality", "/v1/changes", "/v1/bulletins?limit=1", "/v1/flows?format=csv"]

    def answers() -> list[tuple[object, ...]]:
        return [without_request_id(served.as_(who).get(path)) for who in ("sacm", "bra", "analyst", "peer") for path in paths]

    before = answers()
    hidden = publish(served.as_("rcm"), period="2022-11", tlp="RED", audience=["RCM/secretariat"])
    hidden = revise(served.as_("rcm"), hidden, period="2022-11", tlp="RED", audience=["RCM/secretariat"], cells=cells(VEN=9))
    withdraw(served.as_("rcm"), hidden)
    assert answers() == before


def test_who_could_see_a_version_and_may_not_see_the_next_is_told_to_hide_it(served: Served):
    first = publish(served.as_("rcm"))
    etag = served.as_("analyst").get("/v1/bulletins").headers["etag"]
    revise(served.as_("rcm"), first, tlp="RED", audience=["RCM/secretariat"])
    items = served.as_("analyst").get("/v1/changes").json()["items"]
    assert [(item["op"], item["id"], item["version"], item["document"]) for item in items] == [("hide", first["id"], 2, None)]
    fresh = served.as_("analyst").get("/v1/bulletins", headers={"If-None-Match": etag})
    assert (fresh.status_code, fresh.json()["total"]) == (200, 0)
    assert served.as_("analyst").get(f"/v1/bulletins/{first['id']}/versions/1").status_code == 404


@pytest.mark.parametrize(("tlp", "outcomes"), [("GREEN", 0), ("AMBER", 1)])
def test_reading_amber_is_audited_before_the_answer_leaves(served: Served, tlp: str, outcomes: int):
    document = publish(served.as_("rcm"), tlp=tlp)
    served.as_("sacm").get(f"/v1/bulletins/{document['id']}")
    with served.node.db.read() as session:
        rows = session.execute(text("SELECT count(*) FROM audit WHERE outcome = 'read'")).scalar_one()
    assert rows == outcomes
    assert ("get_bulletin", "read", None) in served.audit()
