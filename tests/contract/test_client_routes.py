"""/v1/clients: what an operator makes, sees, renews and disables; secrets are shown once (contract: access)."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from bodies import codes_of
from serving import CLIENTS, Served
from signing import ASSERTION_TYPE, assertion, client_id, jwk, me, pair, pem, private_pem, token
from sqlalchemy import text

from app.access.audit import Attempt
from app.access.callers import authenticate
from app.access.clients import NewClient, create, rotate_own
from app.wire.codes import Role

KEY = pair()
ANALYST: dict[str, Any] = {"role": "analyst", "conference": "SACM"}


def make(served: Served, body: Any, **more: Any) -> httpx.Response:
    return served.as_("operator").post("/v1/clients", json=body, **more)


def rows(served: Served) -> list[tuple[Any, ...]]:
    with served.node.db.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT * FROM client ORDER BY id"))]


def listed(served: Served, query: str = "") -> list[str]:
    return [item["client_id"] for item in served.as_("operator").get(f"/v1/clients{query}").json()["items"]]


def test_an_operator_makes_a_client_whose_secret_is_in_the_answer_and_nowhere_else(served: Served):
    body = {
        "role": "partner",
        "conference": "RCM",
        "state": "PAN",
        "ceiling": "AMBER",
        "person": "Ana",
        "name": "  carga semanal",
        "expires_at": "2099-01-01T00:00:00-05:00",
        "public_key": pem(KEY),
    }
    answer = make(served, body)
    made = answer.json()
    who = made["client_id"]
    assert (answer.status_code, answer.headers["location"], answer.headers["cache-control"]) == (201, f"/v1/clients/{who}", "no-store")
    assert made.pop("api_key") == f"istmo_{who}_{made['secret']}"
    key = f"istmo_{who}_{made.pop('secret')}"
    expected = {**body, "office": "RCM/PAN", "expires_at": "2099-01-01T05:00:00.000000Z", "public_key": jwk(KEY), "name": "  carga semanal"}
    assert {name: made[name] for name in expected} == expected
    seen = served.as_("operator").get(f"/v1/clients/{who}")
    assert (seen.json(), seen.headers["cache-control"]) == (made, "private, no-cache")
    assert me(served, key).json()["office"] == "RCM/PAN"
    assert key.split("_", 2)[2] not in served.as_("operator").get("/v1/clients").text + seen.text + repr(rows(served))
    with served.node.db.read() as session:
        audit = session.execute(text("SELECT action, outcome, client_id, document_id, address FROM audit ORDER BY id DESC LIMIT 1")).one()
    assert tuple(audit) == ("create_client", "done", client_id(served, "operator"), who, "127.0.0.1")


@pytest.mark.parametrize("given", [jwk(KEY, kid="1", use="sig"), pem(KEY)])
def test_a_client_with_a_key_gets_a_token_by_it(served: Served, given: Any):
    who = make(served, {**ANALYST, "public_key": given}).json()["client_id"]
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(KEY, who, "1")}
    assert served.as_(None).post("/oauth/token", data=form).status_code == 200


@pytest.mark.parametrize(("sent", "kept"), [("CRM", "RCM"), ("CSM", "SACM")])
def test_a_conference_may_be_named_by_its_other_code(served: Served, sent: str, kept: str):
    assert make(served, {"role": "peer", "conference": sent}).json()["conference"] == kept


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("changes", "status", "code", "findings"),
    [
        ({"role": "partner"}, 422, "client-invalid", set()),
        ({"state": "PAN"}, 422, "client-invalid", set()),
        ({"role": "partner", "conference": "RCM", "state": "COL"}, 422, "client-invalid", set()),
        ({"role": "partner", "conference": "RCM", "state": "ZZZ"}, 422, "client-invalid", set()),
        ({"conference": "ABC"}, 422, "invalid-document", {("/conference", "code-unknown")}),
        ({"role": "admin"}, 422, "invalid-document", {("/role", "code-unknown")}),
        ({"role": None}, 422, "invalid-document", {("/role", "field-missing")}),
        ({"ceiling": "WHITE"}, 422, "invalid-document", {("/ceiling", "code-unknown")}),
        ({"scope": "x"}, 422, "invalid-document", {("/scope", "field-unknown")}),
        ({"secret": "x"}, 422, "invalid-document", {("/secret", "field-unknown")}),
        ({"name": "x" * 201}, 422, "invalid-document", {("/name", "text-too-long")}),
        ({"name": "\ufdfa" * 20}, 422, "invalid-document", {("/name", "text-too-long")}),
        ({"person": "a\u200bb"}, 422, "invalid-document", {("/person", "text-character")}),
        ({"person": " "}, 422, "invalid-document", {("/person", "text-empty")}),
        ({"expires_at": "2099-01-01"}, 422, "invalid-document", {("/expires_at", "format")}),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, 422, "invalid-document", {("/expires_at", "format")}),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "invalid-document", {("/expires_at", "expiry-past")}),
        ({"public_key": private_pem(KEY)}, 422, "invalid-document", {("/public_key", "private-key-sent")}),
        ({"public_key": jwk(KEY, d="AA")}, 422, "invalid-document", {("/public_key", "private-key-sent")}),
        ({"public_key": jwk(KEY, crv="P-521")}, 422, "invalid-document", {("/public_key", "public-key-invalid")}),
        ({"public_key": "x" * 2_001}, 422, "invalid-document", {("/public_key", "public-key-invalid")}),
        ({"public_key": {f"m{number}": 1 for number in range(21)}}, 422, "invalid-document", {("/public_key", "public-key-invalid")}),
        ({"public_key": 5}, 422, "invalid-document", {("/public_key", "public-key-invalid")}),
        ({"public_key": []}, 422, "invalid-document", {("/public_key", "public-key-invalid")}),
    ],
)
def test_a_client_that_does_not_fit_is_refused_and_not_made(
    standing: Served, changes: dict[str, Any], status: int, code: str, findings: set[tuple[str, str]]
):
    before, audit = rows(standing), len(standing.audit())
    body = {name: value for name, value in {**ANALYST, **changes}.items() if value is not None or name not in ANALYST}
    answer = make(standing, body)
    assert (answer.status_code, answer.json()["code"], codes_of(answer)) == (status, code, findings)
    assert rows(standing) == before
    assert standing.audit()[audit:] == [("create_client", "refused", code)]
    assert private_pem(KEY)[40:80] not in answer.text


@pytest.mark.parametrize("who", [name for name in CLIENTS if name != "operator"])
def test_nobody_but_an_operator_sees_or_changes_clients_or_reads_the_audit(standing: Served, who: str):
    before, target = rows(standing), client_id(standing, "hnd")
    asked = standing.as_(who)
    answers = [asked.get(path) for path in ("/v1/clients", f"/v1/clients/{target}", "/v1/clients/x", "/v1/audit")]
    answers += [asked.post(f"/v1/clients{path}", json=ANALYST) for path in ("", f"/{target}/rotate", f"/{target}/disable", "/x/disable")]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "role-forbidden")}
    assert rows(standing) == before


def test_a_rotation_ends_every_older_secret_and_token_at_once(served: Served):
    old, bearer, who = served.keys["pan"], token(served), client_id(served, "pan")
    caller = authenticate(served.node.db, f"Bearer {old}")
    with served.node.db.write() as session:
        between = rotate_own(session, caller, Attempt("x")).api_key
    answer = served.as_("operator").post(f"/v1/clients/{who}/rotate")
    made = answer.json()
    assert (answer.status_code, answer.headers["cache-control"], made["previous_secret_until"]) == (200, "no-store", None)
    assert [me(served, each).status_code for each in (old, between, bearer, made["api_key"])] == [401, 401, 401, 200]


def test_a_disabled_client_is_refused_on_its_next_request_and_stays_in_the_list(served: Served):
    bearer, who = token(served), client_id(served, "pan")
    answers = [served.as_("operator").post(f"/v1/clients/{who}/disable") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["disabled_at"] == answers[1].json()["disabled_at"] is not None
    assert [me(served, each).status_code for each in (served.keys["pan"], bearer)] == [401, 401]
    assert who in listed(served)


@pytest.mark.parametrize("path", ["", "/rotate", "/disable"])
@pytest.mark.parametrize("who", ["nosuchclient", "a%00b", "x" * 64, "%F0%9F%9B%B6", "a%0Ab"])
def test_a_client_that_does_not_exist_is_404_whatever_its_name(standing: Served, path: str, who: str):
    asked = standing.as_("operator")
    answer = asked.get(f"/v1/clients/{who}") if not path else asked.post(f"/v1/clients/{who}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "client-unknown")


def test_the_last_operator_is_not_disabled_over_http_whoever_is_left(served: Served):
    own = client_id(served, "operator")
    for spare in (NewClient(Role.OPERATOR, "SACM", expires_at=datetime.now(UTC) - timedelta(days=1)), NewClient(Role.SECRETARIAT, "RCM")):
        with served.node.db.write() as session:
            create(session, spare)
    answer = served.as_("operator").post(f"/v1/clients/{own}/disable")
    assert (answer.status_code, answer.json()["code"]) == (409, "last-operator")
    assert me(served, served.keys["operator"]).status_code == 200
    assert served.as_("operator").post(f"/v1/clients/{own}/rotate").status_code == 200


def test_of_two_operators_who_disable_each_other_at_once_one_is_left(served: Served):
    with served.node.db.write() as session:
        other = create(session, NewClient(Role.OPERATOR, "SACM"))
    pairs = [(served.keys["operator"], other.client_id), (other.api_key, client_id(served, "operator"))]
    start, answers = threading.Barrier(2), []

    def turn(key: str, target: str) -> None:
        with httpx.Client(base_url=served.url, trust_env=False, timeout=60, headers={"Authorization": f"Bearer {key}"}) as client:
            client.get("/v1/me")
            start.wait()
            answers.append(client.post(f"/v1/clients/{target}/disable").status_code)

    threads = [threading.Thread(target=turn, args=each) for each in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(200) == 1
    assert sorted(me(served, key).status_code for key, _ in pairs) == [200, 401]


@pytest.mark.parametrize("path", ["", "/{who}/rotate", "/{who}/disable"])
def test_no_idempotency_key_is_taken_for_clients(standing: Served, path: str):
    before, target = rows(standing), path.format(who=client_id(standing, "pan"))
    answer = standing.as_("operator").post(f"/v1/clients{target}", json=ANALYST, headers={"Idempotency-Key": "1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-not-taken")
    assert rows(standing) == before


def test_the_list_filters_pages_and_counts(served: Served):
    everyone = [client_id(served, who) for who in CLIENTS]
    served.as_("operator").post(f"/v1/clients/{client_id(served, 'hnd')}/disable")
    assert listed(served) == everyone
    for query, names in {
        "?role=partner": ["pan", "hnd", "bra"],
        "?role=partner&conference=CRM": ["pan", "hnd"],
        "?state=BRA": ["bra"],
        "?state=BR": ["bra"],
        "?disabled=true": ["hnd"],
        "?disabled=false&role=partner": ["pan", "bra"],
        "?conference=XYZ": [],
    }.items():
        answer = served.as_("operator").get(f"/v1/clients{query}").json()
        assert ([item["client_id"] for item in answer["items"]], answer["total"]) == (
            [client_id(served, name) for name in names],
            len(names),
        )
    found, url = [], "/v1/clients?limit=4"
    while url:
        page = served.as_("operator").get(url)
        assert page.json()["total"] == len(everyone)
        found += [item["client_id"] for item in page.json()["items"]]
        url = page.headers["link"].split(">")[0][1:] if "link" in page.headers else ""
        assert bool(url) == (page.json()["next_cursor"] is not None)
    assert found == everyone


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("role=admin", "code-unknown"),
        ("disabled=maybe", "format"),
        ("limit=0", "out-of-range"),
        ("limit=1001", "out-of-range"),
        ("cursor=nonsense", "cursor-invalid"),
        ("state=", "parameter-empty"),
        ("secret=x", "parameter-unknown"),
        ("state=%00", "text-character"),
    ],
)
def test_a_filter_that_does_not_exist_is_refused(standing: Served, query: str, code: str):
    answer = standing.as_("operator").get(f"/v1/clients?{query}")
    assert (answer.status_code, {found for _, found in codes_of(answer)} or {answer.json()["code"]}) == (422, {code})


def test_a_cursor_of_one_filter_does_not_open_another(served: Served):
    cursor = served.as_("operator").get("/v1/clients?limit=1").json()["next_cursor"]
    assert served.as_("operator").get(f"/v1/clients?role=partner&cursor={cursor}").status_code == 422
    assert served.as_("operator").get(f"/v1/audit?cursor={cursor}").status_code == 422
