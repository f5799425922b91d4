"""The worked examples of the log are true: one node's, and whoever reads them may check them as one would check a node."""

import base64
import hashlib
from typing import Any

import pytest
import rfc8785
from another_tree import accepts_consistency
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.web import examples


def shown(model: str) -> dict[str, Any]:
    return next(iter(examples.of_model(model).values()))["value"]


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


KEYS = {each["kid"]: each for name in ("document_keys", "checkpoint_keys") for each in shown("NodeDescription")[name]}
CHECKPOINT = shown("Checkpoint")


def test_the_checkpoint_is_signed_by_a_key_of_the_node():
    stated = {name: value for name, value in CHECKPOINT.items() if name != "signature"}
    public = Ed25519PublicKey.from_public_bytes(decoded(KEYS[CHECKPOINT["signature"]["kid"]]["key"]))
    public.verify(decoded(CHECKPOINT["signature"]["value"]), b"istmo checkpoint\x00" + rfc8785.dumps(stated))


def test_the_new_key_is_endorsed_by_the_old_one():
    (new,) = (each for each in KEYS.values() if "endorsement" in each)
    said = {"kid": new["kid"], "key": new["key"], "purpose": f"document-{new['conference']}", "from": new["from"]}
    public = Ed25519PublicKey.from_public_bytes(decoded(KEYS[new["endorsement"]["kid"]]["key"]))
    public.verify(decoded(new["endorsement"]["value"]), b"istmo key\x00" + rfc8785.dumps(said))


def test_the_proofs_lead_to_the_root_of_the_checkpoint():
    grown, held = shown("ConsistencyProof"), shown("InclusionProof")
    assert {grown["second_root"], held["root"]} == {CHECKPOINT["root"]}
    roots = [bytes.fromhex(grown[name]) for name in ("first_root", "second_root")]
    proof = [bytes.fromhex(each) for each in grown["proof"]]
    assert accepts_consistency(grown["from"], roots[0], grown["to"], roots[1], proof)
    # Entry 4 of 5 is the right one of the second pair of the first four, by hand.
    third, pair, fifth = (bytes.fromhex(each) for each in held["proof"])
    joined = bytes.fromhex(held["leaf"])
    for left, right in ((third, None), (pair, None), (None, fifth)):
        joined = hashlib.sha256(b"\x01" + (left or joined) + (right or joined)).digest()
    assert joined.hex() == held["root"]


def test_each_entry_that_is_told_has_its_leaf():
    told = [item for item in shown("LogPage")["items"] if "id" in item]
    assert len(told) == 2
    for item in told:
        covered = {name: value for name, value in item.items() if name != "leaf"}
        assert hashlib.sha256(b"\x00" + rfc8785.dumps(covered)).hexdigest() == item["leaf"]


@pytest.mark.parametrize("model", ["WitnessDraft", "WitnessReceipt", "WitnessPage"])
def test_what_is_witnessed_is_that_checkpoint(model: str):
    value = shown(model)
    record = value["items"][0] if "items" in value else value
    assert record["witness"] == "SACM"
    assert record.get("checkpoint", CHECKPOINT) == CHECKPOINT
    assert record.get("size", CHECKPOINT["size"]) == CHECKPOINT["size"]
    assert record.get("signature", shown("WitnessDraft")["signature"]) == shown("WitnessDraft")["signature"]
