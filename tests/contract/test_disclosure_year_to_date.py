"""Figures of the year to date are of all days since 1 January: what they tell beside months, beside each other, and how they are marked."""

from datetime import date
from itertools import product

import pytest
from bodies import Body, bulletin, codes_of, publish, withdraw
from serving import Served
from sqlalchemy import text

from app.disclosure.check_certificate import faults

Counts = tuple[int, int]


def by_sex(women: int, men: int) -> list[Body]:
    return [{"sex": "F", "value": women}, {"sex": "M", "value": men}]


def as_it_is(served: Served, body: Body) -> Body:
    """Publish a table whose every count is safe, without the decoys that protection might draw."""
    answer = served.as_("pan").post("/v1/bulletins", params={"protect": "none"}, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def fits(document: Body, most: int = 90) -> set[Counts]:
    """Every pair of women and men that a published table by sex allows."""
    told = {cell["sex"]: cell["value"] for cell in document["cells"]}
    return {
        (women, men)
        for women, men in product(range(most), range(most))
        if all(told[code] in {None, count} for code, count in (("F", women), ("M", men), ("_T", women + men)))
    }


def left_over(whole: Body, *parts: Body) -> set[Counts]:
    """What the days of the whole that are in none of its parts may have had, by brute force over all that is published."""
    left = fits(whole)
    for part in parts:
        left = {(women - w, men - m) for (women, men), (w, m) in product(left, fits(part)) if women >= w and men >= m}
    return left


MONTHS_FIRST = [bulletin(period="2022-01", cells=by_sex(12, 9)), bulletin(period="2022-02", cells=by_sex(8, 20))]
"""20 women and 29 men in two months."""
TO_JANUARY = [bulletin(period="2022-01", cells=by_sex(20, 29), accumulation="year_to_date")]
TO_MARCH = bulletin(period="2022-03", cells=by_sex(23, 70), accumulation="year_to_date")
"""23 women since 1 January: 3 of them are new."""


@pytest.mark.parametrize("earlier", [MONTHS_FIRST, TO_JANUARY], ids=["months", "year to date"])
def test_a_small_count_that_a_difference_from_the_year_to_date_would_tell_is_not_published(served: Served, earlier: list[Body]):
    parts = [as_it_is(served, each) for each in earlier]
    bare = served.as_("pan").post("/v1/bulletins", params={"protect": "none"}, json=TO_MARCH)
    assert (bare.status_code, bare.json()["code"]) == (422, "cannot-be-protected")
    whole = publish(served.as_("pan"), **TO_MARCH)
    women = {women for women, _ in left_over(whole, *parts)}
    assert {0, 1, 2, 3, 4} <= women
    alone = as_it_is(served, {**TO_MARCH, "measure": "rescue"})
    assert fits(alone) == {(23, 70)}


def test_a_month_is_audited_beside_the_year_to_date_that_stands_already(served: Served):
    """93 less 67 are March's 26; its 3 women would leave 20 of 23 for the two months before."""
    whole = as_it_is(served, TO_MARCH)
    parts = [publish(served.as_("pan"), **each) for each in MONTHS_FIRST]
    assert {0, 1, 2, 3, 4} <= {women for women, _ in left_over(whole, *parts)}


def test_the_ledger_counts_from_the_first_of_january_and_the_certificate_proves_it_over_these_days(served: Served):
    parts = [as_it_is(served, each) for each in MONTHS_FIRST]
    whole = publish(served.as_("pan"), **TO_MARCH)
    assert (whole["period_start"], whole["period_end"]) == ("2022-03-01", "2022-03-31")
    with served.node.db.read() as session:
        asked = text("SELECT period_start, period_end FROM published_table WHERE document_id = :id")
        (kept,) = session.execute(asked, {"id": whole["id"]}).all()
    assert tuple(map(str, kept)) == (str(date(2022, 1, 1)), str(date(2022, 3, 31)))
    analyst = served.as_("analyst")
    certificate = analyst.get(f"/v1/bulletins/{whole['id']}/certificate").json()
    names = {f"{part['id']}@v1" for part in parts}
    together = [system for system in certificate["systems"] if system["kind"] == "cover"]
    assert [set(system["tables"]) for system in together] == [{*names, "this"}]
    documents = {"this": analyst.get(f"/v1/bulletins/{whole['id']}").json()}
    documents |= {f"{part['id']}@v1": analyst.get(f"/v1/bulletins/{part['id']}").json() for part in parts}
    assert faults(documents, certificate) == []


@pytest.mark.parametrize("late", [False, True], ids=["year to date first", "month first"])
def test_a_month_and_the_year_to_date_around_it_carry_one_marking(served: Served, late: bool):
    """January lies in the days of what is told for March since 1 January, though not in March."""
    january, march = MONTHS_FIRST[0], TO_MARCH
    before, after = (january, march) if late else (march, january)
    first = publish(served.as_("rcm"), **before)
    answer = served.as_("rcm").post("/v1/bulletins", json={**after, "tlp": "AMBER"})
    assert (answer.status_code, answer.json()["code"]) == (422, "linked-marking-differs")
    assert f"/v1/bulletins/{first['id']}" in answer.json()["detail"]
    publish(served.as_("rcm"), **{**after, "period": "2021-12" if late else "2022-04", "accumulation": "period", "tlp": "AMBER"})


def test_in_a_batch_two_figures_of_one_year_to_date_carry_one_marking(served: Served):
    one, two = TO_JANUARY[0], {**TO_MARCH, "tlp": "AMBER"}
    answer = served.as_("rcm").post("/v1/bulletins/batch", json={"bulletins": [one, two]})
    assert (answer.status_code, codes_of(answer)) == (422, {("/bulletins/1/tlp", "linked-marking-differs")})
    assert "2022-01" in answer.json()["detail"]
    assert served.counts()["log_entry"] == 0


OVERLAPS = {
    "intervals": ({"period": "2022-10-01/2022-10-15"}, {"period": "2022-10-10/2022-10-31"}),
    "fiscal year": ({"period": "2022-FY", "period_start": "2022-07-01"}, {"period": "2022"}),
    "year to date": ({"period": "2022-FY", "period_start": "2021-10-01"}, {"period": "2022-11", "accumulation": "year_to_date"}),
}


@pytest.mark.parametrize("name", OVERLAPS)
def test_a_period_that_shares_some_days_with_a_released_one_is_refused_whether_that_is_withdrawn_or_not(served: Served, name: str):
    first, second = OVERLAPS[name]
    pan = served.as_("pan")
    document = publish(pan, **first)
    live = pan.post("/v1/bulletins", json=bulletin(**second))
    withdraw(pan, document)
    before = served.counts()
    gone = pan.post("/v1/bulletins", json=bulletin(**second))
    assert (live.status_code, live.json()["code"], codes_of(live)) == (422, "period-family", {("/period", "period-family")})
    assert (gone.status_code, gone.json()["code"], codes_of(gone)) == (422, "period-family", {("/period", "period-family")})
    assert f"{document['period_start']}/{document['period_end']}" in gone.json()["detail"]
    assert served.counts() == before
