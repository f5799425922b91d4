"""What a new table is judged against: every release in reach, by hand over one flow."""

from datetime import date

from bodies import cells, publish, revise, withdraw
from serving import Served

from app.bulletins.released import Background, background, stamp_of
from app.wire.period import parse_period

FLOW = "PAN|irregular_transit|person|default"


def behind(served: Served, period: str, *ahead: str) -> Background:
    with served.node.db.read() as session:
        return background(session, FLOW, "none", parse_period(period), [parse_period(text) for text in ahead])


def test_versions_of_every_publisher_count_and_withdrawn_ones_too(served: Served):
    one = publish(served.as_("pan"))
    two = publish(served.as_("pan"), publisher="PAN-OTHER", cells=cells(VEN=500))
    revised = revise(served.as_("pan"), one, cells=cells(VEN=410))
    withdraw(served.as_("pan"), revised)
    found = behind(served, "2022-10").releases
    assert [release.name for release in found] == [f"{one['id']}@v1", f"{two['id']}@v1", f"{one['id']}@v2"]
    assert found[0].bulletin == f"{FLOW}|PAN-SNM|period|nationality|2022-10@2022-10-01" == found[2].bulletin != found[1].bulletin
    assert {(release.dimensions, release.first, release.last, release.method, release.k) for release in found} == {
        (("nationality",), date(2022, 10, 1), date(2022, 10, 31), "pool", 5)
    }
    assert {row.key: row.value for row in found[2].rows}["_T",] == 410


def test_periods_that_share_days_are_in_reach_and_other_flows_and_years_are_not(served: Served):
    quarter = publish(served.as_("pan"), period="2022-Q4", cells=cells(VEN=1500))
    publish(served.as_("pan"), period="2021-10")
    publish(served.as_("pan"), measure="rescue")
    names = {release.name for release in behind(served, "2022-10").releases}
    assert names == {f"{quarter['id']}@v1"}
    assert behind(served, "2022-10").periods == (("2022-Q4", date(2022, 10, 1), date(2022, 12, 31)),)


def test_the_other_parts_of_a_released_whole_are_in_reach_because_they_add_up_to_it(served: Served):
    parts = [publish(served.as_("pan"), period=period)["id"] for period in ("2022-10", "2022-11")]
    assert behind(served, "2022-12").releases == ()
    whole = publish(served.as_("pan"), period="2022-Q4", cells=cells(VEN=1500, NPL=700, SOM=100))["id"]
    background_of_the_last = behind(served, "2022-12")
    assert {release.name for release in background_of_the_last.releases} == {f"{name}@v1" for name in (*parts, whole)}
    assert background_of_the_last.reach == (date(2022, 10, 1), date(2022, 12, 31))
    assert [code for code, _, _ in background_of_the_last.periods] == ["2022-Q4"]


def test_a_whole_that_a_batch_is_about_to_release_widens_the_reach_too(served: Served):
    part = publish(served.as_("pan"))["id"]
    seen = behind(served, "2022-12", "2022-Q4", "2021")
    assert [release.name for release in seen.releases] == [f"{part}@v1"]
    with served.node.db.read() as session:
        assert stamp_of(session, FLOW, seen.reach) == seen.stamp == {(part, 1)}
