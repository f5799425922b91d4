"""What answers is settled once for rows, sums and warnings, by statements that questions of one shape share; each is answered by itself."""

import pytest
from flowbook import ANALYST, SECRETARIAT, ask, bulletin, pooled, publish, query, statements
from sqlalchemy import select

from app.bulletins.flows import rows, settling, totals
from app.bulletins.flows.answering import answering
from app.bulletins.flows.question import question_of
from app.bulletins.flows.settling import settled, told_apart
from app.bulletins.flows.standing import NOWHERE

HONDURAS = {"reporting_state": "HND", "publisher": "HND-INM"}
TIES = (
    {},
    {"nationality": "SOM"},
    {"sex": "F"},
    {"sex": "F", "nationality": "SOM"},
    {"group_by": "mode"},
    {"group_by": "period", "frequency": "quarter"},
    {"period_from": "2022-10", "period_to": "2022-10"},
    {"as_of": "2024-01-01"},
)


def both(db, *documents):
    """The ids that are settled and those that the statement of a long answer finds, for every question and two readers."""
    publish(db, *documents)
    for asked in TIES:
        question = question_of(query(**asked))
        for caller in (ANALYST, SECRETARIAT):
            with db.read() as session:
                found = told_apart(session, question, settled(session, caller, question, NOWHERE))
                answer = answering(caller, question)
                order = (answer.c.period_start, answer.c.period_end, answer.c.document_id)
                yield asked, list(found.ids), list(session.scalars(select(answer.c.id).order_by(*order)))


def test_one_where_several_could_answer_is_chosen_as_long_answers_choose_it(db):
    # By fewest dimensions; then by a filtered one, nationality, the smaller id: each pair ties up to one of these.
    counts = {"nationality": {"SOM": 31}, "sex": {"F": 31}, "mode": {"land": 31}, "nationality,sex": {("SOM", "F"): 31}}
    documents = [
        bulletin(period, names.split(","), counts[names], figure_status=status, tlp=tlp)
        for names in ("nationality,sex", "sex", "mode", "nationality")
        for period, status, tlp in (("2022-10", "final", "GREEN"), ("2022-11", "provisional", "AMBER"), ("2022-Q4", "final", "GREEN"))
    ]
    compared = list(both(db, *documents, bulletin(**HONDURAS), bulletin("2022-12", ["mode"], {"land": 9}, **HONDURAS)))
    for asked, found, expected in compared:
        assert found == expected, asked
    # All six series and periods; two of them are AMBER.
    assert [len(found) for _, found, _ in compared[:2]] == [4, 5]


def test_questions_of_one_shape_share_their_statements_and_each_is_answered_by_itself(db):
    publish(
        db,
        bulletin("2022-10", counts={"SOM": 31, "NPL": 20}),
        bulletin("2022-11", counts={"SOM": 33, "NPL": 22}),
        bulletin("2022-10", counts={"SOM": 41, "NPL": 30}, tlp="AMBER", **HONDURAS),
    )
    shared = (settling._matched, rows._cells_statement, rows._count_statement, totals._named)
    for each in shared:
        each.cache_clear()
    with db.read() as session:
        asked = [
            ("PAN", "2022-10", "2022-11"),
            ("HND", "2022-10", "2022-11"),
            ("PAN", "2022-11", "2022-11"),
            ("PAN,HND", "2022-10", "2022-10"),
        ]
        found = [
            [
                [
                    row[-6]
                    for row in ask(
                        session, caller, limit=9, nationality="SOM", reporting_state=state, period_from=first, period_to=last
                    ).rows
                ]
                for state, first, last in asked
            ]
            for caller in (ANALYST, SECRETARIAT)
        ]
        sums = [ask(session, group_by="period", measure="irregular_transit", period_from=first).rows for first in ("2022-10", "2022-11")]
    assert found == [[[31, 33], [], [33], [31]], [[31, 33], [41], [33], [31, 41]]]
    assert [[row[3] for row in each] for each in sums] == [[51, 55], [55]]
    # One for each reader's rights and each kind of question; of cells two, for where nothing answers no dimension is declared.
    assert [each.cache_info().currsize for each in shared] == [3, 2, 2, 1]


def test_a_grouped_page_and_its_warnings_are_of_two_statements_and_three_where_a_rest_may_hold_some(db):
    publish(db, bulletin(), pooled("2022-11", {"SOM": 31, "_O": 9, "_T": 40}))
    for number, asked in ((2, {}), (2, {"nationality": "_T"}), (3, {"nationality": "SOM"}), (3, {"nationality": "_AFR"})):
        with statements(db) as seen, db.read() as session:
            ask(session, group_by="period", **asked)
            assert len(seen) == number, asked


@pytest.mark.parametrize(
    ("nationality", "expected"), [("NPL", [(20, 20), (0, 9)]), ("SOM", [(31, 31), (31, 31)]), ("_ASI", [(20, 20), (0, 9)])]
)
def test_a_sum_of_whole_bulletins_counts_what_a_rest_may_hold_once_a_bulletin(db, nationality, expected):
    publish(db, bulletin(), pooled("2022-11", {"SOM": 31, "_O": 9, "_T": 40}))
    with db.read() as session:
        rows_found = ask(session, group_by="period", nationality=nationality).rows
        (whole,) = ask(session, group_by="unit", nationality=nationality).rows
    assert [row[4:6] for row in rows_found] == expected
    assert whole[2:4] == tuple(map(sum, zip(*expected, strict=True)))
