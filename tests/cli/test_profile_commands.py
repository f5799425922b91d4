"""`istmo profiles`: what is known, and how each profile would read a file here, at which places, without the server and without sending it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import Node, Says
from typer.testing import CliRunner

from app.cli import shell
from app.intake.shipped import shipped

SAMPLE = Path(__file__).parents[2] / "app" / "cli" / "samples" / "darien_by_nationality.csv"
OWN = {
    "name": "semanal",
    "version": 2,
    "title": {"es": "Parte semanal"},
    "layouts": [
        {
            "constants": {"reporting_state": "PAN", "measure": "rescue", "unit": "person"},
            "columns": [
                {"labels": ["mes"], "means": "period"},
                {"labels": ["país"], "means": "nationality"},
                {"labels": ["personas"], "means": "value"},
            ],
        }
    ],
}


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ISTMO_LANG", "es")
    monkeypatch.delenv("ISTMO_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


def istmo(*words):
    return CliRunner().invoke(shell(list(words)), list(words))


def test_each_profile_says_how_it_reads_a_file_and_the_one_that_fits_at_which_places():
    done = istmo("profiles", "try", str(SAMPLE), "--limit", "2")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [name for name in shipped() if any(line.startswith(f"{name}: no lo lee: ") for line in lines)] == [
        name for name in shipped() if name != "panama-snm"
    ]
    assert "-: no lo lee: fila 1, columna nationality_iso3: " in done.stdout
    assert "panama-snm: lo lee: 2387 cifras, 71 periodos, 1 tablas" in lines
    assert [line.split() for line in lines[-3:]] == [
        ["fila", "columna", "periodo", "Estado", "informante", "medida", "unidad", "fuente", "nacionalidad", "valor"],
        ["2", "count", "2010", "PAN", "irregular_transit", "person", "PAN-SNM", "CUB", "79"],
        ["3", "count", "2010", "PAN", "irregular_transit", "person", "PAN-SNM", "NPL", "29"],
    ]
    assert "y 2385 cifras más" in done.stderr


def test_a_reading_comes_whole_as_json_and_an_unread_file_leaves_with_1(tmp_path):
    done = istmo("profiles", "try", str(SAMPLE), "--profile", "panama-snm", "--json")
    (read,) = json.loads(done.stdout)["profiles"]
    assert (read["name"], read["reads"], len(read["figures"])) == ("panama-snm", True, 2387)
    assert sum(figure["value"] for figure in read["figures"] if figure["period"] == "2012") == 1777
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    unread = istmo("profiles", "try", "x.csv", "--json")
    assert unread.exit_code == 1
    found = json.loads(unread.stdout)["profiles"]
    assert [each["name"] for each in found] == ["-", *shipped()]
    assert not any(each["reads"] or each["figures"] or not each["findings"] for each in found)
    assert istmo("profiles", "try", "x.csv", "--profile", "none").exit_code == 2


def test_with_a_key_what_offices_registered_is_listed_and_tried_too(tmp_path):
    entries = [{**OWN, "office": "RCM/PAN"}, {"name": "unhcr", "version": 1, "office": None, "title": {"es": "ACNUR"}}]
    page = Says({"items": entries, "next_cursor": None, "total": 2})
    (tmp_path / "x.csv").write_text("mes;país;personas\n2024-01;Venezuela;41\n2024-01;Haití;12\n", "utf-8")
    with Node(page) as node:
        listed = istmo("profiles", "list", "--url", node.url, "--key", "k")
    assert listed.stdout.splitlines() == ["semanal@2  RCM/PAN  Parte semanal", "unhcr@1  ACNUR"]
    with Node(page, Says(OWN)) as node:
        tried = istmo("profiles", "try", "x.csv", "--profile", "semanal", "--json", "--url", node.url, "--key", "k")
        assert [asked.path for asked in node.asked] == ["/v1/profiles", "/v1/profiles/semanal"]
    assert [(each["row"], each["nationality"], each["value"]) for each in json.loads(tried.stdout)["profiles"][0]["figures"]] == [
        (2, "VEN", 41),
        (3, "HTI", 12),
    ]


def test_a_layout_that_the_node_or_this_program_cannot_read_stops_no_trial(tmp_path):
    (tmp_path / "x.csv").write_text("mes;país;personas\n2024-01;Venezuela;41\n2024-01;Haití;12\n", "utf-8")
    entries = [{**OWN, "name": name, "office": "RCM/PAN"} for name in ("old", "newer", "semanal")]
    gone = Says({"code": "not-found", "title": "-", "status": 404}, 404)
    with Node(Says({"items": entries, "next_cursor": None, "total": 3}), gone, Says({**OWN, "colour": "red"}), Says(OWN)) as node:
        tried = istmo("profiles", "try", "x.csv", "--json", "--url", node.url, "--key", "k")
    assert [each["name"] for each in json.loads(tried.stdout)["profiles"]] == ["-", *shipped(), "semanal"]


def test_a_file_is_tried_where_nothing_of_the_server_is_installed(tmp_path):
    program = (
        "import sys\nfrom app.cli import main\n"
        "for name in ('fastapi', 'sqlalchemy', 'cryptography', 'orjson', 'uvicorn', 'alembic', 'numpy'):\n    sys.modules[name] = None\n"
        "main()"
    )
    words = [sys.executable, "-c", program, "profiles", "try", str(SAMPLE), "--profile", "panama-snm"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "panama-snm: lo lee: 2387 cifras" in done.stdout
