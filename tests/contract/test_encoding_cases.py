"""Cases of files from public reports: the mark before the first header, a workbook with entities, Windows-1252 without a label."""

import codecs
import io
import json
import time
import zipfile
from typing import Any

import httpx
import pytest
import xlsxwriter
from serving import Served

OPTIONS = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}
COLUMNS = ["semana=period", "nacionalidad=nationality", "sexo=sex", "personas=value"]


def send(served: Served, raw: bytes, name: str = "x.csv", kind: str = "text/csv", **options: Any) -> httpx.Response:
    return served.as_("pan").post("/v1/bulletins/files", params={**OPTIONS, **options}, files={"file": (name, raw, kind)})


def told(answer: httpx.Response) -> dict[str, str]:
    return {each["code"]: each["detail"] for each in answer.json()["errors" if answer.status_code == 422 else "findings"]}


def taken(served: Served, answer: httpx.Response) -> str:
    assert answer.status_code in (200, 201), answer.text
    (receipt,) = answer.json()["bulletins"]
    return json.dumps(served.as_("pan").get(f"/v1/bulletins/{receipt['id']}").json(), ensure_ascii=False)


@pytest.mark.parametrize("declared", ["", "part", "option"])
def test_b021_byte_order_mark_before_the_first_header(served: Served, declared: str):
    text = "semana,nacionalidad,sexo,personas\n2024-W10,Haití,M,12\n2024-W10,República Democrática del Congo,F,31\n"
    raw = codecs.BOM_UTF8 + text.encode()
    kind = "text/csv; charset=ISO-8859-1" if declared == "part" else "text/csv"
    options = {"charset": "ISO-8859-1"} if declared == "option" else {}
    answer = send(served, raw, kind=kind, column=COLUMNS, code=["Haití=HTI", "República Democrática del Congo=COD"], **options)
    # Four columns, the first "semana": under any other name it would be missing, and the codes unknown.
    document = taken(served, answer)
    assert '"period": "2024-W10"' in document
    assert "\ufeff" not in document
    warned = told(answer).get("charset-overruled", "")
    assert ("ISO-8859-1" in warned and "UTF-8" in warned) is bool(declared)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "[Content_Types].xml"])
def test_b055_a_workbook_with_entity_definitions(served: Served, part: str):
    made, raw = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        book.add_worksheet().write_row(0, 0, ["period", "nationality", "value"])
    declared = b'<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY file SYSTEM "file:///etc/hostname">]>'
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, content.replace(b"?>", b"?>" + declared, 1) if name == part else content)
    before_it = served.counts()
    send(served, b"not", "x.xlsx")
    began = time.process_time()
    answer = send(served, raw.getvalue(), "x.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    assert time.process_time() - began < 0.1
    assert (answer.status_code, list(told(answer))) == (422, ["workbook-doctype"])
    assert "document type" in told(answer)["workbook-doctype"]
    assert served.counts() == before_it


def test_b057_windows_1252_with_no_label(served: Served):
    text = "semana,puesto,nacionalidad,personas,nota\n2024-W10,Ñuble,Haití,12,‘sin novedad’\n2024-W10,Peñas Blancas,Camerún,15,tasa 3 €\n"
    columns = ["semana=period", "nacionalidad=nationality", "personas=value", "puesto=-", "nota=-"]
    codes = ["Haití=HTI", "Camerún=CMR"]
    answer = send(served, text.encode("cp1252"), column=columns, code=codes)
    assert '"HTI"' in taken(served, answer)
    assert "read-as-windows-1252" in told(answer)
    mixed = b"semana,puesto,nacionalidad,personas\n2024-W10,\xd1uble,Hait\xed,12\n" + "2024-W10,Peñas Blancas,Camerún,15\n".encode()
    before = served.counts()
    refused = send(served, mixed, column=columns[:4], code=codes)
    assert [(each["code"], each["row"]) for each in refused.json()["errors"]] == [("encoding-mixed", 2)]
    assert served.counts() == before
    assert "Ã" not in refused.text
