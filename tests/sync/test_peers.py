"""Peers: who may be one, what is compared before, how a new key of theirs becomes known, what an officer sees of them."""

import json
import re
from pathlib import Path

import pytest
from bodies import publish
from crooked import Json, crooked, fresh_id, item_of, on_changes, resealed
from twins import Twins, held, introduce, key_for, peer_row

from app.access.clients import NewClient, create
from app.exchange import keys
from app.exchange.keys import load_signer
from app.sync import peers
from app.sync.faults import SyncFault
from app.sync.standing import standings
from app.wire.codes import Role


def fails(twins: Twins, *, name: str = "rcm", url: str = "", key: str = "", fingerprint: str | None = None) -> str:
    """The code by which SACM's node refuses a peer; none is known afterwards that was not before."""
    with twins.sacm.node.db.read() as session:
        before = [standing.peer.name for standing in standings(session, twins.sacm.node)]
    with pytest.raises(SyncFault) as fault:
        peers.add(twins.sacm.node, name, url or twins.rcm.url, key or key_for(twins.rcm, "SACM"), fingerprint)
    with twins.sacm.node.db.read() as session:
        assert [standing.peer.name for standing in standings(session, twins.sacm.node)] == before
    return fault.value.code


def test_a_peer_is_added_by_the_fingerprint_that_its_operator_reads_out(strangers: Twins):
    told = introduce(strangers.sacm, strangers.rcm)
    assert (told.node, told.conferences) == ("RCM", ("RCM",))
    assert re.fullmatch("[0-9a-f]{64}", told.fingerprint)
    peers.remove(strangers.sacm.node, "rcm")
    spelt = ":".join(re.findall("..", told.fingerprint.upper()))
    assert introduce(strangers.sacm, strangers.rcm, spelt).fingerprint == told.fingerprint
    assert peer_row(strangers.sacm, "rcm").node == "RCM"


def test_a_fingerprint_of_other_keys_adds_nothing(strangers: Twins):
    assert fails(strangers, fingerprint="0" * 64) == "peer-fingerprint"


@pytest.mark.parametrize("name", ["", "-rcm", "r c m", "../rcm", "r" * 33])
def test_a_name_that_is_none_is_refused(strangers: Twins, name: str):
    assert fails(strangers, name=name) == "peer-name"


def test_a_key_that_is_no_peers_is_refused(strangers: Twins):
    with strangers.rcm.node.db.write() as session:
        analyst = create(session, NewClient(Role.ANALYST, "SACM")).api_key
    assert fails(strangers, key=analyst) == "peer-role"
    assert fails(strangers, key="istmo_nobody_nothing") == "sync-key-refused"


def test_a_node_is_no_peer_of_itself_and_no_conference_has_two_authors(strangers: Twins):
    assert fails(strangers, url=strangers.sacm.url, key=key_for(strangers.sacm, "SACM")) == "peer-itself"
    introduce(strangers.sacm, strangers.rcm)
    assert fails(strangers) == "peer-known"
    assert fails(strangers, name="rcm2") == "peer-known"

    def renamed(path: str, _query: Json, honest: Json) -> Json:
        return {**honest, "node": "elsewhere"} if path == peers.DESCRIPTION else honest

    with crooked(strangers.rcm, renamed) as url:
        assert fails(strangers, name="third", url=url) == "peer-conference"


def test_what_is_no_node_is_no_peer(strangers: Twins):
    with crooked(strangers.rcm, lambda path, _, honest: {"hello": "world"} if path == peers.DESCRIPTION else honest) as url:
        assert fails(strangers, url=url) == "sync-no-node"


def test_a_removed_peer_is_asked_no_more_and_its_documents_stay(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    peers.remove(pair.sacm.node, "rcm")
    with pytest.raises(SyncFault) as fault:
        pair.pull(pair.sacm)
    assert fault.value.code == "peer-unknown"
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    assert list(Path(pair.sacm.node.secrets.folder).glob("peer-*")) == []


def test_a_new_key_that_the_old_one_endorsed_is_taken_and_one_that_nothing_endorsed_is_not(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    node = pair.rcm.node
    for purpose in ("document-RCM", "checkpoint"):
        with node.db.write() as session:
            keys.rotate(session, node.secrets, purpose)
    with node.db.read() as session:
        object.__setattr__(node, "signer", load_signer(session, node.secrets))
    publish(pair.rcm.as_("rcm"), period="2022-11")
    assert pair.pull(pair.sacm).applied == 1
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")

    def unendorsed(path: str, _query: Json, honest: Json) -> Json:
        if path != peers.DESCRIPTION:
            return honest
        bare = [{name: value for name, value in key.items() if name != "endorsement"} for key in honest["document_keys"]]
        return {**honest, "document_keys": bare}

    with node.db.write() as session:
        keys.rotate(session, node.secrets, "document-RCM")
    with node.db.read() as session:
        object.__setattr__(node, "signer", load_signer(session, node.secrets))
    publish(pair.rcm.as_("rcm"), period="2022-12")
    with crooked(pair.rcm, unendorsed) as url:
        with pair.sacm.node.db.write() as session:
            peers.peer_of(session, "rcm").url = url
        assert [doubt.code for doubt in pair.pull(pair.sacm).quarantined] == ["sync-key-unknown"]


def test_an_officer_sees_how_a_peer_stands_and_why_something_waits(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    bare = {name: value for name, value in document.items() if name not in {"outcome", "population_shown_pct", "warnings"}}
    foreign = resealed(pair.rcm, bare, id=fresh_id(), reporting_state="BRA", publisher="BRA-MIG")

    def joined(page: Json) -> Json:
        return {**page, "items": [*page["items"], item_of(foreign, 2)] if page["items"] else []}

    with crooked(pair.rcm, on_changes(joined)) as url:
        with pair.sacm.node.db.write() as session:
            peers.peer_of(session, "rcm").url = url
        pair.pull(pair.sacm)
    pair.pull(pair.rcm)
    with pair.sacm.node.db.read() as session:
        (standing,) = standings(session, pair.sacm.node)
    assert (standing.peer.applied, standing.peer.size, dict(standing.quarantined)) == (1, 1, {"sync-foreign-state": 1})
    assert standing.peer.contact_at is not None
    with pair.rcm.node.db.read() as session:
        (ours,) = standings(session, pair.rcm.node)
    # What SACM's node has witnessed of RCM's log, as RCM's officer sees it.
    assert (ours.witnessed and ours.witnessed.size, ours.peer.node) == (1, "SACM")
    assert json.loads(str(standing.peer.checkpoint))["size"] == 1
    (told,) = pair.sacm.as_("operator").get("/v1/peers", headers={"Accept-Language": "es"}).json()["items"]
    assert (told["name"], told["size"], told["applied"], told["silent_hours"], told["failure"]) == ("rcm", 1, 1, 0, None)
    assert [each["id"] for each in told["newest"]] == [foreign["id"]]
    assert told["quarantined"] == [
        {
            "code": "sync-foreign-state",
            "count": 1,
            "reason": "el Estado de este boletín no era miembro de la conferencia que lo publicó",
        }
    ]
    (told,) = pair.rcm.as_("rcm").get("/v1/peers").json()["items"]
    assert (told["witnessed"], told["unwitnessed"], told["waiting"], told["waiting_hours"]) == (1, 0, 0, None)


def test_what_a_peer_has_not_witnessed_is_counted_and_others_do_not_see_it(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    publish(pair.rcm.as_("rcm"), period="2022-11")
    (told,) = pair.rcm.as_("rcm").get("/v1/peers").json()["items"]
    assert (told["witnessed"], told["unwitnessed"], told["last_contact"]) == (1, 1, None)
    assert [pair.rcm.as_(who).get("/v1/peers").status_code for who in ("pan", "analyst", "peer")] == [403] * 3
