"""What waits lives in the backup, sealed: restored, nothing is published by itself, and without its key it is purged (guarantees 2 and 3)."""

from pathlib import Path

from serving import settings_for
from sqlalchemy import text
from stores import Stores
from waitroom import TITLE, Room

import app.main
from app.core.clock import utc_now
from app.exchange.backup import back_up
from app.exchange.node import open_node
from app.reviews.releasing import purge, release_due
from app.sync.restoring import restore


def states(node) -> list[str]:
    with node.db.read() as session:
        return list(session.execute(text("SELECT status FROM waiting_item ORDER BY id")).scalars())


def test_a_restored_item_asks_for_a_second_person_and_without_its_key_is_purged_and_never_published(
    room: Room, stores: Stores, tmp_path: Path
):
    since = room.hold(found=[], in_s=3600)
    room.hold(period="2022-11")
    file = tmp_path / "node.backup"
    back_up(room.served.node.db, room.served.node.secrets, file)
    assert TITLE.split()[-1].encode() not in file.read_bytes()
    assert room.decide("ana", "cancel", since).json()["status"] == "cancelled"
    assert app.main.rebuild(room.served.node) == 0
    assert states(room.served.node) == ["cancelled", "held"]
    settings = settings_for(stores.empty("sqlite"), room.served.node.secrets.folder.parent)
    restore(settings, app.main.KINDS, file)
    node = open_node(settings)
    try:
        with node.db.write() as session:
            session.execute(
                text("UPDATE waiting_item SET due = :past WHERE due IS NOT NULL"), {"past": utc_now().strftime("%Y-%m-%d 00:00:00.000000")}
            )
        # It was cancelled since: the backup does not know.
        assert (release_due(node, app.main.KINDS), states(node)) == (0, ["held", "held"])
        assert purge(node) == 0
        node.secrets.forget("held.key")
        assert (purge(node), states(node)) == (2, ["unreadable", "unreadable"])
        assert release_due(node, app.main.KINDS) == 0
    finally:
        node.close()
