"""Case B033: NA is Namibia in CSV and JSON, out and in again; N/A and empty are refused or declared, never Namibia."""

import httpx
from bodies import bulletin
from serving import Served

OPTIONS = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}
UNPOOLED = {"protect": "none"}
THEIRS = {"column": ["semana=period", "nacionalidad=nationality", "personas=value"]}
FILE = """semana,nacionalidad,personas
2024-W10,NA,12
2024-W10,"NA",13
2024-W10,N/A,14
2024-W10,,15
"""


def send(served: Served, text: str, **options: object) -> httpx.Response:
    return served.as_("pan").post("/v1/bulletins/files", params={**OPTIONS, **options}, files={"file": ("semana.csv", text.encode())})


def flows(served: Served, period: str) -> list[tuple[str, int]]:
    rows = served.as_("analyst").get("/v1/flows", params={"period_from": period, "period_to": period}).json()["items"]
    return [(row["nationality"], row["value"]) for row in rows]


def test_the_letters_na_are_namibia_and_marks_of_nothing_are_refused_at_their_rows(served: Served):
    refused = send(served, FILE, **THEIRS)
    assert refused.status_code == 422
    assert {(error["row"], error["column"], error["code"]) for error in refused.json()["errors"]} == {
        (4, "nacionalidad", "code-unknown"),
        (5, "nacionalidad", "code-missing"),
    }
    assert "NAM" not in refused.text
    assert served.counts()["log_entry"] == 0
    declared = send(served, FILE, **THEIRS, code=["N/A=_U", "=_U"], sum_duplicates=True, **UNPOOLED)
    assert declared.status_code == 201
    assert flows(served, "2024-W10") == [("NAM", 25), ("_U", 29)]


def test_namibia_comes_back_from_json_and_from_our_own_export(served: Served):
    body = bulletin(period="2024-W10", cells=[{"nationality": "NA", "value": 12}])
    assert served.as_("pan").post("/v1/bulletins", params=UNPOOLED, json=body).status_code == 201
    assert flows(served, "2024-W10") == [("NAM", 12)]
    exported = served.as_("pan").get("/v1/flows", params={"format": "csv"}).text
    assert ",NAM," in exported
    again = send(
        served, exported.replace("2024-W10", "2024-W11").replace("2024-03-04", "2024-03-11").replace("2024-03-10", "2024-03-17"), **UNPOOLED
    )
    assert again.status_code == 201, again.text
    assert flows(served, "2024-W11") == [("NAM", 12)]
