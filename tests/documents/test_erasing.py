"""Erasure over HTTP: what a bulletin said is gone for good from everything that is stored or served, and only that it stood is told."""

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from bodies import Body, bulletin, cells, codes_of, publish, revise, withdraw
from serving import Served
from sqlalchemy import text

from app.access.audit import Attempt
from app.bulletins.projection import forget_one
from app.bulletins.proofs import certificate_faults
from app.core.parents import lost
from app.core.problems import Problem
from app.documents.erasing import erase as erase_document
from app.exchange import verify
from app.main import rebuild

ABSENT = "01920000-0000-7000-8000-00000000dead"
WORD = "zarzamora"
OTHERS = ("rcm", "pan", "hnd", "sacm", "bra", "analyst", "amber-analyst", "peer", "operator")


def erase(client: httpx.Client, document: Body, reason: object = "it named a person", **headers: str) -> httpx.Response:
    """Erase a bulletin in the version that is given."""
    etag = f'"{document["id"]}.v{document["version"]}"'
    return client.post(f"/v1/bulletins/{document['id']}/erase", json={"reason": reason}, headers={"If-Match": etag, **headers})


def erased(client: httpx.Client, document: Body) -> Body:
    """Erase a bulletin and give the answer."""
    answer = erase(client, document)
    assert answer.status_code == 200, answer.text
    return answer.json()


def items(served: Served, who: str) -> list[Body]:
    """The feed from the start as one caller gets it."""
    return served.as_(who).get("/v1/changes").json()["items"]


def still(answer: httpx.Response) -> tuple[object, ...]:
    """What of an answer may not differ."""
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, body, {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}


def stored(served: Served, *but: str) -> Iterator[tuple[str, str]]:
    """Every row of every table but some, as one text with the name of its table."""
    kind = "sqlite_master WHERE type = 'table'" if served.node.db.is_sqlite else "information_schema.tables WHERE table_schema = 'public'"
    name = "name" if served.node.db.is_sqlite else "table_name"
    with served.node.db.read() as session:
        for table in session.scalars(text(f"SELECT {name} FROM {kind}")).all():
            for row in session.execute(text(f"SELECT * FROM {table}")) if table not in but else ():
                yield (
                    table,
                    " ".join(bytes(cell).decode(errors="replace") if isinstance(cell, bytes | memoryview) else str(cell) for cell in row),
                )


def tables_with(served: Served, *words: str) -> set[str]:
    """The tables in which one of these words stands."""
    return {table for table, row in stored(served) if any(word in row for word in words)}


def faults(served: Served) -> list[verify.Fault]:
    with served.node.db.read() as session:
        return [*verify.faults(session), *certificate_faults(session)]


def test_an_erasure_answers_with_what_the_feed_will_say_and_the_feed_says_no_more(served: Served):
    document = publish(served.as_("pan"), narrative={"es": WORD})
    document = revise(served.as_("pan"), document, cells=cells(VEN=500))
    other = publish(served.as_("pan"), period="2022-11")
    answer = erased(served.as_("rcm"), document)
    assert answer == {"id": document["id"], "version": 3, "op": "erase", "origin": "RCM", "time": answer["time"]}
    for who in ("analyst", "pan", "sacm", "operator"):
        found = [{name: value for name, value in item.items() if name != "seq"} for item in items(served, who)]
        mine = [item for item in found if item["id"] == document["id"]]
        assert [(item["version"], set(item)) for item in mine] == [(each, {"id", "version", "op", "origin", "time"}) for each in (1, 2, 3)]
        assert {(item["op"], item["origin"]) for item in mine} == {("erase", "RCM")}
        assert mine[2] == answer
        assert [item["op"] for item in found if item["id"] == other["id"]] == ["publish"]


def test_nothing_of_what_it_said_is_stored_anywhere_but_its_figures_in_the_ledger(served: Served):
    first = publish(served.as_("pan"), narrative={"es": WORD}, cells=cells(VEN=918273))
    second = revise(served.as_("pan"), first, narrative={"es": f"{WORD} otra"}, cells=cells(VEN=918273, HTI=40))
    said = (WORD, *(str(each[name]) for each in (first, second) for name in ("salt", "digest")), first["signature"]["value"])
    assert tables_with(served, *said) == {"log_entry"}
    assert tables_with(served, "918273") == {"log_entry", "cell", "certificate", "published_table"}
    erased(served.as_("rcm"), second)
    assert tables_with(served, *said) == set()
    assert tables_with(served, "918273") == {"published_table"}
    assert tables_with(served, first["id"]) == {"log_entry", "document_access", "audit", "published_table"}


def test_a_kept_answer_that_names_it_goes_and_the_others_stay(served: Served):
    client = served.as_("pan")

    def post(key: str, **changes: object) -> Body:
        return client.post("/v1/bulletins", json=bulletin(**changes), headers={"Idempotency-Key": key}).json()

    document, other = post("one", narrative={"es": WORD}), post("two", period="2022-11")
    withdraw_headers = {"If-Match": f'"{document["id"]}.v1"', "Idempotency-Key": "back"}
    assert client.post(f"/v1/bulletins/{document['id']}/withdraw", json={"reason": "x"}, headers=withdraw_headers).status_code == 200
    assert served.counts()["idempotency_answer"] == 3
    erased(served.as_("rcm"), {**document, "version": 2})
    assert served.counts()["idempotency_answer"] == 1
    again = client.post("/v1/bulletins", json=bulletin(period="2022-11"), headers={"Idempotency-Key": "two"})
    assert (again.headers.get("idempotency-replayed"), again.json()["id"]) == ("true", other["id"])


def test_an_erasure_that_is_sent_twice_under_one_key_is_answered_twice_alike(served: Served):
    document = publish(served.as_("pan"))
    once, twice = (erase(served.as_("rcm"), document, **{"Idempotency-Key": "gone"}) for _ in range(2))
    assert (once.status_code, twice.status_code) == (200, 200)
    assert once.content == twice.content
    assert (once.headers.get("idempotency-replayed"), twice.headers.get("idempotency-replayed")) == (None, "true")
    other_key = erase(served.as_("rcm"), document, **{"Idempotency-Key": "again"})
    assert (other_key.status_code, other_key.json()["code"]) == (404, "not-found")
    assert [entry for entry in served.audit() if entry[0] == "erase_bulletin"] == [
        ("erase_bulletin", "erased", None), ("erase_bulletin", "replayed", None), ("erase_bulletin", "refused", "not-found"),
    ]  # fmt: skip


PATHS = ("", "/versions", "/versions/1", "/versions/2", "/versions/3", "/certificate", "/certificate?version=1", "/disclosure-report")


def test_for_everybody_it_is_as_if_it_had_never_been(served: Served):
    document = revise(served.as_("rcm"), publish(served.as_("rcm")), cells=cells(VEN=500))
    erased(served.as_("rcm"), document)
    for who, path in itertools.product(OTHERS, PATHS):
        gone, absent = (served.as_(who).get(f"/v1/bulletins/{each}{path}") for each in (document["id"], ABSENT))
        assert gone.status_code in {404, 403}, (who, path)
        assert still(gone) == still(absent), (who, path)
    for who in OTHERS:
        listed = served.as_(who).get("/v1/bulletins").json()
        assert (listed["items"], listed["total"]) == ([], 0), who
    flows = served.as_("analyst").get("/v1/flows").json()
    assert (flows["items"], flows["total"]) == ([], 0)


def test_it_can_be_neither_revised_nor_withdrawn_nor_erased_nor_published_under_its_id(served: Served):
    document = publish(served.as_("rcm"))
    erased(served.as_("rcm"), document)
    before = served.counts()
    path, client = f"/v1/bulletins/{document['id']}", served.as_("rcm")
    for version in (1, 2):
        headers = {"If-Match": f'"{document["id"]}.v{version}"'}
        refused = [
            client.put(path, json=bulletin(reason="x"), headers=headers),
            client.post(f"{path}/withdraw", json={"reason": "x"}, headers=headers),
            erase(client, {**document, "version": version}),
        ]
        assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(404, "not-found")] * 3
    taken = client.post("/v1/bulletins", json=bulletin(id=document["id"]))
    assert (taken.status_code, taken.json()["code"]) == (409, "id-in-use")
    assert served.counts() == before


def test_its_place_is_free_again_and_its_figures_count_all_the_same(served: Served):
    """Of SOM and ERI 3 and 4 were hidden in a pool: of the same month they are not shown now, however many there are."""
    document = publish(served.as_("pan"), cells=cells(VEN=400, SOM=3, ERI=4))
    erased(served.as_("rcm"), document)
    many = cells(VEN=400, SOM=30, ERI=40)
    shown = served.as_("pan").post("/v1/bulletins", params={"protect": "none"}, json=bulletin(cells=many))
    assert (shown.status_code, shown.json()["code"]) == (422, "cannot-be-protected")
    again = publish(served.as_("pan"), cells=many)
    assert (again["version"], again["outcome"]) == (1, "created")
    assert again["id"] != document["id"]
    assert {"SOM", "ERI"}.isdisjoint(cell["nationality"] for cell in again["cells"])
    assert [item["id"] for item in served.as_("analyst").get("/v1/bulletins").json()["items"]] == [again["id"]]


def test_only_who_could_see_it_last_is_told_of_the_erasure(served: Served):
    """Seen by the analyst once and then hidden; the other one was always for the secretariats of both conferences alone."""
    secret = {"tlp": "RED", "audience": ["RCM/secretariat"]}
    seen = revise(served.as_("rcm"), publish(served.as_("rcm")), **secret)
    both = publish(served.as_("rcm"), period="2022-11", tlp="RED", audience=["RCM/secretariat", "SACM/secretariat"])
    before = {who: items(served, who) for who in ("analyst", "bra", "hnd", "sacm")}
    for document in (seen, both):
        erased(served.as_("rcm"), document)
    for who in ("analyst", "bra", "hnd"):
        assert items(served, who) == before[who], who
    told = {who: [(item["id"], item["version"], item["op"]) for item in items(served, who)] for who in ("rcm", "pan", "sacm")}
    all_of_it = [
        *((seen["id"], each, "erase") for each in (1, 2)),
        (both["id"], 1, "erase"),
        (seen["id"], 3, "erase"),
        (both["id"], 2, "erase"),
    ]
    assert told["rcm"] == told["pan"] == all_of_it
    assert told["sacm"] == [(seen["id"], 2, "hide"), (both["id"], 1, "erase"), (both["id"], 2, "erase")]


def test_a_list_that_was_kept_is_told_to_be_old_after_an_erasure(served: Served):
    document = publish(served.as_("pan"))
    kept = {path: served.as_("analyst").get(path).headers["etag"] for path in ("/v1/bulletins", "/v1/flows", "/v1/changes")}
    for path, etag in kept.items():
        assert served.as_("analyst").get(path, headers={"If-None-Match": etag}).status_code == 304
    erased(served.as_("rcm"), document)
    for path, etag in kept.items():
        assert served.as_("analyst").get(path, headers={"If-None-Match": etag}).status_code == 200


def test_what_was_withdrawn_can_be_erased_too(served: Served):
    document = withdraw(served.as_("pan"), publish(served.as_("pan"), narrative={"es": WORD}), reason=f"{WORD} too")
    assert erased(served.as_("rcm"), document)["version"] == 3
    assert tables_with(served, WORD) == set()
    assert {item["op"] for item in items(served, "analyst")} == {"erase"}


def test_the_log_stays_checkable_and_tells_of_the_erasure_under_its_signed_checkpoint(served: Served):
    document = publish(served.as_("pan"))
    publish(served.as_("pan"), period="2022-11")
    erased(served.as_("rcm"), document)
    publish(served.as_("pan"), period="2022-12")
    assert faults(served) == []


def test_a_certificate_that_names_what_was_erased_is_read_by_nobody_and_still_held_against_its_digest(served: Served):
    """A quarter that has a month of its own in it was proven together with the month."""
    month = publish(served.as_("pan"))
    quarter = publish(served.as_("pan"), period="2022-Q4", cells=cells(VEN=1400, NPL=613, SOM=131))
    path = f"/v1/bulletins/{quarter['id']}/certificate"
    named = served.as_("analyst").get(path).json()["systems"]
    assert f"{month['id']}@v1" in {name for system in named for name in system["tables"]}
    erased(served.as_("rcm"), month)
    assert {served.as_(who).get(path).status_code for who in ("rcm", "pan", "analyst")} == {404}
    assert faults(served) == []
    with served.node.db.write() as session:
        session.execute(text("UPDATE certificate SET text = text || ' '"))
    assert [(fault.number, fault.code) for fault in faults(served)] == [(2, "certificate-differs")]


def test_rebuilding_brings_back_exactly_what_stands_after_an_erasure(served: Served):
    document = revise(served.as_("rcm"), publish(served.as_("rcm")), tlp="AMBER", audience=["RCM"])
    publish(served.as_("pan"), period="2022-11")
    erased(served.as_("rcm"), document)

    def state() -> list[object]:
        rows = sorted(row for table, row in stored(served, "audit") if table in {"document_access", "flow", "published_table"})
        return [rows, *(items(served, who) for who in OTHERS), *(served.as_(who).get("/v1/bulletins").json() for who in OTHERS)]

    before = state()
    assert rebuild(served.node) == 4
    assert state() == before
    assert faults(served) == []


REFUSED: tuple[tuple[str | None, int, str], ...] = (
    (None, 401, "unauthenticated"),
    ("pan", 403, "role-forbidden"),
    ("hnd", 403, "role-forbidden"),
    ("analyst", 403, "role-forbidden"),
    ("peer", 403, "role-forbidden"),
    ("operator", 403, "role-forbidden"),
    ("sacm", 403, "not-origin"),
)


def test_only_the_secretariat_of_the_origin_erases(served: Served):
    document, secret = publish(served.as_("pan")), publish(served.as_("rcm"), period="2022-11", tlp="RED", audience=["RCM/secretariat"])
    before = served.counts()
    for who, status, code in REFUSED:
        for reason in ("it named a person", ""):  # rights are judged before the body
            answer = erase(served.as_(who), document, reason=reason)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (who, reason)
    hidden, absent = erase(served.as_("sacm"), secret), erase(served.as_("sacm"), {"id": ABSENT, "version": 1})
    assert (hidden.status_code, still(hidden)) == (404, still(absent))
    assert erase(served.as_("rcm"), {"id": "no-uuid", "version": 1}).status_code == 404
    assert served.counts() == before


def send(body: object, **headers: str) -> Callable[[Served, Body], httpx.Response]:
    return lambda served, document: served.as_("rcm").post(f"/v1/bulletins/{document['id']}/erase", json=body, headers=headers)


@pytest.mark.parametrize(
    ("sent", "status", "code", "found"),
    [
        (send({}, **{"If-Match": "*"}), 422, "invalid-document", {("/reason", "field-missing")}),
        (send({"reason": " "}, **{"If-Match": "*"}), 422, "invalid-document", {("/reason", "text-empty")}),
        (send({"reason": "a\u202eb"}, **{"If-Match": "*"}), 422, "invalid-document", {("/reason", "text-character")}),
        (send({"reason": "x" * 1001}, **{"If-Match": "*"}), 422, "invalid-document", {("/reason", "text-too-long")}),
        (send({"reason": "x", "version": 1}, **{"If-Match": "*"}), 422, "invalid-document", {("/version", "field-unknown")}),
        (send({"reason": "x"}), 428, "precondition-required", set()),
        (send({"reason": "x"}, **{"If-Match": '"x.v1"'}), 412, "precondition-failed", set()),
    ],
)
def test_without_a_reason_or_against_another_version_nothing_is_erased(served: Served, sent, status, code, found):
    document = publish(served.as_("pan"))
    before = served.counts()
    answer = sent(served, document)
    assert (answer.status_code, answer.json()["code"], codes_of(answer)) == (status, code, found)
    assert served.counts() == before
    assert served.as_("analyst").get(f"/v1/bulletins/{document['id']}").status_code == 200


def test_the_reason_is_stored_nowhere_and_the_audit_says_who_erased_which_version(served: Served):
    document = publish(served.as_("pan"))
    answer = erase(served.as_("rcm"), document, reason=f"it named {WORD}", **{"Idempotency-Key": "gone"})
    assert answer.status_code == 200
    assert tables_with(served, WORD) == set()
    entries = served.as_("operator").get("/v1/audit").json()["items"]
    told = [(each["client"], each["outcome"], each["document"], each["version"]) for each in entries if each["action"] == "erase_bulletin"]
    assert told == [(served.keys["rcm"].split("_")[1], "erased", document["id"], 2)]


def test_of_an_erasure_and_a_revision_at_once_one_is_done_and_the_log_stays_whole(served: Served):
    for month in range(1, 7):
        document = publish(served.as_("rcm"), period=f"2021-{month:02}")
        etag = {"If-Match": f'"{document["id"]}.v1"'}
        revised = bulletin(period=f"2021-{month:02}", reason="x", cells=cells(VEN=700))
        with ThreadPoolExecutor(2) as pool:
            writes = [
                pool.submit(erase, served.as_("rcm"), document),
                pool.submit(served.as_("pan").put, f"/v1/bulletins/{document['id']}", json=revised, headers=etag),
            ]
            statuses = tuple(write.result().status_code for write in writes)
        assert statuses in {(200, 404), (200, 422), (200, 412), (412, 200)}, statuses
    assert faults(served) == []


def test_of_two_erasures_at_once_one_is_done_and_the_other_finds_nothing(served: Served):
    for month in range(1, 7):
        document = publish(served.as_("rcm"), period=f"2021-{month:02}")
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(erase, served.as_("rcm"), document) for _ in range(2)]
        assert sorted(answer.result().status_code for answer in answers) == [200, 404]
    assert [item["op"] for item in items(served, "rcm")].count("erase") == 12
    assert faults(served) == []


def test_the_operator_of_a_node_erases_without_a_caller_and_only_what_is_of_the_kind(served: Served):
    document, other = publish(served.as_("pan")), publish(served.as_("pan"), period="2022-11")
    told = {"version": 1, "reason": "x", "attempt": Attempt("erase"), "forget": forget_one}
    refused = (("alert", document["id"], told), ("bulletin", ABSENT, told), ("bulletin", document["id"], {**told, "version": 2}))
    for (kind, document_id, how), code in zip(refused, ("not-found", "not-found", "precondition-failed"), strict=True):
        with pytest.raises(Problem) as caught:
            erase_document(served.node, kind, None, document_id, **how)
        assert caught.value.code == code
    with pytest.raises(Problem) as caught:
        erase_document(served.node, "bulletin", None, document["id"], **{**told, "reason": "a\u0000b"})
    assert [finding.code for finding in caught.value.findings] == ["text-character"]
    assert [item["id"] for item in served.as_("analyst").get("/v1/bulletins").json()["items"]] == [document["id"], other["id"]]
    receipt = erase_document(served.node, "bulletin", None, document["id"], **told)
    assert (receipt.number, receipt.version, receipt.origin) == (3, 2, "RCM")
    assert [item["id"] for item in served.as_("analyst").get("/v1/bulletins").json()["items"]] == [other["id"]]


def test_who_kept_a_cursor_is_told_of_the_erasure_and_no_answer_repeats_its_words(served: Served):
    document = publish(served.as_("pan"), narrative={"es": WORD})
    publish(served.as_("pan"), period="2022-11")
    cursor = served.as_("analyst").get("/v1/changes", params={"limit": 1}).json()["next_cursor"]
    erased(served.as_("rcm"), document)
    rest = served.as_("analyst").get("/v1/changes", params={"cursor": cursor}).json()["items"]
    assert [(item["op"], item["version"]) for item in rest] == [("publish", 1), ("erase", 2)]
    whole = json.dumps([served.as_(who).get(path).text for who in OTHERS for path in ("/v1/bulletins", "/v1/changes", "/v1/flows")])
    assert WORD not in whole


def test_no_row_of_an_erased_bulletin_or_alert_is_left_without_its_version(served: Served):
    said = {"title": {"es": "Lanchas"}, "summary": {"es": "Una red que ofrece el cruce."}, "severity": "high", "source_reliability": "B"}
    route = [{"seq": 1, "from": "COL", "to": "PAN", "mode": "sea"}]
    seen = {"information_credibility": 2, "first_seen": "2018-01", "nationalities": ["NPL"], "route": route, "tlp": "GREEN"}
    alert = served.as_("rcm").post("/v1/alerts", json={**said, **seen})
    assert alert.status_code == 201, alert.text
    erased(served.as_("rcm"), publish(served.as_("rcm")))
    document = alert.json()
    body, etag = {"reason": "it named a person"}, {"If-Match": f'"{document["id"]}.v1"'}
    assert served.as_("rcm").post(f"/v1/alerts/{document['id']}/erase", json=body, headers=etag).status_code == 200
    with served.node.db.read() as session:
        assert lost(session.connection()) == {}
