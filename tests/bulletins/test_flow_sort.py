"""The order of an answer: by any column, `-` for the largest first, nulls last, ties in the natural order; pages lose and repeat no row."""

import pytest
from bodies import publish as published
from flowbook import ask, bulletin, pooled, publish, query, walked
from serving import Served

from app.bulletins.flows.columns import columns_of
from app.bulletins.flows.question import question_of
from app.bulletins.flows.standing import NOWHERE, Standing
from app.core.db import Database
from app.core.kept import Kept
from app.core.problems import Problem

ROWS = (
    "value",
    "-value",
    "-nationality,value",
    "is_total,-upper",
    "-period_start,-bulletin",
    "value_status,-sex,lower",
    "-period_end,nationality",
)
GROUPS = ("value", "-value,period", "-period,nationality", "-upper,-nationality", "withheld,-bulletins,nationality")


def kept(db: Database) -> None:
    """Equal values, withheld ones, totals, and areas whose figures are intervals alone."""
    publish(
        db,
        bulletin("2022-08", counts={"SOM": 31, "NPL": None, "ETH": 20, "_U": 31}),
        bulletin("2022-09", ("nationality", "sex"), {("SOM", "F"): 7, ("SOM", "M"): 31, ("NPL", "F"): 20, ("NPL", "M"): None}),
        pooled("2022-10", {"SOM": 31, "NPL": 20, "_O": 14, "_T": 65}),
        pooled("2022-11", {"SOM": 9, "_OAFR": 20, "_O": 5, "_T": 34}),
    )


def expected(rows: list[tuple[object, ...]], group_by: str, sort: str) -> list[tuple[object, ...]]:
    """The rows of the natural order, sorted by one column after the other, the last one first; nothing of the service's own."""
    columns = columns_of(tuple(filter(None, group_by.split(","))))
    for name in reversed(sort.split(",")):
        at = columns.index(name.lstrip("-"))
        with_value = sorted((row for row in rows if row[at] is not None), key=lambda row: row[at], reverse=name.startswith("-"))
        rows = with_value + [row for row in rows if row[at] is None]
    return rows


def how_kept(size: int) -> Standing:
    """Pages of one row are given as a node gives them, from what the first of them worked out; of any other size each is worked out anew."""
    return Standing(("one walk",), Kept(1_000_000)) if size == 1 else NOWHERE


def test_rows_come_in_any_order_over_pages_of_any_size(db: Database):
    kept(db)
    with db.read() as session:
        for asked in ({"totals": True}, {"nationality": "_AFR,SOM,NPL", "totals": True}):
            natural = ask(session, **asked).rows
            assert len(natural) > 8
            for sort in ROWS:
                for size in (1, 3, 1000):
                    rows = walked(session, size, stands=how_kept(size), sort=sort, **asked)
                    assert rows == expected(natural, "", sort), (sort, size)


def test_groups_come_in_any_order_over_pages_of_any_size(db: Database):
    kept(db)
    question = {"group_by": "period,nationality"}
    with db.read() as session:
        natural = ask(session, **question).rows
        assert len(natural) > 8
        for sort in GROUPS:
            for size in (1, 3, 1000):
                rows = walked(session, size, stands=how_kept(size), sort=sort, **question)
                assert rows == expected(natural, question["group_by"], sort), (sort, size)


def test_a_column_that_the_answer_does_not_have_is_refused_with_those_that_it_has():
    for asked, known in (({}, columns_of(())), ({"group_by": "period"}, columns_of(("period",)))):
        with pytest.raises(Problem) as refused:
            question_of(query(sort="-figure", **asked))
        finding = refused.value.findings[0]
        assert (refused.value.status, finding.pointer, finding.params["known"]) == (422, "sort", list(known))


def test_a_cursor_goes_on_in_the_order_that_it_was_given_in(served: Served):
    published(served.as_("pan"), period="2022-10")
    analyst = served.as_("analyst")
    first = analyst.get("/v1/flows", params={"sort": "-value", "limit": 2}).json()
    rest = analyst.get("/v1/flows", params={"sort": "-value", "limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["value"] for item in first["items"] + rest["items"]] == [400, 213, 31]
    other = analyst.get("/v1/flows", params={"sort": "value", "cursor": first["next_cursor"]})
    assert (other.status_code, other.json()["code"]) == (422, "cursor-invalid")
