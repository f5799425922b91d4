"""Bulletins that wait: kept in protected form until their minute or another person's word, and published as they were judged (contract: Life)."""

from datetime import UTC, datetime, timedelta

import pytest
from bodies import bulletin, by_nationality, cells, publish, withdraw
from held import caller_of, decide, item_of, items, release, waits
from serving import Served

from app.core.problems import Problem
from app.main import KINDS


def later(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


def send(served: Served, who: str = "pan", path: str = "", headers: dict[str, str] | None = None, **changes: object):
    return served.as_(who).post(f"/v1/bulletins{path}", json=bulletin(**changes), headers=headers)


def require_stale(served: Served, review_id: str) -> None:
    """Let what waits be overtaken: it is refused, and nothing of it is published."""
    before = served.counts()
    with pytest.raises(Problem) as refused:
        release(served, review_id)
    assert (refused.value.code, served.counts()) == ("review-stale", before)


def test_a_bulletin_under_embargo_is_kept_until_its_minute_and_then_published_as_it_was_judged(served: Served):
    before, minute = served.counts(), later(days=3)
    answer = send(served, publish_at=minute, id="019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b11", cells=cells(VEN=400, NPL=213, SOM=31, ERI=2))
    review_id = waits(answer, "pending")
    assert datetime.fromisoformat(answer.json()["due"]) == datetime.fromisoformat(minute)
    assert answer.json()["findings"] == []
    assert served.counts() == before
    item, content = item_of(served, review_id)
    assert (item.kind, item.origin, item.issuer, item.status, item.needs_review) == ("bulletin", "RCM", "RCM/PAN", "pending", False)
    (document,) = content["documents"]
    assert by_nationality(document)["_T"] == 646
    assert "published_at" not in document
    (new,) = release(served, review_id)
    assert new == ("019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b11", 1)
    found = served.as_("sacm").get(f"/v1/bulletins/{new[0]}").json()
    assert {name: found[name] for name in document} == document
    assert found["issuer"] == "RCM/PAN"
    assert found["created_at"] < found["published_at"] < minute
    assert served.as_("sacm").get(f"/v1/bulletins/{new[0]}/certificate").status_code == 200
    assert served.audit()[-4:-2] == [("publish_bulletin", "pending", None), ("release", "created", None)]
    # Its minute is past: there is nothing to wait for.
    assert publish(served.as_("pan"), period="2022-11", publish_at="2020-01-01T00:00:00Z")["version"] == 1


def test_an_embargo_ends_within_a_year(served: Served):
    assert send(served, publish_at=later(days=365)).status_code == 202
    answer = send(served, period="2022-11", publish_at=later(days=367))
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("/publish_at", "embargo-too-long")]


@pytest.mark.parametrize(("decided", "outcome"), [("after_review", "held"), ("after_minutes:30", "pending")])
def test_what_a_conference_decided_for_its_national_offices_makes_them_wait_and_not_its_secretariat(
    served: Served, decided: str, outcome: str
):
    decide(served, partner_release=decided)
    judged = send(served, path="/check").json()
    answer = send(served)
    review_id = waits(answer, outcome)
    assert (judged["outcome"], by_nationality(judged["bulletin"])["VEN"]) == (outcome, 400)
    if outcome == "pending":
        left = datetime.fromisoformat(answer.json()["due"]) - datetime.now(UTC)
        assert timedelta(minutes=29) < left <= timedelta(minutes=30)
        longest = later(days=2)
        assert send(served, period="2022-12", publish_at=longest).json()["due"][:19] == longest[:19]
    else:
        assert (answer.json()["due"], judged["due"]) == (None, None)
    assert publish(served.as_("rcm"), period="2022-11")["issuer"] == "RCM/secretariat"
    assert publish(served.as_("bra"), reporting_state="BRA")["issuer"] == "SACM/BRA"
    assert release(served, review_id)[0][1] == 1


def test_a_batch_of_which_one_bulletin_waits_waits_whole_until_the_last_minute(served: Served):
    standing = publish(served.as_("pan"), period="2022-01")
    before, late = served.counts(), later(days=9)
    sent = [
        bulletin(period="2022-01"),
        bulletin(period="2022-02", publish_at=later(days=2)),
        bulletin(period="2022-03", publish_at=late),
        bulletin(period="2022-04"),
    ]
    answer = served.as_("pan").post("/v1/bulletins/batch", json={"bulletins": sent})
    review_id = waits(answer, "pending")
    told = [(each["period"], each["outcome"], each["id"]) for each in answer.json()["bulletins"]]
    assert told == [("2022-01", "unchanged", standing["id"]), *((f"2022-0{month}", "pending", None) for month in (2, 3, 4))]
    assert answer.json()["due"][:19] == late[:19]
    assert (served.counts(), items(served)) == (before, 1)
    assert [version for _, version in release(served, review_id)] == [1, 1, 1]
    listed = served.as_("sacm").get("/v1/bulletins").json()
    assert sorted(each["period"] for each in listed["items"]) == ["2022-01", "2022-02", "2022-03", "2022-04"]


def test_of_a_batch_nothing_is_published_where_one_bulletin_was_overtaken(served: Served):
    sent = {"bulletins": [bulletin(period=f"2022-0{month}", publish_at=later(days=2)) for month in (2, 3)]}
    review_id = waits(served.as_("pan").post("/v1/bulletins/batch", json=sent), "pending")
    publish(served.as_("rcm"), period="2022-03")
    require_stale(served, review_id)
    assert served.as_("sacm").get("/v1/bulletins").json()["total"] == 1


def test_a_file_waits_whole_and_its_dry_run_says_so(served: Served):
    decide(served, partner_release="after_review")
    file = {"file": ("w.csv", b"period,nationality,value\n2022-01,VEN,400\n2022-02,VEN,80\n", "text/csv")}
    options = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}

    def push(who: str = "pan", **more: str):
        return served.as_(who).post("/v1/bulletins/files", params=options | more, files=file, headers={"Idempotency-Key": "w"})

    dry = push(dry_run="true")
    assert (dry.status_code, {each["outcome"] for each in dry.json()["bulletins"]}, items(served)) == (200, {"held"}, 0)
    review_id = waits(push(), "held")
    again = push()
    assert (again.headers["idempotency-replayed"], waits(again, "held")) == ("true", review_id)
    assert [each["period"] for each in again.json()["bulletins"]] == ["2022-01", "2022-02"]
    assert len(release(served, review_id)) == 2


def test_a_revision_waits_and_is_cancelled_by_a_withdrawal_which_never_waits(served: Served):
    document = publish(served.as_("pan"))
    decide(served, partner_release="after_review")

    def revised(**changes: object) -> str:
        headers = {"If-Match": f'"{document["id"]}.v1"'}
        body = bulletin(reason="late forms", cells=cells(VEN=420, NPL=213, SOM=31)) | changes
        return waits(served.as_("pan").put(f"/v1/bulletins/{document['id']}", json=body, headers=headers), "held")

    assert send(served).json()["outcome"] == "unchanged"
    first = revised()
    assert release(served, first) == [(document["id"], 2)]
    newest = served.as_("sacm").get(f"/v1/bulletins/{document['id']}").json()
    assert (newest["version"], newest["reason"], by_nationality(newest)["VEN"]) == (2, "late forms", 420)
    headers = {"If-Match": f'"{document["id"]}.v2"'}
    sent = bulletin(reason="again", cells=cells(VEN=450, NPL=213, SOM=31))
    second = waits(served.as_("pan").put(f"/v1/bulletins/{document['id']}", json=sent, headers=headers), "held")
    assert withdraw(served.as_("pan"), newest)["version"] == 3
    item = served.as_("pan").get(f"/v1/reviews/{second}").json()
    assert (item["status"], item["reason"], item["documents"]) == ("cancelled", "withdrawn", [])


def test_what_waits_is_published_once_and_not_after_anything_of_its_flow_that_it_was_not_judged_beside(served: Served):
    once, overtaken, apart = (
        waits(send(served, period=period, publish_at=later(days=2)), "pending") for period in ("2022-01", "2022-04", "2022-08")
    )
    release(served, once)
    require_stale(served, once)
    publish(served.as_("pan"), period="2022-Q2", cells=cells(VEN=900, NPL=600, SOM=90))
    require_stale(served, overtaken)
    assert len(release(served, apart)) == 1


def test_a_bulletin_is_overtaken_by_a_withdrawal_beside_which_its_certificate_proves(served: Served):
    by_sex = [{"nationality": code, "sex": sex, "value": count} for code, count in (("SOM", 60), ("VEN", 90)) for sex in ("F", "M")]
    other = publish(served.as_("pan"), cells=by_sex)
    review_id = waits(send(served, publish_at=later(days=2), cells=cells(SOM=120, VEN=180)), "pending")
    withdraw(served.as_("pan"), other)
    require_stale(served, review_id)


def test_an_id_that_was_given_meanwhile_and_a_state_that_left_make_what_waits_stale(served: Served):
    wanted = "019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b11"
    review_id = waits(send(served, publish_at=later(days=2), id=wanted), "pending")
    # Nobody else learns that it is wanted already.
    publish(served.as_("hnd"), reporting_state="HND", id=wanted)
    require_stale(served, review_id)
    review_id = waits(send(served, period="2022-11", publish_at=later(days=2), audience=["RCM"]), "pending")
    with served.node.db.write() as session:
        session.connection().exec_driver_sql("DELETE FROM membership WHERE state = 'PAN'")
    require_stale(served, review_id)


def test_a_second_one_of_the_same_office_is_told_of_the_first_and_nobody_else_is(served: Served):
    minute = later(days=2)
    review_id = waits(send(served, publish_at=minute), "pending")
    for answer in (send(served, publish_at=minute), send(served), send(served, path="/check")):
        assert (answer.status_code, answer.json()["code"]) == (409, "review-waiting")
        assert answer.headers["link"] == f'</v1/reviews/{review_id}>; rel="related"'
    # The secretariat may write for the same place: it is told nothing there, and comes first.
    own = waits(send(served, "rcm", publish_at=minute), "pending")
    assert own != review_id
    publish(served.as_("hnd"), reporting_state="HND")
    release(served, own)
    require_stale(served, review_id)


def test_the_kept_answer_of_what_waits_says_where_and_nothing_that_only_its_sender_is_told(served: Served):
    headers, some = {"Idempotency-Key": "k"}, cells(VEN=9, NPL=3, SOM=4, ERI=2, COD=3)
    body = {"publish_at": later(days=2), "period": "2022-W31", "cells": some}
    first, again = (send(served, headers=headers, **body) for _ in range(2))
    assert [each["code"] for each in first.json()["findings"]] == ["mostly-withheld"]
    assert waits(first, "pending") == waits(again, "pending")
    assert again.json() == first.json() | {"findings": []}


def test_a_text_that_may_name_a_person_is_held_with_its_place_and_what_replaces_it_keeps_its_id_and_office(served: Served):
    named = {"es": "Cifras que dio María Zapaquilda Ventoquipa"}
    judged = send(served, path="/check", title=named).json()
    got = send(served, title=named)
    review_id = waits(got, "held")
    (finding,) = got.json()["findings"]
    assert (judged["outcome"], judged["findings"]) == ("held", [finding])
    place = (finding["pointer"], finding["code"], finding["kind"])
    assert place == ("/title/es", "text-to-confirm", "name")
    assert named["es"][finding["offset"] :][: finding["length"]].strip() == "María Zapaquilda Ventoquipa"
    assert "Zapaquilda" not in got.text
    batch = {"bulletins": [bulletin(period="2022-11"), bulletin(period="2022-12", title=named)]}
    both = served.as_("pan").post("/v1/bulletins/batch", json=batch)
    assert [each["outcome"] for each in both.json()["bulletins"]] == ["held", "held"]
    assert [each["pointer"] for each in both.json()["findings"]] == ["/bulletins/1/title/es"]
    item, content = item_of(served, review_id)
    resubmit = KINDS[item.kind].resubmit
    assert resubmit is not None
    for who in ("pan", "rcm"):
        waiting = resubmit(served.node, caller_of(served, who), content["payload"], bulletin())
        assert (waiting.is_ready, waiting.issuer, waiting.documents[0]["id"]) == (True, "RCM/PAN", content["documents"][0]["id"])
    with pytest.raises(Problem) as refused:
        resubmit(served.node, caller_of(served, "hnd"), content["payload"], bulletin())
    assert refused.value.code == "not-your-state"
    decide(served, partner_release="after_review")
    # Who sends it in its place makes it nobody else's: what the conference decided for its national offices holds.
    assert resubmit(served.node, caller_of(served, "rcm"), content["payload"], bulletin()).needs_review
