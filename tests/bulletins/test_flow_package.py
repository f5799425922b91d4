"""The Data Package of the analyst query: valid by frictionless, equal for equal answers, and silent about what is hidden."""

import csv
import hashlib
import io
import json
import shutil
import zipfile

import pytest
from bodies import cells, publish, revise, withdraw
from frictionless import Package

from app.bulletins.flows.columns import PLAIN

PATH = "/v1/flows/datapackage"
SOURCE = {"name": "Estadísticas de tránsito", "url": "https://ejemplo.test/2022", "licence": "CC BY 4.0"}
BORDER = {
    "period": "2022-12",
    "dimensions": ["nationality", "route_point"],
    "cells": [{"nationality": code, "route_point": "PAN-BJ", "value": value} for code, value in (("VEN", 120), ("ECU", 80))],
    "route_points": [{"code": "PAN-BJ", "label": "Bajo Chiquito"}],
}


@pytest.fixture(scope="module")
def reader(standing):
    pan = standing.as_("pan")
    publish(pan, source=SOURCE)
    again = publish(pan, period="2022-11")
    revise(pan, again, period="2022-11", cells=cells(VEN=500, NPL=213, SOM=31))
    publish(pan, **BORDER)
    return standing.as_("analyst")


def opened(raw, folder):
    """The files of a package, unpacked."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["data/flows.csv", "data/codes.csv", "datapackage.json"]
        archive.extractall(folder)
    return json.loads((folder / "datapackage.json").read_text("utf-8"))


def faults(folder):
    """(kind, row) of everything that frictionless finds."""
    return [tuple(each) for each in Package(str(folder / "datapackage.json")).validate().flatten(["type", "rowNumber"])]


def test_a_package_is_valid_and_says_all_that_its_reader_must_know(reader, tmp_path):
    for number, asked in enumerate(
        ({}, {"totals": "true"}, {"group_by": "period,nationality"}, {"nationality": "CUB"}, {"nationality": "_AFR"})
    ):
        answer = reader.get(PATH, params=asked)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        assert answer.headers["content-disposition"] == 'attachment; filename="flows.datapackage.zip"'
        folder = tmp_path / str(number)
        told = opened(answer.content, folder)
        assert faults(folder) == [], asked
        flows, codes = told["resources"]
        for each in (flows, codes):
            raw = (folder / each["path"]).read_bytes()
            assert (each["bytes"], each["hash"]) == (len(raw), f"sha256:{hashlib.sha256(raw).hexdigest()}")
        whole = reader.get("/v1/flows", params={**asked, "format": "csv"})
        assert (folder / flows["path"]).read_bytes() == whole.content
        assert answer.headers["istmo-total"] == whole.headers["istmo-total"] == str(told["istmo:rows"])
        assert set(told["istmo:question"]) == set(asked)
    told = json.loads((tmp_path / "0" / "datapackage.json").read_text("utf-8"))
    assert told["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert [field["name"] for field in told["resources"][0]["schema"]["fields"]] == list(PLAIN)
    versions = [source["version"].partition("@")[2] for source in told["sources"]]
    assert versions == ["v1", "v2", "v1"]
    digests = [reader.get(f"/v1/bulletins/{source['version'].partition('@')[0]}").json()["digest"] for source in told["sources"]]
    assert [source["istmo:digest"] for source in told["sources"]] == digests
    assert (told["sources"][0]["path"], told["sources"][0]["istmo:licence"]) == (SOURCE["url"], SOURCE["licence"])
    assert [licence["name"] for licence in told["licenses"]] == ["CC-BY-4.0", "LicenseRef-operator"]
    with (tmp_path / "0" / "data" / "codes.csv").open(encoding="utf-8", newline="") as opened_codes:
        codes = {(row["column"], row["code"]): (row["en"], row["es"], row["pt"]) for row in csv.DictReader(opened_codes)}
    assert codes["nationality", "VEN"] == ("Venezuela", "Venezuela", "Venezuela")
    assert codes["route_point", "PAN-BJ"] == ("Bajo Chiquito",) * 3
    assert not any(column == "nationality" and code == "CUB" for column, code in codes)


def test_frictionless_finds_four_planted_errors_at_their_places(reader, tmp_path):
    opened(reader.get(PATH).content, tmp_path / "right")
    planted = {
        "unit": ("persona", "constraint-error"),
        "nationality": ("ven", "foreign-key"),
        "period": ("2022-1", "constraint-error"),
        "value": ("1.234", "type-error"),
    }
    for column, (text, kind) in planted.items():
        folder = tmp_path / column
        shutil.copytree(tmp_path / "right", folder)
        file = folder / "data" / "flows.csv"
        with file.open(encoding="utf-8", newline="") as read:
            rows = list(csv.reader(read))
        rows[2][rows[0].index(column)] = text
        with file.open("w", encoding="utf-8", newline="") as written:
            csv.writer(written).writerows(rows)
        told = json.loads((folder / "datapackage.json").read_text("utf-8"))
        raw = file.read_bytes()
        told["resources"][0] |= {"bytes": len(raw), "hash": f"sha256:{hashlib.sha256(raw).hexdigest()}"}
        (folder / "datapackage.json").write_text(json.dumps(told), "utf-8")
        found = faults(folder)
        # A code that no vocabulary knows is in no table of codes either.
        assert (kind, 3) in found, (column, found)
        assert {row for _, row in found} == {3}, (column, found)


def test_equal_answers_are_equal_bytes_and_a_hidden_document_changes_none(standing, reader):
    asked = {"lang": "es"}
    first = reader.get(PATH, params=asked)
    assert (first.headers["content-language"], first.headers["vary"]) == ("es", "Authorization, Accept, Accept-Language")
    rcm = standing.as_("rcm")
    hidden = publish(rcm, reporting_state="CRI", period="2022-09", tlp="RED", audience=[])
    again = reader.get(PATH, params=asked)
    withdraw(rcm, hidden)
    last = reader.get(PATH, params=asked)
    told = [(answer.content, answer.headers["etag"], answer.headers["istmo-total"]) for answer in (first, again, last)]
    assert told[0] == told[1] == told[2]
    assert reader.get(PATH, params=asked, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert reader.get(PATH, params={"lang": "pt"}).content != first.content


def test_what_a_package_does_not_take_is_refused(reader):
    for asked in ({"limit": 1}, {"format": "csv"}, {"fields": "value"}, {"nationalty": "SOM"}):
        (fault,) = reader.get(PATH, params=asked).json()["errors"]
        assert (fault["code"], fault["pointer"]) == ("parameter-unknown", next(iter(asked)))
    assert reader.get(PATH, headers={"Accept": "text/csv"}).status_code == 406
    assert reader.get(PATH, params={"group_by": "sex", "unit": "person,event"}).json()["code"] == "mixed-sum"
