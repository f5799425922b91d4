"""Facets of the flows: values by hand, and on random sets of bulletins an oracle in plain Python asked for each value."""

import pytest
from flow_oracle import MARGINS, Oracle
from flowbook import ANALYST, SECRETARIAT, bulletin, pooled, publish, query, statements
from hypothesis import given, note, settings
from hypothesis import strategies as st
from test_flow_oracle import SHARED, as_oracle, documents, published, questions, seen

from app.bulletins.flows.facets import FACETS, MOST_VALUES, facets, names_of
from app.bulletins.flows.labels import label_of
from app.bulletins.flows.question import question_of
from app.core.problems import Problem

PATH = "/v1/flows/facets"
BY_SEX = {("SOM", "F"): 10, ("SOM", "M"): 21, ("NPL", "M"): 20}


def spread(session, caller=ANALYST, names=FACETS, **asked):
    found = facets(session, caller, question_of(query(**asked)), names)
    return found.rows, found.bulletins, {name: facet.values for name, facet in found.by_name.items() if facet.number}


def test_a_filter_narrows_every_facet_but_its_own(db):
    with published(
        db,
        [
            bulletin("2022-09", counts={"SOM": 31, "NPL": 20}),
            bulletin("2022-10", counts={"SOM": 31, "HTI": 20}, reporting_state="HND", publisher="HND-INM", figure_status="final"),
            bulletin("2022-10", ["nationality", "sex"], BY_SEX),
            bulletin("2022-11", counts={"CUB": 7}, tlp="AMBER"),
        ],
    ) as session:
        rows, bulletins, every = spread(session)
        assert (rows, bulletins) == (7, 3)
        assert every["reporting_state"] == [("PAN", 5, 2), ("HND", 2, 1)]
        assert every["figure_status"] == [("provisional", 5, 2), ("final", 2, 1)]
        # At each sex only a bulletin answers that declares it; at each nationality all do.
        assert every["sex"] == [("M", 2, 1), ("F", 1, 1)]
        assert every["nationality"] == [("SOM", 4, 3), ("NPL", 2, 2), ("HTI", 1, 1)]
        assert list(every) == [*FACETS[:9], "nationality", "sex"]
        rows, bulletins, some = spread(session, reporting_state="PAN", nationality="SOM")
        assert (rows, bulletins) == (3, 2)
        assert some["reporting_state"] == [("PAN", 3, 2), ("HND", 1, 1)]
        assert some["publisher"] == [("PAN-SNM", 3, 2)]
        assert some["nationality"] == [("SOM", 3, 2), ("NPL", 2, 2)]
        assert some["sex"] == [("F", 1, 1), ("M", 1, 1)]
        assert spread(session, SECRETARIAT)[:2] == (8, 4)
        assert spread(session, frequency="month", period_from="2022-11") == (0, 0, {})


def test_bulletins_that_stand_in_for_each_other_are_counted_at_each_of_their_statuses(db):
    with published(db, [bulletin(), bulletin("2022-10", ["nationality", "sex"], BY_SEX, figure_status="final")]) as session:
        rows, _, found = spread(session)
        assert (rows, found["figure_status"]) == (2, [("final", 3, 1), ("provisional", 2, 1)])
        assert spread(session, figure_status="final")[2]["figure_status"] == found["figure_status"]


def test_an_interval_of_an_area_is_counted_as_the_row_that_it_is(db):
    with published(db, [pooled("2022-10", {"SOM": 31, "NPL": 20, "_O": 14, "_T": 65})]) as session:
        rows, bulletins, found = spread(session, nationality="_AFR")
        assert (rows, bulletins, found["publisher"]) == (1, 1, [("PAN-SNM", 1, 1)])
        assert found["nationality"] == [("NPL", 1, 1), ("SOM", 1, 1), ("_O", 1, 1)]


def test_statements_are_as_few_as_there_are_filtered_columns_and_declared_dimensions(db):
    publish(db, bulletin("2022-09"), bulletin("2022-10", ["nationality", "sex"], BY_SEX))
    for asked, names, number in (
        # Unfiltered columns, figure_status, what is declared, nationality, sex; then one for each filtered column.
        ({}, FACETS, 5),
        ({"reporting_state": "PAN", "unit": "person"}, FACETS, 7),
        ({"nationality": "SOM"}, FACETS, 5),
        ({}, ("unit", "measure"), 1),
        ({}, ("sex",), 3),
    ):
        with db.read() as session, statements(db) as run:
            facets(session, ANALYST, question_of(query(**asked)), names)
        assert len(run) == number, (asked, names)


def test_a_facet_of_many_values_is_cut_and_their_number_is_told(db):
    ages = {f"Y{first}T{first + 1}": 1 + first for first in range(0, 130, 2)}
    points = {f"PAN-P{number:03}": number for number in range(301)}
    with published(db, [bulletin(dimensions=["age"], counts=ages), bulletin(dimensions=["route_point"], counts=points)]) as session:
        found = facets(session, ANALYST, question_of(query()), ["age", "route_point"]).by_name
        assert (len(found["age"].values), found["age"].number) == (65, 65)
        assert (len(found["route_point"].values), found["route_point"].number) == (MOST_VALUES, 301)
        assert found["route_point"].values[0] == ("PAN-P000", 1, 1)


def test_a_facet_that_there_is_not_is_refused_with_the_nearest():
    assert names_of(["sex", "unit"]) == ("unit", "sex")
    with pytest.raises(Problem) as refused:
        names_of(["sexx"])
    assert refused.value.findings[0].params["suggestions"] == ["sex"]


def test_labels_are_in_the_language_asked_for():
    told = [label_of(*each, "es") for each in (("nationality", "NPL"), ("reporting_state", "BRA"), ("unit", "person"), ("age", "Y3T4"))]
    assert told == ["Nepal", "Brasil", "Personas", "Y3T4"]
    assert [label_of("nationality", "_T", language) for language in ("en", "es", "pt")] == ["Total", "Total", "Total"]
    assert label_of("conference", "RCM", "en") == "Regional Conference on Migration"


def agree(db, made, asked, caller):
    visible = seen(made, caller)
    values = {"publisher": {each["publisher"] for each in made}, "reporting_state": {"PAN"}, "unit": {"person"}}
    for name in ("nationality", "sex", "previous_state"):
        values[name] = {cell[name] for each in made for cell in each["cells"] if name in cell} - MARGINS
    note(str(asked))
    with published(db, made) as session:
        found = spread(session, caller, [*values], **asked)[2]
    for name, codes in values.items():
        rows = {code: Oracle(visible, **as_oracle(asked | {name: code})).rows() for code in codes}
        expected = {(code, len(told), len({row[0] for row in told})) for code, told in rows.items() if told}
        assert set(found.get(name, ())) == expected, name


ASKED = questions(group_by=False).map(lambda asked: {name: value for name, value in asked.items() if name != "totals"})


@settings(max_examples=8, **SHARED)
@given(documents(), ASKED, st.sampled_from([ANALYST, SECRETARIAT]))
def test_facets_are_what_the_oracle_tells_with_each_value_in_place_of_the_own_filter(db, made, asked, caller):
    agree(db, made, asked, caller)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=200, **SHARED)
@given(documents(), ASKED, st.sampled_from([ANALYST, SECRETARIAT]))
def test_flows_long_facets_are_what_the_oracle_tells_with_each_value_in_place_of_the_own_filter(db, made, asked, caller):
    agree(db, made, asked, caller)


def test_facets_cross_the_wire_with_labels_and_are_not_sent_again(served):
    publish(served.node.db, bulletin("2022-09"), bulletin("2022-10", ["nationality", "sex"], BY_SEX))
    reader = served.as_("analyst")
    asked = {"facets": "sex,unit", "lang": "pt", "reporting_state": "PA"}
    first = reader.get(PATH, params=asked)
    assert first.json() == {
        "rows": 5,
        "bulletins": 2,
        "facets": {
            "unit": {"values": [{"code": "person", "label": "Pessoas", "rows": 5, "bulletins": 2}], "number": 1},
            "sex": {
                "values": [
                    {"code": "M", "label": label_of("sex", "M", "pt"), "rows": 2, "bulletins": 1},
                    {"code": "F", "label": label_of("sex", "F", "pt"), "rows": 1, "bulletins": 1},
                ],
                "number": 2,
            },
        },
    }
    assert (first.headers["content-language"], first.headers["vary"]) == ("pt", "Authorization, Accept-Language")
    assert reader.get(PATH, params=asked, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    publish(served.node.db, bulletin("2022-11", tlp="RED", reporting_state="HND", issuer="RCM/HND", unit="event"))
    again = reader.get(PATH, params=asked)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert reader.get(PATH, params={**asked, "lang": "es"}).headers["etag"] != first.headers["etag"]
    for code, wrong in (
        ("code-unknown", {"facets": "sexo"}),
        ("as-of-future", {"as_of": "2999-01-01"}),
        ("parameter-unknown", {"group_by": "sex"}),
        ("code-unknown", {"nationality": "SOMA"}),
    ):
        answer = reader.get(PATH, params=wrong)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
