"""README, guides and operations do what they say: every command that they show runs, as the reader whom they speak to."""

import json
from pathlib import Path

import pytest
from serving import Served, serving, settings_for
from shown import ROOT, Page, Reader, read
from typer.testing import CliRunner

from app.cli import shell
from app.core.db import Database, insert_new
from app.sync.models import Peer
from app.sync.peers import Described, _row

PAGES = [ROOT / "README.md", ROOT / "docs" / "operations.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
PUSHED = "period,nationality,value\n2024-05,VEN,40\n2024-05,HTI,30\n"


@pytest.fixture
def node(stores, tmp_path: Path):
    with serving(settings_for(stores.ready("sqlite"), tmp_path / "node")) as served:
        yield served


@pytest.fixture
def reader(node: Served, stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader with one bulletin on the node and one client in the store of the own machine: the ids that pages speak of."""
    options = {"file": ("may.csv", PUSHED, "text/csv")}
    query = {"state": "PAN", "measure": "rescue", "unit": "person"}
    (pushed,) = node.as_("pan").post("/v1/bulletins/files", params=query, files=options).json()["bulletins"]
    named = {"reporting_state": "PAN", "measure": "rescue", "unit": "person", "period": "2021-05", "nil_report": True}
    held = node.as_("pan").post("/v1/bulletins", json={**named, "title": {"es": "Cifras que entregó Zapaquilda Ventoquipa"}})
    own = {
        "ISTMO_DATABASE_URL": stores.ready("sqlite"),
        "ISTMO_SECRETS_DIR": str(tmp_path / "secrets"),
        "ISTMO_LANG": "en",
        "ISTMO_PUBLIC_URL": "https://node.example",
    }
    create = ["clients", "create", "--role", "analyst", "--conference", "RCM", "--json"]
    assert CliRunner().invoke(shell(["migrate"]), ["migrate"], env=own).exit_code == 0
    _know_sacm(own["ISTMO_DATABASE_URL"])
    made = json.loads(CliRunner().invoke(shell(create), create, env=own).stdout)
    (folder := tmp_path / "desk").mkdir()
    return Reader(
        node,
        folder,
        monkeypatch,
        {**own, "BULLETIN_ID": pushed["id"], "REVIEW_ID": held.json()["review"].rsplit("/", 1)[1], "CLIENT_ID": made["client_id"]},
    )


def _know_sacm(url: str) -> None:
    """Make the other conference's node a peer, for whom files can be written."""
    db = Database(url)
    with db.write() as session:
        insert_new(session, Peer, _row("sacm", "https://sacm.example", Described("SACM", "", ("SACM",), ())))
    db.dispose()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_shown_command_works_and_shows_what_the_page_says(path: Path, reader: Reader):
    page = read(path)
    assert page.blocks
    reader.begin(page)
    for block in page.blocks:
        said = reader.work(block)
        assert said or all("=" in line or "openssl" in line for line in block.lines), block
        for words in block.shows:
            assert words in said, (block.lines, words, said)


def commands(page: Page) -> list[str]:
    """The programs and operations of a page without the words that a translation may change."""
    return [" ".join(line.split()[:2]) for block in page.blocks for line in block.lines]


@pytest.mark.parametrize(
    "path", [path for path in PAGES if path.suffixes == [".md"] and path.parent.name == "guide"], ids=lambda path: path.name
)
def test_a_translated_guide_shows_the_same_commands(path: Path):
    wanted = commands(read(path))
    for translated in path.parent.glob(f"{path.stem}.??.md"):
        assert commands(read(translated)) == wanted, translated


def test_no_command_of_ours_is_shown_without_being_run():
    for path in PAGES:
        run = {line for block in read(path).blocks for line in block.lines}
        text = path.read_text("utf-8").replace("\\\n", " ")
        shown = [line.strip() for line in text.splitlines() if line.strip().startswith(("istmo ", "curl "))]
        assert [line for line in shown if line not in run] == [], path
