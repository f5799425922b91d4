"""Verifying a log that holds documents of another node: by that node's keys, with the gaps that hiding leaves, and with hides."""

import pytest
from logbook import Logbook, bulletin, settings
from neighbour import Neighbour
from sqlalchemy import text

from app.core.db import Database
from app.core.paging import CursorSeal
from app.core.secrets import Secrets
from app.exchange import log, verify
from app.exchange.keys import Signer, initialise, load_signer
from app.wire.codes import Op
from app.wire.ids import uuid7


@pytest.fixture
def sacm() -> Neighbour:
    return Neighbour()


@pytest.fixture
def rcm(db: Database, tmp_path, sacm: Neighbour) -> Logbook:
    """A node that authors RCM alone, knows the keys of SACM's node, and has a document of its own."""
    secrets = Secrets(tmp_path / "rcm")
    with db.write() as session:
        initialise(session, secrets, settings(secrets.folder, "RCM"))
    sacm.known_to(db, "document-SACM", "checkpoint")
    with db.read() as session:
        made = Logbook(db, secrets, load_signer(session, secrets), CursorSeal(secrets.hmac_key("cursor")))
    made.publish()
    return made


def signing_as(book: Logbook, key: object, purpose: str = "document-SACM") -> Signer:
    """A signer of another's documents that states checkpoints as the node itself."""
    kid = Neighbour("x", {"it": key}).public("it").kid
    return Signer({**book.signer.keys, purpose: (kid, key)})


def receive(book: Logbook, sacm: Neighbour, document_id: str, version: int, purpose: str = "document-SACM") -> None:
    """What the other node sealed, in this node's log under this node's numbers."""
    sent = bulletin(document_id, version, origin="SACM")
    op = Op.PUBLISH if version == 1 else Op.REVISE
    with book.db.write() as session:
        log.append(session, signing_as(book, sacm.key(purpose)), [log.NewEntry(op, sent)])


def hide(book: Logbook, document_id: str, version: int) -> None:
    named = {"kind": "bulletin", "id": document_id, "version": version, "op": "hide", "origin": "SACM", "digest": None}
    with book.db.write() as session:
        log.grow(session, book.signer, [named], [None])


def found(book: Logbook, *changes: str) -> list[tuple[int | None, str]]:
    """Entries and codes that verifying names after these statements."""
    with book.db.write() as session:
        for change in changes:
            session.execute(text(change))
        return [(fault.number, fault.code) for fault in verify.faults(session)]


def test_a_received_document_is_checked_by_the_key_that_is_known_of_its_node(rcm, sacm):
    receive(rcm, sacm, uuid7(), 1)
    assert found(rcm) == []


def test_a_received_document_by_a_key_that_nobody_learned_is_named(rcm):
    receive(rcm, Neighbour(), uuid7(), 1)
    assert found(rcm) == [(2, "log-signature-key")]


def test_a_key_for_checkpoints_signs_no_document(rcm, sacm):
    receive(rcm, sacm, uuid7(), 1, purpose="checkpoint")
    assert found(rcm) == [(2, "log-signature-origin")]


def test_another_nodes_key_for_checkpoints_states_none_of_this_log(rcm, sacm):
    stranger = Signer({**rcm.signer.keys, "checkpoint": (sacm.public("checkpoint").kid, sacm.key("checkpoint"))})
    with rcm.db.write() as session:
        log.append(session, stranger, [log.NewEntry(Op.PUBLISH, bulletin(uuid7()))])
    assert found(rcm) == [(None, "log-checkpoint-signature")]


def test_a_key_of_another_node_speaks_for_no_conference_but_its_own(rcm, sacm):
    with rcm.db.write() as session:
        forged = signing_as(rcm, sacm.key("document-SACM"), "document-RCM")
        log.append(session, forged, [log.NewEntry(Op.PUBLISH, bulletin(uuid7()))])
    assert found(rcm) == [(2, "log-signature-origin")]


@pytest.mark.parametrize("versions", [(1, 2, 3), (2,), (1, 3), (3, 1, 2), (2, 5, 4)], ids=str)
def test_versions_of_a_received_document_may_lack_and_come_late(rcm, sacm, versions):
    document_id = uuid7()
    for version in versions:
        receive(rcm, sacm, document_id, version)
    assert found(rcm) == []


def test_an_own_document_may_neither_lack_a_version_nor_get_one_late(rcm):
    rcm.revise(uuid7(), 2)
    assert found(rcm) == [(2, "log-version")]


def test_a_conference_that_was_authored_here_once_is_still_held_to_its_order(db, tmp_path):
    """Its own keys say that all of its versions were made here."""
    secrets = Secrets(tmp_path / "hub")
    with db.write() as session:
        initialise(session, secrets, settings(secrets.folder, "RCM,SACM"))
    with db.read() as session:
        hub = Logbook(db, secrets, load_signer(session, secrets), CursorSeal(secrets.hmac_key("cursor")))
    with db.write() as session:
        log.append(session, hub.signer, [log.NewEntry(Op.REVISE, bulletin(uuid7(), 2, origin="SACM"))])
    assert found(hub) == [(1, "log-version")]


def test_an_entry_that_hides_a_document_is_intact_by_its_leaf_and_asks_for_no_erasure(rcm, sacm):
    document_id = uuid7()
    receive(rcm, sacm, document_id, 1)
    hide(rcm, document_id, 2)
    receive(rcm, sacm, document_id, 3)
    assert found(rcm) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("op", "'erase'"),
        ("op", "'publish'"),
        ("version", "7"),
        ("origin", "'XACM'"),
        ("kind", "'alert'"),
        ("document_id", "'01890000-0000-7000-8000-000000000000'"),
        ("recorded_at", "'2026-01-01T00:00:00.000000Z'"),
        ("digest", f"'{'0' * 64}'"),
        ("document", "'{}'"),
    ],
)
def test_every_column_of_an_entry_that_hides_is_under_its_leaf(rcm, sacm, column, value):
    document_id = uuid7()
    receive(rcm, sacm, document_id, 1)
    hide(rcm, document_id, 2)
    assert 3 in {number for number, _ in found(rcm, f"UPDATE log_entry SET {column} = {value} WHERE number = 3")}


def test_a_text_that_is_taken_away_is_no_hide(rcm, sacm):
    receive(rcm, sacm, uuid7(), 1)
    gone = "UPDATE log_entry SET document = NULL, digest = NULL, op = 'hide' WHERE number = 2"
    assert found(rcm, gone) == [(2, "log-leaf")]


def test_a_text_that_is_taken_away_of_a_received_document_is_untold(rcm, sacm):
    receive(rcm, sacm, uuid7(), 1)
    assert found(rcm, "UPDATE log_entry SET document = NULL, digest = NULL WHERE number = 2") == [(2, "log-erasure-untold")]


def test_a_received_document_whose_text_was_changed_is_named(rcm, sacm):
    receive(rcm, sacm, uuid7(), 1)
    changed = "UPDATE log_entry SET document = replace(document, '244}', '245}') WHERE number = 2"
    assert found(rcm, changed) == [(2, "log-digest")]
