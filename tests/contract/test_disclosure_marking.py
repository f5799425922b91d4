"""Linked bulletins carry one marking (guarantees 1, rule 2): a certificate shows the figures of all that it names."""

import httpx
import pytest
from bodies import bulletin, cells, codes_of, publish, revise, revision, withdraw
from serving import Served

from app.access.clients import NewClient, create
from app.wire.codes import TLP, Role


def refused(answer: httpx.Response) -> str:
    """The sentence of a refusal for another marking, at the field that says it."""
    assert (answer.status_code, answer.json()["code"]) == (422, "linked-marking-differs")
    return str(answer.json()["detail"])


@pytest.mark.parametrize(
    "other",
    [
        {"publisher": "PAN-OTHER"},
        {"period": "2022"},
        {"period": "2022-Q4"},
        {"dimensions": ["sex"], "cells": [{"sex": "F", "value": 300}, {"sex": "M", "value": 344}]},
        {"accumulation": "year_to_date"},
    ],
)
@pytest.mark.parametrize("marking", [{"tlp": "AMBER"}, {"tlp": "AMBER", "audience": ["RCM"]}, {"audience": ["RCM"]}])
def test_a_linked_bulletin_with_another_marking_is_refused_and_the_other_is_named(served: Served, other: dict, marking: dict):
    first = publish(served.as_("rcm"))
    before = served.counts()
    answer = served.as_("rcm").post("/v1/bulletins", json=bulletin(**other, **marking))
    assert f"/v1/bulletins/{first['id']}" in refused(answer)
    assert codes_of(answer) == {("/tlp", "linked-marking-differs")}
    assert served.counts() == before
    publish(served.as_("rcm"), **other)


@pytest.mark.parametrize(
    "apart", [{"period": "2022-11"}, {"measure": "rescue"}, {"unit": "event"}, {"definition_code": "x"}, {"reporting_state": "HND"}]
)
def test_what_is_not_linked_is_marked_as_its_sender_likes(served: Served, apart: dict):
    publish(served.as_("rcm"))
    publish(served.as_("rcm"), tlp="AMBER", **apart)


def test_a_withdrawn_bulletin_binds_nobody_and_a_reinstated_one_is_bound(served: Served):
    first = publish(served.as_("rcm"))
    taken = withdraw(served.as_("rcm"), first)
    second = publish(served.as_("rcm"), publisher="PAN-OTHER", tlp="AMBER")
    etag = f'"{taken["id"]}.v2"'
    answer = served.as_("rcm").put(f"/v1/bulletins/{first['id']}", json=revision(), headers={"If-Match": etag})
    assert f"/v1/bulletins/{second['id']}" in refused(answer)


def test_one_alone_may_change_its_marking_and_a_linked_one_may_not(served: Served):
    alone = publish(served.as_("rcm"))
    changed = revise(served.as_("rcm"), alone, tlp="AMBER")
    publish(served.as_("rcm"), publisher="PAN-OTHER", tlp="AMBER")
    etag = f'"{alone["id"]}.v{changed["version"]}"'
    answer = served.as_("rcm").put(f"/v1/bulletins/{alone['id']}", json=revision(tlp="GREEN"), headers={"If-Match": etag})
    refused(answer)


def test_what_a_batch_holds_is_judged_together(served: Served):
    one, two = bulletin(), bulletin(publisher="PAN-OTHER", tlp="AMBER")
    answer = served.as_("rcm").post("/v1/bulletins/batch", json={"bulletins": [one, two]})
    assert "2022-10" in refused(answer)
    assert codes_of(answer) == {("/bulletins/1/tlp", "linked-marking-differs")}
    assert served.counts()["log_entry"] == 0


def test_a_file_changes_the_marking_of_linked_bulletins_together(served: Served):
    rows = b"period,publisher,nationality,value\n2022-10,PAN-A,VEN,400\n2022-10,PAN-B,VEN,410\n"
    asked = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}

    def push(**more: str) -> httpx.Response:
        return served.as_("rcm").post("/v1/bulletins/files", params={**asked, **more}, files={"file": ("x.csv", rows)})

    assert push().status_code == 201
    answer = push(tlp="AMBER", revise="by agreement")
    assert [each["outcome"] for each in answer.json()["bulletins"]] == ["revised", "revised"]


def test_a_check_says_it_too(served: Served):
    publish(served.as_("rcm"))
    refused(served.as_("rcm").post("/v1/bulletins/check", json=bulletin(publisher="PAN-OTHER", tlp="RED")))


def test_a_linked_bulletin_that_the_sender_may_not_see_is_not_named(served: Served):
    hidden = publish(served.as_("rcm"), tlp="AMBER")
    with served.node.db.write() as session:
        key = create(session, NewClient(Role.PARTNER, "RCM", "PAN", ceiling=TLP.GREEN)).api_key
    headers = {"Authorization": f"Bearer {key}"}
    answer = served.as_(None).post("/v1/bulletins", json=bulletin(publisher="PAN-OTHER", cells=cells(VEN=70)), headers=headers)
    assert hidden["id"] not in refused(answer)
    assert hidden["id"] not in answer.text
