"""What a node sends of its own to a peer is there as if it had been pulled, by the same checks; repeating it changes nothing."""

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from bodies import publish, revise, withdraw
from bringing import ADDED, as_body, carried, renewed
from crooked import Json, Raw, crooked, fresh_id, item_of, resealed
from serving import TLS
from sqlalchemy import text, update
from twins import Twins, held, key_for, peer_row, quarantine, texts

from app.exchange.verify import faults
from app.sync import sending
from app.sync.faults import SyncFault
from app.sync.models import Peer
from app.sync.sending import Sent, send


def sent(pair: Twins) -> Sent:
    """RCM's node sends to SACM's."""
    return send(pair.rcm.node, "sacm")


@contextmanager
def through(pair: Twins, change: Any):
    """Let RCM's node reach SACM's by a peer that changes answers."""
    with crooked(pair.sacm, change) as url:
        _reach(pair, url)
        yield
    _reach(pair, pair.sacm.url)


def _reach(pair: Twins, url: str) -> None:
    with pair.rcm.node.db.write() as session:
        session.execute(update(Peer).where(Peer.name == "sacm").values(url=url))


def fails(pair: Twins) -> str:
    """The code by which a send ends; nothing counts as sent, and the row says why."""
    before = peer_row(pair.rcm, "sacm").sent
    with pytest.raises(SyncFault) as fault:
        sent(pair)
    row = peer_row(pair.rcm, "sacm")
    assert (row.sent, row.failure) == (before, fault.value.code)
    return fault.value.code


def witnessed(pair: Twins) -> list[list[tuple[str, int]]]:
    """(witness, size) of RCM's log, as RCM's node and as SACM's keep them, the newest first."""
    kept = [served.as_("operator").get("/v1/log/witnesses").json()["items"] for served in (pair.rcm, pair.sacm)]
    assert [each["signature"] for each in kept[0]] == [each["signature"] for each in kept[1] if each["checkpoint"]["node"] == "RCM"]
    return [[(each["witness"], each["checkpoint"]["size"]) for each in items if each["checkpoint"]["node"] == "RCM"] for items in kept]


def test_what_is_sent_is_there_once_in_order_byte_for_byte_and_both_keep_both_signatures(pair: Twins):
    first = publish(pair.rcm.as_("rcm"))
    publish(pair.rcm.as_("rcm"), period="2022-11", tlp="AMBER")
    hidden = publish(pair.rcm.as_("rcm"), period="2022-12", tlp="RED", audience=["RCM/PAN"])
    revise(pair.rcm.as_("rcm"), first, cells=[{"nationality": "VEN", "value": 401}, {"nationality": "NPL", "value": 213}])
    done = sent(pair)
    assert (done.pages, done.applied, done.known, done.quarantined, done.size) == (1, 3, 0, [], 4)
    assert held(pair.sacm, "RCM") == [entry for entry in held(pair.rcm, "RCM") if entry[0] != hidden["id"]]
    assert texts(pair.sacm, "RCM") == {key: text for key, text in texts(pair.rcm, "RCM").items() if key[0] != hidden["id"]}
    assert witnessed(pair) == [[("SACM", 4)], [("SACM", 4)]]
    pair.rcm.node.read_audit.flush()
    asked = text(
        "SELECT coalesce(audit.document_id, shown.document_id), coalesce(audit.version, shown.version) FROM audit "
        "LEFT JOIN read_set AS shown ON shown.digest = read_set WHERE action = 'send_to_peer' AND outcome = 'read'"
    )
    with pair.rcm.node.db.read() as session:
        read = [tuple(row) for row in session.execute(asked)]
    assert sorted(read) == sorted((entry[0], entry[1]) for entry in held(pair.sacm, "RCM"))
    assert len(read) == 3
    assert sent(pair) == Sent(size=4)
    withdraw(pair.rcm.as_("rcm"), {**first, "version": 2})
    assert (sent(pair).applied, pair.pull(pair.sacm).applied, quarantine(pair.sacm)) == (1, 0, [])
    assert pair.sacm.as_("bra").get(f"/v1/bulletins/{first['id']}").json()["status"] == "withdrawn"
    with pair.sacm.node.db.read() as session:
        assert list(faults(session)) == []
    assert [outcome for action, outcome, _ in pair.sacm.audit() if action == "deliver_changes"] == ["applied"] * 3 + [
        "done",
        "applied",
        "done",
    ]


def test_pages_are_given_one_by_one_each_with_a_receipt_of_its_own_beside_what_is_pulled(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sending, "PAGE", 2)
    for month in range(1, 6):
        publish(pair.rcm.as_("rcm"), period=f"2021-{month:02}")
    done = sent(pair)
    assert (done.pages, done.applied, done.size) == (3, 5, 5)
    assert witnessed(pair)[0] == [("SACM", 5), ("SACM", 4), ("SACM", 2)]
    for month in range(6, 11):
        publish(pair.rcm.as_("rcm"), period=f"2021-{month:02}")
    with pair.rcm.node.db.write() as session:
        session.execute(update(Peer).values(sent=None))
    pair.pull(pair.sacm)
    publish(pair.rcm.as_("rcm"), period="2021-11")
    # The peer has seen more than the first pages say: it tells how much, and is given the proof from there.
    with pair.rcm.node.db.write() as session:
        session.execute(update(Peer).values(sent=None))
    monkeypatch.setattr(sending, "newest_by", lambda *_: None)
    done = sent(pair)
    assert (done.pages, done.applied, done.known, done.size) == (6, 1, 10, 11)
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    # A page that the peer does not take whole is halved until it does; below its limit by default nothing is tried in vain.
    limit = len(json.dumps(as_body(carried(pair.rcm)))) // 3
    object.__setattr__(pair.sacm.node.settings, "body_limit", limit)
    renewed(pair.rcm)
    monkeypatch.setattr(sending, "PAGE", 500)
    done = sent(pair)
    assert (done.applied, done.known, peer_row(pair.sacm, "rcm").size) == (0, 11, 11)
    assert 3 < done.pages <= 11
    object.__setattr__(pair.sacm.node.settings, "body_limit", 4_000)
    publish(pair.rcm.as_("rcm"), period="2021-12", narrative={"es": "x" * 4_000})
    assert fails(pair) == "sync-body-too-large"
    monkeypatch.setattr(sending, "LARGEST_BODY", 4_000)
    object.__setattr__(pair.sacm.node.settings, "body_limit", 10_000_000)
    assert sent(pair).applied == 1


def test_a_lost_answer_leaves_nothing_counted_as_sent_and_the_repetition_nothing_doubled(pair: Twins):
    publish(pair.rcm.as_("rcm"))

    def lost(path: str, _query: Json, honest: Json) -> Json:
        if path == "/v1/changes":
            raise Raw(b"", 502)
        return honest

    with through(pair, lost):
        assert fails(pair) == "sync-refused"
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    done = sent(pair)
    assert (done.applied, done.known) == (0, 1)
    assert peer_row(pair.rcm, "sacm").sent is not None

    def forged(path: str, _query: Json, honest: Json) -> Json:
        return {**honest, "signature": {**honest["signature"], "value": "A" * 86}} if path == "/v1/changes" else honest

    def of_another_size(path: str, _query: Json, honest: Json) -> Json:
        return {**honest, "checkpoint": {**honest["checkpoint"], "size": 1}} if path == "/v1/changes" else honest

    publish(pair.rcm.as_("rcm"), period="2022-11")
    for change in (forged, of_another_size):
        with through(pair, change):
            assert fails(pair) == "sync-receipt"

    def turned(path: str, _query: Json, honest: Json) -> Json:
        turns.append(path)
        if path == "/v1/changes":
            raise Raw(json.dumps({"code": "log-behind", "size": 2 - len(turns) % 2}).encode(), 409)
        return honest

    turns: list[str] = []
    with through(pair, turned):
        assert fails(pair) == "sync-loop"
    assert len(turns) < 20
    with through(pair, lambda path, _, honest: {**honest, "node": "OTHER"} if "istmo.json" in path else honest):
        assert fails(pair) == "sync-other-node"
    assert sent(pair).known == 1


def test_what_is_delivered_is_judged_as_what_is_pulled_and_a_refusal_says_by_which_rule(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    key = key_for(pair.sacm, "RCM")
    # A key for another conference than the peer's, on the peer's own node: nobody there is the peer of itself.
    third = key_for(pair.sacm, "SACM")

    def told(body: Any, who: str = key) -> tuple[int, str, Json]:
        answer = client.post("/v1/changes", json=body, headers={"Authorization": f"Bearer {who}"})
        return answer.status_code, answer.json().get("code", ""), answer.json()

    with httpx.Client(base_url=pair.sacm.url, trust_env=False, verify=TLS) as client:
        whole = carried(pair.rcm)
        assert told(as_body(whole), third)[:2] == (403, "peer-not-known")
        assert [told(as_body(whole), pair.sacm.keys[who])[:2] for who in ("operator", "rcm", "analyst")] == [(403, "role-forbidden")] * 3
        assert told({})[:2] == (422, "invalid-document")
        assert told({**as_body(whole), "more": 1})[:2] == (422, "invalid-document")
        assert told({**as_body(whole), "items": [{}] * 501})[:2] == (422, "invalid-document")
        assert told({**as_body(whole), "description": {}})[:2] == (422, "peer-other-node")
        assert told({**as_body(whole), "checkpoint": {**whole.checkpoint, "size": 2}})[:2] == (422, "peer-other-node")
        assert held(pair.sacm, "RCM") == []
        bare = {name: value for name, value in document.items() if name not in ADDED}
        foreign = resealed(pair.rcm, bare, id=fresh_id(), reporting_state="BRA", publisher="BRA-MIG")
        odd = resealed(pair.rcm, bare, id=fresh_id(), title={"es": "Tránsito\u202eoculto"})
        unsigned = {**item_of({**document, "version": 2}, 3), "op": "withdraw", "document": None}
        status, _, receipt = told(as_body(replace(whole, items=[item_of(foreign, 1), item_of(odd, 2), *whole.items, unsigned, {}])))
        assert (status, receipt["applied"], receipt["known"]) == (200, 1, 0)
        assert sorted((each["code"], each["kind"], each["version"]) for each in receipt["quarantined"]) == [
            ("sync-foreign-state", "bulletin", 1),
            ("sync-item-form", None, 0),
            ("sync-text-gate", "bulletin", 1),
            ("sync-unsigned", "bulletin", 2),
        ]
        assert len(quarantine(pair.sacm)) == 4
        with_key = {"Authorization": f"Bearer {key}", "Idempotency-Key": "once"}
        answers = [client.post("/v1/changes", json=as_body(whole), headers=with_key) for _ in range(2)]
        assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
        assert answers[0].content == answers[1].content
        publish(pair.rcm.as_("rcm"), period="2022-11")
        newest = carried(pair.rcm, 1)
        status, code, refusal = told(as_body(replace(newest, proven_from=0)))
        assert (status, code, refusal["size"]) == (409, "log-behind", 1)
        assert told(as_body(replace(newest, proof=["0" * 64])))[:2] == (409, "log-rewritten")
        assert peer_row(pair.sacm, "rcm").failure == "sync-rewritten"
        assert len(held(pair.sacm, "RCM")) == 1
        assert told(as_body(newest))[2]["applied"] == 1
        assert client.post("/v1/changes", content=b"[" * 10, headers={"Authorization": f"Bearer {key}"}).status_code == 415
