"""The main job on real figures: Panama's office pushes the Darién file as it lies, an analyst of the other conference reads it."""

import csv
import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import forked
import pytest
from serving import Served

FILE = Path(__file__).parents[2] / "app" / "cli" / "samples" / "darien_by_nationality.csv"
OPTIONS = ["--state", "PAN", "--measure", "irregular_transit", "--unit", "person", "--column", "nationality_iso3=nationality",
           "--column", "count=value", "--code", "OOO=_O", "--code", "TIB=CHN", "--sum-duplicates"]  # fmt: skip
FLOWS = {"reporting_state": "PAN", "measure": "irregular_transit", "group_by": "period"}


def istmo(served: Served, who: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ISTMO_URL": served.url, "ISTMO_KEY": served.keys[who]}
    return forked.run(arguments, environment, Path.cwd(), timeout=100)


def true_sums() -> Counter[str]:
    sums: Counter[str] = Counter()
    with FILE.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            sums[line["period"]] += int(line["count"])
    return sums


@pytest.mark.timeout(110)
def test_the_darien_file_is_pushed_as_it_lies_and_read_by_the_other_side(served: Served):
    pushed = istmo(served, "pan", "push", str(FILE), *OPTIONS, "--json")
    assert pushed.returncode == 0, pushed.stderr
    answer = json.loads(pushed.stdout)
    periods = [item["period"] for item in answer["bulletins"]]
    assert len(periods) == 71
    assert (sum(len(period) == 4 for period in periods), sum(len(period) == 7 for period in periods)) == (10, 61)
    assert {item["outcome"] for item in answer["bulletins"]} == {"created"}

    before, audit = served.counts(), len(served.audit())
    again = istmo(served, "pan", "push", str(FILE), *OPTIONS)
    assert again.returncode == 0
    assert served.counts() == before
    assert served.audit()[audit:] == [("push_file", "replayed", None)]

    analyst = served.as_("analyst")
    by_period = {row["period"]: row["value"] for row in analyst.get("/v1/flows", params={**FLOWS, "limit": 1000}).json()["items"]}
    assert by_period == dict(true_sums())
    years = analyst.get("/v1/flows", params={**FLOWS, "frequency": "year", "period_from": "2021", "period_to": "2023"}).json()["items"]
    assert {row["period"]: row["value"] for row in years} == {"2021": 133_726, "2022": 248_284, "2023": 520_085}
    early = analyst.get("/v1/flows", params={**FLOWS, "period_from": "2012", "period_to": "2012"}).json()["items"]
    assert [row["value"] for row in early] == [1_777]

    [outside] = analyst.get(
        "/v1/flows", params={**FLOWS, "extra_continental": True, "classification": "strict@1", "period_from": "2012", "period_to": "2012"}
    ).json()["items"]
    assert outside["lower"] <= 581 <= outside["upper"]
    assert outside["upper"] - outside["lower"] < 60

    stored = analyst.get("/v1/bulletins", params={"limit": 1000}).json()
    assert stored["total"] == 71
    assert all(cell["value"] == 0 or cell["value"] >= 5 for item in stored["items"] for cell in item["cells"])


def test_a_refused_push_prints_row_and_column_and_leaves_with_1(served: Served, tmp_path: Path):
    file = tmp_path / "x.csv"
    file.write_text("period,nationality,value\n2022-01,VEN,40\n2022-13,VEN,9\n")
    refused = istmo(served, "pan", "push", str(file), *OPTIONS[:6], "--json")
    assert refused.returncode == 1
    finding = json.loads(refused.stdout)["findings"][0]
    assert (finding["row"], finding["column"], finding["code"]) == (3, "period", "period-invalid")
    assert served.counts()["log_entry"] == 0


def test_the_daily_verbs_work_from_the_command_line(served: Served, tmp_path: Path):
    file = tmp_path / "x.csv"
    file.write_text("period,nationality,value\n2022-01,VEN,40\n2022-02,VEN,50\n")
    dry = istmo(served, "pan", "push", str(file), *OPTIONS[:6], "--dry-run", "--json")
    assert (dry.returncode, served.counts()["log_entry"]) == (0, 0)
    pushed = json.loads(istmo(served, "pan", "push", str(file), *OPTIONS[:6], "--json").stdout)
    first = pushed["bulletins"][0]["id"]
    shown = json.loads(istmo(served, "analyst", "bulletins", "show", first, "--json").stdout)
    assert shown["period"] == "2022-01"
    taken = istmo(served, "pan", "bulletins", "withdraw", first, "--reason", "counted twice")
    assert taken.returncode == 0, taken.stderr
    listed = istmo(served, "analyst", "bulletins", "list")
    assert listed.returncode == 0
    assert "2022-02" in listed.stdout
    rows = istmo(served, "analyst", "flows", "--format", "csv")
    assert len(rows.stdout.splitlines()) == 2
    assert istmo(served, "analyst", "bulletins", "withdraw", first, "--reason", "x").returncode == 1
