"""Writes under an Idempotency-Key: one record, one answer, whatever comes twice (contract: Writes)."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
from bodies import bulletin, cells, publish
from serving import Served
from sqlalchemy import text

from app.access.clients import disable


def post(served: Served, who: str, key: str, **changes: object) -> httpx.Response:
    return served.as_(who).post("/v1/bulletins", json=bulletin(**changes), headers={"Idempotency-Key": key})


def test_the_kept_answer_comes_back_and_the_repeat_is_audited(served: Served):
    first = post(served, "pan", "week-1", cells=cells(VEN=400, SOM=3, ERI=4))
    before, audit = served.counts(), len(served.audit())
    again = post(served, "pan", "week-1", cells=cells(VEN=400, SOM=3, ERI=4))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.headers["etag"], again.headers["location"]) == (first.headers["etag"], first.headers["location"])
    assert served.counts() == before
    assert served.audit()[audit:] == [("publish_bulletin", "replayed", None)]


def test_the_kept_answer_holds_no_figure_that_depends_on_hidden_counts(served: Served):
    first = post(served, "pan", "k", cells=cells(VEN=400, SOM=3, ERI=4)).json()
    again = post(served, "pan", "k", cells=cells(VEN=400, SOM=3, ERI=4)).json()
    assert "population_shown_pct" in first
    assert "population_shown_pct" not in again
    assert again["cells"] == first["cells"]


FILE = (
    "period,publisher,nationality,value\n2022-01,PAN-A,VEN,3\n2022-01,PAN-B,VEN,40\n2022-02,PAN-A,VEN,50\n2022-02,PAN-B,VEN,2\n"
    "2022-03,PAN-A,VEN,60\n"
)


def push(served: Served, key: str, content: str = FILE, **more: str) -> httpx.Response:
    asked = {"state": "PAN", "measure": "irregular_transit", "unit": "person", "leave_out_small": "true"}
    headers = {"Idempotency-Key": key, **more}
    return served.as_("rcm").post("/v1/bulletins/files", params=asked, files={"file": ("x.csv", content.encode())}, headers=headers)


def outcomes(answer: httpx.Response) -> list[tuple[str, str, bool]]:
    return [(item["period"], item["outcome"], item["id"] is None) for item in answer.json()["bulletins"]]


def test_what_a_file_left_out_is_told_again_in_its_place_though_it_is_kept_nowhere(served: Served):
    """3 and 2 persons are fewer than 5; that they are is nothing that a store may hold, so it is worked out from the file again."""
    first = push(served, "file")
    assert outcomes(first) == [
        ("2022-01", "left_out", True), ("2022-01", "created", False), ("2022-02", "created", False), ("2022-02", "left_out", True),
        ("2022-03", "created", False),
    ]  # fmt: skip
    with served.node.db.read() as session:
        (kept,) = session.execute(text("SELECT body FROM idempotency_answer")).scalars()
    assert b"left_out" not in bytes(kept)
    assert [item["period"] for item in json.loads(bytes(kept))["bulletins"]] == ["2022-01", "2022-02", "2022-03"]
    before = served.counts()
    again = push(served, "file")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json()["bulletins"] == first.json()["bulletins"]
    lines = push(served, "file", Accept="application/x-ndjson").text.splitlines()
    assert json.loads(lines[-1])["answer"]["bulletins"] == first.json()["bulletins"]
    assert served.counts() == before


def test_a_file_of_which_everything_is_left_out_says_so_again(served: Served):
    small = "period,nationality,value\n2022-01,VEN,3\n2022-02,VEN,1\n"
    answers = [push(served, "small", small) for _ in range(2)]
    assert [(answer.status_code, outcomes(answer)) for answer in answers] == [
        (200, [("2022-01", "left_out", True), ("2022-02", "left_out", True)])
    ] * 2
    assert served.counts()["log_entry"] == 0


def test_another_body_under_the_key_is_refused(served: Served):
    post(served, "pan", "k")
    answer = post(served, "pan", "k", period="2022-11")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    other = served.as_("pan").post("/v1/bulletins?protect=none", json=bulletin(), headers={"Idempotency-Key": "k"})
    assert other.json()["code"] == "idempotency-key-reused"


def test_a_key_belongs_to_its_client_and_route(served: Served):
    post(served, "pan", "k")
    assert post(served, "hnd", "k", reporting_state="HND").status_code == 201
    batch = served.as_("pan").post("/v1/bulletins/batch", json={"bulletins": [bulletin()]}, headers={"Idempotency-Key": "k"})
    assert batch.json()["bulletins"][0]["outcome"] == "unchanged"


def test_a_refused_write_keeps_no_answer(served: Served):
    assert post(served, "pan", "k", cells=cells(SOM=3)).status_code == 422
    assert post(served, "pan", "k").status_code == 201


def test_rights_are_judged_again_before_a_replay(served: Served):
    post(served, "pan", "k")
    with served.node.db.write() as session:
        disable(session, served.keys["pan"].split("_")[1])
    assert post(served, "pan", "k").status_code == 401


def test_an_empty_or_endless_key_is_refused(served: Served):
    for key in ("", "x" * 256):
        answer = post(served, "pan", key)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-invalid")


def test_sixteen_equal_requests_under_one_key_make_one_record(served: Served):
    def send(_: int) -> int:
        headers = {"Authorization": f"Bearer {served.keys['pan']}", "Idempotency-Key": "one"}
        return httpx.post(f"{served.url}/v1/bulletins", json=bulletin(), headers=headers, timeout=60, trust_env=False).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(send, range(16)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert served.counts()["log_entry"] == 1
    assert post(served, "pan", "one").status_code == 201
    assert served.counts()["log_entry"] == 1


def test_sixteen_equal_requests_without_a_key_make_one_record(served: Served):
    def send(_: int) -> int:
        headers = {"Authorization": f"Bearer {served.keys['pan']}"}
        return httpx.post(f"{served.url}/v1/bulletins", json=bulletin(), headers=headers, timeout=60, trust_env=False).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(send, range(16)))
    assert statuses == [200] * 15 + [201]
    assert served.counts()["log_entry"] == 1
    publish(served.as_("pan"), period="2022-11")
