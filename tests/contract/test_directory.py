"""The directory by date over HTTP: who presides, who belongs, whom to write to; what is not known is said."""

import pytest
from bodies import codes_of
from directories import Json, add, day, get, row_of, troika
from serving import Served


def test_in_november_2012_chile_and_panama_preside(standing: Served):
    sacm, rcm = get(standing, "/conferences/SACM", on="2012-11-10"), get(standing, "/conferences/RCM", on="2012-11-10")
    assert sacm["presidency"] == {"state": "CHL", "from": "2012-01-01", "to": "2012-12-31", "provisional": True}
    assert sacm["troika"] == [
        {"role": "previous", "state": "BRA", "from": "2011-01-01", "to": "2011-12-31", "provisional": True},
        {"role": "current", "state": "CHL", "from": "2012-01-01", "to": "2012-12-31", "provisional": True},
        {"role": "next", "state": "COL", "from": "2013-01-01", "to": "2013-12-31", "provisional": True},
    ]
    assert rcm["presidency"]["state"] == "PAN"
    assert troika(rcm) == [("previous", "DOM"), ("current", "PAN"), ("next", "CRI")]
    assert sacm["findings"] == rcm["findings"] == []


def test_a_conference_names_its_members_and_observers(standing: Served):
    rcm = get(standing, "/conferences/CRM", on="2012-11-10")
    assert (rcm["code"], rcm["aliases"], rcm["on"]) == ("RCM", ["CRM"], "2012-11-10")
    assert rcm["names"]["es"] == "Conferencia Regional sobre Migración"
    assert rcm["members"] == ["BLZ", "CAN", "CRI", "DOM", "GTM", "HND", "MEX", "NIC", "PAN", "SLV", "USA"]
    assert rcm["observers"] == ["ARG", "COL", "ECU", "JAM", "PER"]
    assert len(get(standing, "/conferences/SACM")["members"]) == 12
    assert [one["code"] for one in get(standing, "/conferences")["items"]] == ["RCM", "SACM"]


@pytest.mark.parametrize(
    ("language", "words"),
    [("es", "Ninguna fuente verificada"), ("pt-BR", "Nenhuma fonte verificada"), ("en", "No verified source"), ("de", "No")],
)
def test_on_a_day_without_a_row_the_answer_says_so_in_the_readers_language(standing: Served, language: str, words: str):
    answer = standing.as_("analyst").get("/v1/conferences/SACM", params={"on": "2005-06-01"}, headers={"Accept-Language": language})
    body = answer.json()
    assert (body["presidency"], body["troika"]) == (None, [])
    (finding,) = body["findings"]
    assert (finding["code"], finding["pointer"]) == ("presidency-unknown", "/presidency")
    assert finding["detail"].startswith(words)
    assert "2005-06-01" in finding["detail"]
    assert answer.headers["content-language"] == language[:2].replace("de", "en")
    assert "Accept-Language" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("on", "state", "seats"), [("2015-03-01", None, []), ("2014-03-01", "NIC", ["CRI", "NIC"]), ("2017-03-01", "SLV", ["SLV", "PAN"])]
)
def test_an_unknown_neighbour_is_left_out_and_named_as_missing(standing: Served, on: str, state: str | None, seats: list[str]):
    rcm = get(standing, "/conferences/RCM", on=on)
    assert (rcm["presidency"] or {}).get("state") == state
    assert [one["state"] for one in rcm["troika"]] == seats
    assert [finding["code"] for finding in rcm["findings"]] == ["troika-incomplete" if state else "presidency-unknown"]


def test_offices_resolve_to_states_on_the_day(standing: Served):
    offices = {one["code"]: one for one in get(standing, "/offices", on="2012-11-10")["items"]}
    assert len(offices) == 2 + 2 + 11 + 12
    assert (offices["RCM/presidency"]["state"], offices["SACM/presidency"]["state"]) == ("PAN", "CHL")
    assert offices["RCM/presidency"]["provisional"] is True
    assert (offices["RCM/PAN"]["kind"], offices["RCM/PAN"]["state"], offices["RCM/PAN"]["provisional"]) == ("member", "PAN", False)
    assert offices["SACM/secretariat"]["state"] is None
    assert offices["RCM/PAN"]["labels"]["pt"] == "Escritório nacional"
    assert get(standing, "/offices", on="2005-06-01", conference="CSM")["items"][-2]["code"] == "SACM/presidency"
    assert get(standing, "/offices", on="2005-06-01", conference="SACM")["items"][-2]["state"] is None
    assert "RCM/COL" not in offices


def test_states_carry_their_capacities_on_the_day(standing: Served):
    states = {one["code"]: one for one in get(standing, "/states")["items"]}
    assert len(states) == 11 + 12 + 1
    for code in ("ARG", "COL", "ECU", "PER"):
        assert [(one["conference"], one["capacity"]) for one in states[code]["memberships"]] == [("RCM", "observer"), ("SACM", "member")]
    assert states["PAN"]["memberships"] == [{"conference": "RCM", "capacity": "member", "valid_from": None, "valid_to": None}]
    assert states["BRA"]["labels"] == {"en": "Brazil", "es": "Brasil", "pt": "Brasil"}
    rcm = get(standing, "/states", conference="RCM")
    assert (rcm["total"], len(rcm["items"])) == (16, 16)
    assert len(next(one for one in rcm["items"] if one["code"] == "COL")["memberships"]) == 2


@pytest.mark.parametrize("path", ["/conferences", "/states", "/offices", "/vocabularies"])
def test_pages_by_cursor_give_each_item_once(standing: Served, path: str):
    whole, seen, cursor = get(standing, path)["items"], [], None
    for _ in range(len(whole)):
        page = get(standing, path, limit=1, **({"cursor": cursor} if cursor else {}))
        assert page["total"] == len(whole)
        seen += page["items"]
        cursor = page["next_cursor"]
    assert cursor is None
    assert seen == whole


def test_a_cursor_is_bound_to_its_filters(standing: Served):
    cursor = get(standing, "/states", limit=1)["next_cursor"]
    answer = standing.as_("analyst").get("/v1/states", params={"cursor": cursor, "conference": "RCM"})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor-invalid")


@pytest.mark.parametrize("path", ["/conferences", "/conferences/RCM", "/states", "/offices", "/vocabularies", "/vocabularies/sex"])
def test_an_unchanged_answer_is_304_for_who_has_it(standing: Served, path: str):
    first = standing.as_("analyst").get(f"/v1{path}")
    again = standing.as_("analyst").get(f"/v1{path}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_an_edit_makes_a_new_etag(served: Served):
    paths = ("/v1/conferences/RCM", "/v1/states", "/v1/offices")
    etags = {path: served.as_("analyst").get(path).headers["etag"] for path in paths}
    row = row_of(served, "RCM/memberships", state="NIC")
    add(served, "RCM/memberships", state="NIC", capacity="member", valid_to=day(-1), corrects=row["id"])
    for path, etag in etags.items():
        assert served.as_("analyst").get(path, headers={"If-None-Match": etag}).status_code == 200, path


@pytest.mark.parametrize(
    ("path", "params", "pointer", "code"),
    [
        ("/conferences/RCM", {"on": "2012-13-01"}, "on", "format"),
        ("/conferences/RCM", {"on": "2012-02-30"}, "on", "format"),
        ("/conferences/RCM", {"on": "20121110"}, "on", "format"),
        ("/conferences/RCM", {"on": "1352505600"}, "on", "format"),
        ("/conferences/RCM", {"on": "0001-01-01"}, "on", "format"),
        ("/conferences/RCM", {"on": "٢٠١٢-١١-١٠"}, "on", "format"),
        ("/conferences/RCM", {"on": ""}, "on", "parameter-empty"),
        ("/conferences/RCM", {"day": "2012-11-10"}, "day", "parameter-unknown"),
        ("/states", {"conference": "ASEAN"}, "conference", "code-unknown"),
        ("/offices", {"conference": "rcm"}, "conference", "code-unknown"),
        ("/offices", {"limit": 1001}, "limit", "out-of-range"),
        ("/conferences", {"on": "2012-11-10"}, "on", "parameter-unknown"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(standing: Served, path: str, params: Json, pointer: str, code: str):
    answer = standing.as_("analyst").get(f"/v1{path}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-query"), answer.text
    assert codes_of(answer) == {(pointer, code)}


@pytest.mark.parametrize("path", ["/conferences/ASEAN", "/conferences/rcm", "/conferences/ASEAN/presidencies", "/conferences/ASEAN/policy"])
def test_a_conference_that_nobody_knows_is_404(standing: Served, path: str):
    answer = standing.as_("operator").get(f"/v1{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "conference-unknown")
