"""Proofs of a log that grows: the same as over all its leaves, and none reads the whole log again."""

import pytest
from logbook import Logbook, bulletin
from sqlalchemy import event

from app.exchange import merkle, proofs
from app.wire.codes import Op
from app.wire.ids import uuid7


def test_a_proof_of_a_longer_log_is_that_of_all_its_leaves_and_reads_only_what_came_since(book: Logbook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(proofs, "_PART", 4)
    book.write([(Op.PUBLISH, bulletin(uuid7()), ()) for _ in range(37)])
    leaves = [entry.leaf for entry in book.entries()]
    with book.db.read() as session:
        for first in range(38):
            assert proofs.consistency(session, first, 37).proof == merkle.consistency_proof(leaves, first)
        for size in (1, 4, 7, 8, 33, 37):
            for number in range(1, size + 1):
                found = proofs.inclusion(session, number, size)
                assert (found.leaf, found.proof) == (leaves[number - 1], merkle.inclusion_proof(leaves[:size], number - 1))
    book.publish()
    asked: list[str] = []
    event.listen(book.db.reader, "before_cursor_execute", lambda _connection, _cursor, statement, *_: asked.append(statement))
    with book.db.read() as session:
        grown = proofs.consistency(session, 37, 38)
    assert merkle.extends(37, grown.first_root, 38, grown.second_root, grown.proof)
    # Of 32 and of 4 leaves the roots are known; the last two are read.
    assert len([statement for statement in asked if "log_entry.leaf" in statement]) == 2
