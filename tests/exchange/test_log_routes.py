"""The log over HTTP: whoever checks it does so by what the routes say and by public keys, with no code of the product."""

import base64
import hashlib

import pytest
import rfc8785
from another_tree import accepts_consistency, tree_of
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from logbook import Logbook
from neighbour import Neighbour, signature
from serving import Served
from sqlalchemy import text

from app.access.visibility import mark_gone
from app.exchange import keys
from app.exchange.digests import digest_days
from app.exchange.witnesses import counter_signed, is_signed, keep, newest_by
from app.wire.codes import TLP
from app.wire.ids import uuid7

READERS = ("operator", "peer", "rcm")
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def node(served: Served) -> Logbook:
    """The log of the node that answers, to publish into beside its routes."""
    running = served.node
    return Logbook(running.db, running.secrets, running.signer, running.cursor_seal)


@pytest.fixture
def seven(node: Logbook) -> list[str]:
    """Seven entries: what all see, what RCM's secretariat alone sees, and a document with two versions more; the ids by number."""
    first, hidden = node.publish(), node.publish(TLP.RED, audience=())
    ids = [first, hidden, *(node.publish(origin="SACM") for _ in range(3))]
    node.revise(first, 2)
    node.withdraw(first, 3)
    return [*ids, first, first]


def get(served: Served, path: str, who: str = "peer", **query: object) -> dict:
    answer = served.as_(who).get(f"/v1/log/{path}", params={name.rstrip("_"): value for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-cache"
    return answer.json()


def refusal(answer) -> tuple[int, str, list[tuple[str, str]]]:
    said = answer.json()
    return answer.status_code, said["code"], [(fault["pointer"], fault["code"]) for fault in said.get("errors", ())]


def public_halves(served: Served, name: str) -> dict[str, bytes]:
    described = served.as_(None).get("/.well-known/istmo.json").json()
    return {each["kid"]: base64.urlsafe_b64decode(each["key"] + "=") for each in described[name]}


def stands(public: bytes, signed: dict, context: bytes, payload: bytes) -> bool:
    value = base64.urlsafe_b64decode(signed["value"] + "==")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(value, context + b"\x00" + payload)
    except InvalidSignature:
        return False
    return True


def test_the_checkpoint_is_signed_by_a_key_that_anyone_may_know_and_states_the_root_of_the_leaves(served, seven):
    checkpoint = get(served, "checkpoint")
    assert set(checkpoint) == {"node", "epoch", "size", "root", "time", "signature"}
    signed = checkpoint.pop("signature")
    public = public_halves(served, "checkpoint_keys")
    assert stands(public[signed["kid"]], signed, b"istmo checkpoint", rfc8785.dumps(checkpoint))
    leaves = [bytes.fromhex(item["leaf"]) for item in get(served, "entries")["items"]]
    assert (checkpoint["size"], checkpoint["root"]) == (7, tree_of(leaves).get_state().hex())
    assert checkpoint["node"] == "RCM-SACM"


def test_the_checkpoint_is_answered_exactly_as_it_is_stored(served, seven):
    with served.node.db.read() as session:
        stored = session.scalar(text("SELECT checkpoint FROM log_head"))
    assert served.as_("operator").get("/v1/log/checkpoint").content == stored.encode()


def test_an_empty_log_has_a_checkpoint_too(served):
    assert (get(served, "checkpoint")["size"], get(served, "checkpoint")["root"]) == (0, EMPTY)
    assert get(served, "entries") == {"items": [], "next_after": None, "total": 0}
    assert get(served, "proofs/consistency", from_=0) == {"from": 0, "to": 0, "first_root": EMPTY, "second_root": EMPTY, "proof": []}


def test_a_leaf_is_the_hash_of_what_its_entry_says(served, seven):
    items = get(served, "entries", who="rcm")["items"]
    assert [item["number"] for item in items] == [1, 2, 3, 4, 5, 6, 7]
    for item in items:
        covered = {name: item[name] for name in ("number", "kind", "id", "version", "op", "origin", "recorded_at", "digest")}
        assert hashlib.sha256(b"\x00" + rfc8785.dumps(covered)).hexdigest() == item["leaf"]
    assert [(item["id"], item["op"], item["version"]) for item in items[5:]] == [(seven[0], "revise", 2), (seven[0], "withdraw", 3)]


def test_of_what_one_may_not_see_only_place_leaf_and_time_are_told(served, seven):
    for who, sees in (("rcm", True), ("operator", True), ("sacm", False), ("peer", False)):
        items = get(served, "entries", who=who)["items"]
        assert set(items[1]) >= {"number", "leaf", "recorded_at"}
        assert ("id" in items[1]) is sees
        assert sees or set(items[1]) == {"number", "leaf", "recorded_at"}
        assert [item.get("id") for item in items if item["number"] != 2] == [each for each in seven if each != seven[1]]


def test_of_what_was_erased_the_digest_is_told_to_nobody_and_the_receipt_can_be_checked(served, node, seven):
    with node.db.write() as session:
        mark_gone(session, seven[2], 2)
    node.erase_told(seven[2])
    items = get(served, "entries", who="operator")["items"]
    assert "digest" not in items[2]
    assert "digest" not in items[7]
    covered = {name: items[7][name] for name in ("number", "kind", "id", "version", "op", "origin", "recorded_at")} | {"digest": None}
    assert (covered["op"], covered["version"]) == ("erase", 2)
    assert hashlib.sha256(b"\x00" + rfc8785.dumps(covered)).hexdigest() == items[7]["leaf"]


def test_a_digest_of_the_audit_is_an_entry_of_which_nobody_is_told_more(served, seven):
    with served.node.db.write() as session:
        # As if all that was done here had been done on an earlier day.
        session.execute(text("UPDATE audit SET at = '2026-01-01 12:00:00'"))
    assert digest_days(served.node) == 1
    for who in READERS:
        assert set(get(served, "entries", who=who)["items"][7]) == {"number", "leaf", "recorded_at"}


def test_the_entries_come_in_pages_by_number(served, seven):
    whole = get(served, "entries")
    assert (whole["next_after"], whole["total"]) == (None, 7)
    after, read = 0, []
    for size in (3, 3, 1):
        page = get(served, "entries", after=after, limit=3)
        assert len(page["items"]) == size
        read += page["items"]
        after = page["next_after"]
    assert (after, read) == (None, whole["items"])
    assert get(served, "entries", after=7) == {"items": [], "next_after": None, "total": 7}
    assert get(served, "entries", after=2**31 - 1)["items"] == []


def test_every_entry_is_proved_to_be_in_every_later_log_as_pymerkle_proves_it(served, seven):
    leaves = [bytes.fromhex(item["leaf"]) for item in get(served, "entries")["items"]]
    tree = tree_of(leaves)
    for size in range(1, 8):
        for number in range(1, size + 1):
            said = get(served, "proofs/inclusion", number=number, size=size)
            path = [each.hex() for each in tree.prove_inclusion(number, size).path]
            assert [said["leaf"], *said["proof"]] == path
            assert (said["number"], said["size"], said["root"]) == (number, size, tree.get_state(size).hex())
    assert get(served, "proofs/inclusion", number=3) == get(served, "proofs/inclusion", number=3, size=7)


def test_every_later_log_is_proved_to_begin_with_every_earlier_one_and_pymerkle_takes_the_proof(served, seven):
    tree = tree_of([bytes.fromhex(item["leaf"]) for item in get(served, "entries")["items"]])
    for first in range(1, 8):
        for second in range(first, 8):
            said = get(served, "proofs/consistency", from_=first, to=second)
            states = (tree.get_state(first).hex(), tree.get_state(second).hex())
            assert (said["from"], said["to"], said["first_root"], said["second_root"]) == (first, second, *states)
            proof = [bytes.fromhex(each) for each in said["proof"]]
            assert accepts_consistency(first, tree.get_state(first), second, tree.get_state(second), proof)
    assert get(served, "proofs/consistency", from_=2) == get(served, "proofs/consistency", from_=2, to=7)
    assert get(served, "proofs/consistency", from_=0, to=3)["proof"] == []


@pytest.mark.parametrize(
    ("path", "query", "pointer", "largest"),
    [
        ("inclusion", {"number": 8}, "number", "7"),
        ("inclusion", {"number": 4, "size": 3}, "number", "3"),
        ("inclusion", {"number": 1, "size": 8}, "size", "7"),
        ("consistency", {"from": 8}, "from", "7"),
        ("consistency", {"from": 4, "to": 3}, "from", "3"),
        ("consistency", {"from": 0, "to": 2147483647}, "to", "7"),
    ],
)
def test_what_lies_beyond_the_log_is_refused_with_how_far_it_goes(served, seven, path, query, pointer, largest):
    answer = served.as_("peer").get(f"/v1/log/proofs/{path}", params=query)
    assert refusal(answer) == (422, "log-number-unknown", [(pointer, "log-number-unknown")])
    assert answer.json()["detail"].endswith(f"is {largest}.")


@pytest.mark.parametrize(
    ("path", "query", "code", "pointer"),
    [
        ("proofs/inclusion", {}, "field-missing", "number"),
        ("proofs/inclusion", {"number": 0}, "out-of-range", "number"),
        ("proofs/inclusion", {"number": 2**31}, "out-of-range", "number"),
        ("proofs/inclusion", {"number": 1, "size": "x"}, "not-a-whole-number", "size"),
        ("proofs/consistency", {"to": 1}, "field-missing", "from"),
        ("proofs/consistency", {"from": -1}, "out-of-range", "from"),
        ("proofs/consistency", {"from": ""}, "parameter-empty", "from"),
        ("entries", {"after": -1}, "out-of-range", "after"),
        ("entries", {"limit": 1001}, "out-of-range", "limit"),
        ("entries", {"cursor": "x"}, "parameter-unknown", "cursor"),
        ("checkpoint", {"size": 1}, "parameter-unknown", "size"),
        ("witnesses", {"cursor": "AAAA"}, "cursor-invalid", "cursor"),
    ],
    ids=str,
)
def test_what_is_no_question_is_refused_with_the_parameter_named(standing, path, query, code, pointer):
    answer = standing.as_("peer").get(f"/v1/log/{path}", params=query)
    assert refusal(answer)[0] == 422
    assert refusal(answer)[2] == [(pointer, code)]


@pytest.mark.parametrize("path", ["checkpoint", "entries", "proofs/inclusion?number=1", "proofs/consistency?from=0", "witnesses"])
def test_the_log_is_for_operators_secretariats_and_peers(standing, path):
    asked = {who: standing.as_(who).get(f"/v1/log/{path}").status_code for who in ("analyst", "pan", "hnd", "amber-analyst", None)}
    assert asked == {"analyst": 403, "pan": 403, "hnd": 403, "amber-analyst": 403, None: 401}


def witnesses(served: Served) -> list[tuple]:
    with served.node.db.read() as session:
        asked = "SELECT node, epoch, size, root, witness, checkpoint FROM witness ORDER BY id"
        return [tuple(row) for row in session.execute(text(asked))]


def post(served: Served, body: object, who: str = "peer", **headers: str):
    return served.as_(who).post("/v1/log/witnesses", json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def sacm(served: Served) -> Neighbour:
    """Another node whose keys this one knows."""
    neighbour = Neighbour()
    neighbour.known_to(served.node.db, "checkpoint", "document-SACM")
    return neighbour


def test_a_counter_signed_checkpoint_is_kept_once_and_answered_the_same(served, seven, sacm):
    checkpoint = get(served, "checkpoint")
    first = post(served, sacm.witnesses(checkpoint))
    assert (first.status_code, set(first.json())) == (201, {"witness", "size", "kept_at"})
    assert (first.json()["witness"], first.json()["size"]) == ("SACM", 7)
    assert post(served, sacm.witnesses(checkpoint)).json() == first.json()
    stored = rfc8785.dumps(checkpoint).decode()
    assert witnesses(served) == [("RCM-SACM", checkpoint["epoch"], 7, checkpoint["root"], "SACM", stored)]
    assert [row for row in served.audit() if row[0] == "add_witness"] == [("add_witness", "done", None)] * 2


def test_what_is_kept_can_be_checked_by_public_keys_alone(served, node, sacm):
    for _ in range(3):
        node.publish()
        assert post(served, sacm.witnesses(get(served, "checkpoint"))).status_code == 201
    page = get(served, "witnesses", who="operator", limit=2)
    rest = get(served, "witnesses", who="operator", cursor=page["next_cursor"])
    assert [item["checkpoint"]["size"] for item in page["items"] + rest["items"]] == [3, 2, 1]
    assert (page["total"], rest["next_cursor"]) == (3, None)
    for item in page["items"]:
        assert item["witness"] == "SACM"
        assert stands(sacm.public("checkpoint").public, item["signature"], b"istmo witness", rfc8785.dumps(item["checkpoint"]))


def test_what_this_node_saw_of_another_is_kept_and_listed_with_its_own_signature(served, sacm):
    stated = {"node": "SACM", "epoch": uuid7(), "size": 9, "root": "0" * 64, "time": "2026-01-02T03:04:05.000000Z"}
    checkpoint = {**stated, "signature": signature(sacm.key("checkpoint"), b"istmo checkpoint", stated)}
    with served.node.db.write() as session:
        assert is_signed(checkpoint, [sacm.public("checkpoint")])
        assert not is_signed({**checkpoint, "size": 10}, [sacm.public("checkpoint")])
        assert newest_by(session, "RCM-SACM", stated["epoch"]) is None
        mine = counter_signed(served.node.signer, checkpoint)
        assert keep(session, checkpoint, "RCM-SACM", mine) == newest_by(session, "RCM-SACM", stated["epoch"])
    item = get(served, "witnesses")["items"][0]
    assert (item["checkpoint"], item["witness"], item["signature"]) == (checkpoint, "RCM-SACM", mine)
    assert stands(public_halves(served, "checkpoint_keys")[mine["kid"]], mine, b"istmo witness", rfc8785.dumps(checkpoint))


def test_an_older_checkpoint_is_witnessed_as_well_and_one_by_a_key_since_rotated(served, node, sacm):
    node.publish()
    older = get(served, "checkpoint")
    node.publish()
    with node.db.write() as session:
        keys.rotate(session, node.secrets, keys.CHECKPOINT)
    assert post(served, sacm.witnesses(older)).json()["size"] == 1


def test_the_answer_is_kept_under_its_idempotency_key(served, seven, sacm):
    body = sacm.witnesses(get(served, "checkpoint"))
    first, again = (post(served, body, Idempotency_Key="k") for _ in range(2))
    assert (first.content, again.headers["idempotency-replayed"]) == (again.content, "true")


def resigned(served: Served, checkpoint: dict, **changed: object) -> dict:
    """A checkpoint that the node's own key signs, and that it never made."""
    stated = {name: value for name, value in {**checkpoint, **changed}.items() if name != "signature"}
    key = served.node.signer.keys["checkpoint"][1]
    return {**stated, "signature": signature(key, b"istmo checkpoint", stated)}


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"node": "SACM"}, "node"),
        ({"epoch": "01890000-0000-7000-8000-000000000000"}, "epoch"),
        ({"size": 8}, "size"),
        ({"size": 6}, "root"),
        ({"root": "0" * 64}, "root"),
        ({"size": 0}, "root"),
    ],
)
def test_a_checkpoint_of_another_log_is_not_witnessed_even_if_the_key_signed_it(served, seven, sacm, changed, place):
    forged = resigned(served, get(served, "checkpoint"), **changed)
    where = f"/checkpoint/{place}"
    assert refusal(post(served, sacm.witnesses(forged))) == (422, "checkpoint-unknown", [(where, "checkpoint-unknown")])
    assert witnesses(served) == []
    assert ("add_witness", "refused", "checkpoint-unknown") in served.audit()


def test_a_checkpoint_that_no_own_key_for_checkpoints_signed_is_unknown(served, seven, sacm):
    checkpoint = get(served, "checkpoint")
    stated = {name: value for name, value in checkpoint.items() if name != "signature"}
    own = served.node.signer.keys["document-RCM"][1]
    forged = [
        {**checkpoint, "time": "2026-01-01T00:00:00.000000Z"},
        {**checkpoint, "signature": {**checkpoint["signature"], "value": "A" * 86}},
        {**stated, "signature": signature(own, b"istmo checkpoint", stated)},
        {**stated, "signature": signature(sacm.key("checkpoint"), b"istmo checkpoint", stated)},
        {**stated, "signature": signature(served.node.signer.keys["checkpoint"][1], b"istmo witness", stated)},
    ]
    for each in forged:
        found = refusal(post(served, sacm.witnesses(each)))
        assert found == (422, "checkpoint-unknown", [("/checkpoint/signature", "checkpoint-unknown")])
    assert witnesses(served) == []


def test_a_signature_that_no_known_key_of_the_witness_made_is_refused(served, seven, sacm):
    checkpoint = get(served, "checkpoint")
    good, older = sacm.witnesses(checkpoint), {**checkpoint, "size": 6}
    bad = [
        {**good, "witness": "NOBODY"},
        {**good, "signature": signature(sacm.key("checkpoint"), b"istmo witness", older)},
        sacm.witnesses(checkpoint, context=b"istmo checkpoint"),
        sacm.witnesses(checkpoint, purpose="document-SACM"),
        Neighbour().witnesses(checkpoint),
        {**good, "witness": "RCM-SACM", "signature": signature(served.node.signer.keys["checkpoint"][1], b"istmo witness", checkpoint)},
    ]
    for each in bad:
        assert refusal(post(served, each)) == (422, "signature-invalid", [("/signature", "signature-invalid")])
    assert witnesses(served) == []


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"witness": None}, "/witness", "format"),
        ({"witness": ""}, "/witness", "format"),
        ({"witness": "x" * 65}, "/witness", "text-too-long"),
        ({"checkpoint": {}}, "/checkpoint/node", "field-missing"),
        ({"nonsense": 1}, "/nonsense", "field-unknown"),
        ({"signature": {"kid": "a", "alg": "none", "value": "A"}}, "/signature/alg", "code-unknown"),
    ],
)
def test_a_body_of_another_form_is_refused_with_its_place(standing, change, pointer, code):
    body = {**Neighbour().witnesses(get(standing, "checkpoint")), **change}
    status, problem, found = refusal(post(standing, body))
    assert (status, problem, found[0]) == (422, "invalid-document", (pointer, code))


def test_a_size_is_a_number_and_no_text_of_one(standing):
    checkpoint = {**get(standing, "checkpoint"), "size": "0"}
    assert refusal(post(standing, Neighbour().witnesses(checkpoint)))[2] == [("/checkpoint/size", "not-a-whole-number")]


@pytest.mark.parametrize("who", ["operator", "rcm", "pan", "analyst"])
def test_only_a_peer_brings_a_witness(standing, who):
    assert refusal(post(standing, {}, who))[:2] == (403, "role-forbidden")
