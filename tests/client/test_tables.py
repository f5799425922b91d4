"""Figures as tables of pandas and polars: exact numbers, days as days, and the same columns where nothing answers."""

from datetime import date

import pandas as pd
import polars as pl
from bodies import bulletin
from serving import Served

from app.client import Istmo
from app.client.flows import SUM
from app.wire.flows import FlowGroup, FlowRow

BY_SEX = [
    {"nationality": code, "sex": sex, "value": value}
    for code, sex, value in (("VEN", "F", 500), ("VEN", "M", 213), ("NPL", "F", 31), ("NPL", "M", 3))
]
NAMES = {"period": "String", "period_start": "Date", "is_total": "Boolean", "value": "Int64", "lower": "Int64", "bulletin": "String"}


def test_rows_and_groups_become_tables_and_what_is_withheld_is_null_in_both(served: Served):
    with Istmo(served.url, served.keys["pan"]) as istmo:
        istmo.publish(bulletin(period="2022-10"))
        istmo.publish(bulletin(period="2022-11", measure="rescue", cells=BY_SEX))
        plain, hidden = istmo.flows(measure="irregular_transit", limit=2), istmo.flows(measure="rescue", sex="M,F")
        for asked in (plain, hidden):
            rows, by_pandas, by_polars = asked.rows, asked.to_pandas(), asked.to_polars()
            assert list(by_pandas.columns) == by_polars.columns == list(rows[0])
            assert by_polars.to_dicts() == [
                {name: date.fromisoformat(value) if name in {"period_start", "period_end"} else value for name, value in row.items()}
                for row in rows
            ]
            for name in rows[0]:
                kept = [None if pd.isna(value) else value for value in by_pandas[name]]
                days = name in {"period_start", "period_end"}
                assert [value.date().isoformat() if days else value for value in kept] == [row[name] for row in rows], name
        assert plain.to_pandas()["value"].sum() == plain.to_polars()["value"].sum() == 400 + 213 + 31
        assert hidden.to_polars()["value"].null_count() == hidden.to_pandas()["value"].isna().sum() > 0
        months = istmo.flows(measure="irregular_transit", group_by="period")
        assert (months.to_pandas()["value"].tolist(), months.to_polars()["bulletins"].to_list()) == ([644], [1])


def test_where_nothing_answers_the_columns_are_still_those_of_the_node(served: Served):
    assert tuple(FlowGroup.model_fields)[-5:] == SUM
    with Istmo(served.url, served.keys["pan"]) as istmo:
        assert (istmo.flows().to_polars().columns, istmo.flows().rows) == (list(FlowRow.model_fields), [])
        kinds = istmo.flows().to_polars().schema
        assert {name: str(kinds[name]) for name in NAMES} == NAMES
        assert istmo.flows().to_pandas().dtypes.astype(str).to_dict()["value"] == "Int64"
        grouped = istmo.flows(group_by=["nationality", "period"]).to_polars()
        istmo.publish(bulletin())
        assert grouped.schema == istmo.flows(group_by="nationality,period").to_polars().schema
    assert isinstance(grouped, pl.DataFrame)
