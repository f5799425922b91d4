"""Random faults between two nodes: nothing acknowledged is lost, nothing comes twice or out of order, and after quiet both are equal."""

import random
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bodies import cells, publish, revise, withdraw
from faulty import BEARS, BREAKS, Line, bad_line
from serving import Nodes, Served
from sqlalchemy import update
from stores import STORES
from twins import Twins, held, name_of, quarantine, twins

from app.exchange.verify import faults
from app.sync.faults import SyncFault
from app.sync.models import Peer

SEED = 20121106
HARM, WRITES, REFUSED = 0.65, 0.15, 0.03
"""How often a request comes to harm, a write comes before a pull, and nobody listens to a pull."""
PATHS = ("/v1/changes", "/.well-known/istmo.json", "/v1/log/checkpoint", "/v1/log/proofs/consistency", "/v1/log/witnesses")
STATES = {"RCM": ("PAN", "CRI", "HND"), "SACM": ("BRA", "CHL", "BOL")}
Json = dict[str, Any]


@dataclass
class Ledger:
    """What was acknowledged: by origin, (id, version, op) in the order of the answers; the newest document of each id."""

    told: dict[str, list[tuple[str, int, str]]] = field(default_factory=lambda: {"RCM": [], "SACM": []})
    newest: dict[str, Json] = field(default_factory=dict)
    number: int = 0

    def write(self, chance: random.Random, served: Served) -> None:
        """One write that is answered: a bulletin, a revision, a withdrawal or an erasure of the node's own."""
        origin = served.node.settings.conferences
        client = served.as_(origin.lower())
        own = [document for document in self.newest.values() if document["origin"] == origin]
        verb = chance.choice(("publish", "revise", "withdraw", "erase")) if len(own) > 3 else "publish"
        if verb == "publish":
            self.number += 1
            month, state = divmod(self.number, 3)
            period = f"{1990 + month // 12}-{month % 12 + 1:02}"
            self._keep("publish", publish(client, reporting_state=STATES[origin][state], period=period))
            return
        document = chance.choice(own)
        if verb == "erase" or document["status"] == "withdrawn":
            self._erase(client, document)
        elif verb == "revise":
            changed = cells(VEN=400 + chance.randrange(50, 90), NPL=213, SOM=31)
            body = {"reporting_state": document["reporting_state"], "period": document["period"], "cells": changed}
            revised = revise(client, document, **body)
            # The same figures by chance: nothing is written.
            if revised["version"] > document["version"]:
                self._keep("revise", revised)
        else:
            self._keep("withdraw", {**document, **withdraw(client, document)})

    def _keep(self, op: str, document: Json) -> None:
        self.newest[document["id"]] = document
        self.told[document["origin"]].append((document["id"], document["version"], op))

    def _erase(self, client: Any, document: Json) -> None:
        etag = f'"{document["id"]}.v{document["version"]}"'
        answer = client.post(f"/v1/bulletins/{document['id']}/erase", json={"reason": "by chance"}, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text
        del self.newest[document["id"]]
        self.told[document["origin"]].append((document["id"], answer.json()["version"], "erase"))


def try_pull(pair: Twins, served: Served) -> str:
    try:
        pair.pull(served)
    except SyncFault as fault:
        return fault.code
    return "done"


def storm(pair: Twins, count: int, seed: int) -> tuple[Ledger, Counter[str], list[Line]]:
    """Writes and pulls over bad lines until so many faults were done, half of them to either node, then quiet: good lines and two pulls each."""
    chance, ledger, ends = random.Random(seed), Ledger(), Counter[str]()
    with bad_line(pair.sacm, seed, HARM) as to_sacm, bad_line(pair.rcm, seed + 1, HARM) as to_rcm:
        by_line = ((pair.rcm, to_sacm), (pair.sacm, to_rcm))
        for served, line in by_line:
            with served.node.db.write() as session:
                session.execute(update(Peer).where(Peer.name == name_of(pair.other(served))).values(url=line.url))
        while waiting := [each for each in by_line if each[1].faults < count // 2]:
            served, line = chance.choice(waiting)
            if chance.random() < WRITES:
                ledger.write(chance, pair.other(served))
            with line.refusing() if chance.random() < REFUSED else nullcontext():
                ends[try_pull(pair, served)] += 1
        for _, line in by_line:
            line.harm = 0
        for served in (pair.rcm, pair.sacm, pair.rcm, pair.sacm):
            pair.pull(served)
    return ledger, ends, [line for _, line in by_line]


def last_words(entries: list[tuple[str, int, str, str | None]]) -> dict[str, tuple[object, ...]]:
    """The last entry of each document; of an erased one the feed names every version as erased, and the reader keeps the first that was new to it."""
    return {document_id: ("erase",) if op == "erase" else (version, op, digest) for document_id, version, op, digest in entries}


def judge(pair: Twins, ledger: Ledger) -> None:
    """Every acknowledged write is at its origin once and in order, and at the other side what of it was there to be read."""
    for author, reader, origin in ((pair.rcm, pair.sacm, "RCM"), (pair.sacm, pair.rcm, "SACM")):
        assert [(document_id, version, op) for document_id, version, op, _ in held(author, origin)] == ledger.told[origin]
        mine, theirs = held(author, origin), held(reader, origin)
        places = {entry[:2]: number for number, entry in enumerate(mine)}
        assert len({entry[:2] for entry in theirs}) == len(theirs)
        # A version whose body went before it could be read is not there; its document's last word is.
        newest = last_words(mine)
        assert last_words(theirs) == {key: newest[key] for key in last_words(theirs)}
        order = [places[entry[:2]] for entry in theirs]
        assert order == sorted(order)
        standing = {document["id"] for document in ledger.newest.values() if document["origin"] == origin}
        assert standing <= {entry[0] for entry in theirs}
        assert quarantine(reader) == []
        with reader.node.db.read() as session:
            assert list(faults(session)) == []
        lists = [
            served.as_("operator").get("/v1/bulletins", params={"origin": origin, "status": "published", "limit": 1000}).json()
            for served in (author, reader)
        ]
        assert sorted(item["id"] for item in lists[0]["items"]) == sorted(item["id"] for item in lists[1]["items"])


def judge_lines(lines: list[Line], count: int) -> Counter[tuple[str, str]]:
    """Either node met its share, and every fault came to every question of a pull."""
    assert all(line.faults >= count // 2 for line in lines)
    done = sum((line.done for line in lines), Counter[tuple[str, str]]())
    assert set(done) >= {(path, fault) for path in PATHS for fault in (*BREAKS, *BEARS)} | {("", "refuse")}
    return done


def test_after_five_hundred_random_faults_and_quiet_a_node_on_sqlite_and_one_on_postgresql_are_equal(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.sync.pulling.PAGE", 2)
    with twins(nodes, "sqlite", tmp_path, judged=False, other="postgresql") as pair:
        pair.meet()
        ledger, ends, lines = storm(pair, 500, SEED)
        judge(pair, ledger)
    judge_lines(lines, 500)
    assert ends["done"] > 50
    assert all(len(told) > 20 for told in ledger.told.values())


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", STORES)
def test_sync_faults_long_after_ten_thousand_random_faults_both_nodes_are_equal(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    monkeypatch.setattr("app.sync.pulling.PAGE", 2)
    with twins(nodes, kind, tmp_path, judged=False) as pair:
        pair.meet()
        ledger, ends, lines = storm(pair, 10_000, SEED)
        judge(pair, ledger)
    kinds = Counter[str]()
    for (_, fault), number in judge_lines(lines, 10_000).items():
        kinds[fault] += number
    writes = {origin: len(told) for origin, told in ledger.told.items()}
    print(f"{kind}, seed {SEED}: {kinds.total()} faults {dict(kinds)}, writes acknowledged {writes}, pulls {dict(ends)}")
