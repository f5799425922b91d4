"""What waits to be published: kept sealed, once for each place, and unreadable without its key (guarantees 2)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from serving import settings_for
from sqlalchemy import select

from app.access.audit import Attempt
from app.access.callers import Caller
from app.cli.node import prepare_store
from app.core.problems import Problem
from app.exchange import decided, places, waiting
from app.exchange.models import WaitingItem
from app.exchange.node import open_node
from app.exchange.waiting import Waiting
from app.wire.codes import Role, WaitingStatus
from app.wire.problem import Finding

OFFICER = Caller("c1", Role.SECRETARIAT, "RCM", None, 4, "A. Invented")
NOTE = Finding("text-to-confirm", pointer="/title/es", params={"offset": 3, "length": 12, "kind": "name"})


def item(*places: str) -> Waiting:
    told = {"kind": "bulletin", "tlp": "AMBER", "title": {"es": "Zapaquilda Ventoquipa"}}
    return Waiting("bulletin", "RCM", "RCM/PAN", [told], {"form": "bulletin"}, [NOTE], places, needs_review=True)


@pytest.fixture
def node(tmp_path: Path, stores):
    settings = settings_for(stores.ready("sqlite"), tmp_path)
    prepare_store(settings)
    made = open_node(settings)
    yield made
    made.close()


def only(node) -> WaitingItem:
    with node.db.read() as session:
        return session.scalars(select(WaitingItem)).one()


def test_what_waits_is_read_again_and_stands_in_no_file_of_the_store(node):
    with node.db.write() as session:
        kept = waiting.hold(session, node.secrets, OFFICER, item("PAN|2012-W45"))
    assert (kept.version, kept.status, kept.due) == (1, "held", None)
    read = waiting.read(node.secrets, only(node))
    assert read == {
        "documents": [{"kind": "bulletin", "tlp": "AMBER", "title": {"es": "Zapaquilda Ventoquipa"}}],
        "payload": {"form": "bulletin"},
        "findings": [{"code": "text-to-confirm", "pointer": "/title/es", "params": {"offset": 3, "length": 12, "kind": "name"}}],
    }
    file = Path(node.settings.database_url.removeprefix("sqlite:///"))
    files = b"".join(each.read_bytes() for each in file.parent.iterdir() if each.name.startswith(file.name))
    assert b"Zapaquilda" not in files
    assert b"2012-W45" not in files
    with closing(sqlite3.connect(file)) as store:
        assert store.execute("SELECT status, issuer, tlp FROM waiting_item").fetchall() == [("held", "RCM/PAN", 2)]


def test_of_two_items_for_the_same_place_the_second_is_refused_with_the_link_to_the_first(node):
    with node.db.write() as session:
        kept = waiting.hold(session, node.secrets, OFFICER, item("PAN|2012-W45"))
    with pytest.raises(Problem) as refused, node.db.write() as session:
        waiting.hold(session, node.secrets, OFFICER, item("PAN|2012-W46", "PAN|2012-W45"))
    assert (refused.value.code, refused.value.params["review"]) == ("review-waiting", f"/v1/reviews/{kept.id}")
    with node.db.write() as session:
        places.leave_places(session, kept.id)
    with node.db.write() as session:
        assert waiting.hold(session, node.secrets, OFFICER, item("PAN|2012-W45")).id != kept.id


def test_what_waits_is_unreadable_without_its_key_and_with_another_ones(node):
    with node.db.write() as session:
        waiting.hold(session, node.secrets, OFFICER, item())
    key = node.secrets.read("held.key")
    assert len(key) == 32
    node.secrets.forget("held.key")
    assert waiting.read(node.secrets, only(node)) is None
    node.secrets.write("held.key", bytes(32))
    assert waiting.read(node.secrets, only(node)) is None
    node.secrets.forget("held.key")
    node.secrets.write("held.key", key)
    found = only(node)
    found.version = 2  # what was sealed for one version cannot be passed off as another
    assert waiting.read(node.secrets, found) is None


def test_what_another_decided_meanwhile_is_not_cancelled_with_the_document_that_it_followed(node):
    with node.db.write() as session:
        kept = waiting.hold(session, node.secrets, OFFICER, item("PAN|2012-W45"))
        found = decided.locked(session, kept.id)
        assert found is not None
        decided.settle(session, found, WaitingStatus.PUBLISHED, by="c2")
        decided._drop(session, [kept.id], decided.ERASED, Attempt("erase_bulletin"))
    row = only(node)
    assert (row.status, row.reason, row.decided_by, row.version) == ("published", None, "c2", 2)
