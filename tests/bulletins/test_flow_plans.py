"""What a question about the flows reads, by the plans of both stores: bulletins and cells by index, and only those that it needs."""

from flowbook import ANALYST, ask, bulletin, pooled, publish
from sqlalchemy import event, text

from app.core.db import Database

NARROW = {"reporting_state": "PAN", "measure": "irregular_transit"}
ASKED = (
    {**NARROW, "limit": 5},
    {**NARROW, "nationality": "SOM", "limit": 5},
    {**NARROW, "group_by": "period"},
    {**NARROW, "group_by": "period", "nationality": "SOM"},
    {**NARROW, "group_by": "period", "nationality": "_AFR"},
    {**NARROW, "nationality": "SOM,NPL", "group_by": "period,nationality", "frequency": "month"},
    {**NARROW, "as_of": "2024-01-01", "limit": 5},
)
YEARS, STATES = range(2011, 2024), ("PAN", "HND", "CRI", "GTM", "MEX")


def filled(db: Database) -> None:
    publish(
        db,
        pooled("2010-12", {"SOM": 31, "NPL": 20, "_O": 14, "_T": 65}, publisher="PAN-X"),
        *(
            bulletin(f"{year}-{month:02}", reporting_state=state, publisher=f"{state}-X", counts={"SOM": 31, "NPL": 20, "ETH": 9})
            for year in YEARS
            for month in range(1, 13)
            for state in STATES
        ),
    )
    with db.write() as session:
        session.execute(text("ANALYZE"))


def plans(db: Database, **asked: object) -> str:
    """The plans of the statements of one answer, one after the other."""
    told: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "

    def note(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            beside = cursor.connection.cursor()  # type: ignore[attr-defined]
            beside.execute(explain + statement, parameters)
            told.extend(str(row[-1]) for row in beside.fetchall())

    event.listen(db.reader, "before_cursor_execute", note)
    try:
        with db.read() as session:
            if not db.is_sqlite:
                # Of so few rows the planner would rather read all; whether it can do otherwise is what is asked.
                session.execute(text("SET LOCAL enable_seqscan = off"))
            ask(session, ANALYST, None, asked.pop("limit", 1000), **asked)  # type: ignore[arg-type]
    finally:
        event.remove(db.reader, "before_cursor_execute", note)
    return "\n".join(told)


def test_no_question_of_one_series_reads_all_bulletins_or_all_cells(db: Database):
    filled(db)
    for asked in ASKED:
        plan = plans(db, **asked)
        assert "bulletin" in plan
        assert "cell" in plan
        for table in ("bulletin", "cell"):
            assert f"SCAN {table}" not in plan.replace(f"SCAN {table} USING COVERING INDEX", ""), (asked, plan)
            assert f"Seq Scan on {table} " not in plan, (asked, plan)


def test_a_measure_in_all_states_is_found_by_its_own_index(db: Database):
    filled(db)
    plan = plans(db, measure="irregular_transit", period_from="2012", period_to="2013", limit=5)
    assert "ix_bulletin_newest_measure" in plan


def test_a_nationality_is_found_in_each_bulletin_by_its_code_and_a_hideout_by_its_area(db: Database):
    filled(db)
    plan = plans(db, **NARROW, group_by="period", nationality="ERI")
    if db.is_sqlite:
        assert "SEARCH cell USING INDEX ix_cell_nationality (nationality=? AND bulletin_id=?)" in plan
        assert "SEARCH hideout USING PRIMARY KEY (bulletin_id=? AND area=?)" in plan
    assert "ix_cell_nationality" in plan


def test_without_statistics_a_nationality_is_found_by_its_code_all_the_same(db: Database):
    publish(db, pooled("2010-12", {"SOM": 31, "NPL": 20, "_O": 14, "_T": 65}))
    plan = plans(db, **NARROW, group_by="period", nationality="ERI")
    if db.is_sqlite:
        assert "SEARCH cell USING INDEX ix_cell_nationality (nationality=? AND bulletin_id=?)" in plan
        assert "SEARCH hideout USING PRIMARY KEY (bulletin_id=? AND area=?)" in plan
