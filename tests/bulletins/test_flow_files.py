"""The analyst query as files: every format holds the same rows, and the tools that analysts use read the same sums in each."""

import io
import json
import time
import zipfile

import duckdb
import httpx
import pandas as pd
import polars as pl
import pyarrow.parquet
import pytest
from flowbook import bulletin, pooled, publish
from python_calamine import CalamineWorkbook
from sqlalchemy import event

from app.bulletins.flows import whole
from app.bulletins.flows.columns import PLAIN
from app.bulletins.flows.export import MEDIA
from app.formats import csv_text, parquet, workbook

PATH = "/v1/flows"
SOM, NPL, POINT = 31, 20, {"code": "PAN-BJ", "label": "=Bajo Chiquito"}


@pytest.fixture(scope="module")
def reader(standing):
    publish(
        standing.node.db,
        *(bulletin(period, counts={"SOM": SOM, "NPL": NPL, "HTI": None}) for period in ("2022-08", "2022-09")),
        pooled("2022-10", {"SOM": SOM, "NPL": NPL, "_O": 14, "_T": 65}),
        bulletin("2022-11", ("nationality", "route_point"), {("SOM", "PAN-BJ"): 12, ("COL", "PAN-BJ"): 8}),
    )
    return standing.as_("analyst")


def rows_of(form, raw):
    """Header and rows of a file as its own readers give them, totals behind."""
    if form == "ndjson":
        lines = [json.loads(line) for line in raw.splitlines()]
        return [list(lines[0]), *(list(line.values()) for line in lines)]
    if form == "parquet":
        table = pyarrow.parquet.read_table(io.BytesIO(raw))
        return [table.column_names, *([as_item(value) for value in row.values()] for row in table.to_pylist())]
    if form == "csv":
        read = pd.read_csv(io.BytesIO(raw), keep_default_na=False, dtype=str)
        return [list(read.columns), *(list(row) for row in read.itertuples(index=False))]
    book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    data, totals = (book.get_sheet_by_name(name).to_python() for name in ("data", "totals"))
    assert totals[0] == data[0]
    return data + totals[1:]


def as_item(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def as_read(form, value):
    """A value of a JSON page as a format's reader gives it."""
    if form in {"csv", "xlsx"} and value is None:
        return ""
    if form == "csv":
        return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else str(value)
    return float(value) if form == "xlsx" and type(value) is int else value


@pytest.mark.parametrize("form", [form for form in MEDIA if form != "json"])
def test_every_format_has_the_rows_of_the_json_pages_and_says_their_number_first(reader, form):
    for asked in (
        {},
        {"totals": "true"},
        {"nationality": "_AFR,SOM"},
        {"group_by": "period,nationality"},
        {"fields": "value,nationality,period"},
        {"labels": "both", "lang": "es", "fields": "nationality,measure,lower"},
        {"labels": "name", "lang": "pt"},
    ):
        items = reader.get(PATH, params=asked).json()["items"]
        answer = reader.get(PATH, params={**asked, "format": form})
        assert (answer.status_code, answer.headers["istmo-total"]) == (200, str(len(items)))
        assert answer.headers["content-type"].split(";")[0] == MEDIA[form]
        assert answer.headers["content-disposition"] == f'attachment; filename="flows.{form}"'
        if form == "xlsx" and "is_total" in items[0]:
            items.sort(key=lambda item: item["is_total"])
        if form == "xlsx" and "group_by" in asked:
            continue
        found = rows_of(form, answer.content)
        assert found[0] == list(items[0])
        assert found[1:] == [[as_read(form, value) for value in item.values()] for item in items]
        again = reader.get(PATH, params=asked, headers={"Accept": MEDIA[form]})
        assert again.headers["content-type"] == answer.headers["content-type"]
        assert again.content == answer.content


def test_pandas_polars_duckdb_and_a_spreadsheet_reader_read_the_same_sums(reader, tmp_path):
    raw = {form: reader.get(PATH, params={"format": form}).content for form in MEDIA if form != "json"}
    for form, content in raw.items():
        (tmp_path / f"f.{form}").write_bytes(content)
    csv, lines, table = (str(tmp_path / f"f.{form}") for form in ("csv", "ndjson", "parquet"))
    frames = (
        *(pd.read_csv(csv), pd.read_json(lines, lines=True), pd.read_parquet(table)),
        *(pl.read_csv(csv).to_pandas(), pl.read_ndjson(lines).to_pandas(), pl.read_parquet(table).to_pandas()),
        *(duckdb.sql(f"SELECT * FROM '{path}'").df() for path in (csv, lines, table)),
    )
    total = 3 * (SOM + NPL) + 14 + 20
    for frame in frames:
        assert list(frame.columns) == list(PLAIN)
        assert int(frame["value"].sum()) == total
        assert {code: int(value) for code, value in frame.groupby("nationality", observed=True)["value"].sum().items()} == {
            "SOM": 3 * SOM + 12,
            "NPL": 3 * NPL,
            "COL": 8,
            "HTI": 0,
            "_O": 14,
        }
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(raw["xlsx"])).get_sheet_by_name("data").to_python()
    value = sheet[0].index("value")
    assert sum(row[value] for row in sheet[1:] if row[value] != "") == total


def test_parquet_is_typed_and_keeps_codes_as_dictionaries(reader):
    whole, empty = (
        pyarrow.parquet.read_table(io.BytesIO(reader.get(PATH, params={"format": "parquet", **asked}).content))
        for asked in ({}, {"nationality": "CUB"})
    )
    assert empty.schema.equals(whole.schema)
    assert (empty.num_rows, whole.num_rows) == (0, 11)
    kinds = {name: str(whole.schema.field(name).type) for name in ("period", "period_start", "value", "is_total")}
    assert kinds == {
        "period": "dictionary<values=string, indices=int32, ordered=0>",
        "period_start": "date32[day]",
        "value": "int64",
        "is_total": "bool",
    }


def test_an_empty_answer_has_its_columns_in_every_format_that_has_a_head(reader):
    raw = {form: reader.get(PATH, params={"format": form, "nationality": "CUB"}) for form in MEDIA}
    assert {form: answer.headers["istmo-total"] for form, answer in raw.items()} == dict.fromkeys(MEDIA, "0")
    assert raw["csv"].text == ",".join(PLAIN) + "\r\n"
    assert raw["ndjson"].content == b""
    assert rows_of("xlsx", raw["xlsx"].content) == [list(PLAIN)]


def test_excel_gets_a_byte_order_mark_and_its_separator_and_so_reads_accents(reader):
    asked = {"labels": "name", "lang": "es", "fields": "nationality,value", "nationality": "HTI,NPL", "period_to": "2022-08"}
    for excel, line in (("comma", "Haití,"), ("semicolon", "Haití;")):
        raw = reader.get(PATH, params={**asked, "excel": excel}).content
        assert raw.startswith(b"\xef\xbb\xbf")
        assert line in raw.decode("utf-8-sig").splitlines()
    plain = reader.get(PATH, params={**asked, "format": "csv"}).content
    assert not plain.startswith(b"\xef\xbb\xbf")
    refused = reader.get(PATH, params={"excel": "comma", "format": "xlsx"}).json()
    assert [(fault["code"], fault["pointer"]) for fault in refused["errors"]] == [("excel-without-csv", "excel")]


def test_a_workbook_keeps_periods_as_texts_and_tells_its_codes_in_three_languages(reader):
    raw = reader.get(PATH, params={"format": "xlsx", "totals": "true"}).content
    book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    assert book.sheet_names == ["data", "totals", "codes", "notes"]
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        parts = {name: opened.read(name).decode() for name in opened.namelist()}
    assert not any("<f>" in part for part in parts.values())
    data, totals, codes = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names[:3])
    assert {row[0] for row in data[1:]} == {"2022-08", "2022-09", "2022-10", "2022-11"}
    assert all(row[data[0].index("is_total")] is False for row in data[1:])
    assert all(row[data[0].index("is_total")] is True for row in totals[1:])
    assert codes[0] == ["column", "code", "en", "es", "pt"]
    assert ["nationality", "HTI", "Haiti", "Haití", "Haiti"] in codes
    assert ["nationality", "_T", "Total", "Total", "Total"] in codes


def test_names_stand_in_the_reader_s_language_beside_their_codes_or_in_their_place(reader):
    asked = {"nationality": "HTI", "limit": 1, "fields": "value_status,nationality"}
    said = {"labels": "both", **asked}
    answer = reader.get(PATH, params=said, headers={"Accept-Language": "pt-BR"})
    (item,) = answer.json()["items"]
    assert item == {
        "value_status": "not_collected",
        "value_status_label": "Não coletado",
        "nationality": "HTI",
        "nationality_label": "Haiti",
    }
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("pt", "Authorization, Accept, Accept-Language")
    (item,) = reader.get(PATH, params={**asked, "labels": "name", "lang": "es"}, headers={"Accept-Language": "pt"}).json()["items"]
    assert item["nationality"] == "Haití"
    tags = {reader.get(PATH, params={**said, "lang": lang}).headers["etag"] for lang in ("es", "pt", "en")}
    assert len(tags | {reader.get(PATH, params={**asked, **more}).headers["etag"] for more in ({}, {"fields": "value"})}) == 5


def test_an_unknown_column_is_refused_with_the_nearest_and_all_names(reader):
    for asked, near in (({"fields": "value,nationalty"}, "nationality"), ({"fields": "sex", "group_by": "period"}, "period")):
        answer = reader.get(PATH, params={**asked, "format": "csv"})
        (fault,) = answer.json()["errors"]
        assert (answer.status_code, fault["code"], fault["pointer"]) == (422, "code-unknown", "fields")
        assert near in fault["detail"]


def test_a_workbook_of_too_many_rows_is_refused_with_their_number(reader, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 10)
    refused = reader.get(PATH, params={"format": "xlsx"})
    assert (refused.status_code, refused.json()["code"]) == (422, "too-many-rows")
    assert "11" in refused.json()["detail"]
    assert "10" in refused.json()["detail"]
    assert reader.get(PATH, params={"format": "xlsx", "nationality": "SOM"}).status_code == 200


def test_what_the_node_cannot_write_is_406_with_what_it_can(reader, monkeypatch):
    unknown = reader.get(PATH, headers={"Accept": "text/html"})
    assert (unknown.status_code, all(media in unknown.json()["detail"] for media in MEDIA.values())) == (406, True)
    named = reader.get(PATH, params={"format": "ods"})
    assert (named.status_code, named.json()["errors"][0]["pointer"]) == (422, "format")
    monkeypatch.setattr(parquet, "is_installed", lambda: False)
    for answer in (reader.get(PATH, params={"format": "parquet"}), reader.get(PATH, headers={"Accept": MEDIA["parquet"]})):
        assert answer.status_code == 406
        assert MEDIA["csv"] in answer.json()["detail"]
        assert MEDIA["parquet"] not in answer.json()["detail"]


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_failure_in_the_middle_is_no_clean_end(standing, reader, form, monkeypatch):
    monkeypatch.setattr(whole, "_ROWS_A_READ", 3)
    seen = []

    def fail(_connection, _cursor, statement, *_):
        if "FROM cell" in statement or "JOIN cell" in statement:
            seen.append(statement)
            if len(seen) == 4:
                raise ZeroDivisionError

    event.listen(standing.node.db.reader, "before_cursor_execute", fail)
    try:
        with pytest.raises(httpx.RemoteProtocolError):
            reader.get(PATH, params={"format": form})
    finally:
        event.remove(standing.node.db.reader, "before_cursor_execute", fail)
    assert len(seen) == 4
    assert reader.get(PATH, params={"format": form}).status_code == 200


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_download_that_is_given_up_ends_its_reads(standing, reader, form, monkeypatch, tmp_path):
    monkeypatch.setattr(whole, "_ROWS_A_READ", 1)
    monkeypatch.setattr(csv_text, "CHUNK", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    begun = []

    def slowly(_connection, _cursor, statement, *_):
        if "ORDER BY cell.bulletin_id" in statement:
            begun.append(statement)
            time.sleep(0.3)

    event.listen(standing.node.db.reader, "before_cursor_execute", slowly)
    try:
        with reader.stream("GET", PATH, params={"format": form, "totals": "true"}) as answer:
            assert answer.status_code == 200
            deadline = time.monotonic() + 20
            while not begun and time.monotonic() < deadline:
                time.sleep(0.01)
        time.sleep(1.2)
    finally:
        event.remove(standing.node.db.reader, "before_cursor_execute", slowly)
    assert 1 <= len(begun) < 4
    assert standing.node.db.reader.pool.checkedout() == 0
    assert list(tmp_path.iterdir()) == []
