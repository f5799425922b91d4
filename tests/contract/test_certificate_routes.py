"""Who reads the certificate of a bulletin, and who the report on its protection; what stands in them."""

import hashlib
import json

import httpx
import pytest
from bodies import Body, bulletin, cells, publish, revise, revision, withdraw
from serving import Served
from sqlalchemy import text

from app.access.clients import NewClient, create
from app.bulletins.proofs import certificate_faults
from app.disclosure.check_certificate import faults
from app.wire.codes import TLP, Role

ABSENT = "01920000-0000-7000-8000-00000000dead"
SMALL = [{"nationality": code, "sex": sex, "value": 3} for code in ("SOM", "ERI", "NPL") for sex in ("F", "M")]


def certificate(document: Body, *names: str) -> Body:
    """A certificate of the form that the node gives, naming other versions."""
    systems = [{"kind": "alone", "tables": ["this"], "points": [[3]], "steps": [[0, [0], []]], "bounds": []}]
    systems += [{"kind": "version", "tables": ["this", name], "points": [], "steps": [], "bounds": []} for name in names]
    told = {"policy": "rule(k)", "k": 5, "method": document["disclosure"]["method"], "table": "this", "salt": "0" * 32}
    return {**told, "areas": {"nationality": {"SOM": "AFR"}}, "systems": systems}


def plant(served: Served, document: Body, *names: str) -> Body:
    """Put a certificate beside a version, in place of the one that it has."""
    made = certificate(document, *names)
    row = {"id": document["id"], "version": document["version"], "text": json.dumps(made)}
    with served.node.db.write() as session:
        session.execute(text("DELETE FROM certificate WHERE document_id = :id AND version = :version"), row)
        session.execute(text("INSERT INTO certificate (document_id, version, text) VALUES (:id, :version, :text)"), row)
    return made


def read(served: Served, who: str, document: Body, **params: int) -> httpx.Response:
    return served.as_(who).get(f"/v1/bulletins/{document['id']}/certificate", params=params)


def still(answer: httpx.Response) -> Body:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


@pytest.mark.parametrize("who", ["rcm", "sacm", "pan", "bra", "analyst", "peer"])
def test_who_sees_a_bulletin_reads_its_certificate(served: Served, who: str):
    document = publish(served.as_("pan"))
    made = plant(served, document)
    answer = read(served, who, document)
    assert (answer.status_code, answer.json()) == (200, made)
    assert answer.headers["etag"] == f'"{document["id"]}.v1.certificate"'
    again = served.as_(who).get(answer.request.url.path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_operator_who_reads_no_bodies_reads_no_certificate(served: Served):
    document = publish(served.as_("pan"))
    plant(served, document)
    assert read(served, "operator", document).json()["code"] == "role-forbidden"


def test_a_version_is_asked_for_by_its_number_and_without_one_it_is_the_newest(served: Served):
    first = publish(served.as_("pan"))
    one = plant(served, first)
    second = revise(served.as_("pan"), first, cells=cells(VEN=410))
    two = plant(served, second, f"{first['id']}@v1")
    assert read(served, "analyst", first).json() == two
    assert read(served, "analyst", first, version=2).json() == two
    assert read(served, "analyst", first, version=1).json() == one
    assert read(served, "analyst", first, version=3).json()["code"] == "not-found"
    wrong = read(served, "analyst", first, version=0)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-query")


def test_hidden_withdrawn_and_absent_are_the_same_answer(served: Served):
    absent = served.as_("analyst").get(f"/v1/bulletins/{ABSENT}/certificate")
    hidden = publish(served.as_("rcm"), tlp="AMBER", audience=["RCM"])
    plant(served, hidden)
    gone = publish(served.as_("rcm"), period="2022-11")
    plant(served, gone)
    withdraw(served.as_("rcm"), gone)
    answers = [read(served, "analyst", hidden), read(served, "analyst", gone), read(served, "rcm", gone, version=1)]
    answers.append(served.as_("analyst").get("/v1/bulletins/nonsense/certificate"))
    assert absent.status_code == 404
    assert [still(answer) for answer in answers] == [still(absent)] * 4


def test_a_certificate_that_names_a_stricter_earlier_version_is_read_by_whoever_sees_that_one(served: Served):
    """Witnesses obey the rows of every version that is named: who may not see these learns them by no other way."""
    first = publish(served.as_("rcm"), tlp="AMBER", audience=["RCM"])
    second = revise(served.as_("rcm"), first, tlp="GREEN", cells=cells(VEN=410))
    made = plant(served, second, f"{first['id']}@v1")
    assert served.as_("analyst").get(f"/v1/bulletins/{first['id']}").status_code == 200
    assert read(served, "analyst", first).json()["code"] == "not-found"
    assert read(served, "hnd", first).json() == made


def test_a_certificate_that_names_a_withdrawn_version_is_read_by_nobody_because_it_would_tell_its_body(served: Served):
    first = publish(served.as_("rcm"))
    taken = withdraw(served.as_("rcm"), first)
    etag = f'"{taken["id"]}.v2"'
    third = served.as_("rcm").put(f"/v1/bulletins/{first['id']}", json=revision(cells=cells(VEN=410)), headers={"If-Match": etag}).json()
    plant(served, third, f"{first['id']}@v1")
    assert served.as_("rcm").get(f"/v1/bulletins/{first['id']}").json()["version"] == 3
    assert read(served, "rcm", first).json()["code"] == "not-found"


def report(served: Served, who: str, document: Body, language: str = "en") -> httpx.Response:
    return served.as_(who).get(f"/v1/bulletins/{document['id']}/disclosure-report", headers={"Accept-Language": language})


def test_the_issuer_and_the_secretariat_of_its_origin_read_why_cells_are_withheld(served: Served):
    document = publish(served.as_("pan"), cells=SMALL)
    answer = report(served, "pan", document)
    told = answer.json()
    withheld = sum(cell.get("value_status") == "withheld" for cell in document["cells"])
    assert withheld > 6
    assert {name: told[name] for name in ("id", "version", "k", "method", "withheld")} == {
        "id": document["id"], "version": 1, "k": 5, "method": "withhold", "withheld": withheld,
    }  # fmt: skip
    assert (told["persons_shown_pct"], [(reason["code"], reason["cells"]) for reason in told["reasons"]]) == (0, [("withheld", withheld)])
    assert answer.headers["content-language"] == "en"
    assert "omitidas por sigilo" in report(served, "rcm", document, "pt").json()["reasons"][0]["detail"]


def test_others_who_see_the_bulletin_are_told_that_it_is_not_theirs(served: Served):
    document = publish(served.as_("pan"))
    by_secretariat = publish(served.as_("rcm"), publisher="PAN-OTHER")
    codes = {who: report(served, who, document).json()["code"] for who in ("analyst", "operator", "peer", "hnd", "sacm", "bra")}
    assert codes == {
        "analyst": "role-forbidden", "operator": "role-forbidden", "peer": "role-forbidden",
        "hnd": "not-your-state", "sacm": "not-origin", "bra": "not-origin",
    }  # fmt: skip
    assert report(served, "pan", by_secretariat).json()["code"] == "not-your-state"


def test_a_report_on_what_is_hidden_withdrawn_or_absent_is_not_found(served: Served):
    hidden = publish(served.as_("rcm"), tlp="RED", audience=[])
    gone = publish(served.as_("pan"), period="2022-11")
    withdraw(served.as_("pan"), gone)
    absent = served.as_("bra").get(f"/v1/bulletins/{ABSENT}/disclosure-report")
    assert absent.json()["code"] == "not-found"
    assert still(report(served, "bra", hidden)) == still(absent)
    assert report(served, "pan", gone).json()["code"] == "not-found"


def test_a_report_names_the_versions_that_the_table_was_audited_with_and_its_reader_may_see(served: Served):
    mine = publish(served.as_("pan"), cells=SMALL)
    other = publish(served.as_("rcm"), publisher="PAN-OTHER")
    with served.node.db.write() as session:
        session.execute(text("UPDATE document_access SET tlp = 4 WHERE document_id = :id"), {"id": other["id"]})
        key = create(session, NewClient(Role.SECRETARIAT, "RCM", ceiling=TLP.GREEN)).api_key
    plant(served, mine, f"{other['id']}@v1", f"{ABSENT}@v1")
    assert report(served, "rcm", mine).json()["audited_with"] == [{"id": other["id"], "version": 1}]
    low = served.as_(None).get(f"/v1/bulletins/{mine['id']}/disclosure-report", headers={"Authorization": f"Bearer {key}"})
    assert low.json()["audited_with"] == []


def named(made: Body) -> set[str]:
    return {name for system in made["systems"] for name in system["tables"]} - {"this"}


def test_the_certificate_is_the_one_whose_digest_the_document_states_and_an_outsider_finds_no_fault(served: Served):
    """A revised table with a linked one beside it: read by an analyst with nothing but public answers."""
    analyst = served.as_("analyst")
    first = publish(served.as_("pan"), cells=SMALL)
    other = publish(served.as_("pan"), cells=cells(SOM=6, ERI=6, NPL=6))
    second = revise(served.as_("pan"), first, cells=[*SMALL[:-1], SMALL[-1] | {"value": 60}])
    documents = {f"{each['id']}@v{each['version']}": each for each in (first, other, second)}
    for name, document in documents.items():
        answer = read(served, "analyst", document, version=document["version"])
        stated = analyst.get(f"/v1/bulletins/{document['id']}/versions/{document['version']}").json()
        assert hashlib.sha256(answer.content).hexdigest() == stated["disclosure"]["certificate"]
        beside = {each: documents[each] for each in named(answer.json())}
        assert name not in beside
        assert faults({"this": stated, **beside}, answer.json()) == []
    assert f"{first['id']}@v1" in named(read(served, "analyst", second).json())
    with served.node.db.read() as session:
        assert list(certificate_faults(session)) == []


def test_the_same_table_again_is_unchanged_although_its_certificate_would_name_more(served: Served):
    first = publish(served.as_("pan"), cells=SMALL)
    publish(served.as_("rcm"), publisher="PAN-OTHER", cells=SMALL)
    before = served.counts()
    again = served.as_("pan").post("/v1/bulletins", json=bulletin(cells=SMALL))
    assert (again.status_code, again.json()["outcome"], again.json()["version"]) == (200, "unchanged", first["version"])
    assert served.counts() == before


def test_a_refused_write_leaves_no_certificate(served: Served):
    before = served.counts()
    sent = {"bulletins": [bulletin(), bulletin(publisher="PAN-OTHER", tlp="RED")]}
    assert served.as_("rcm").post("/v1/bulletins/batch", json=sent).status_code == 422
    assert served.counts() == before
    publish(served.as_("rcm"))
    assert served.counts()["certificate"] == before["certificate"] + 1


def test_a_certificate_fits_the_one_version_that_it_was_made_for(served: Served):
    """Equal rows in another period and in another version: 128 random bits keep even equal proofs apart."""
    first = publish(served.as_("pan"), cells=SMALL)
    other = publish(served.as_("pan"), cells=SMALL, measure="rescue")
    second = revise(served.as_("pan"), first, cells=SMALL, figure_status="final")
    made = [read(served, "analyst", each, version=each["version"]) for each in (first, other, second)]
    digests = [hashlib.sha256(each.content).hexdigest() for each in made]
    assert [each["disclosure"]["certificate"] for each in (first, other, second)] == digests
    salts = [each.json()["salt"] for each in made]
    assert len(set(digests)) == len(set(salts)) == 3
    assert {len(bytes.fromhex(salt)) for salt in salts} == {16}


def test_certificates_that_changed_places_are_named_by_who_verifies_the_node(served: Served):
    """Each proves the other's rows too, for both tables tell the same; but each document states its own."""
    sent = [bulletin(cells=cells(VEN=400, SOM=31), measure=measure) for measure in ("irregular_transit", "rescue")]
    first, other = (served.as_("pan").post("/v1/bulletins", params={"protect": "none"}, json=each).json() for each in sent)
    rows = [{"id": each["id"], "text": read(served, "analyst", each).text} for each in (first, other)]
    assert faults({"this": other}, json.loads(rows[0]["text"])) == []
    with served.node.db.write() as session:
        for row, swapped in zip(rows, reversed(rows), strict=True):
            session.execute(text("UPDATE certificate SET text = :text WHERE document_id = :id"), row | {"text": swapped["text"]})
    with served.node.db.read() as session:
        assert [(fault.number, fault.code) for fault in certificate_faults(session)] == [
            (1, "certificate-differs"),
            (2, "certificate-differs"),
        ]


CAMEROON = [{"nationality": "CMR", "sex": sex, "value": 30} for sex in ("F", "M")]


def test_the_certificate_of_a_reinstated_bulletin_is_read_by_whoever_reads_the_bulletin(served: Served):
    """It was audited beside the withdrawn version, but tells nothing of it: neither its name nor Somalia, which it alone named."""
    first = publish(served.as_("pan"), cells=SMALL)
    taken = withdraw(served.as_("pan"), first)
    third = revise(served.as_("pan"), taken, cells=[*SMALL[2:], *CAMEROON])
    for who in ("rcm", "pan", "bra", "analyst"):
        answer = read(served, who, first)
        assert (answer.status_code, named(answer.json())) == (200, set())
        stated = served.as_(who).get(f"/v1/bulletins/{first['id']}").json()
        assert hashlib.sha256(answer.content).hexdigest() == stated["disclosure"]["certificate"] == third["disclosure"]["certificate"]
        assert faults({"this": stated}, answer.json()) == []
        assert answer.json()["areas"] == {"nationality": {"CMR": "AFR", "ERI": "AFR", "NPL": "ASI"}}
        assert [read(served, who, first, version=number).json()["code"] for number in (1, 2)] == ["not-found"] * 2


def test_a_reinstated_bulletin_is_held_against_its_withdrawn_version_all_the_same(served: Served):
    first = publish(served.as_("pan"), cells=SMALL)
    taken = withdraw(served.as_("pan"), first)
    headers = {"If-Match": f'"{taken["id"]}.v2"'}
    enough = [each | {"value": 30} for each in SMALL]
    answer = served.as_("pan").put(f"/v1/bulletins/{first['id']}", params={"protect": "none"}, json=revision(cells=enough), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "cannot-be-protected")


def test_beside_a_withdrawn_month_the_quarter_has_a_certificate_that_names_the_months_that_stand(served: Served):
    """Of October nothing is served but its second publisher's table; November stands."""
    gone = publish(served.as_("pan"), cells=SMALL, publisher="PAN-OTHER")
    october = publish(served.as_("pan"), cells=[*SMALL[2:], *CAMEROON])
    november = publish(served.as_("pan"), period="2022-11", cells=[*SMALL[2:], *CAMEROON])
    withdraw(served.as_("pan"), gone)
    whole = [each | {"value": 40 if each["value"] == 3 else 95} for each in (*SMALL, *CAMEROON)]
    quarter = publish(served.as_("pan"), period="2022-Q4", cells=whole)
    answer = read(served, "analyst", quarter)
    assert answer.status_code == 200, answer.text
    beside = {f"{each['id']}@v1": each for each in (october, november)}
    assert named(answer.json()) == set(beside)
    assert faults({"this": quarter, **beside}, answer.json()) == []
