"""What a peer brings by itself is judged and applied as what is pulled from it, and the receipt says so with both signatures."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from bodies import publish, revise, withdraw
from bringing import ADDED, carried, renewed
from crooked import fresh_id, item_of, resealed
from sqlalchemy import update
from twins import Twins, held, peer_row, quarantine, texts

from app.access.audit import Attempt
from app.exchange import keys, merkle
from app.exchange.keys import load_signer
from app.exchange.verify import faults
from app.main import KINDS
from app.sync import judging, receiving
from app.sync.faults import SyncFault
from app.sync.models import Peer
from app.sync.receiving import Brought, Receipt, receive

Json = dict[str, Any]


def brought(pair: Twins, what: Brought) -> Receipt:
    return receive(pair.sacm.node, KINDS, "rcm", what, attempt=Attempt("import"))


def refused(pair: Twins, what: Brought, *, is_told: bool = True) -> tuple[str, Mapping[str, object]]:
    """The code and figures by which SACM's node refuses what RCM's brought; nothing was taken, and the row says why."""
    before, row = held(pair.sacm, "RCM"), peer_row(pair.sacm, "rcm")
    with pytest.raises(SyncFault) as fault:
        brought(pair, what)
    after = peer_row(pair.sacm, "rcm")
    assert held(pair.sacm, "RCM") == before
    assert (after.epoch, after.size, after.root, after.contact_at) == (row.epoch, row.size, row.root, row.contact_at)
    assert after.failure == (fault.value.code if is_told else row.failure)
    return fault.value.code, fault.value.figures


def test_what_is_brought_is_there_byte_for_byte_once_and_receipted_with_both_signatures(pair: Twins):
    first = publish(pair.rcm.as_("rcm"))
    gone = publish(pair.rcm.as_("rcm"), period="2022-11")
    revise(pair.rcm.as_("rcm"), first, narrative={"es": "Cifras finales."})
    withdraw(pair.rcm.as_("rcm"), gone)
    whole = carried(pair.rcm)
    receipt = brought(pair, whole)
    # The body of the withdrawn version is served no more: its withdrawal alone comes.
    assert (receipt.taken.applied, receipt.taken.known, receipt.taken.quarantined) == (3, 1, [])
    assert texts(pair.sacm, "RCM") == {key: text for key, text in texts(pair.rcm, "RCM").items() if key != (gone["id"], 1)}
    assert [(version, op) for each, version, op, _ in held(pair.sacm, "RCM") if each == gone["id"]] == [(2, "withdraw")]
    assert (receipt.checkpoint["size"], receipt.witness) == (4, "SACM")
    body = {"checkpoint": dict(receipt.checkpoint), "witness": receipt.witness, "signature": dict(receipt.signature)}
    assert pair.rcm.as_("peer").post("/v1/log/witnesses", json=body).status_code == 201
    kept = pair.sacm.as_("operator").get("/v1/log/witnesses").json()["items"]
    assert [(each["checkpoint"], each["witness"], each["signature"]) for each in kept] == [tuple(body.values())]
    again = brought(pair, whole)
    assert (again.taken.applied, again.taken.known) == (0, 4)
    assert pair.pull(pair.sacm).applied == 0
    row = peer_row(pair.sacm, "rcm")
    assert (row.size, row.applied, row.failure) == (4, 3, None)
    assert quarantine(pair.sacm) == []
    with pair.sacm.node.db.read() as session:
        assert list(faults(session)) == []


def test_the_proof_must_lead_from_what_was_last_seen_and_an_older_state_of_the_log_takes_nothing_back(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    publish(pair.rcm.as_("rcm"), period="2022-11")
    old = carried(pair.rcm)
    publish(pair.rcm.as_("rcm"), period="2022-12")
    pair.pull(pair.sacm)
    publish(pair.rcm.as_("rcm"), period="2023-01")
    new = carried(pair.rcm, 3)
    assert refused(pair, replace(new, proven_from=0, proof=[]), is_told=False) == ("sync-behind", {"size": 3})
    assert refused(pair, replace(new, proven_from=2), is_told=False) == ("sync-behind", {"size": 3})
    assert refused(pair, replace(new, proof=[])) == ("sync-rewritten", {"size": 3})
    assert refused(pair, replace(new, proof=["0" * 64, *new.proof[1:]])) == ("sync-rewritten", {"size": 3})
    assert refused(pair, replace(new, proof=["no hash"])) == ("sync-rewritten", {"size": 3})
    assert refused(pair, old, is_told=False) == ("sync-behind", {"size": 3})
    assert refused(pair, replace(old, proven_from=3, proof=["0" * 64])) == ("sync-rewritten", {"size": 2})
    told = pair.rcm.as_("peer").get("/v1/log/proofs/consistency", params={"from": 2, "to": 3}).json()
    receipt = brought(pair, replace(old, proven_from=3, proof=told["proof"]))
    assert (receipt.taken.applied, receipt.taken.known, receipt.checkpoint["size"]) == (0, 2, 2)
    assert peer_row(pair.sacm, "rcm").size == 3
    assert brought(pair, new).taken.applied == 1
    assert (peer_row(pair.sacm, "rcm").size, held(pair.sacm, "RCM")) == (4, held(pair.rcm, "RCM"))


def test_what_another_node_says_or_signs_is_refused(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    whole = carried(pair.rcm)
    other = carried(pair.sacm)
    assert refused(pair, replace(whole, checkpoint={**whole.checkpoint, "size": 2}))[0] == "sync-checkpoint-signature"
    assert refused(pair, replace(whole, checkpoint=other.checkpoint))[0] == "sync-checkpoint-form"
    for field, value in (("epoch", "\x00"), ("epoch", "e" * 37), ("size", -1), ("size", None), ("root", "00"), ("more", 1)):
        assert refused(pair, replace(whole, checkpoint={**whole.checkpoint, field: value}))[0] == "sync-checkpoint-form"
    assert refused(pair, replace(whole, description=other.description))[0] == "sync-other-node"
    assert refused(pair, replace(whole, description={}))[0] == "sync-no-node"
    assert refused(pair, replace(whole, items=[*whole.items] * 501))[0] == "sync-page-form"
    with pytest.raises(SyncFault, match="no peer is called nobody"):
        receive(pair.sacm.node, KINDS, "nobody", whole, attempt=Attempt("import"))


def test_what_may_not_be_taken_waits_in_quarantine_and_the_rest_is_applied(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    bare = {name: value for name, value in document.items() if name not in ADDED}
    foreign = resealed(pair.rcm, bare, id=fresh_id(), reporting_state="BRA", publisher="BRA-MIG")
    unsigned = {**item_of({**document, "version": 2}, 3), "op": "withdraw", "document": None}
    own = item_of({**document, "id": fresh_id(), "origin": "SACM"}, 4)
    whole = carried(pair.rcm)
    receipt = brought(pair, replace(whole, items=[item_of(foreign, 1), *whole.items, unsigned, own, "no change"]))
    assert (receipt.taken.applied, receipt.taken.known) == (1, 0)
    told = [(doubt.code, doubt.version) for doubt in receipt.taken.quarantined]
    assert sorted(told) == [("sync-foreign-state", 1), ("sync-item-form", 0), ("sync-own-unknown", 1), ("sync-unsigned", 2)]
    assert sorted((code, version) for code, _, version in quarantine(pair.sacm)) == sorted(told)
    assert held(pair.sacm, "RCM") == [(document["id"], 1, "publish", document["digest"])]
    assert held(pair.sacm, "SACM") == []


def test_a_restored_peer_begins_anew_with_keys_that_its_old_ones_endorse_and_its_old_epoch_is_over(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    before = carried(pair.rcm)
    brought(pair, before)
    renewed(pair.rcm)
    node = pair.rcm.node
    for purpose in ("document-RCM", "checkpoint"):
        with node.db.write() as session:
            keys.rotate(session, node.secrets, purpose)
    with node.db.read() as session:
        object.__setattr__(node, "signer", load_signer(session, node.secrets))
    publish(pair.rcm.as_("rcm"), period="2022-11")
    after = carried(pair.rcm)
    unendorsed = orjson.loads(orjson.dumps(after.description))
    for each in unendorsed["checkpoint_keys"]:
        each.pop("endorsement", None)
    assert refused(pair, replace(after, description=unendorsed))[0] == "sync-checkpoint-signature"
    assert brought(pair, after).taken.applied == 1
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    assert refused(pair, before)[0] == "sync-epoch-over"
    assert brought(pair, after).taken.known == 2
    assert pair.pull(pair.sacm).known == 2


def test_of_what_is_brought_and_pulled_at_once_one_goes_on(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    publish(pair.rcm.as_("rcm"))
    whole = carried(pair.rcm)

    def meanwhile(*given: Any) -> Any:
        monkeypatch.undo()
        pair.pull(pair.sacm)
        return judged(*given)

    judged = receiving.judged_all
    monkeypatch.setattr(receiving, "judged_all", meanwhile)
    with pytest.raises(SyncFault) as fault:
        brought(pair, whole)
    assert fault.value.code == "sync-elsewhere"
    row = peer_row(pair.sacm, "rcm")
    assert (row.size, row.applied, row.failure, held(pair.sacm, "RCM")) == (1, 1, None, held(pair.rcm, "RCM"))
    with pair.sacm.node.db.write() as session:
        # As the row was before that pull, but for what it had applied: the pull's own claim sees a delivery meanwhile.
        session.execute(update(Peer).values(size=0, root=merkle.EMPTY_ROOT.hex()))
    publish(pair.rcm.as_("rcm"), period="2022-11")
    newest = carried(pair.rcm)

    def delivered(*given: Any) -> Any:
        monkeypatch.undo()
        brought(pair, newest)
        return taken(*given)

    taken = judging.judged_all
    monkeypatch.setattr(judging, "judged_all", delivered)
    with pytest.raises(SyncFault) as fault:
        pair.pull(pair.sacm)
    assert fault.value.code == "sync-elsewhere"
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    assert pair.pull(pair.sacm).known == 1
