"""Who has something new says so, and is asked at once: by the workers of two nodes, and without a storm."""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta

import pytest
from bodies import publish
from crooked import Json, Raw, crooked
from sqlalchemy import event, update
from twins import Twins, held, introduce, key_for, peer_row

from app.core.clock import utc_now
from app.exchange import upkeep
from app.exchange.node import Node
from app.main import JOBS, worker_of
from app.sync import hinting
from app.sync.hinting import watch
from app.sync.models import Peer


def until(fact: Callable[[], bool]) -> float:
    """Seconds until something is so."""
    began = time.monotonic()
    while not fact() and time.monotonic() - began < 30:
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def working(*nodes: Node):
    """Their workers at work, after the upkeep with which each begins."""
    workers = [worker_of(node) for node in nodes]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    yield
    for worker, thread in zip(workers, threads, strict=True):
        worker.stop()
        thread.join(20)
        assert not thread.is_alive()


def test_what_is_published_is_at_the_other_side_within_seconds_though_that_one_had_given_up_for_an_hour(
    pair: Twins, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(upkeep, "GLANCE_S", 0.2)
    failed = {"failures": 50, "tried_at": utc_now(), "failure": "sync-unreachable", "wait_until": utc_now() + timedelta(minutes=50)}
    with pair.sacm.node.db.write() as session:
        session.execute(update(Peer).values(**failed))
    publish(pair.rcm.as_("rcm"))
    with working(pair.rcm.node, pair.sacm.node):
        # RCM's first upkeep reads SACM; SACM's waits: it was told nothing, and fails for long.
        until(lambda: peer_row(pair.rcm, "sacm").contact_at is not None)
        time.sleep(0.5)
        assert held(pair.sacm, "RCM") == []
        publish(pair.rcm.as_("rcm"), period="2022-11")
        assert until(lambda: len(held(pair.sacm, "RCM")) == 2) < 10
        until(lambda: peer_row(pair.sacm, "rcm").failures == 0)
    row = peer_row(pair.sacm, "rcm")
    assert (row.failure, row.failures, row.wait_until) == (None, 0, None)


def test_one_hint_in_ten_seconds_for_what_is_of_this_nodes_own_and_none_that_counts_where_it_is_lost(
    pair: Twins, monkeypatch: pytest.MonkeyPatch
):
    hints: list[str] = []

    def counted(path: str, _query: Json, honest: Json) -> Json:
        hints.append(path)
        return honest

    def away(path: str, _query: Json, _honest: Json) -> Json:
        hints.append(path)
        raise Raw(b"", 503)

    look, node = watch(), pair.rcm.node
    assert look(node) == 0
    publish(pair.sacm.as_("sacm"), reporting_state="BRA")
    pair.pull(pair.rcm)
    assert look(node) == 0
    statements: list[str] = []
    event.listen(node.db.reader, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert look(node) == 0
    assert ["log_head" in each for each in statements if each != "BEGIN"] == [True]
    before = peer_row(pair.rcm, "sacm")
    for change in (counted, away):
        with crooked(pair.sacm, change) as url:
            with node.db.write() as session:
                session.execute(update(Peer).values(url=url))
            for month in (1, 2, 3):
                publish(pair.rcm.as_("rcm"), period=f"20{len(hints) + 10}-0{month}")
                look(node)
            assert len(hints) == (1 if change is counted else 4)
        monkeypatch.setattr(hinting, "BETWEEN_S", 0.0)
    after = peer_row(pair.rcm, "sacm")
    assert (after.failure, after.failures, after.tried_at) == (before.failure, before.failures, before.tried_at)
    with node.db.write() as session:
        session.execute(update(Peer).values(failures=1, tried_at=utc_now()))
    publish(pair.rcm.as_("rcm"), period="2020-01")
    # Who does not answer is not hinted either until it is asked again.
    assert look(node) == 0


def test_a_hint_is_taken_from_a_peer_alone_and_many_write_nothing(strangers: Twins):
    sacm = strangers.sacm
    key = {"Authorization": f"Bearer {key_for(sacm, 'RCM')}"}
    hint = sacm.as_(None).post
    assert hint("/v1/changes/hint", headers=key).json()["code"] == "peer-not-known"
    introduce(sacm, strangers.rcm)
    written: list[str] = []
    event.listen(sacm.node.db.writer, "before_cursor_execute", lambda *given: written.append(given[2]))
    for _ in range(5):
        answer = hint("/v1/changes/hint", headers=key)
        assert (answer.status_code, answer.content) == (202, b"")
    assert sacm.node.called.is_set()
    assert [sacm.as_(who).post("/v1/changes/hint").status_code for who in ("operator", "sacm", "analyst")] == [403] * 3
    assert [statement for statement in written if "peer" in statement] == []
    assert peer_row(sacm, "rcm").tried_at is None


def test_a_node_that_nobody_can_call_sends_by_its_worker_and_hints_nobody(pair: Twins):
    node = pair.rcm.node
    publish(pair.rcm.as_("rcm"))
    assert upkeep.upkeep(node, JOBS)["sent"] == 0
    object.__setattr__(node.settings, "sends", True)
    assert upkeep.upkeep(node, JOBS)["sent"] == 1
    look = watch()
    look(node)
    publish(pair.rcm.as_("rcm"), period="2022-11")
    assert look(node) == 1
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    assert not pair.sacm.node.called.is_set()
    with node.db.write() as session:
        session.execute(update(Peer).values(url="http://127.0.0.1:9", tried_at=None))
    publish(pair.rcm.as_("rcm"), period="2022-12")
    assert upkeep.upkeep(node, JOBS)["sent"] == 0
    assert peer_row(pair.rcm, "sacm").failure == "sync-unreachable"
