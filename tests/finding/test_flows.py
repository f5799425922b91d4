"""GET /v1/alerts/{id}/flows: published figures of an alert's nationalities and corridor near its time, and nothing that proves anything."""

from typing import Any

import pytest
from bodies import Body, cells, revise
from nearby import ROUTE, alert, ask, darien, etag, pages, place, report, revised, route, rows
from serving import Served
from sqlalchemy import text

ABSENT = "01920000-0000-7000-8000-00000000dead"
HONDURAS = {"reporting_state": "HND", "measure": "irregular_entry"}


def test_the_figures_of_the_nationalities_from_the_states_of_the_route_near_the_time_are_found(served: Served):
    pan, hnd, rcm = served.as_("pan"), served.as_("hnd"), served.as_("rcm")
    months = ("2021-09", "2021-10", "2021-11", "2021-12", "2022-01")
    made = {month: report(pan, month, darien(month, "BGD", "IND", "NPL")) for month in months}
    entered = report(hnd, "2021-11", {"NPL": 17, "CUB": 400}, **HONDURAS)
    report(rcm, "2021-11", {"NPL": 90, "CUB": 70}, reporting_state="CRI")
    found = ask(served.as_("analyst"), alert(rcm))
    # Public figures of Darién; Bangladesh, Costa Rica and the months around are not asked for.
    expected = {
        ("2021-10", "PAN", "IND", 65, 2): made["2021-10"],
        ("2021-10", "PAN", "NPL", 77, 2): made["2021-10"],
        ("2021-11", "PAN", "IND", 158, 2): made["2021-11"],
        ("2021-11", "PAN", "NPL", 30, 2): made["2021-11"],
        ("2021-11", "HND", "NPL", 17, 3): entered,
        ("2021-12", "PAN", "IND", 71, 2): made["2021-12"],
        ("2021-12", "PAN", "NPL", 108, 2): made["2021-12"],
    }
    assert {row: item["bulletin"] for row, item in zip(rows(found), found["items"], strict=True)} == {
        row: f"{document['id']}@v1" for row, document in expected.items()
    }
    assert [item["period"] for item in found["items"]] == sorted(item["period"] for item in found["items"])
    assert (found["total"], found["next_cursor"]) == (7, None)
    assert list(found) == ["tlp", "handling", "items", "asked", "words", "notes", "next_cursor", "total"]


def test_what_was_asked_is_told_and_gives_the_same_rows_from_the_flows(served: Served):
    report(served.as_("pan"), "2021-11", {"NPL": 30, "IND": 158})
    report(served.as_("hnd"), "2021-12", {"NPL": 17, "IND": 25}, **HONDURAS)
    analyst = served.as_("analyst")
    found = ask(analyst, alert(served.as_("rcm"), last_seen="2022-01-15"))
    assert found["asked"] == {
        "nationality": ["NPL", "IND"],
        "reporting_state": ["ECU", "COL", "PAN", "HND"],
        "period_from": "2021-10",
        "period_to": "2022-02",
        "href": "/v1/flows?nationality=NPL,IND&reporting_state=ECU,COL,PAN,HND&period_from=2021-10&period_to=2022-02",
    }
    flows = analyst.get(found["asked"]["href"]).json()
    assert [{name: value for name, value in item.items() if name != "leg"} for item in found["items"]] == flows["items"]
    assert (found["total"], flows["total"]) == (4, 4)


def test_a_wider_search_reaches_the_figure_of_a_year_and_a_narrower_one_the_month_alone(served: Served):
    pan, analyst = served.as_("pan"), served.as_("analyst")
    report(pan, "2019", darien("2019", "IND", "NPL"))
    for month in ("2020-01", "2020-02"):
        report(pan, month, darien(month, "IND", "NPL"))
    seen = alert(served.as_("rcm"), first_seen="2020-01-20", last_seen="2020-01")
    year = [("2019", "PAN", "IND", 1920, 2), ("2019", "PAN", "NPL", 254, 2)]
    january = [("2020-01", "PAN", "IND", 7, 2), ("2020-01", "PAN", "NPL", 26, 2)]
    february = [("2020-02", "PAN", "IND", 9, 2), ("2020-02", "PAN", "NPL", 17, 2)]
    for months, expected, span in (
        (0, january, ("2020-01", "2020-01")),
        (1, january + february, ("2019-12", "2020-02")),
        (11, january + february, ("2019-02", "2020-12")),
        (12, year + january + february, ("2019-01", "2021-01")),
    ):
        found = ask(analyst, seen, months=months)
        assert sorted(rows(found)) == sorted(expected), months
        assert (found["asked"]["period_from"], found["asked"]["period_to"]) == span
    assert ask(analyst, seen) == ask(analyst, seen, months=1)


@pytest.mark.parametrize(
    ("asked", "pointer"), [({"months": 13}, "months"), ({"months": -1}, "months"), ({"limit": 1001}, "limit"), ({"sex": "F"}, "sex")]
)
def test_what_cannot_be_asked_is_refused(served: Served, asked: dict[str, Any], pointer: str):
    answer = served.as_("analyst").get(place(alert(served.as_("rcm"))), params=asked)
    assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (422, [pointer])


def test_who_may_not_see_the_alert_or_reads_no_bodies_gets_no_figures(served: Served):
    report(served.as_("pan"), "2021-11", {"NPL": 30, "IND": 158})
    rcm, analyst = served.as_("rcm"), served.as_("analyst")
    secret = alert(rcm, tlp="AMBER", audience=["RCM"])
    assert ask(served.as_("hnd"), secret)["total"] == 2
    # One is hidden, one is nobody's, two could be no document's.
    hidden = [analyst.get(place({"id": name})) for name in (secret["id"], ABSENT, "x", "%00")]
    hidden.append(served.as_("sacm").get(place(secret)))
    assert {(answer.status_code, answer.json()["code"]) for answer in hidden} == {(404, "not-found")}
    assert len({tuple((name, value) for name, value in answer.json().items() if name != "request_id") for answer in hidden}) == 1
    refused = served.as_("operator").get(place(secret))
    assert (refused.status_code, refused.json()["code"]) == (403, "role-forbidden")
    assert served.as_(None).get(place(secret)).status_code == 401


def test_a_withdrawn_alert_says_nothing_until_it_is_reinstated(served: Served):
    report(served.as_("pan"), "2021-11", {"NPL": 30, "IND": 158})
    rcm = served.as_("rcm")
    made = alert(rcm)
    gone = rcm.post(f"/v1/alerts/{made['id']}/withdraw", json={"reason": "it was another network"}, headers=etag(made)).json()
    for who in ("rcm", "analyst", "peer"):
        answer = served.as_(who).get(place(made))
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    revised(rcm, made | {"version": gone["version"]}, nationalities=["IND"])
    assert rows(ask(served.as_("analyst"), made)) == [("2021-11", "PAN", "IND", 158, 2)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nationalities": []}, "The alert names no nationalities, so there are no figures to look for."),
        ({"route": []}, "The alert names no route, so there are no figures to look for."),
        ({"nationalities": [], "route": []}, "The alert names neither nationalities nor a route, so there are no figures to look for."),
    ],
)
def test_an_alert_that_names_no_nationality_or_no_route_finds_nothing_and_says_why(served: Served, changes: Body, said: str):
    report(served.as_("pan"), "2021-11", {"NPL": 30, "IND": 158})
    found = ask(served.as_("analyst"), alert(served.as_("rcm"), **changes))
    asked = {"nationality": changes.get("nationalities", ["NPL", "IND"]), "reporting_state": ["ECU", "COL", "PAN", "HND"]}
    asked |= {"reporting_state": []} if "route" in changes else {}
    assert found == {
        "tlp": "GREEN",
        "handling": [],
        "items": [],
        "asked": asked | {"period_from": "2021-10", "period_to": "2021-12", "href": None},
        "words": said,
        "notes": [],
        "next_cursor": None,
        "total": 0,
    }


def test_the_words_say_what_was_looked_for_and_that_it_proves_nothing_in_the_readers_language(served: Served):
    analyst, seen = served.as_("analyst"), alert(served.as_("rcm"))
    spoken = {language: analyst.get(place(seen), headers={"Accept-Language": language}) for language in ("en", "es", "pt-BR")}
    assert [answer.headers["content-language"] for answer in spoken.values()] == ["en", "es", "pt"]
    assert len({answer.headers["etag"] for answer in spoken.values()}) == 3
    words = {language: answer.json()["words"] for language, answer in spoken.items()}
    assert words["en"] == (
        "Looked for: published figures of these nationalities: Nepal, India; reported by these States of the route: Ecuador, Colombia, "
        "Panama, Honduras; for periods within 2021-10 to 2021-12. There are none that you may see. Figures near an alert in time and "
        "place prove nothing about its network, and a figure that is not listed is not a zero."
    )
    assert "Ecuador, Colombia, Panamá, Honduras" in words["es"]
    assert "no prueba nada" in words["es"]
    assert "Equador, Colômbia, Panamá, Honduras" in words["pt-BR"]
    assert "nada provam" in words["pt-BR"]
    report(served.as_("pan"), "2021-11", {"NPL": 30, "IND": 158})
    assert ask(analyst, seen)["words"] == words["en"].replace(" There are none that you may see.", "")


def test_a_note_warns_on_every_page_of_measures_and_units_that_are_never_added(served: Served):
    hnd, analyst = served.as_("hnd"), served.as_("analyst")
    seen = alert(served.as_("rcm"))
    report(served.as_("pan"), "2021-10", {"NPL": 77, "IND": 65})
    # These match the search, but have no row of the nationalities.
    report(hnd, "2021-11", {"CUB": 400, "HTI": 90}, **HONDURAS)
    assert ask(analyst, seen)["notes"] == []
    report(hnd, "2021-12", {"NPL": 40, "CUB": 400}, **HONDURAS)
    measures = {
        "code": "several-measures",
        "words": "The figures are of several measures, which count different things and are never added together: "
        "Irregular entry, Irregular transit.",
    }
    assert ask(analyst, seen)["notes"] == [measures]
    report(hnd, "2021-12", {"NPL": 35, "CUB": 300}, **HONDURAS | {"unit": "event"})
    units = {
        "code": "several-units",
        "words": "The figures are in several units, which are never added together: "
        "Events (one person may be counted several times), Persons.",
    }
    assert [page["notes"] for page in pages(analyst, seen, limit=1)] == [[measures, units]] * 4
    spanish = analyst.get(place(seen), headers={"Accept-Language": "es"}).json()["notes"]
    assert spanish[1]["words"] == (
        "Las cifras están en varias unidades, que nunca se suman entre sí: Eventos (una misma persona puede contarse varias veces), Personas."
    )


def test_pages_hold_every_row_once_and_their_cursor_is_good_for_this_question_alone(served: Served):
    pan, rcm, analyst = served.as_("pan"), served.as_("rcm"), served.as_("analyst")
    for month in ("2021-10", "2021-11", "2021-12"):
        report(pan, month, darien(month, "IND", "NPL"))
    seen, other = alert(rcm), alert(rcm)
    whole = ask(analyst, seen)
    walked = list(pages(analyst, seen, limit=4))
    assert [len(page["items"]) for page in walked] == [4, 2]
    assert [item for page in walked for item in page["items"]] == whole["items"]
    assert {page["total"] for page in walked} == {6}
    cursor = walked[0]["next_cursor"]
    for document, params in ((other, {}), (seen, {"months": 2})):
        answer = analyst.get(place(document), params={**params, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor-invalid")
    assert analyst.get("/v1/flows", params={"cursor": cursor}).json()["code"] == "cursor-invalid"
    # A version that asks for the same goes on; one that asks for another thing does not.
    second = revised(rcm, seen, severity="low")
    assert ask(analyst, seen, cursor=cursor)["items"] == whole["items"][4:]
    revised(rcm, second, nationalities=["NPL"])
    assert analyst.get(place(seen), params={"cursor": cursor}).json()["code"] == "cursor-invalid"


def still(answer: Any) -> tuple[object, ...]:
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}
    return answer.status_code, answer.content, headers


def test_what_is_hidden_changes_no_byte_of_what_another_sees(served: Served):
    rcm, sacm, hnd = served.as_("rcm"), served.as_("sacm"), served.as_("hnd")
    report(served.as_("pan"), "2021-11", {"NPL": 30, "IND": 158})
    # Of this measure only what is hidden has rows of the nationalities.
    report(hnd, "2021-10", {"CUB": 400, "HTI": 90}, reporting_state="HND", measure="rescue")
    seen = alert(rcm)
    readers = ("analyst", "bra", "peer")
    before = {(who, limit): still(served.as_(who).get(place(seen), params={"limit": limit})) for who in readers for limit in (1, 100)}
    secret, own = {"tlp": "RED", "audience": []}, {"tlp": "RED", "audience": ["RCM/HND"]}
    report(hnd, "2021-11", {"NPL": 40, "IND": 50}, **HONDURAS, **own)
    report(rcm, "2021-12", {"NPL": 41, "IND": 51}, reporting_state="CRI", **secret)
    report(hnd, "2021-11", {"NPL": 43, "IND": 53}, reporting_state="HND", measure="rescue", publisher="HND-ONE", **own)
    report(rcm, "2021-11", {"NPL": 42, "IND": 52}, measure="apprehension", unit="event", **secret)
    hidden = alert(rcm, **secret)
    revised(rcm, hidden, nationalities=["CUB"])
    alert(rcm, **secret, related=[seen["id"]])
    for (who, limit), answer in before.items():
        assert still(served.as_(who).get(place(seen), params={"limit": limit})) == answer, who
    # Who sees more finds more by the same search.
    assert [note["code"] for note in ask(rcm, seen)["notes"]] == ["several-measures", "several-units"]
    assert (ask(rcm, seen)["total"], ask(sacm, seen)["total"]) == (8, 2)


def test_a_copy_is_fresh_until_something_visible_changes(served: Served):
    pan, rcm, analyst = served.as_("pan"), served.as_("rcm"), served.as_("analyst")
    counted = report(pan, "2021-11", {"NPL": 30, "IND": 158})
    seen = alert(rcm)
    first = analyst.get(place(seen))
    again = analyst.get(place(seen), headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert first.headers["vary"] == "Authorization, Accept-Language"
    tags = {first.headers["etag"], *(analyst.get(place(seen), params=asked).headers["etag"] for asked in ({"months": 2}, {"limit": 1}))}
    tags |= {served.as_("rcm").get(place(seen)).headers["etag"], analyst.get(place(alert(rcm))).headers["etag"]}
    # The same States in the same order, of which two are touched a leg later: only the rows are other ones.
    assert {item["leg"] for item in first.json()["items"]} == {2}
    second = revised(rcm, seen, route=route(("ECU", "ECU"), *ROUTE))
    later = ask(analyst, seen)
    assert (later["asked"], {item["leg"] for item in later["items"]}) == (first.json()["asked"], {3})
    tags |= {analyst.get(place(seen)).headers["etag"]}
    revise(pan, counted, period="2021-11", cells=cells(NPL=5000, IND=6000))
    tags |= {analyst.get(place(seen)).headers["etag"]}
    assert len(tags) == 7
    assert (second["version"], {item["value"] for item in ask(analyst, seen)["items"]}) == (2, {5000, 6000})


def test_a_hidden_bulletin_is_not_found_and_one_that_is_withdrawn_no_more(served: Served):
    pan, rcm, analyst = served.as_("pan"), served.as_("rcm"), served.as_("analyst")
    seen = alert(rcm)
    report(served.as_("hnd"), "2021-11", {"NPL": 40, "IND": 50}, **HONDURAS, tlp="AMBER", audience=["RCM"])
    made = report(pan, "2021-11", {"NPL": 30, "IND": 158})
    assert (ask(analyst, seen)["total"], ask(pan, seen)["total"]) == (2, 4)
    gone = pan.post(f"/v1/bulletins/{made['id']}/withdraw", json={"reason": "counted twice"}, headers=etag(made))
    assert gone.status_code == 200
    assert (ask(analyst, seen)["total"], ask(pan, seen)["total"]) == (0, 2)


def test_the_alert_and_the_bulletins_are_in_the_audit_of_reads(served: Served):
    rcm = served.as_("rcm")
    seen = alert(rcm, tlp="AMBER", audience=["RCM"])
    made = report(served.as_("hnd"), "2021-11", {"NPL": 40, "IND": 50}, **HONDURAS, tlp="AMBER", audience=["RCM"])
    report(served.as_("hnd"), "2021-09", {"NPL": 40, "IND": 50}, **HONDURAS, tlp="AMBER", audience=["RCM"])
    answer = rcm.get(place(seen))
    asked = "SELECT shown.document_id, shown.version FROM audit JOIN read_set AS shown ON shown.digest = read_set"
    statement = text(f"{asked} WHERE action = 'list_alert_flows' AND request_id = :id")
    with served.node.db.read() as session:
        read = [tuple(row) for row in session.execute(statement, {"id": answer.headers["x-request-id"]})]
    assert sorted(read) == sorted([(seen["id"], 1), (made["id"], 1)])
