"""Edits of the directory: they take effect on their days, and nothing of the history is lost."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from bodies import bulletin, cells, codes_of, publish
from directories import Json, add, day, get, history, refused, row_of, rows, troika
from serving import Served

EDITS = {
    "presidencies": {"state": "PAN", "from": "2020-01-01", "to": "2020-12-31"},
    "memberships": {"state": "HTI", "capacity": "observer", "valid_from": "2020-01-01"},
    "offices": {"name": "secretariat", "email": "st@example.org"},
}


@pytest.mark.parametrize("what", EDITS)
@pytest.mark.parametrize(("who", "status"), [(None, 401), ("rcm", 403), ("pan", 403), ("analyst", 403), ("peer", 403)])
def test_only_an_operator_edits(standing: Served, what: str, who: str | None, status: int):
    before = rows(standing)
    assert standing.as_(who).post(f"/v1/conferences/RCM/{what}", json=EDITS[what]).status_code == status
    assert rows(standing) == before
    readers = {"rcm": 200, "operator": 200, "pan": 403, "analyst": 403, "peer": 403, None: 401}
    assert {name: standing.as_(name).get(f"/v1/conferences/RCM/{what}").status_code for name in readers} == readers


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_is_a_row_with_its_audit(served: Served, what: str):
    before, audit = len(history(served, f"RCM/{what}")), len(served.audit())
    row = add(served, f"CRM/{what}", **EDITS[what], source="note of the secretariat")
    operator = served.keys["operator"].split("_")[1]
    assert (row["recorded_by"], row["superseded_at"], row["source"]) == (operator, None, "note of the secretariat")
    assert row["recorded_at"].endswith("Z")
    assert history(served, f"RCM/{what}")[before:] == [row]
    action = {"presidencies": "add_presidency", "memberships": "add_membership", "offices": "add_office"}[what]
    assert served.audit()[audit:] == [(action, "done", None)]


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_under_a_key_is_made_once(served: Served, what: str):
    headers = {"Idempotency-Key": "edit-1"}
    answers = [served.as_("operator").post(f"/v1/conferences/RCM/{what}", json=EDITS[what], headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert [row for row in history(served, f"RCM/{what}") if row["recorded_by"]] == [answers[0].json()]


@pytest.mark.parametrize(
    ("path", "body", "pointer", "code"),
    [
        ("RCM/presidencies", {"state": "PAN"}, "/from", "field-missing"),
        ("RCM/presidencies", {"state": "PAN", "from": "2020-02-30"}, "/from", "format"),
        ("RCM/presidencies", {"state": "PAN", "from": "1899-12-31"}, "/from", "format"),
        ("RCM/presidencies", {"state": "PAN", "first": "2020-01-01", "from": "2020-01-01"}, "/first", "field-unknown"),
        ("RCM/presidencies", {"state": "PAN", "from": "2020-02-01", "to": "2020-01-31"}, "/to", "days-reversed"),
        ("RCM/presidencies", {"state": "PANAMA", "from": "2020-02-01"}, "/state", "code-unknown"),
        ("RCM/presidencies", {"state": "XXA", "from": "2020-02-01"}, "/state", "code-unknown"),
        ("RCM/presidencies", {"state": "PAN", "from": "2020-02-01", "source": "a\u0000b"}, "/source", "text-character"),
        ("RCM/presidencies", {"state": "PAN", "from": "2020-02-01", "corrects": 0}, "/corrects", "out-of-range"),
        ("RCM/memberships", {"state": "HTI", "capacity": "guest"}, "/capacity", "code-unknown"),
        ("RCM/memberships", {"state": "HTI", "capacity": "member", "valid_from": "2020-02-01", "valid_to": "2019-01-01"}, "/valid_to", "days-reversed"),
        ("RCM/offices", {"name": "chair"}, "/name", "format"),
        ("RCM/offices", {"name": "QQQ"}, "/name", "code-unknown"),
        ("RCM/offices", {"name": "secretariat", "email": "not an address"}, "/email", "format"),
        ("RCM/offices", {"name": "secretariat", "email": "a@b.c\r\nBcc: x@y.z"}, "/email", "format"),
        ("RCM/offices", {"name": "secretariat", "url": "javascript:alert(1)"}, "/url", "format"),
        ("RCM/offices", {"name": "secretariat", "phone": "call me"}, "/phone", "format"),
        ("RCM/offices", {"name": "secretariat", "title": {"fr": "Secrétariat"}}, "/title/fr", "field-unknown"),
        ("RCM/offices", {"name": "secretariat", "address": "x" * 301}, "/address", "text-too-long"),
    ],
)  # fmt: skip
def test_a_wrong_edit_is_refused_by_its_place(standing: Served, path: str, body: Json, pointer: str, code: str):
    answer = refused(standing, path, 422, "invalid-document", **body)
    assert (pointer, code) in codes_of(answer), answer.text


def test_known_days_take_the_place_of_the_year_and_its_neighbours_days(served: Served):
    """Panama took over from the Dominican Republic at the closing meeting of November 2011."""
    row = add(served, "RCM/presidencies", state="PAN", **{"from": "2011-11-17", "to": "2012-11-20"})
    assert (row["from"], row["to"], row["provisional"]) == ("2011-11-17", "2012-11-20", False)
    autumn = get(served, "/conferences/RCM", on="2011-12-01")
    assert autumn["presidency"] == {"state": "PAN", "from": "2011-11-17", "to": "2012-11-20", "provisional": False}
    assert troika(autumn) == [("previous", "DOM"), ("current", "PAN"), ("next", "CRI")]
    assert [one["provisional"] for one in autumn["troika"]] == [True, False, True]
    assert autumn["troika"][0]["to"] == "2011-11-16"
    assert get(served, "/conferences/RCM", on="2011-11-16")["presidency"]["state"] == "DOM"
    assert get(served, "/conferences/RCM", on="2012-11-21")["presidency"] is None
    # what was believed before stays in the history
    old = [(one["state"], one["from"], one["to"], one["superseded_at"] is not None) for one in history(served, "RCM/presidencies")]
    assert ("DOM", "2011-01-01", "2011-12-31", True) in old
    assert ("PAN", "2012-01-01", "2012-12-31", True) in old
    assert ("DOM", "2011-01-01", "2011-11-16", False) in old


def test_two_never_preside_on_one_day(served: Served):
    add(served, "RCM/presidencies", state="HND", **{"from": "2015-01-10", "to": "2015-12-10"})
    row = row_of(served, "RCM/presidencies", state="HND")
    answer = refused(served, "RCM/presidencies", 409, "row-overlaps", state="MEX", **{"from": "2015-12-10", "to": "2016-12-01"})
    assert answer.json()["errors"][0]["pointer"] == "/from"
    assert str(row["id"]) in answer.json()["detail"]
    refused(served, "RCM/presidencies", 409, "row-overlaps", state="MEX", provisional=True, **{"from": "2015-01-01", "to": "2015-12-31"})
    refused(served, "RCM/presidencies", 409, "row-overlaps", state="CRI", **{"from": "2011-06-01", "to": "2013-06-01"})
    corrected = add(served, "RCM/presidencies", state="MEX", corrects=row["id"], **{"from": "2015-01-10", "to": "2015-12-10"})
    assert get(served, "/conferences/RCM", on="2015-06-01")["presidency"]["state"] == "MEX"
    assert row_of(served, "RCM/presidencies", id=row["id"])["superseded_at"] == corrected["recorded_at"]


def test_a_presidency_without_a_last_day_lasts_until_the_next(served: Served):
    add(served, "SACM/presidencies", state="ARG", **{"from": "2026-03-01"})
    add(served, "SACM/presidencies", state="BOL", **{"from": "2026-10-01"})
    assert get(served, "/conferences/SACM", on="2026-09-30")["presidency"] == {
        "state": "ARG", "from": "2026-03-01", "to": "2026-09-30", "provisional": False
    }  # fmt: skip
    assert get(served, "/conferences/SACM", on="2027-05-01")["presidency"]["state"] == "BOL"
    assert get(served, "/offices", on="2027-05-01", conference="SACM")["items"][-2]["state"] == "BOL"


def test_only_a_member_presides(standing: Served):
    refused(standing, "RCM/presidencies", 409, "not-a-member", state="COL", **{"from": "2020-01-01"})
    refused(standing, "RCM/presidencies", 409, "not-a-member", state="HTI", **{"from": "2020-01-01"})


@pytest.mark.parametrize("what", EDITS)
def test_a_correction_names_a_standing_row_of_its_own_list(served: Served, what: str):
    refused(served, f"RCM/{what}", 409, "row-not-standing", **EDITS[what], corrects=2**31 - 1)
    row = add(served, f"RCM/{what}", **EDITS[what])
    refused(
        served,
        f"SACM/{what}",
        409,
        "row-not-standing",
        **{**EDITS[what], **({"state": "BRA"} if "state" in EDITS[what] else {})},
        corrects=row["id"],
    )
    add(served, f"RCM/{what}", **EDITS[what], corrects=row["id"])
    refused(served, f"RCM/{what}", 409, "row-not-standing", **EDITS[what], corrects=row["id"])


def test_an_operator_finds_the_edit_in_the_audit_by_its_row(served: Served):
    row = add(served, "RCM/presidencies", **EDITS["presidencies"])
    (entry,) = get(served, "/audit", "operator", document=f"presidency-{row['id']}")["items"]
    assert (entry["action"], entry["outcome"], entry["client"]) == ("add_presidency", "done", row["recorded_by"])


@pytest.mark.parametrize("what", EDITS)
def test_of_equal_edits_at_once_one_stands(served: Served, what: str):
    key = {"Authorization": f"Bearer {served.keys['operator']}"}

    def send(_: int) -> int:
        return httpx.post(f"{served.url}/v1/conferences/RCM/{what}", json=EDITS[what], headers=key, timeout=60, trust_env=False).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(send, range(8))) == [201] + [409] * 7
    assert len([row for row in history(served, f"RCM/{what}") if row["recorded_by"]]) == 1


def test_the_same_edit_twice_is_refused(served: Served):
    for what, body in EDITS.items():
        add(served, f"RCM/{what}", **body)
        refused(served, f"RCM/{what}", 409, "row-overlaps", **body)


# ---- effects -------------------------------------------------------------------------------------------------------------------


def end_membership(served: Served, state: str, last: str) -> None:
    row = row_of(served, "RCM/memberships", state=state, superseded_at=None)
    add(served, "RCM/memberships", state=state, capacity="member", valid_to=last, corrects=row["id"])


def test_a_state_publishes_to_the_last_day_of_its_membership_and_not_after(served: Served):
    document = publish(served.as_("pan"))
    end_membership(served, "PAN", day())
    publish(served.as_("pan"), period="2022-11")
    end_membership(served, "PAN", day(-1))
    before = served.counts()
    for who in ("pan", "rcm"):
        answer = served.as_(who).post("/v1/bulletins", json=bulletin(period="2022-12"))
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-state")
    headers = {"If-Match": f'"{document["id"]}.v1"'}
    withdrawn = served.as_("pan").post(f"/v1/bulletins/{document['id']}/withdraw", json={"reason": "x"}, headers=headers)
    assert (withdrawn.status_code, withdrawn.json()["code"]) == (403, "not-your-state")
    assert served.counts() == before
    assert "PAN" not in get(served, "/conferences/RCM")["members"]
    assert "PAN" in get(served, "/conferences/RCM", on=day(-1))["members"]
    assert "RCM/PAN" not in {one["code"] for one in get(served, "/offices")["items"]}


def test_an_office_that_is_no_more_cannot_be_named(served: Served):
    publish(served.as_("rcm"), tlp="AMBER", audience=["RCM/NIC"])
    end_membership(served, "NIC", day(-1))
    answer = served.as_("rcm").post("/v1/bulletins", json=bulletin(period="2022-11", tlp="AMBER", audience=["RCM/NIC"]))
    assert codes_of(answer) == {("/audience/0", "code-unknown")}


def test_a_new_member_publishes_from_its_first_day(served: Served):
    haiti = bulletin(reporting_state="HTI", cells=cells(VEN=400))
    add(served, "RCM/memberships", state="HTI", capacity="member", valid_from=day(1))
    assert served.as_("rcm").post("/v1/bulletins", json=haiti).status_code == 403
    row = row_of(served, "RCM/memberships", state="HTI")
    add(served, "RCM/memberships", state="HTI", capacity="member", valid_from=day(), corrects=row["id"])
    assert served.as_("rcm").post("/v1/bulletins", json=haiti).status_code == 201
    publish(served.as_("rcm"), tlp="AMBER", audience=["RCM/HTI"])


def test_an_observer_becomes_a_member_from_a_day_on(served: Served):
    add(served, "RCM/memberships", state="JAM", capacity="member", valid_from=day(10))
    assert "JAM" in get(served, "/conferences/RCM", on=day(9))["observers"]
    later = get(served, "/conferences/RCM", on=day(10))
    assert "JAM" in later["members"]
    assert "JAM" not in later["observers"]
    kept = [
        (row["capacity"], row["valid_from"], row["valid_to"], bool(row["superseded_at"]))
        for row in history(served, "RCM/memberships")
        if row["state"] == "JAM"
    ]
    assert sorted(kept, key=str) == sorted(
        [("observer", None, None, True), ("observer", None, day(9), False), ("member", day(10), None, False)], key=str
    )


def test_no_state_is_a_member_of_two_conferences_on_one_day(served: Served):
    answer = refused(served, "RCM/memberships", 409, "member-elsewhere", state="COL", capacity="member", valid_from=day(1))
    assert "SACM" in answer.json()["detail"]
    row = row_of(served, "SACM/memberships", state="COL")
    add(served, "SACM/memberships", state="COL", capacity="member", valid_to=day(), corrects=row["id"])
    add(served, "RCM/memberships", state="COL", capacity="member", valid_from=day(1))
    assert [
        one["conference"] for one in next(s for s in get(served, "/states", on=day(1))["items"] if s["code"] == "COL")["memberships"]
    ] == ["RCM"]


def test_contact_data_of_an_office_hold_from_a_day_on(served: Served):
    old = {
        "title": {"es": "Secretaría Técnica"},
        "email": "st@example.org",
        "phone": "+506 2222-3333",
        "url": "https://example.org/st",
        "address": "San José",
    }
    add(served, "RCM/offices", name="secretariat", **old)
    add(served, "RCM/offices", name="secretariat", valid_from=day(5), email="se@example.org")
    add(served, "RCM/offices", name="PA", phone="+507 507-1800")

    def office(code: str, on: str) -> Json:
        return next(one for one in get(served, "/offices", on=on)["items"] if one["code"] == code)

    now = office("RCM/secretariat", day())
    assert now["title"] == {"en": None, "es": "Secretaría Técnica", "pt": None}
    assert {name: now[name] for name in old if name != "title"} == {name: value for name, value in old.items() if name != "title"}
    assert (office("RCM/secretariat", day(5))["email"], office("RCM/secretariat", day(5))["phone"]) == ("se@example.org", None)
    assert (office("RCM/PAN", day())["phone"], office("SACM/secretariat", day())["email"]) == ("+507 507-1800", None)
    refused(served, "RCM/offices", 409, "not-a-member", name="COL", email="x@example.org")
