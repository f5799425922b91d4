"""`istmo flows`: a table that people read, every format as a file, and what one asks before and after."""

import json
import os
from io import StringIO

import pytest
from bodies import cells, publish, revise
from loopback import Node, Says
from rich.console import Console
from serving import Served, serving, settings_for
from typer.testing import CliRunner

import app.cli.flows as flows_command
from app.cli import shell

MONTHS = {"2022-10": {"VEN": 41_400, "NPL": 213, "SOM": 31}, "2022-12": {"VEN": 38_000, "NPL": 190, "SOM": 44}}
WARNED = {"code": "periods-missing", "words": "Falta un mes.", "values": [], "periods": []}
PAGE = {
    "items": [
        {"period": "2022-10", "value": 1_234_567, "lower": 1_234_567, "upper": 1_234_567, "withheld": 0, "bulletins": 1},
        {"period": "2022-11", "value": None, "lower": 1_200, "upper": 4_000, "withheld": 2, "bulletins": 1},
    ],
    "next_cursor": None,
    "total": 2,
    "warnings": [WARNED],
    "as_of": "2022-12-31T23:59:59Z",
}


@pytest.fixture
def office(tmp_path, monkeypatch):
    """The command line at the desk of an office: what it said, and its exit code."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)

    def run(node, *arguments: str, language: str = "en"):
        env = {"ISTMO_URL": node.url, "ISTMO_KEY": node.keys["analyst"] if isinstance(node, Served) else "istmo_a_b", "COLUMNS": "200"}
        words = ["flows", *arguments]
        return CliRunner().invoke(shell(words), words, env={**env, "ISTMO_LANG": language})

    return run


@pytest.mark.parametrize(
    ("language", "million", "interval", "heads", "between"),
    [
        ("en", "1,234,567", "1,200–4,000", ["period", "bulletins", "value"], "the figure lies between them"),
        ("es", "1\u00a0234\u00a0567", "1\u00a0200–4\u00a0000", ["periodo", "boletines", "valor"], "la cifra está entre ellos"),
        ("pt", "1.234.567", "1.200–4.000", ["período", "boletins", "valor"], "o valor está entre eles"),
    ],
)
def test_a_table_has_its_numbers_as_the_reader_writes_them_and_words_under_it(office, language, million, interval, heads, between):
    with Node(Says(PAGE)) as node:
        done = office(node, "--group-by", "period", "--as-of", "2022-12-31", "--sort", "-value", language=language)
    lines = done.stdout.splitlines()
    assert lines[0].split() == heads
    assert (lines[1].rsplit(" ", 1)[1], lines[2].rsplit(" ", 1)[1]) == (million, interval)
    assert len({len(line) for line in lines}) == 1
    assert between in done.stderr
    assert "Falta un mes." in done.stderr
    assert "2022-12-31T23:59:59Z" in done.stderr
    assert "--as-of" in done.stderr
    assert node.asked[0].query == {"group_by": ["period"], "as_of": ["2022-12-31"], "sort": ["-value"]}
    assert node.asked[0].headers["accept-language"] == language


def test_every_format_is_written_and_what_surrounds_the_figures_is_asked_of_a_real_node(office, tmp_path, stores):
    with serving(settings_for(stores.ready("sqlite"), tmp_path / "node")) as node:
        first, _ = (publish(node.as_("pan"), period=period, cells=cells(**values)) for period, values in MONTHS.items())
        by_row = office(node, "--nationality", "NPL", "--accumulation", "period")
        assert [line.split()[-2:] for line in by_row.stdout.splitlines()[1:]] == [["213", f"{first['id']}@v1"]] or "213" in by_row.stdout
        assert f"istmo flows cite {first['id']}@v1" in by_row.stderr
        for form in ("json", "ndjson", "csv", "xlsx", "parquet"):
            done = office(node, "--out", f"f.{form}", language="es")
            assert (done.exit_code, done.stdout) == (0, ""), done.stderr
            assert f"escrito: f.{form}, 6 filas" in done.stderr
            assert (tmp_path / f"f.{form}").stat().st_size > 0
        receipt = json.loads(office(node, "--out", "f.csv", "--excel", "semicolon", "--labels", "name", "--json").stdout)
        head = (tmp_path / "f.csv").read_bytes()[:20]
        assert (receipt["file"], receipt["format"], receipt["rows"], head[:3], b";" in head) == ("f.csv", "csv", 6, b"\xef\xbb\xbf", True)
        chosen = office(node, "--fields", "nationality,value", "--sort", "-value", "--limit", "1").stdout.splitlines()
        assert [line.split() for line in chosen] == [["nationality", "value"], ["VEN", "41,400"]]
        wrong = office(node, "--fields", "valu")
        assert (wrong.exit_code, wrong.stdout) == (1, "")
        assert "value" in wrong.stderr

        facets = office(node, "facets", "--facets", "nationality", "--period-from", "2022-12").stdout.splitlines()
        assert {tuple(line.split()[1:2] + line.split()[-2:]) for line in facets[1:]} == {(code, "1", "1") for code in ("VEN", "NPL", "SOM")}
        assert "2022-10" in office(node, "coverage").stdout
        assert json.loads(office(node, "coverage", "--json").stdout)["items"][0]["missing_periods"] == ["2022-11"]
        revise(node.as_("pan"), first, cells=cells(VEN=41_500, NPL=213, SOM=31), reason="late registrations")
        changed = office(node, "revisions", "--nationality", "VEN").stdout.splitlines()
        assert "41,400" in changed[1]
        assert "41,500" in changed[1]
        assert "late registrations" in changed[1]
        assert office(node, "revisions", "--lags").exit_code == 0
        assert office(node, "revisions", "--out", "r.csv").exit_code == 0
        package = office(node, "datapackage", "--measure", "irregular_transit", "--out", "f.zip")
        assert "written: f.zip, 6 rows" in package.stderr
        cited = office(node, "cite", f"{first['id']}@v1", language="pt")
        assert first["id"] in cited.stdout
        assert f"{first['id']}@v2" in cited.stderr
        assert office(node, "cite", f"{first['id']}@v9").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--format", "parket"), "el más parecido es parquet"),
        (("--format", "word"), "no existe ese formato"),
        (("--format", "table", "--out", "f.csv"), "json, ndjson, csv, xlsx, parquet"),
        (("--out", "f.xls"), "un nombre que termine en uno de"),
        (("coverage", "--format", "xlsx"), "table, json, csv"),
        (("--sex", "F", "facets"), "istmo flows facets --measure"),
        (("datapackage",), "--out"),
    ],
    ids=str,
)
def test_what_cannot_be_written_is_told_before_anything_is_asked(office, arguments, told, tmp_path):
    with Node(Says(PAGE)) as node:
        done = office(node, *arguments, language="es")
    assert (done.exit_code, done.stdout, node.asked, list(tmp_path.iterdir())) == (2, "", [], [])
    assert told in " ".join(done.stderr.replace("│", " ").split())


def test_a_cut_download_leaves_no_half_file_and_ends_with_three(office, tmp_path):
    lines = b'{"period":"2022-10","value":1}\n'
    with Node(Says(PAGE), Says(lines, media_type="application/x-ndjson", headers={"Istmo-Total": "2"})) as node:
        done = office(node, "--out", "f.ndjson", language="pt")
    assert (done.exit_code, done.stdout, list(tmp_path.iterdir())) == (3, "", [])
    assert "a resposta foi interrompida" in done.stderr


def test_a_file_that_cannot_be_written_is_usage(office):
    with Node(Says(PAGE), Says(b"period\r\n", media_type="text/csv")) as node:
        done = office(node, "--out", "absent/f.csv")
    assert done.exit_code == 2
    assert "cannot write absent/f.csv" in done.stderr


def test_bytes_are_not_for_a_terminal_and_a_pipe_gets_them(office, monkeypatch):
    raw = b"PAR1....PAR1"
    with Node(Says(raw, media_type="application/vnd.apache.parquet")) as node:
        assert office(node, "--format", "parquet").stdout_bytes == raw
        monkeypatch.setattr(flows_command, "is_screen", lambda: True)
        done = office(node, "--format", "parquet")
    assert (done.exit_code, len(node.asked)) == (2, 1)
    assert "--out FILE" in done.stderr


def test_the_bar_counts_the_rows_that_came_of_those_that_the_node_named(office, monkeypatch):
    shown = StringIO()
    monkeypatch.setattr(flows_command, "console", lambda: Console(file=shown, force_terminal=True, width=100))
    lines = b"".join(b'{"value":%d}\n' % number for number in range(1500))
    with Node(Says(PAGE), Says(lines, media_type="application/x-ndjson", headers={"Istmo-Total": "1500"})) as node:
        assert office(node, "--out", "f.ndjson").exit_code == 0
    assert "1,500 of 1,500 rows" in shown.getvalue()
