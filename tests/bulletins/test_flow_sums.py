"""Sums: what is added, what never is, and the intervals that pooled rests leave; values worked out by hand."""

from typing import ClassVar

import pytest
from flowbook import ANALYST, SECRETARIAT, ask, bulletin, by, items, pooled, publish, statements, walked

from app.bulletins.flows import sums
from app.core.problems import Problem

MONTHS = [f"2022-{month:02}" for month in range(1, 13)]
OCTOBER = {"SOM": 31, "_OAFR": 9, "NPL": 20, "_O": 14, "_AFR": 40, "_T": 74}
NOVEMBER = {"SOM": 11, "ERI": 12, "_O": 5, "_T": 28}


def refusal(db, **asked):
    with pytest.raises(Problem) as raised:
        items(db, **asked)
    return raised.value


def pair(db):
    publish(db, pooled("2022-10", OCTOBER), pooled("2022-11", NOVEMBER))


class TestReading:
    def test_a_group_has_what_it_is_grouped_by_and_its_figures(self, db):
        pair(db)
        assert items(db, group_by="period,reporting_state", nationality="SOM") == [
            {
                "period": period,
                "period_start": first,
                "period_end": last,
                "reporting_state": "PAN",
                "value": value,
                "lower": value,
                "upper": value,
                "withheld": 0,
                "bulletins": 1,
            }
            for period, first, last, value in (("2022-10", "2022-10-01", "2022-10-31", 31), ("2022-11", "2022-11-01", "2022-11-30", 11))
        ]

    def test_a_dimension_that_is_neither_grouped_nor_filtered_is_read_at_its_total(self, db):
        publish(db, bulletin(dimensions=("nationality", "sex"), counts={("SOM", "F"): 10, ("SOM", "M"): 21, ("NPL", "M"): 20}))
        assert by(items(db, group_by="reporting_state"), "reporting_state") == {"PAN": (51,) * 3}
        assert by(items(db, group_by="sex"), "sex") == {"F": (10,) * 3, "M": (41,) * 3}
        assert by(items(db, group_by="sex", nationality="SOM,NPL,SOM"), "sex") == {"F": (10,) * 3, "M": (41,) * 3}
        assert by(items(db, group_by="nationality", sex="F,M"), "nationality") == {"SOM": (31,) * 3, "NPL": (20,) * 3}
        assert by(items(db, group_by="nationality", sex="_T,F"), "nationality") == {"SOM": (31,) * 3, "NPL": (20,) * 3}
        assert by(items(db, group_by="nationality,sex", nationality="_AFR,_T"), "nationality", "sex") == {
            ("_AFR", "F"): (10,) * 3,
            ("_AFR", "M"): (21,) * 3,
            ("_T", "F"): (10,) * 3,
            ("_T", "M"): (41,) * 3,
        }

    def test_nothing_counts_twice(self, db):
        publish(db, bulletin(dimensions=(), counts={(): 51}), bulletin(counts={"SOM": 31, "NPL": 20}))
        publish(db, bulletin(dimensions=("nationality", "sex"), counts={("SOM", "F"): 31, ("NPL", "F"): 20}))
        assert by(items(db, group_by="period"), "period") == {"2022-10": (51,) * 3}
        assert by(items(db, group_by="period", nationality="_AFR,SOM"), "period") == {"2022-10": (31,) * 3}
        assert by(items(db, group_by="period", sex="F"), "period") == {"2022-10": (51,) * 3}

    def test_absent_is_no_group(self, db):
        publish(
            db, bulletin(counts={"SOM": 31}), bulletin("2022-11", counts={"NPL": 20}), pooled("2022-12", {"NPL": 7, "_ASI": 7, "_T": 7})
        )
        assert by(items(db, group_by="period", nationality="SOM"), "period") == {"2022-10": (31,) * 3}
        assert items(db, group_by="nationality", nationality="HTI") == []

    def test_an_unknown_part_leaves_no_upper_bound(self, db):
        publish(db, bulletin("2022-10", counts={"SOM": 31, "NPL": None}), bulletin("2022-11", counts={"NPL": 20}))
        (row,) = items(db, group_by="reporting_state", nationality="NPL,SOM")
        assert row == {"reporting_state": "PAN", "value": None, "lower": 51, "upper": None, "withheld": 1, "bulletins": 2}

    def test_a_state_dimension_adds_its_area_too(self, db):
        publish(db, bulletin(dimensions=("origin_state",), counts={"SOM": 5, "_OAFR": 6, "VEN": 7}))
        assert by(items(db, group_by="period", origin_state="_AFR"), "period") == {"2022-10": (11,) * 3}
        assert by(items(db, group_by="origin_state", origin_state="_AFR,VEN"), "origin_state") == {"_AFR": (11,) * 3, "VEN": (7,) * 3}

    def test_every_column_groups(self, db):
        pair(db)
        told = {"conference": "RCM", "reporting_state": "PAN", "publisher": "PAN-SNM", "measure": "irregular_transit", "unit": "person"}
        told |= {"definition_code": "default", "accumulation": "period", "figure_status": "provisional"}
        told |= {"stock_or_flow": "flow", "frequency": "month"}
        for name, code in told.items():
            (row,) = items(db, group_by=name, nationality="SOM")
            assert (row["value"], row["bulletins"], next(iter(row)), row[name]) == (42, 2, name, code)


class TestIntervals:
    CASES: ClassVar = [
        ({"nationality": "SOM"}, (31, 31, 31), (11, 11, 11)),
        ({"nationality": "ERI"}, (None, 0, 9), (12, 12, 12)),
        ({"nationality": "SOM,ERI"}, (None, 31, 40), (23, 23, 23)),
        ({"nationality": "_AFR"}, (40, 40, 40), (None, 23, 28)),
        ({"nationality": "_OAFR"}, (9, 9, 9), (None, 0, 5)),
        ({"nationality": "SOM,_OAFR"}, (40, 40, 40), (None, 11, 16)),
        ({"nationality": "SOM,_OAFR,ERI"}, (40, 40, 40), (None, 23, 28)),
        ({"nationality": "IND,VEN"}, (None, 0, 14), (None, 0, 5)),
        ({"nationality": "IND,VEN,_O"}, (14, 14, 14), (5, 5, 5)),
        ({"nationality": "ERI,IND"}, (None, 0, 23), (None, 12, 17)),
        ({"nationality": "XXA"}, (None, 0, 14), (None, 0, 5)),
        ({"nationality": "_T"}, (74, 74, 74), (28, 28, 28)),
        ({"nationality": "_T,SOM"}, (74, 74, 74), (28, 28, 28)),
        ({}, (74, 74, 74), (28, 28, 28)),
        ({"extra_continental": True}, (None, 60, 74), (None, 23, 28)),
        ({"extra_continental": False}, (None, 0, 14), (None, 0, 5)),
        ({"extra_continental": True, "nationality": "SOM,VEN"}, (31, 31, 31), (11, 11, 11)),
        ({"extra_continental": True, "nationality": "_T"}, (None, 60, 74), (None, 23, 28)),
    ]

    def test_a_set_of_nationalities_may_be_in_the_rests_too(self, db):
        pair(db)
        for asked, october, november in self.CASES:
            found = by(items(db, group_by="period", **asked), "period")
            assert found == {"2022-10": october, "2022-11": november}, asked

    def test_over_bulletins_the_bounds_add_up_and_the_touched_are_counted(self, db):
        pair(db)
        (row,) = items(db, group_by="unit", nationality="ERI,IND")
        assert row == {"unit": "person", "value": None, "lower": 12, "upper": 40, "withheld": 3, "bulletins": 2}

    def test_by_nationality_each_code_is_one_group_as_published(self, db):
        pair(db)
        rows = items(db, group_by="nationality")
        assert by(rows, "nationality") == {
            "SOM": (42, 42, 42),
            "ERI": (None, 12, 21),
            "NPL": (None, 20, 25),
            "_OAFR": (None, 9, 14),
            "_O": (19, 19, 19),
        }
        assert {row["nationality"]: (row["withheld"], row["bulletins"]) for row in rows} == {
            "SOM": (0, 2),
            "ERI": (1, 2),
            "NPL": (1, 2),
            "_OAFR": (1, 2),
            "_O": (0, 2),
        }

    def test_by_nationality_and_period_a_code_that_no_row_of_the_period_names_is_no_group(self, db):
        pair(db)
        assert by(items(db, group_by="nationality,period", nationality="SOM,ERI,_AFR,_EUR,_T"), "nationality", "period") == {
            ("SOM", "2022-10"): (31,) * 3,
            ("SOM", "2022-11"): (11,) * 3,
            ("ERI", "2022-11"): (12,) * 3,
            ("_AFR", "2022-10"): (40,) * 3,
            ("_AFR", "2022-11"): (None, 23, 28),
            ("_T", "2022-10"): (74,) * 3,
            ("_T", "2022-11"): (28,) * 3,
        }

    def test_a_bulletin_that_is_not_pooled_hides_nothing(self, db):
        publish(db, bulletin(counts={"SOM": 31, "_O": 14}), pooled("2022-11", NOVEMBER))
        assert by(items(db, group_by="nationality", nationality="NPL,ERI,_O"), "nationality") == {"ERI": (12,) * 3, "_O": (19,) * 3}
        assert by(items(db, group_by="unit", nationality="NPL"), "unit") == {"person": (None, 0, 5)}


class TestClasses:
    HIDDEN = (None, 0, 14)
    ELSEWHERE: ClassVar = dict.fromkeys(("AMN", "AMS", "CAR", "EUR", "OCE", "XXA", "_U"), HIDDEN)

    def test_an_area_is_its_nationalities_its_rest_and_what_the_rest_of_all_may_hold(self, db):
        publish(db, pooled("2022-10", OCTOBER))
        rows = items(db, group_by="area")
        assert by(rows, "area") == {"AFR": (40,) * 3, "ASI": (None, 20, 34), "_O": (14,) * 3, **self.ELSEWHERE}
        assert {row["area"]: row["withheld"] for row in rows} == {"AFR": 0, "_O": 0, "ASI": 1, **dict.fromkeys(self.ELSEWHERE, 1)}
        assert sum(row["lower"] for row in rows) == OCTOBER["_T"]

    def test_over_bulletins_the_bounds_of_an_area_add_up(self, db):
        pair(db)
        found = by(items(db, group_by="area"), "area")
        assert (found["AFR"], found["ASI"], found["OCE"], found["_O"]) == ((None, 63, 68), (None, 20, 39), (None, 0, 19), (19,) * 3)
        assert by(items(db, group_by="area", nationality="SOM,IND"), "area") == {"AFR": (42,) * 3, "ASI": (None, 0, 19)}
        assert by(items(db, group_by="area", nationality="_T,SOM"), "area") == found

    def test_an_area_whose_margin_is_published_has_nothing_in_the_rest_of_all(self, db):
        publish(db, pooled("2022-10", {"SOM": 31, "_AFR": 31, "NPL": 20, "_O": 14, "_T": 65}))
        assert by(items(db, group_by="area", nationality="_AFR,_ASI"), "area") == {"AFR": (31,) * 3, "ASI": (None, 20, 34)}
        assert items(db, group_by="period", nationality="ERI") == []
        assert by(items(db, group_by="nationality", nationality="_AFR,_ASI"), "nationality") == {"_AFR": (31,) * 3, "_ASI": (None, 20, 34)}

    def test_a_bulletin_that_is_not_pooled_has_the_areas_that_it_names(self, db):
        publish(db, bulletin(counts={"SOM": 31, "GHA": 4, "VEN": 2, "XXA": 3, "_O": 7}))
        assert by(items(db, group_by="area"), "area") == {"AFR": (35,) * 3, "AMS": (2,) * 3, "XXA": (3,) * 3, "_O": (7,) * 3}

    def test_the_sides_of_a_scheme_and_what_is_on_neither(self, db):
        pair(db)
        assert by(items(db, group_by="extra_continental,period"), "extra_continental", "period") == {
            ("true", "2022-10"): (None, 60, 74),
            ("false", "2022-10"): (None, 0, 14),
            ("unclassified", "2022-10"): (14,) * 3,
            ("true", "2022-11"): (None, 23, 28),
            ("false", "2022-11"): (None, 0, 5),
            ("unclassified", "2022-11"): (5,) * 3,
        }

    def test_a_rest_of_both_sides_is_on_neither_and_may_hold_either(self, db):
        publish(db, pooled("2022-10", {"SOM": 10, "HTI": 9, "_OCAR": 8, "_AFR": 10, "_CAR": 17, "_T": 27}))
        told = items(db, group_by="extra_continental", classification="extra_regional@1")
        assert by(told, "extra_continental") == {"true": (None, 19, 27), "false": (None, 0, 8), "unclassified": (8,) * 3}
        assert by(items(db, group_by="extra_continental"), "extra_continental") == {"true": (10,) * 3, "false": (17,) * 3}
        assert by(items(db, group_by="area,extra_continental", classification="extra_regional@1"), "area", "extra_continental") == {
            ("AFR", "true"): (10,) * 3,
            ("CAR", "true"): (None, 9, 17),
            ("CAR", "false"): (None, 0, 8),
            ("CAR", "unclassified"): (8,) * 3,
        }

    def test_beside_nationality_a_class_says_where_each_code_belongs(self, db):
        publish(db, pooled("2022-10", OCTOBER))
        rows = items(db, group_by="area,nationality,extra_continental", nationality="SOM,NPL,_OAFR,_O,_AFR,_T")
        assert by(rows, "area", "nationality", "extra_continental") == {
            ("AFR", "SOM", "true"): (31,) * 3,
            ("AFR", "_OAFR", "true"): (9,) * 3,
            ("AFR", "_AFR", "true"): (40,) * 3,
            ("ASI", "NPL", "true"): (20,) * 3,
            ("_O", "_O", "unclassified"): (14,) * 3,
            ("_T", "_T", "_T"): (74,) * 3,
        }

    def test_a_class_is_told_by_bulletins_that_tell_nationalities(self, db):
        publish(
            db, bulletin(dimensions=("sex",), counts={("F",): 9}), bulletin(dimensions=("nationality", "sex"), counts={("SOM", "F"): 9})
        )
        assert by(items(db, group_by="area,sex"), "area", "sex") == {("AFR", "F"): (9,) * 3}
        assert by(items(db, group_by="extra_continental", extra_continental="false"), "extra_continental") == {}


class TestUnlikeFigures:
    OTHERS: ClassVar = {
        "unit": "event",
        "measure": "apprehension",
        "publisher": "PAN-B",
        "definition_code": "b",
        "accumulation": "year_to_date",
    }

    @pytest.mark.parametrize("name", OTHERS)
    def test_they_are_never_added(self, db, name):
        first = bulletin()
        publish(db, first, bulletin("2022-11", **{name: self.OTHERS[name]}))
        known = sorted([str(first[name]), self.OTHERS[name]])
        for asked in ({}, {name: ",".join(known)}):
            problem = refusal(db, group_by="reporting_state", **asked)
            assert (problem.code, problem.findings[0].pointer) == ("mixed-sum", name)
            assert sorted(problem.findings[0].params["known"]) == known
        assert len(items(db, group_by=name)) == 2
        assert len(items(db, group_by="reporting_state", **{name: known[0]})) == 1
        assert len(items(db)) == 4

    def test_naming_several_is_refused_before_anything_is_read(self, db):
        assert refusal(db, group_by="sex", unit="person,event").code == "mixed-sum"

    def test_a_hidden_bulletin_mixes_nothing(self, db):
        publish(db, bulletin(), bulletin("2022-11", unit="event", tlp="AMBER"))
        assert len(items(db, ANALYST, group_by="reporting_state")) == 1
        with pytest.raises(Problem):
            items(db, SECRETARIAT, group_by="reporting_state")


class TestPeriods:
    def months(self, db, periods=MONTHS, **changes):
        publish(db, *(bulletin(period, counts={"SOM": 5 + at}, **changes) for at, period in enumerate(periods)))

    def year(self, db, period="year", **asked):
        return by(items(db, group_by="period", frequency=period, **asked), "period")

    def test_a_month_beside_its_year_needs_a_frequency(self, db):
        self.months(db, MONTHS[:2])
        publish(db, bulletin("2022", counts={"SOM": 200}))
        problem = refusal(db, group_by="reporting_state")
        assert (problem.code, problem.findings[0].pointer) == ("overlapping-periods", "frequency")
        assert problem.findings[0].params == {"earlier": "2022-01", "later": "2022"}
        assert by(items(db, group_by="unit", frequency="month"), "unit") == {"person": (11,) * 3}
        assert by(items(db, group_by="unit", frequency="year"), "unit") == {"person": (200,) * 3}
        assert len(items(db, group_by="period")) == 3
        assert len(items(db, group_by="unit", period_to="2022-06")) == 1

    def test_one_shared_day_is_an_overlap(self, db):
        self.months(db, ["2024-02-01/2024-02-10", "2024-02-10/2024-02-20"])
        assert refusal(db, group_by="unit").code == "overlapping-periods"

    def test_another_series_overlaps_nothing(self, db):
        self.months(db, MONTHS[:2])
        publish(db, bulletin("2022", counts={"SOM": 200}, reporting_state="HND"))
        assert by(items(db, group_by="reporting_state"), "reporting_state") == {"PAN": (11,) * 3, "HND": (200,) * 3}

    def test_twelve_months_make_a_year_and_four_quarters(self, db):
        self.months(db)
        whole = sum(range(5, 17))
        assert self.year(db) == {"2022": (whole,) * 3}
        assert self.year(db, "quarter") == {f"2022-Q{at + 1}": (sum(range(5 + 3 * at, 8 + 3 * at)),) * 3 for at in range(4)}
        assert self.year(db, "month") == {period: (5 + at,) * 3 for at, period in enumerate(MONTHS)}

    def test_a_gap_is_named(self, db):
        self.months(db, MONTHS[:4] + MONTHS[5:])
        for frequency, group in (("year", "2022"), ("quarter", "2022-Q2")):
            problem = refusal(db, group_by="period", frequency=frequency)
            assert (problem.code, problem.findings[0].params) == ("group-not-whole", {"group": group})

    def test_each_reporter_must_be_whole(self, db):
        self.months(db)
        self.months(db, MONTHS[:6], reporting_state="HND")
        assert refusal(db, group_by="period", frequency="year").code == "group-not-whole"
        assert list(self.year(db, reporting_state="PAN")) == ["2022"]

    def test_a_whole_year_goes_before_its_parts_and_a_quarter_before_its_months(self, db):
        self.months(db)
        publish(db, bulletin("2022-Q1", counts={"SOM": 1000}))
        assert self.year(db) == {"2022": (1000 + sum(range(8, 17)),) * 3}
        publish(db, bulletin("2022", counts={"SOM": 7000}))
        assert self.year(db) == {"2022": (7000,) * 3}
        assert self.year(db, "quarter")["2022-Q1"] == (1000,) * 3

    def test_months_that_a_year_replaces_need_not_be_whole(self, db):
        self.months(db, MONTHS[:3])
        publish(db, bulletin("2022", counts={"SOM": 7000}))
        assert self.year(db) == {"2022": (7000,) * 3}

    def test_weeks_make_the_month_or_quarter_that_they_fill(self, db):
        self.months(db, [f"2021-W{week:02}" for week in range(5, 9)] + [f"2019-W{week:02}" for week in range(14, 27)])
        assert self.year(db, "month", period_from="2021") == {"2021-02": (5 + 6 + 7 + 8,) * 3}
        assert self.year(db, "quarter", period_to="2019") == {"2019-Q2": (sum(range(9, 22)),) * 3}
        assert len(items(db, group_by="period", frequency="week")) == 17

    @pytest.mark.parametrize(
        ("weeks", "frequency", "group"),
        [
            (range(5, 8), "month", "2021-02"),
            (range(5, 10), "month", "2021-03"),
            (range(13, 14), "month", "2021-03"),
            (range(4, 9), "month", "2021-01"),
            (range(1, 53), "quarter", "2021-Q1"),
            (range(1, 53), "year", "2021"),
        ],
    )
    def test_weeks_that_do_not_fill_a_group_are_refused_by_its_name(self, db, weeks, frequency, group):
        self.months(db, [f"2021-W{week:02}" for week in weeks])
        problem = refusal(db, group_by="period", frequency=frequency)
        assert [(each.code, each.params) for each in problem.findings] == [
            ("group-not-whole", {"group": group}),
            ("weeks-not-whole", {"group": group}),
        ]

    def test_parts_of_one_status_are_no_whole(self, db):
        self.months(db, MONTHS[:6], figure_status="final")
        self.months(db, MONTHS[6:])
        assert self.year(db) == {"2022": (sum(range(5, 11)) * 2,) * 3}
        assert refusal(db, group_by="period,figure_status", frequency="year").code == "group-not-whole"
        assert list(by(items(db, group_by="period,frequency", frequency="year"), "period", "frequency")) == [("2022", "year")]

    def test_what_overlaps_in_different_groups_counts_once_in_each(self, db):
        self.months(db, MONTHS[:2])
        publish(db, bulletin("2022", counts={"SOM": 200}, figure_status="final"))
        assert by(items(db, group_by="frequency"), "frequency") == {"month": (11,) * 3, "year": (200,) * 3}
        assert by(items(db, group_by="figure_status"), "figure_status") == {"provisional": (11,) * 3, "final": (200,) * 3}

    @pytest.mark.parametrize(
        ("spans", "stands"),
        [
            (["2024-02-01/2024-02-15", "2024-02-16/2024-02-29"], True),
            (["2024-02-01/2024-02-15", "2024-02-16/2024-02-28"], False),
            (["2023-02-01/2023-02-15", "2023-02-16/2023-02-28"], True),
            (["2024-02-01/2024-02-16", "2024-02-16/2024-02-28"], False),
            (["2024-04-01/2024-04-30"], True),
            (["2024-03-20/2024-04-10", "2024-04-11/2024-04-30"], False),
        ],
    )
    def test_intervals_make_a_month_without_gap_and_overlap(self, db, spans, stands):
        self.months(db, spans)
        if stands:
            assert len(self.year(db, "month")) == 1
        else:
            assert refusal(db, group_by="period", frequency="month").code == "group-not-whole"


class TestPages:
    def publish_some(self, db):
        publish(
            db,
            *(
                bulletin(period, dimensions=("sex", "mode"), counts={(s, m): 9 for s in "FM" for m in ("sea", "air")})
                for period in MONTHS[:3]
            ),
        )

    @pytest.mark.parametrize("asked", [{"group_by": "sex,period,mode"}, {"group_by": "period,mode", "frequency": "month", "sex": "F,M"}])
    def test_pages_give_every_group_once(self, db, asked):
        self.publish_some(db)
        with db.read() as session:
            every = ask(session, **asked).rows
            for limit in (1, 5, 6, 12, 13):
                assert walked(session, limit, **asked) == every

    def test_a_position_behind_the_last_group_still_tells_the_total(self, db):
        self.publish_some(db)
        with db.read() as session:
            page = ask(session, after=["zzz"], limit=5, group_by="mode")
        assert (page.rows, page.position, page.total) == ([], None, 2)

    def test_too_many_groups_are_refused(self, db, monkeypatch):
        self.publish_some(db)
        monkeypatch.setattr(sums, "MOST_GROUPS", 3)
        assert refusal(db, group_by="sex,mode").findings[0].params == {"count": 4, "maximum": 3}

    def test_statements_are_five_at_most_whatever_the_size(self, db):
        self.publish_some(db)
        pair(db)
        for asked in (
            {"group_by": "nationality", "nationality": "_AFR,SOM"},
            {"group_by": "period", "frequency": "month"},
            {"group_by": "unit"},
        ):
            with statements(db) as seen, db.read() as session:
                ask(session, **asked)
            assert len(seen) <= 5

    def test_of_groups_the_audit_names_amber_bulletins_only(self, db):
        ids = publish(db, bulletin(), bulletin("2022-11", tlp="AMBER"), bulletin("2022-12", tlp="AMBER+STRICT"))
        with db.read() as session:
            assert sorted(read[0] for read in ask(session, SECRETARIAT, group_by="period").answered) == ids[1:]
