"""`istmo push --marked-copy`: of a workbook that a real node refuses, a copy that says at each cell what to mend; mended, it passes."""

import re
import zipfile

import pytest
import xlsxwriter
from serving import Served
from typer.testing import CliRunner

from app.cli import shell

OPTIONS = ("--state", "PAN", "--measure", "rescue", "--unit", "person")
RIGHT = (("period", "nationality", "value"), ("2024-01", "VEN", 41), ("2024-01", "HTI", 12))
WRONG = (("period", "nationality", "value"), ("2024-01", "VEN", 41), ("2024-01", "Haitti", "=1+11"))


def workbook(file, rows):
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet("Enero")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell) if isinstance(cell, str) else sheet.write(number, column, cell)


def comments(file):
    """What a workbook says at which cell of its first sheet."""
    with zipfile.ZipFile(file) as parts:
        written = parts.read("xl/comments1.xml").decode()
    found = re.findall(r'<comment ref="([A-Z]+\d+)".*?</comment>', written, re.DOTALL)
    texts = [re.sub(r"<[^>]+>", "", text) for text in re.findall(r"<comment .*?</comment>", written, re.DOTALL)]
    return dict(zip(found, texts, strict=True))


@pytest.fixture
def push(served: Served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in {"ISTMO_URL": served.url, "ISTMO_KEY": served.keys["pan"], "ISTMO_LANG": "es", "NO_PROXY": "*"}.items():
        monkeypatch.setenv(name, value)
    return lambda *words, options=OPTIONS: CliRunner().invoke(shell(["push"]), ["push", "enero.xlsx", *options, *words])


def test_a_refused_workbook_comes_back_with_a_comment_at_each_cell_and_passes_once_they_are_followed(push, served: Served, tmp_path):
    workbook("enero.xlsx", WRONG)
    refused = push("--marked-copy", "marcado.xlsx")
    assert refused.exit_code == 1, refused.output
    marked = comments("marcado.xlsx")
    assert sorted(marked) == ["B3", "C3"]
    assert "HTI" in marked["B3"]
    assert all(text.strip() in refused.stdout for each in marked.values() for text in each.split("\n"))
    with zipfile.ZipFile("marcado.xlsx") as parts:
        assert not any("<f>" in parts.read(name).decode() for name in parts.namelist() if "worksheets/sheet" in name)
    assert served.counts()["log_entry"] == 0

    workbook("enero.xlsx", RIGHT)
    done = push("--marked-copy", "nada.xlsx")
    assert (done.exit_code, done.stdout.split()[:2]) == (0, ["creado", "(created)"]), done.output
    assert not (tmp_path / "nada.xlsx").exists()
    assert "no se escribió ninguna copia" in done.stderr


def test_of_a_file_that_is_no_table_no_copy_is_written(push, tmp_path):
    (tmp_path / "enero.xlsx").write_bytes(b"PK\x03\x04 broken")
    refused = push("--marked-copy", "marcado.xlsx", "--json")
    assert refused.exit_code == 1, refused.output
    assert not (tmp_path / "marcado.xlsx").exists()
    assert "no se pudo leer como tabla" in refused.stderr


def test_a_marked_copy_is_never_written_over_the_file_itself(push, tmp_path):
    workbook("enero.xlsx", WRONG)
    (tmp_path / "otro.xlsx").symlink_to("enero.xlsx")
    before = (tmp_path / "enero.xlsx").read_bytes()
    for out in ("enero.xlsx", "./enero.xlsx", "otro.xlsx"):
        refused = push("--marked-copy", out)
        assert refused.exit_code == 2, refused.output
    assert (tmp_path / "enero.xlsx").read_bytes() == before


def test_a_profile_says_what_the_options_need_not_say(push):
    workbook("enero.xlsx", (("mes", "nacionalidad", "personas"), ("Enero 2024", "Venezuela", 41), ("Enero 2024", "Haití", 12)))
    done = push("--profile", "panama-snm", "--dry-run", options=())
    assert (done.exit_code, done.stdout.split()[2:]) == (0, ["2024-01"]), done.output
