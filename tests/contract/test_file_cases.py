"""Cases of files from public reports, sent over HTTP: what is read is proved or declared, and a file goes in whole or not at all."""

from pathlib import Path
from typing import Any

import httpx
import xlsxwriter
from serving import Served

OPTIONS = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}
WEEKLY = {"column": ["semana=period", "nacionalidad=nationality", "personas=value"]}
DAILY = {"column": ["fecha=period", "nacionalidad=nationality", "personas=value"]}


def send(served: Served, content: str | bytes, name: str = "x.csv", **options: Any) -> httpx.Response:
    raw = content if isinstance(content, bytes) else content.encode()
    return served.as_("pan").post("/v1/bulletins/files", params=OPTIONS | options, files={"file": (name, raw)})


def found(answer: httpx.Response) -> list[tuple[Any, ...]]:
    listed = answer.json()["errors" if answer.status_code == 422 else "findings"]
    return [(each["code"], each.get("row"), each.get("column")) for each in listed]


def taken(served: Served, **asked: Any) -> dict[tuple[str, str], int]:
    items = served.as_("analyst").get("/v1/flows", params={"totals": True, **asked}).json()["items"]
    return {(item["period"], item["nationality"]): item["value"] for item in items}


def workbook(path: Path, rows: list[list[Any]], *, merges: tuple[Any, ...] = (), dated: tuple[Any, ...] = (), **options: Any) -> bytes:
    with xlsxwriter.Workbook(path, options) as book:
        sheet, date = book.add_worksheet("Semana 10"), book.add_format({"num_format": "dd/mm/yyyy"})
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
        for merge in merges:
            sheet.merge_range(*merge)
        for row, column, serial in dated:
            sheet.write_number(row, column, serial, date)
    return path.read_bytes()


def test_b023_semicolons_with_decimal_commas(served: Served):
    rows = ["2024-W10;Haití;1120;-53,9", "2024-W10;Cuba;845;-10,30", "2024-W10;Nepal;99;23,75", "2024-W10;Camerún;17;0"]
    text = "\n".join(["semana;nacionalidad;personas;variacion_pct", *rows, "2024-W10;Senegal;12;1.509,88"])
    refused = send(served, text, **WEEKLY)
    assert found(refused) == [("column-unknown", 1, "variacion_pct")]
    answer = send(served, text, column=[*WEEKLY["column"], "variacion_pct=-"])
    assert answer.status_code == 201
    assert found(answer)[:2] == [("separator-read", None, None), ("number-style-read", 2, "variacion_pct")]
    assert "{" not in answer.json()["findings"][1]["detail"]
    assert taken(served)["2024-W10", "_T"] == 1120 + 845 + 99 + 17 + 12


def test_b025_counts_written_as_2523_00(served: Served):
    doubtful = 'semana,nacionalidad,personas\n2024-W10,HTI,"1,234"\n2024-W10,CUB,"987"\n'
    refused = send(served, doubtful, **WEEKLY)
    assert (refused.status_code, found(refused)) == (422, [("number-ambiguous", 2, "personas")])
    assert "1,234" not in refused.text.replace("1,234.5", "")  # the rule's own example
    assert served.counts()["log_entry"] == 0
    assert send(served, doubtful, number_style="comma", **WEEKLY).status_code == 422
    assert send(served, doubtful, number_style="point", **WEEKLY).status_code == 201
    assert taken(served)["2024-W10", "HTI"] == 1234
    proved = "semana;nacionalidad;personas\n2024-W11;HTI;2523,00\n2024-W11;CUB;1.234,00\n2024-W11;NPL;18,00\n"
    assert send(served, proved, **WEEKLY).status_code == 201
    assert {code: taken(served, period_from="2024-W11")["2024-W11", code] for code in ("HTI", "CUB", "NPL")} == {
        "HTI": 2523,
        "CUB": 1234,
        "NPL": 18,
    }


def test_b027_totals_rows_are_checked_and_a_wrong_one_is_told_again_to_who_repeats_the_push(served: Served):
    data = "2024-W10,Haití,300\n2024-W10,Cuba,200\nSubtotal Caribe,,500\n2024-W10,Nepal,60\n2024-W10,Bangladesh,50\n,,110\nTOTAL GENERAL,,611\n"
    text = f"semana,nacionalidad,personas\n{data}Fuente: registro de la semana. Cifras preliminares.,,\n"
    asked = {"params": OPTIONS | WEEKLY, "files": {"file": ("x.csv", text.encode())}, "headers": {"Idempotency-Key": "week-10"}}
    answers = [served.as_("pan").post("/v1/bulletins/files", **asked) for _ in range(2)]
    for answer in answers:
        assert found(answer) == [("note-kept", 9, None), ("total-differs", 8, "personas"), ("totals-checked", None, None)]
        assert "611" in answer.json()["findings"][1]["detail"]
        assert "610" in answer.json()["findings"][1]["detail"]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    cells = taken(served)
    assert cells["2024-W10", "_T"] == 610
    assert {code for _, code in cells} >= {"HTI", "CUB", "NPL", "BGD"}
    dialled = text.replace("Fuente: registro de la semana", "Fuente: Ana Ficticia tel. +507 6123 4567")
    assert [(code, row) for code, row, _ in found(send(served, dialled, **WEEKLY, dry_run=True))] == [("text-personal", 9)]


def test_b029_two_line_header_with_merged_cells(served: Served, tmp_path: Path):
    rows: list[list[Any]] = [["Boletín semanal de flujos extracontinentales"], [], [], ["", "0-17", "18+", "0-17", "18+", ""]]
    rows += [["Haití", 20, 110, 25, 95, 250], ["Cuba", 10, 60, 12, 50, 132]]
    heads = ((2, 0, 3, 0, "Nacionalidad"), (2, 1, 2, 2, "Hombres"), (2, 3, 2, 4, "Mujeres"), (2, 5, 3, 5, "Total"))
    raw = workbook(tmp_path / "x.xlsx", rows, merges=heads)
    layout = {
        "header_rows": 2,
        "wide": ["sex", "age"],
        "columns": [{"labels": ["Nacionalidad"], "means": ["nationality"]}, {"labels": ["Total"], "means": ["total"]}],
    }
    made = served.as_("pan").post(
        "/v1/profiles", json={"name": "semanal", "version": 1, "title": {"es": "Boletín semanal"}, "layouts": [layout]}
    )
    assert made.status_code == 201, made.text
    answer = send(served, raw, "x.xlsx", profile="semanal", period="2024-W10", protect="none")
    assert answer.status_code == 201, answer.text
    assert found(answer) == [("totals-checked", None, None)]
    items = served.as_("analyst").get("/v1/flows").json()["items"]
    assert {(item["nationality"], item["sex"], item["age"]): item["value"] for item in items} == {
        ("HTI", "M", "Y0T17"): 20, ("HTI", "M", "Y_GE18"): 110, ("HTI", "F", "Y0T17"): 25, ("HTI", "F", "Y_GE18"): 95,
        ("CUB", "M", "Y0T17"): 10, ("CUB", "M", "Y_GE18"): 60, ("CUB", "F", "Y0T17"): 12, ("CUB", "F", "Y_GE18"): 50,
    }  # fmt: skip


def test_b031_dates_as_numbers_and_numbers_as_dates(served: Served, tmp_path: Path):
    head = ["fecha", "nacionalidad", "personas"]
    filed = DAILY | {"frequency": "interval", "protect": "none"}
    raw = workbook(tmp_path / "a.xlsx", [head, [45355, "HTI"], ["", "CUB", 45356]], dated=((1, 2, 12), (2, 0, 45356)))
    answer = send(served, raw, "a.xlsx", **filed)
    assert found(answer) == [("serial-read", 2, "fecha"), ("number-from-date", 2, "personas")]
    assert "1900" in answer.json()["findings"][0]["detail"]
    raw = workbook(tmp_path / "b.xlsx", [head, [43895, "HTI", 13]], default_date_format="dd/mm/yyyy", date_1904=True)
    assert "1904" in send(served, raw, "b.xlsx", **filed).json()["findings"][0]["detail"]
    shown = {key: value for key, value in taken(served).items() if key[1] != "_T" and not key[1].startswith("_")}
    assert shown == {("2024-03-04/2024-03-04", "HTI"): 12, ("2024-03-05/2024-03-05", "CUB"): 45356, ("2024-03-06/2024-03-06", "HTI"): 13}
    text = "fecha,nacionalidad,personas\n45355,HTI,12\n"
    assert found(send(served, text, **DAILY)) == [("period-is-a-day", 2, "fecha")]
    assert found(send(served, text, **DAILY, frequency="week", measure="rescue", protect="none")) == [("serial-read", 2, "fecha")]


def test_b035_the_week_that_belongs_to_next_year(served: Served):
    text = "fecha,nacionalidad,personas\n2024-12-30,HTI,12\n2025-12-29,HTI,13\n2027-01-01,HTI,14\n2021-01-03,HTI,15\n"
    answer = send(served, text, **DAILY, frequency="week")
    assert [item["period"] for item in answer.json()["bulletins"]] == ["2025-W01", "2026-W01", "2026-W53", "2020-W53"]
    beside = "semana,nacionalidad,personas\n2025-W51,HTI,16\n2025-W52,HTI,16\n2026-W02,HTI,17\n"
    assert send(served, beside, **WEEKLY).status_code == 201
    asked = {"nationality": "HTI", "period_from": "2025-W52", "period_to": "2026-W02"}
    items = served.as_("analyst").get("/v1/flows", params=asked).json()["items"]
    assert [item["period"] for item in items] == ["2025-W52", "2026-W01", "2026-W02"]


def test_b039_two_columns_with_one_name(served: Served):
    twice = send(served, "semana,nacionalidad,personas,personas,sexo\n2024-W10,HTI,12,21,M\n", column=[*WEEKLY["column"], "sexo=sex"])
    assert found(twice) == [("column-twice", 1, "personas")]
    assert {"3", "4"} <= set(twice.json()["errors"][0]["detail"].replace(";", " ").split())
    assert found(send(served, "semana,nacionalidad,personas,personas \n2024-W10,HTI,12,21\n", **WEEKLY)) == [
        ("column-twice", 1, "personas")
    ]
    assert found(send(served, "semana,nacionalidad,,personas\n2024-W10,HTI,x,12\n", **WEEKLY)) == [("column-unnamed", 2, "3")]
    assert served.counts()["log_entry"] == 0
    assert found(send(served, "semana,nacionalidad,,personas\n2024-W10,HTI,,12\n", **WEEKLY)) == [("column-ignored", 1, "3")]
