"""Whole answers as files: in every format the same rows, there whole or not at all, and what one asks before and after."""

import csv
import json
from datetime import date
from zipfile import is_zipfile

import duckdb
import pandas as pd
import polars as pl
import pytest
from bodies import cells, publish, revise
from loopback import Node, Says
from python_calamine import CalamineWorkbook
from serving import Served

from app.client import Invalid, Istmo, NotFound, Unreachable, Unusable

MONTHS = {"2022-10": {"VEN": 400, "NPL": 213, "SOM": 31}, "2022-11": {"VEN": 380, "NPL": 190, "SOM": 44}}
ALL = 400 + 213 + 31 + 380 + 190 + 44
TOTAL = {"Istmo-Total": "2"}
LINES = b'{"period":"2022-10","value":1}\n{"period":"2022-11","value":2}\n'


def test_every_format_has_the_same_rows_and_what_surrounds_them_can_be_asked(served: Served, tmp_path):
    first, _ = (publish(served.as_("pan"), period=period, cells=cells(**values)) for period, values in MONTHS.items())
    told: list[dict] = []
    with Istmo(served.url, served.keys["analyst"], language="en") as istmo:
        asked = istmo.flows(reporting_state="PAN", sort="-value")
        saved = {form: asked.save(tmp_path / f"f.{form}", on_progress=told.append) for form in ("json", "ndjson", "csv", "xlsx", "parquet")}
        assert {each.rows for each in saved.values()} == {6}
        assert all(each.file.stat().st_size == each.length > 0 for each in saved.values())
        assert {(each["done"], each["of"]) for each in told if each["done"] is not None} >= {(6, 6)}
        whole = json.loads((tmp_path / "f.json").read_text("utf-8"))
        assert (whole["total"], whole["next_cursor"], len(whole["items"])) == (6, None, 6)
        lines = [json.loads(line) for line in (tmp_path / "f.ndjson").read_text("utf-8").splitlines()]
        assert lines == whole["items"] == asked.rows
        assert [line["value"] for line in lines] == [400, 380, 213, 190, 44, 31]
        with (tmp_path / "f.csv").open(encoding="utf-8", newline="") as file:
            assert [int(row["value"]) for row in csv.DictReader(file)] == [line["value"] for line in lines]
        sheet = CalamineWorkbook.from_path(tmp_path / "f.xlsx").get_sheet_by_name("data").to_python()
        assert sum(row[sheet[0].index("value")] for row in sheet[1:]) == ALL
        assert duckdb.sql(f"SELECT sum(value) FROM '{tmp_path / 'f.parquet'}'").fetchall() == [(ALL,)]
        assert (asked.total, asked.warnings, istmo.flows(period_from="2022-10", period_to="2022-12").warnings[0]["code"]) == (
            6,
            [],
            "periods-missing",
        )

        found = istmo.facets(nationality="VEN,NPL", facets="nationality,measure")
        assert (found["rows"], found["bulletins"], found["facets"]["measure"]["number"]) == (4, 2, 1)
        (series,) = istmo.coverage(reporting_state="PAN")
        assert (series["first_period"], series["last_period"], series["periods"], series["missing"]) == ("2022-10", "2022-11", 2, 0)
        revise(served.as_("pan"), first, cells=cells(VEN=410, NPL=213, SOM=31))
        changed = {row["nationality"]: row["difference"] for row in istmo.revisions(nationality="VEN,NPL")}
        assert changed == {"VEN": 10, "NPL": 0}
        lags = istmo.lags(nationality="VEN", reporting_state="PAN")
        assert (lags.total, next(row["weeks"] for row in lags.rows)) == (len(lags.rows), None)
        assert lags.save(tmp_path / "l.json").rows == lags.total
        assert istmo.flows(limit=2).save(tmp_path / "two.json").rows == 2
        assert istmo.flows(nationality="HTI").save(tmp_path / "none.ndjson").rows == 0
        assert istmo.revisions(nationality="VEN").save(tmp_path / "r.csv").length > 0
        cited = istmo.citation(f"{first['id']}@v1")
        assert (cited["bulletin"], cited["newest"]) == (f"{first['id']}@v1", f"{first['id']}@v2")
        package = istmo.datapackage(tmp_path / "f.zip", told.append, nationality="VEN")
        assert (package.form, package.rows, is_zipfile(package.file)) == ("zip", 2, True)
        with pytest.raises(NotFound):
            istmo.citation(f"{first['id']}@v7")
        with pytest.raises(Invalid) as refused:
            istmo.flows(fields="valu").save(tmp_path / "never.csv")
        assert "value" in refused.value.findings[0]["detail"]
    assert not (tmp_path / "never.csv").exists()


def test_tables_are_the_same_by_parquet_and_by_lines(monkeypatch):
    """Where no pyarrow is, or the node writes no Parquet, the same table is made of lines."""
    row = {"period_start": "2022-10-01", "nationality": None, "value": 2**60, "lower": None, "is_total": False}
    with Node(Says([row], headers={"Istmo-Total": "1"})) as node, Istmo(node.url, "istmo_a_b") as istmo:
        by_pandas, by_polars = istmo.flows(limit=5).to_pandas(), istmo.flows(limit=5).to_polars()
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        istmo.flows().to_pandas()
    assert by_polars.to_dicts() == [{**row, "period_start": date(2022, 10, 1)}]
    assert (by_pandas["value"].tolist(), by_pandas["value"].dtype, by_pandas["lower"].isna().tolist()) == ([2**60], "Int64", [True])
    assert (type(by_pandas), type(by_polars)) == (pd.DataFrame, pl.DataFrame)
    assert [asked.query for asked in node.asked] == [{}, {}, {}]
    assert [asked.headers["accept"].split(";")[0] for asked in node.asked] == ["application/vnd.apache.parquet"] * 2 + [
        "application/x-ndjson"
    ]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("ndjson", Says(LINES, media_type="application/x-ndjson", headers=TOTAL, cut=True)),
        ("ndjson", Says(LINES, media_type="application/x-ndjson", headers={"Istmo-Total": "3"})),
        ("csv", Says(b"period,value\r\n2022-10,1\r\n", media_type="text/csv", headers=TOTAL)),
        ("parquet", Says(b"PAR1 and no more", media_type="application/vnd.apache.parquet", headers=TOTAL)),
        ("xlsx", Says(b"PK and no more", media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", headers=TOTAL)),
    ],
    ids=["cut", "too-few-lines", "too-few-rows", "no-foot", "no-directory"],
)
def test_a_download_that_did_not_come_to_its_end_leaves_the_old_file_and_no_other(form, says, tmp_path):
    file = tmp_path / f"f.{form}"
    file.write_bytes(b"of yesterday")
    with Node(says) as node, Istmo(node.url, "istmo_a_b") as istmo, pytest.raises(Unreachable) as lost:
        istmo.flows().save(file)
    assert lost.value.code == "unreachable-broke-off"
    assert len(node.asked) == 3
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(file.name, b"of yesterday")]


def test_a_download_that_was_cut_once_is_fetched_again(tmp_path):
    cut, whole = (Says(LINES, media_type="application/x-ndjson", headers=TOTAL, cut=cut) for cut in (True, False))
    with Node(cut, whole) as node, Istmo(node.url, "istmo_a_b") as istmo:
        saved = istmo.flows().save(tmp_path / "f.jsonl")
    assert (saved.form, saved.rows, saved.file.read_bytes()) == ("ndjson", 2, LINES)


def test_a_page_of_a_file_is_whole_with_the_rows_of_its_limit(tmp_path):
    with Node(Says(LINES, media_type="application/x-ndjson", headers={"Istmo-Total": "750000"})) as node, Istmo(node.url, "k") as istmo:
        assert istmo.flows(limit=2).save(tmp_path / "f.ndjson").rows == 2


def test_what_cannot_be_asked_or_is_no_such_file_is_told(tmp_path):
    with Node(Says(b"<html>", media_type="text/html")) as node, Istmo(node.url, "k") as istmo:
        with pytest.raises(Unusable, match="json, ndjson, csv, xlsx, parquet"):
            istmo.flows().save(tmp_path / "f.xls")
        with pytest.raises(Unusable, match="one of json, csv"):
            istmo.coverage().save(tmp_path / "f.parquet")
        assert node.asked == []
        with pytest.raises(Unreachable, match="asked for csv"):
            list(istmo.flows().csv())
        with pytest.raises(OSError, match="absent"):
            istmo.flows().save(tmp_path / "absent" / "f.csv")
    assert list(tmp_path.iterdir()) == []
