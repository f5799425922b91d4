"""Random faults between two nodes: nothing acknowledged is lost, nothing comes twice or out of order, and after quiet both are equal."""

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bodies import cells, publish, revise, withdraw
from faulty import Line, bad_line
from serving import Nodes, Served
from sqlalchemy import update
from stores import STORES
from twins import Twins, held, name_of, quarantine, twins

from app.exchange.verify import faults
from app.sync.faults import SyncFault
from app.sync.models import Peer

SEED = 20121106
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
            period = f"{1990 + self.number // 12}-{self.number % 12 + 1:02}"
            self._keep("publish", publish(client, reporting_state=chance.choice(STATES[origin]), period=period))
            return
        document = chance.choice(own)
        if verb == "erase" or document["status"] == "withdrawn":
            self._erase(client, document)
        elif verb == "revise":
            changed = cells(VEN=400 + chance.randrange(50, 90), NPL=213, SOM=31)
            body = {"reporting_state": document["reporting_state"], "period": document["period"], "cells": changed}
            self._keep("revise", revise(client, document, **body))
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


def storm(pair: Twins, count: int, seed: int) -> tuple[Ledger, Counter[str]]:
    """Writes and pulls over bad lines until so many faults were done, then quiet: good lines and two pulls each."""
    chance, ledger, ends = random.Random(seed), Ledger(), Counter[str]()
    lines = {name: Line(seed + at, 0.25) for at, name in enumerate(("rcm", "sacm"))}
    with bad_line(pair.rcm, lines["rcm"]) as to_rcm, bad_line(pair.sacm, lines["sacm"]) as to_sacm:
        for served, url in ((pair.sacm, to_rcm), (pair.rcm, to_sacm)):
            with served.node.db.write() as session:
                session.execute(update(Peer).where(Peer.name == name_of(pair.other(served))).values(url=url))
        while sum(line.faults for line in lines.values()) < count:
            served = chance.choice((pair.rcm, pair.sacm))
            for _ in range(chance.randrange(3)):
                ledger.write(chance, served)
            ends[try_pull(pair, pair.other(served))] += 1
        for line in lines.values():
            line.harm = 0
        for served in (pair.rcm, pair.sacm, pair.rcm, pair.sacm):
            pair.pull(served)
    ends.update({fault: number for line in lines.values() for fault, number in line.done.items()})
    return ledger, ends


def judge(pair: Twins, ledger: Ledger) -> None:
    """Every acknowledged write is at its origin once and in order, and at the other side what of it was there to be read."""
    for author, reader, origin in ((pair.rcm, pair.sacm, "RCM"), (pair.sacm, pair.rcm, "SACM")):
        assert [(document_id, version, op) for document_id, version, op, _ in held(author, origin)] == ledger.told[origin]
        mine, theirs = held(author, origin), held(reader, origin)
        places = {entry[:2]: number for number, entry in enumerate(mine)}
        assert len({entry[:2] for entry in theirs}) == len(theirs)
        newest = {document_id: entry for document_id, *entry in mine}
        # A version whose body went before it could be read is not there; its document's last word is.
        assert {document_id: entry for document_id, *entry in theirs} == {key: newest[key] for key in {entry[0] for entry in theirs}}
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


@pytest.mark.parametrize("kind", STORES)
def test_after_random_faults_and_quiet_both_nodes_are_equal(nodes: Nodes, tmp_path: Path, kind: str):
    with twins(nodes, kind, tmp_path) as pair:
        pair.meet()
        ledger, ends = storm(pair, 40, SEED)
        judge(pair, ledger)
    assert ends["done"] > 5
    assert sum(number for end, number in ends.items() if end.startswith("sync-")) > 10


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", STORES)
def test_sync_faults_long_after_ten_thousand_random_faults_both_nodes_are_equal(nodes: Nodes, tmp_path: Path, kind: str):
    with twins(nodes, kind, tmp_path, judged=False) as pair:
        pair.meet()
        ledger, ends = storm(pair, 10_000, SEED)
        judge(pair, ledger)
    print(f"{kind}, seed {SEED}: {sum(map(len, ledger.told.values()))} writes acknowledged, {dict(ends)}")
