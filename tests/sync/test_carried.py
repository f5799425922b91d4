"""What an officer carries in a folder arrives as what is pulled: once, in order, signed; and nothing of a folder that was touched."""

import json

import pytest
from bodies import cells, publish, revise, withdraw
from folders import carry, found, taken, written
from twins import Twins, held, peer_row, quarantine, texts

from app.exchange.verify import faults
from app.sync.faults import SyncFault


def test_what_was_published_revised_withdrawn_and_hidden_arrives_once_in_order_byte_for_byte(pair: Twins, tmp_path):
    rcm = pair.rcm.as_("rcm")
    first = publish(rcm)
    second = publish(rcm, period="2022-11")
    publish(rcm, period="2022-12", tlp="RED", audience=["RCM/secretariat"])
    revise(rcm, first, cells=cells(VEN=401, NPL=213, SOM=31))
    withdraw(rcm, second)
    done = carry(pair, pair.sacm, tmp_path / "one")
    assert (done.applied, done.known, done.quarantined) == (3, 1, [])
    assert held(pair.sacm, "RCM") == [each for each in held(pair.rcm, "RCM") if each[:2] in {(first["id"], 1), (first["id"], 2), (second["id"], 2)}]
    assert texts(pair.sacm, "RCM").items() <= texts(pair.rcm, "RCM").items()
    assert found(tmp_path / "one") == []
    with pair.sacm.node.db.read() as session:
        assert list(faults(session)) == []
