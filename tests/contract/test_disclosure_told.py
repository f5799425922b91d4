"""What a sender is told of the protection of its table: warnings, k, budget, limits, and the same again."""

import re
from pathlib import Path

from bodies import bulletin, cells, publish, revise, revision
from serving import Served, serving, settings_for

from app.directory.codes import nationalities

SMALL = [{"nationality": code, "sex": sex, "value": 3} for code in ("SOM", "ERI", "CMR", "NPL", "BGD", "HTI") for sex in ("F", "M")]
"""36 persons, none of whose cells by nationality and sex may be shown; each nationality counts 6."""


def codes(document: dict) -> list[str]:
    return [warning["code"] for warning in document["warnings"]]


def test_small_changes_against_the_version_before_are_counted_and_no_cell_is_named(served: Served):
    """VEN, its area and the total change by 2; NPL and SOM stay."""
    rcm = served.as_("rcm")
    rcm.params = {"protect": "none"}
    first = publish(rcm)
    assert first["warnings"] == []
    answer = rcm.put(
        f"/v1/bulletins/{first['id']}",
        json=revision(cells=cells(VEN=402, NPL=213, SOM=31)),
        headers={"If-Match": f'"{first["id"]}.v1"', "Accept-Language": "es"},
    )
    (warning,) = answer.json()["warnings"]
    assert (warning["code"], answer.headers["content-language"]) == ("delta-below-k", "es")
    assert "en al menos 1 y menos de 5: 3." in warning["detail"]
    assert "VEN" not in warning["detail"]
    assert revise(rcm, answer.json(), cells=cells(VEN=407, NPL=213, SOM=31))["warnings"] == []
    rcm.params = {}


def test_a_mostly_withheld_table_is_published_with_what_would_show_more(served: Served):
    answer = served.as_("pan").post("/v1/bulletins", json=bulletin(cells=SMALL, period="2022-10"))
    document = answer.json()
    assert answer.status_code == 201
    assert (document["disclosure"]["method"], document["population_shown_pct"], codes(document)) == ("withhold", 0, ["mostly-withheld"])
    told = re.search(
        r"only 0 %.*protect=pool, it would be (\d+) %; for a period 3 times as long.* about (\d+) %", document["warnings"][0]["detail"]
    )
    assert told
    assert int(told[1]) > 0
    stored = served.as_("pan").get(f"/v1/bulletins/{document['id']}").json()
    assert "warnings" not in stored
    checked = served.as_("pan").post("/v1/bulletins/check", json=bulletin(cells=SMALL, period="2022-11")).json()
    assert [finding["code"] for finding in checked["findings"]] == ["mostly-withheld"]


def test_the_kept_answer_has_no_warnings_for_they_depend_on_unprotected_counts(served: Served):
    headers = {"Idempotency-Key": "once"}
    first = served.as_("pan").post("/v1/bulletins", json=bulletin(cells=SMALL), headers=headers)
    again = served.as_("pan").post("/v1/bulletins", json=bulletin(cells=SMALL), headers=headers)
    assert codes(first.json()) == ["mostly-withheld"]
    assert again.headers["idempotency-replayed"] == "true"
    assert {"warnings", "population_shown_pct"}.isdisjoint(again.json())


def test_a_batch_and_a_file_tell_the_warnings_at_their_bulletins_and_keep_none(served: Served):
    batch = {"bulletins": [bulletin(), bulletin(period="2022-11", cells=SMALL)]}
    headers = {"Idempotency-Key": "batch", "Accept-Language": "pt"}
    told = served.as_("pan").post("/v1/bulletins/batch", json=batch, headers=headers)
    (finding,) = told.json()["findings"]
    assert (finding["pointer"], finding["code"], told.headers["content-language"]) == ("/bulletins/1/cells", "mostly-withheld", "pt")
    assert served.as_("pan").post("/v1/bulletins/batch", json=batch, headers=headers).json()["findings"] == []
    rows = "".join(f"2022-10,{cell['nationality']},{cell['sex']},3\n" for cell in SMALL)
    asked = {"state": "PAN", "measure": "rescue", "unit": "person"}
    for more in ({"dry_run": "true"}, {}):
        answer = served.as_("pan").post(
            "/v1/bulletins/files", params={**asked, **more}, files={"file": ("x.csv", f"period,nationality,sex,value\n{rows}".encode())}
        )
        (finding,) = answer.json()["findings"]
        assert (finding["row"], finding["column"], finding["code"]) == (2, "period", "mostly-withheld")


def test_a_table_that_tells_who_of_the_minors_is_alone_is_under_k_10_and_its_flow_stays_under_5(served: Served):
    minors = [{"accompaniment": code, "value": value} for code, value in (("accompanied", 400), ("unaccompanied", 70), ("separated", 7))]
    document = publish(served.as_("pan"), cells=minors)
    assert document["disclosure"]["k"] == 10
    shown = {cell["accompaniment"]: cell["value"] for cell in document["cells"]}
    assert (shown["separated"], shown["_T"]) == (None, 477)
    assert publish(served.as_("pan"), cells=cells(VEN=470, SOM=7))["disclosure"]["k"] == 5


def test_what_cannot_be_proved_in_time_is_refused_and_nothing_is_stored(stores, tmp_path: Path):
    with serving(settings_for(stores.ready("sqlite"), tmp_path, protection_budget_s=1e-9)) as served:
        before = served.counts()
        answer = served.as_("pan").post("/v1/bulletins", json=bulletin(cells=SMALL))
        assert (answer.status_code, answer.json()["code"]) == (422, "cannot-be-proved")
        assert "1e-09 seconds" in answer.json()["detail"]
        assert served.counts() == before


def test_a_table_beyond_the_limit_is_refused_with_the_limit(served: Served):
    """100 nationalities at 12 points with their margins are more than 13 x 101 cells."""
    chosen = [code for code, one in nationalities().items() if one.area and not code.startswith("_")][:100]
    table = [{"nationality": code, "route_point": f"PAN-P{number:02}", "value": 50} for code in chosen for number in range(12)]
    answer = served.as_("pan").post("/v1/bulletins", json=bulletin(cells=table))
    assert (answer.status_code, answer.json()["code"]) == (422, "table-too-large")
    told = re.search(r"has (\d+) cells; .* at most 1000\.", answer.json()["detail"])
    assert told
    assert int(told[1]) >= 13 * 101


def test_a_table_that_is_asked_for_as_it_is_and_may_not_be_shows_why_and_what_would_be_safe(served: Served):
    """What is masked is the rest of the total: 12 - 9."""
    sent = [{"nationality": "SOM", "sex": "F", "value": None, "value_status": "masked"}, {"nationality": "SOM", "sex": "M", "value": 9}]
    sent += [{"nationality": "SOM", "sex": "_T", "value": 12}, {"nationality": "VEN", "sex": "M", "value": 400}]
    answer = served.as_("pan").post("/v1/bulletins", params={"protect": "none"}, json=bulletin(cells=sent))
    assert (answer.status_code, answer.json()["code"]) == (422, "cannot-be-protected")
    assert "For example: SOM total 12 - SOM M 9." in answer.json()["detail"]
    assert re.search(r"that it shows: .*protect=withhold \d+ %", answer.json()["detail"])


def test_a_rounded_table_that_is_sent_again_is_unchanged(served: Served):
    pan = served.as_("pan")
    sent = bulletin(cells=SMALL)
    first = pan.post("/v1/bulletins", params={"protect": "round"}, json=sent)
    before = served.counts()
    again = pan.post("/v1/bulletins", params={"protect": "round"}, json=sent)
    assert (first.status_code, again.status_code, again.json()["outcome"]) == (201, 200, "unchanged")
    assert served.counts() == before
    other = pan.post("/v1/bulletins", params={"protect": "round"}, json=bulletin(cells=[*SMALL[1:], SMALL[0] | {"value": 90}]))
    assert (other.status_code, other.json()["code"]) == (409, "bulletin-exists")
