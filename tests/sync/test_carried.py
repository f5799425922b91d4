"""What an officer carries in a folder arrives as what is pulled: once, in order, signed; and nothing of a folder that was touched."""

import json

import pytest
from bodies import publish, revise, withdraw
from folders import OTHER, RED, brief, carry, changed, erase, found, refused, reopened, resealed, taken, written
from serving import Served
from sqlalchemy import select
from twins import Twins, held, peer_row, quarantine, texts

from app.exchange import keys
from app.exchange.describing import description
from app.exchange.foreign import foreign_keys
from app.exchange.models import Witness
from app.exchange.verify import faults
from app.sync import carried
from app.sync.faults import SyncFault
from app.sync.peers import read_description, remove


def witnessed(served: Served, node: str, by: str) -> list[int]:
    with served.node.db.read() as session:
        return list(session.scalars(select(Witness.size).where(Witness.node == node, Witness.witness == by).order_by(Witness.size)))


def test_what_was_published_revised_withdrawn_hidden_and_erased_arrives_once_in_order_byte_for_byte(pair: Twins, tmp_path):
    rcm = pair.rcm.as_("rcm")
    first, second, hidden, gone = (publish(rcm, period=f"2022-{month}") for month in (10, 11, 12, "09"))
    publish(rcm, period="2022-08", **RED)
    assert carry(pair, pair.sacm, tmp_path / "one").applied == 4
    revise(rcm, first, cells=OTHER)
    withdraw(rcm, second)
    revise(rcm, hidden, period="2022-12", **RED)
    erase(pair.rcm, gone)
    done = carry(pair, pair.sacm, tmp_path / "two")
    assert (done.applied, done.quarantined) == (4, [])
    assert held(pair.sacm, "RCM")[4:6] == [each for each in held(pair.rcm, "RCM") if each[:2] in {(first["id"], 2), (second["id"], 2)}]
    assert [(each[0], each[2], each[3]) for each in held(pair.sacm, "RCM")[6:]] == [
        (hidden["id"], "hide", None),
        (gone["id"], "erase", None),
    ]
    assert texts(pair.sacm, "RCM").items() <= texts(pair.rcm, "RCM").items()
    assert [pair.sacm.as_("bra").get(f"/v1/bulletins/{each['id']}").status_code for each in (first, hidden, gone)] == [200, 404, 404]
    assert found(tmp_path / "one") == found(tmp_path / "two") == []
    with pair.sacm.node.db.read() as session:
        assert list(faults(session)) == []


def test_nothing_is_doubled_by_two_imports_a_pull_before_or_a_pull_after_and_an_older_folder_loses_nothing(pair: Twins, tmp_path):
    document = publish(pair.rcm.as_("rcm"))
    written(pair.rcm, tmp_path / "old")
    assert (taken(pair.sacm, tmp_path / "old").applied, taken(pair.sacm, tmp_path / "old").applied) == (1, 0)
    assert pair.pull(pair.sacm).applied == 0
    withdraw(pair.rcm.as_("rcm"), document)
    publish(pair.rcm.as_("rcm"), period="2022-11")
    assert pair.pull(pair.sacm).applied == 2
    done = carry(pair, pair.sacm, tmp_path / "new")
    assert (done.applied, done.known) == (0, 3)
    publish(pair.rcm.as_("rcm"), period="2022-12")
    assert carry(pair, pair.sacm, tmp_path / "newer", after=3).applied == 1
    assert [file.name for file in (tmp_path / "newer").glob("changes-*")] == ["changes-00001.json"]
    seen = peer_row(pair.sacm, "rcm").size
    old = taken(pair.sacm, tmp_path / "old")
    assert (old.applied, old.known, old.size, peer_row(pair.sacm, "rcm").size) == (0, 1, seen, seen)
    assert pair.pull(pair.sacm).applied == 0
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    assert len(held(pair.sacm, "RCM")) == 4
    assert quarantine(pair.sacm) == []


def test_the_receipt_goes_back_in_the_other_direction_and_keys_that_were_rotated_go_along(pair: Twins, tmp_path):
    written(pair.sacm, tmp_path / "before")
    publish(pair.rcm.as_("rcm"))
    carry(pair, pair.sacm, tmp_path / "there")
    assert witnessed(pair.rcm, "RCM", "SACM") == []
    with pair.sacm.node.db.write() as session:
        keys.rotate(session, pair.sacm.node.secrets, keys.CHECKPOINT)
    written(reopened(pair.sacm), tmp_path / "back", peer="rcm")
    done = taken(pair.rcm, tmp_path / "back")
    assert (done.witnessed, witnessed(pair.rcm, "RCM", "SACM"), witnessed(pair.sacm, "RCM", "SACM")) == (1, [1], [1])
    taken(pair.rcm, tmp_path / "before")
    with pair.rcm.node.db.read() as session:
        # What an older description does not know yet, it does not take back.
        assert sorted(key.valid_to is None for key in foreign_keys(session, "SACM") if key.purpose == keys.CHECKPOINT) == [False, True]
        own = read_description(json.loads(json.dumps(description(session, pair.rcm.node), default=str)))
    assert found(tmp_path / "back", {"RCM": own.keys}) == []
    changed(tmp_path / "back", carried.WITNESSES, lambda kept: kept["items"][0]["checkpoint"].update(root="0" * 64))
    resealed(tmp_path / "back", reopened(pair.sacm))
    told = brief(found(tmp_path / "back", {"RCM": own.keys}))
    assert told == [(carried.WITNESSES, "/items/0/signature", "carried-witness")]


def test_a_folder_begins_where_the_last_one_ended_or_is_refused_with_what_to_ask_for(pair: Twins, tmp_path):
    for month in (10, 11, 12):
        publish(pair.rcm.as_("rcm"), period=f"2022-{month}")
    written(pair.rcm, tmp_path / "late", after=2)
    assert refused(pair.sacm, tmp_path / "late") == [(carried.LIST, "/after", "carried-gap")]
    assert found(tmp_path / "late") == []
    assert carry(pair, pair.sacm, tmp_path / "whole").applied == 3
    assert (taken(pair.sacm, tmp_path / "late").known, len(held(pair.sacm, "RCM"))) == (1, 3)


def test_who_is_no_peer_is_told_how_to_become_one_and_a_folder_for_nobody_is_not_written(strangers: Twins, tmp_path):
    publish(strangers.rcm.as_("rcm"))
    for options, code in (({}, "carried-no-peer"), ({"peer": "nobody"}, "peer-unknown")):
        with pytest.raises(SyncFault) as caught:
            written(strangers.rcm, tmp_path / "none", **options)
        assert caught.value.code == code
    strangers.meet()
    with pytest.raises(SyncFault) as caught:
        written(strangers.rcm, tmp_path / "none", after=7)
    assert caught.value.code == "carried-after"
    written(strangers.rcm, tmp_path / "one")
    remove(strangers.sacm.node, "rcm")
    with pytest.raises(SyncFault) as caught:
        taken(strangers.sacm, tmp_path / "one")
    assert (caught.value.code, caught.value.figures["node"]) == ("carried-stranger", "RCM")
    with pytest.raises(SyncFault) as caught:
        written(strangers.rcm, tmp_path / "one")
    assert caught.value.code == "carried-not-empty"
    (tmp_path / "two").mkdir()
    written(strangers.rcm, tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name not in {"RCM", "SACM"}) == ["one", "two"]
