"""The tables beside the log, written anew after an erasure: what has no text any more is in none of them, and nothing else is lost."""

import pytest
from bodies import Body, bulletin, cells, publish, withdraw
from serving import Served
from sqlalchemy import text

from app.main import rebuild

ABSENT = "01920000-0000-7000-8000-00000000dead"


def erase(served: Served, document: Body) -> None:
    """What an erasure does to one version: its text goes, its entry stays."""
    asked = text("UPDATE log_entry SET document = NULL, digest = NULL WHERE document_id = :id AND version = :version")
    with served.node.db.write() as session:
        session.execute(asked, {"id": document["id"], "version": document["version"]})


def marks(served: Served, document_id: str) -> set[tuple[int, str]]:
    with served.node.db.read() as session:
        found = session.execute(text("SELECT version, grantee FROM document_access WHERE document_id = :id"), {"id": document_id})
        return {(row.version, row.grantee) for row in found}


def still(served: Served, path: str) -> Body:
    answer = served.as_("rcm").get(path)
    return {"status": answer.status_code, **{name: value for name, value in answer.json().items() if name != "request_id"}}


@pytest.fixture
def gone(served: Served) -> Body:
    """A bulletin of Panama's figures that the secretariat published, withdrew and erased; beside it another one that stands."""
    document = publish(served.as_("rcm"), tlp="AMBER", audience=["RCM/secretariat"], cells=cells(VEN=400, SOM=3, ERI=4))
    publish(served.as_("rcm"), period="2022-11", tlp="AMBER", audience=["RCM/secretariat"])
    withdraw(served.as_("rcm"), document)
    erase(served, document)
    return document


def test_a_withdrawal_whose_earlier_version_was_erased_is_rebuilt_as_its_envelope_alone(served: Served, gone: Body):
    before = marks(served, gone["id"])
    assert rebuild(served.node) == 3
    listed = served.as_("pan").get("/v1/bulletins").json()
    assert {(item["id"] == gone["id"], item["status"], item.get("period"), item["cells"] is None) for item in listed["items"]} == {
        (True, "withdrawn", None, True),
        (False, "published", "2022-11", False),
    }
    assert marks(served, gone["id"]) == {mark for mark in before if mark[0] == 2} == {(2, "RCM/secretariat"), (2, "RCM/PAN")}
    assert {still(served, f"/v1/bulletins/{gone['id']}{path}")["status"] for path in ("/certificate", "/versions/1")} == {404}
    assert still(served, f"/v1/bulletins/{gone['id']}")["status"] == "withdrawn"


def test_what_was_erased_is_held_against_later_figures_all_the_same(served: Served, gone: Body):
    """SOM and ERI were pooled: of the same month they are not shown, however many there are."""
    rebuild(served.node)
    again = bulletin(tlp="AMBER", audience=["RCM/secretariat"], cells=cells(VEN=400, SOM=30, ERI=40))
    refused = served.as_("rcm").post("/v1/bulletins", params={"protect": "none"}, json=again)
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot-be-protected")
    document = publish(served.as_("rcm"), **again)
    assert document["id"] != gone["id"]
    assert {"SOM", "ERI"}.isdisjoint(cell["nationality"] for cell in document["cells"])
    assert served.as_("rcm").get(f"/v1/bulletins/{document['id']}/certificate").status_code == 200
