"""PostgreSQL restarted under load: only 503 with Retry-After, nothing acknowledged is lost or doubled (guarantees 5)."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from bodies import bulletin, cells, publish
from power import Power, powered
from serving import TLS, Served, serving, settings_for
from sqlalchemy import text
from twins import Twins, held, quarantine

from app.core.problems import Problem
from app.exchange.verify import faults
from app.sync.faults import SyncFault

RECOVERS_WITHIN_S = 10
SEED = 20150906
EXPECTED_REFUSALS = {("request-in-flight", 409), ("precondition-failed", 412)}


@dataclass
class Load:
    """What the writers and readers were answered."""

    served: Served
    stop: threading.Event = field(default_factory=threading.Event)
    done: Counter[str] = field(default_factory=Counter)
    acknowledged: list[tuple[str, int]] = field(default_factory=list)
    numbers: dict[str, list[int]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    def client(self, who: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.served.keys[who]}"}
        return httpx.Client(base_url=self.served.url, headers=headers, timeout=60, trust_env=False, verify=TLS)

    def ask(self, client: httpx.Client, method: str, path: str, **others: object) -> httpx.Response:
        """One request, repeated as its Retry-After says until it is answered otherwise than by 503; whatever else is odd is noted."""
        began = time.monotonic()
        while True:
            answer = client.request(method, path, **others)
            self.statuses[answer.status_code] += 1
            if answer.status_code == 503 and answer.headers.get("retry-after") == "1" and answer.json()["code"] == "busy":
                time.sleep(0.05)
                continue
            if answer.status_code == 409 and answer.json()["code"] == "request-in-flight" and time.monotonic() < began + RECOVERS_WITHIN_S:
                time.sleep(0.05)
                continue
            if answer.status_code >= 300 and (answer.json().get("code"), answer.status_code) not in EXPECTED_REFUSALS:
                self.faults.append(f"{method} {path}: {answer.status_code} {answer.text}")
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            return answer

    def write(self, name: str, *, keyed: bool) -> None:
        """Publish and revise until told to stop, every request repeated until it is answered."""
        with self.client("rcm") as client:
            for at in itertools.count():
                if self.stop.is_set():
                    return
                # A flow of its own for each: what protection costs beside other publishers is not what is asked here.
                body = bulletin(definition_code=f"{name.lower()}-{at // 60}", period=f"{1950 + at % 60}", cells=cells(VEN=40 + at))
                key = {"Idempotency-Key": f"{name} {at}"} if keyed else {}
                answer = self.ask(client, "POST", "/v1/bulletins", json=body, headers=key)
                # Without a key a repetition finds its own bulletin and is told that it stands already.
                if answer.status_code not in ({201} if keyed else {200, 201}):
                    self.faults.append(f"{name}: {answer.status_code} {answer.text}")
                    return
                document = answer.json()
                self.acknowledged.append((document["id"], 1))
                self.revise(client, name, document["id"], {**body, "reason": "late", "cells": cells(VEN=90 + at)}, keyed=keyed)
                self.done[name] += 1

    def revise(self, client: httpx.Client, name: str, document_id: str, body: dict[str, object], *, keyed: bool) -> None:
        headers = {"If-Match": f'"{document_id}.v1"', **({"Idempotency-Key": f"{name} {document_id}"} if keyed else {})}
        answer = self.ask(client, "PUT", f"/v1/bulletins/{document_id}", json=body, headers=headers)
        if answer.status_code == 412 and not keyed:
            # Its own lost answer: the version that it sent stands, and nobody else writes here.
            answer = self.ask(client, "GET", f"/v1/bulletins/{document_id}")
        if answer.status_code != 200 or answer.json()["version"] != 2:
            self.faults.append(f"{name}: {answer.status_code} {answer.text}")
        self.acknowledged.append((document_id, 2))

    def read(self, name: str, document_id: str) -> None:
        """Read everything there is to read, the feed by its cursor, until told to stop."""
        cursor: str | None = None
        seen = self.numbers.setdefault(name, [])
        with self.client("sacm") as client:
            while not self.stop.is_set():
                for path in (
                    "/v1/bulletins?limit=5",
                    "/v1/flows?limit=5",
                    f"/v1/bulletins/{document_id}",
                    "/.well-known/istmo.json",
                    "/readyz",
                ):
                    self.ask(client, "GET", path)
                page = self.ask(client, "GET", "/v1/changes", params={"limit": 50, **({"cursor": cursor} if cursor else {})}).json()
                seen += [item["seq"] for item in page["items"]]
                cursor = page["next_cursor"]
                self.done[name] += 1

    def everybody_goes_on(self, within_s: float) -> bool:
        """Wait until each writer and reader has come round again; false where one of them has not in time."""
        before, deadline = dict(self.done), time.monotonic() + within_s
        while time.monotonic() < deadline:
            if all(self.done[name] >= before.get(name, 0) + 2 for name in ROLES):
                return True
            time.sleep(0.02)
        return False


WRITERS = ("W1", "W2", "W3", "W4")
READERS = ("R1", "R2", "R3", "R4")
ROLES = (*WRITERS, *READERS)


def run(power: Power, served: Served, restarts: int) -> Load:
    """Four writers and four readers, and a server that is restarted under them; ends when all have come round once more."""
    load = Load(served)
    amber = publish(served.as_("rcm"), tlp="AMBER", measure="rescue")  # read with an audit row before the answer leaves
    load.acknowledged.append((amber["id"], 1))
    threads = [threading.Thread(target=load.write, args=(name,), kwargs={"keyed": at < 2}) for at, name in enumerate(WRITERS)]
    threads += [threading.Thread(target=load.read, args=(name, amber["id"])) for name in READERS]
    for thread in threads:
        thread.start()
    try:
        began = time.monotonic()
        assert load.everybody_goes_on(60), load.faults
        # So long it takes where nothing was restarted, which is the machine's affair.
        pace_s = time.monotonic() - began
        for at in range(restarts):
            power.restart(("fast", "immediate")[at % 2])
            assert load.everybody_goes_on(RECOVERS_WITHIN_S + pace_s), (load.done, load.faults[:5])
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()
    return load


def logged(served: Served) -> list[tuple[str, int]]:
    with served.node.db.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT document_id, version FROM log_entry ORDER BY number"))]


def audited(served: Served) -> list[tuple[str, int]]:
    asked = "SELECT document_id, version FROM audit WHERE outcome IN ('created', 'revised') ORDER BY id"
    with served.node.db.read() as session:
        return [tuple(row) for row in session.execute(text(asked))]


def judge(load: Load) -> None:
    """Nothing but what the contract knows was answered; the log holds what was acknowledged, each once, and is whole."""
    served, written = load.served, logged(load.served)
    assert load.faults == []
    assert load.statuses[503] > 0  # the restarts were felt
    assert sorted(written) == sorted(set(load.acknowledged))
    assert len(written) == len(set(written))
    assert sorted(audited(served)) == sorted(written)
    for seen in load.numbers.values():
        assert seen == list(range(1, len(seen) + 1))
    with served.node.db.read() as session:
        assert list(faults(session)) == []
        open_claims = session.execute(text("SELECT count(*) FROM idempotency_answer WHERE status IS NULL")).scalar_one()
    assert open_claims == 0


@pytest.fixture(scope="module")
def power() -> Iterator[Power]:
    with powered() as server:
        yield server


@pytest.fixture
def node(power: Power, tmp_path: Path) -> Iterator[tuple[Power, Served]]:
    with serving(settings_for(power.database(), tmp_path, lock_wait_s=5)) as served:
        yield power, served


def test_three_restarts_under_load_are_answered_by_503_and_lose_nothing_acknowledged(node: tuple[Power, Served]):
    judge(run(*node, restarts=3))


@pytest.mark.parametrize("keyed", [True, False])
def test_a_commit_of_which_only_the_store_knows_is_answered_503_and_its_repetition_finds_it_done_once(
    node: tuple[Power, Served], keyed: bool
):
    power, served = node
    headers = {"Idempotency-Key": "once"} if keyed else {}
    with ThreadPoolExecutor(1) as pool:
        with served.node.db.write() as session:
            session.execute(text("UPDATE log_head SET size = size"))  # the writer, whose key is claimed by then, waits for the log's head
            lost = pool.submit(served.as_("rcm").post, "/v1/bulletins", json=bulletin(), headers=headers)
            power.wait_for("wait_event_type = 'Lock'")
            power.confirmed_by("nobody")  # what is committed now is on disk, and its confirmation never comes
            session.rollback()
        try:
            power.terminate(power.wait_for("wait_event = 'SyncRep'"))
            answer = lost.result(20)
        finally:
            power.confirmed_by("")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "1")
    written = logged(served)
    again = served.as_("rcm").post("/v1/bulletins", json=bulletin(), headers=headers)
    assert again.status_code == (201 if keyed else 200)
    assert (again.headers.get("idempotency-replayed") == "true", again.json()["outcome"] == "unchanged") == (keyed, not keyed)
    assert logged(served) == written == [(again.json()["id"], 1)]


@pytest.fixture
def pair(power: Power, tmp_path: Path) -> Iterator[Twins]:
    """Two nodes on that server, each a peer of the other."""
    of = {name: settings_for(power.database(), tmp_path / name, conferences=name, private_peers=True, lock_wait_s=5) for name in ("RCM", "SACM")}  # fmt: skip
    with serving(of["RCM"], judged=False) as rcm, serving(of["SACM"], judged=False) as sacm:
        made = Twins(rcm, sacm)
        made.meet()
        yield made


@dataclass
class Sync:
    """A node that publishes without end and one that pulls from it without end; how the pulls ended."""

    pair: Twins
    load: Load
    stop: threading.Event = field(default_factory=threading.Event)
    ends: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)

    def pull(self) -> None:
        while not self.stop.is_set():
            try:
                self.ends["done"] += self.pair.pull(self.pair.sacm).applied > 0
            except (Problem, SyncFault) as ended:
                self.ends[ended.code] += 1
            except Exception as error:  # noqa: BLE001 - what a pull must not end with
                self.odd.append(repr(error))

    def goes_on(self) -> bool:
        """Wait until something more was published, and pulled."""
        before, deadline = (self.load.done["W"], self.ends["done"]), time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.load.done["W"] > before[0] and self.ends["done"] > before[1]:
                return True
            time.sleep(0.02)
        return False


def restarted_under_a_pull(power: Power, pair: Twins, restarts: int, seed: int) -> Sync:
    chance, load = random.Random(seed), Load(pair.rcm)
    sync = Sync(pair, load)
    threads = [threading.Thread(target=load.write, args=("W",), kwargs={"keyed": True}), threading.Thread(target=sync.pull)]
    for thread in threads:
        thread.start()
    try:
        assert sync.goes_on(), load.faults
        for at in range(restarts):
            time.sleep(chance.random() * 0.5)
            power.restart(("fast", "immediate")[at % 2])
            assert sync.goes_on(), (sync.ends, sync.odd[:3], load.faults[:3])
    finally:
        load.stop.set()
        threads[0].join()
        sync.stop.set()
        threads[1].join()
    pair.pull(pair.sacm)
    return sync


def judge_the_pulls(sync: Sync) -> None:
    """Both logs hold what was acknowledged, once and in order; pulls ended with nothing but what passes."""
    pair = sync.pair
    assert (sync.odd, sync.load.faults, quarantine(pair.sacm)) == ([], [], [])
    assert set(sync.ends) <= {"done", "busy", "sync-busy", "sync-unreachable"}
    assert sync.load.statuses[503] > 0  # the restarts were felt
    mine = held(pair.rcm, "RCM")
    assert [entry[:2] for entry in mine] == sync.load.acknowledged
    # A version that was revised before it could be read is not given out any more.
    theirs = held(pair.sacm, "RCM")
    assert theirs == [entry for entry in mine if entry in theirs]
    assert {entry[0]: entry for entry in theirs} == {entry[0]: entry for entry in mine}
    for served in (pair.rcm, pair.sacm):
        with served.node.db.read() as session:
            assert list(faults(session)) == []


def test_two_restarts_under_publishing_and_pulling_lose_and_double_nothing(power: Power, pair: Twins):
    judge_the_pulls(restarted_under_a_pull(power, pair, 2, SEED))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_restart_long_twenty_times_under_a_pull(power: Power, pair: Twins):
    sync = restarted_under_a_pull(power, pair, 20, SEED)
    judge_the_pulls(sync)
    print(f"20 restarts under a pull, seed {SEED}: {len(sync.load.acknowledged)} versions acknowledged, 0 lost, 0 doubled; pulls: {dict(sync.ends)}")  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_restart_long_twenty_times_under_load(node: tuple[Power, Served]):
    load = run(*node, restarts=20)
    judge(load)
    answers = ", ".join(f"{number} of {status}" for status, number in sorted(load.statuses.items()))
    print(f"20 restarts, 4 writers, 4 readers: {len(load.acknowledged)} versions acknowledged, 0 lost, 0 doubled; {answers}; longest wait {load.longest_s:.1f} s")  # fmt: skip
