"""The documents are true: what they show runs, what exists is documented, links lead somewhere."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serving import Served, serving, settings_for

from app.cli import SUMMARIES
from app.core.problems import catalogue
from app.settings import Settings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))
SAMPLE = ROOT / "app" / "cli" / "samples" / "darien_by_nationality.csv"


@pytest.fixture
def node(stores, tmp_path: Path):
    with serving(settings_for(stores.ready("sqlite"), tmp_path)) as served:
        yield served


def commands(page: Path) -> list[list[str]]:
    """Every `istmo` and `curl` line of a page that asks a node, continued lines joined."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if re.match(r"^( {4})?(istmo (push|flows|bulletins)|curl) ", line)]


def run(line: list[str], served: Served, folder: Path) -> subprocess.CompletedProcess[str]:
    who = "pan" if "push" in line else "analyst"
    environment = {**os.environ, "ISTMO_URL": served.url, "ISTMO_KEY": served.keys[who]}
    words = [os.path.expandvars(word.replace("$ISTMO_URL", served.url).replace("$ISTMO_KEY", served.keys[who])) for word in line]
    if words[0] == "curl":
        words[1:1] = ["-s", "--fail-with-body", "--noproxy", "*"]
    else:
        words[:1] = [sys.executable, "-m", "app"]
    return subprocess.run(
        words, capture_output=True, text=True, env={**environment, "PYTHONPATH": str(ROOT)}, cwd=folder, timeout=60, check=False
    )


def write_shown_files(page: Path, folder: Path) -> None:
    """Every block of a page that is marked as a file, ```csv NAME, and the sample that pages call darien.csv."""
    shutil.copy(SAMPLE, folder / "darien.csv")
    for name, content in re.findall(r"^```csv (\S+)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        (folder / name).write_text(content, "utf-8")


@pytest.mark.parametrize("page", [README, *GUIDES], ids=lambda page: page.name)
def test_every_shown_command_works(page: Path, node: Served, tmp_path: Path):
    write_shown_files(page, tmp_path)
    (first,) = [line for line in commands(README) if "push" in line]
    shown = commands(page)
    assert shown
    for line in [first, *shown]:
        done = run(line, node, tmp_path)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert len(done.stdout.splitlines()) > 1 or '"items":[{' in done.stdout, (line, done.stdout)


def test_the_readme_is_short_and_names_both_commands():
    text = README.read_text("utf-8")
    assert len(text.splitlines()) < 120
    assert "make run" in text
    assert "make test" in text


def test_every_setting_problem_and_command_is_documented():
    operations, problems = ((ROOT / "docs" / name).read_text("utf-8") for name in ("operations.md", "problems.md"))
    assert [name for name in Settings.model_fields if f"`ISTMO_{name.upper()}`" not in operations] == []
    made = runpy.run_path(str(ROOT / "docs" / "make_problems.py"))
    assert problems == made["page"]()
    assert [code for code in catalogue() if f"| `{code}` |" not in problems] == []
    everything = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [name for name in SUMMARIES if f"istmo {name}" not in everything] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_guides_exist_in_english_and_spanish():
    names = {guide.name for guide in GUIDES}
    assert {name.replace(".md", ".es.md") for name in names if ".es." not in name} == {name for name in names if ".es." in name}


def test_every_decision_is_listed_and_has_its_four_parts():
    decisions = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    listed = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        parts = re.findall(r"^## (\w+)$", path.read_text("utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences", "Alternatives"], path.name
        assert f"]({path.name})" in listed


def test_no_page_names_a_place_that_its_reader_does_not_have():
    for page in PAGES:
        assert re.search(r"(?<![\w.])/(?:home|tmp|root)/", page.read_text("utf-8")) is None, page
