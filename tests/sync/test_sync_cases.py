"""Public bug reports about neighbouring systems that sync, each with the outcome that is expected of our two nodes."""

import base64
import dataclasses
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import time_machine
from bodies import bulletin, cells, publish, withdraw
from crooked import Json, Raw, crooked, item_of, on_changes
from serving import Nodes, Served, serving
from test_hostile import through
from twins import Twins, held, introduce, quarantine, texts

from app.core.egress import EgressRefused, target_of
from app.main import KINDS
from app.sync import peers
from app.sync.faults import SyncFault
from app.sync.pulling import pull

WEEK = {"period": "2024-W10", "measure": "irregular_entry", "cells": cells(HTI=12), "tlp": "AMBER"}
HND = {**WEEK, "reporting_state": "HND"}


@pytest.mark.timeout(60)
def test_b001_bulletins_of_one_instant_cross_in_pages_once_each_and_in_order(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.sync.pulling.PAGE", 10)
    sizes, cursors = list[int](), list[str]()

    def noted(page: Json) -> Json:
        sizes.append(len(page["items"]))
        cursors.append(page["next_cursor"])
        return page

    with time_machine.travel("2024-03-11T12:00:00Z", tick=False):
        bodies = [bulletin(**{**HND, "period": f"2024-W{number:02}"}) for number in range(1, 26)]
        sent = pair.rcm.as_("rcm").post("/v1/bulletins/batch", json={"bulletins": bodies}).json()["bulletins"]
        with crooked(pair.rcm, on_changes(noted)) as url:
            through(pair, url)
            done = pair.pull(pair.sacm)
    # 1: all, once each, in the order in which they were accepted.
    assert done.applied == 25
    assert [document_id for document_id, *_ in held(pair.sacm, "RCM")] == [each["id"] for each in sent]
    assert {text["published_at"][:19] for text in texts(pair.sacm, "RCM").values()} == {"2024-03-11T12:00:00"}
    assert pair.sacm.as_("sacm").get("/v1/bulletins", params={"limit": 1}).json()["total"] == 25
    # 2: three pages.
    assert sizes in ([10, 10, 5], [10, 10, 5, 0])
    # 3: the place is told apart though all came at one time, and is not to be read.
    assert len(set(cursors[:3])) == 3
    assert all(b"2024" not in base64.urlsafe_b64decode(f"{cursor}==") for cursor in cursors)


@contextmanager
def third(nodes: Nodes, pair: Twins, folder: Path) -> Iterator[Served]:
    """A fresh node that reads RCM's from the start."""
    kind = "sqlite" if pair.rcm.node.settings.database_url.startswith("sqlite") else "postgresql"
    settings, keys = nodes.ready(kind, folder / "third", conferences="SACM", private_peers=True)
    with serving(settings, keys=keys) as served:
        introduce(served, pair.rcm)
        yield served


def test_b005_a_withdrawal_takes_effect_at_the_peer_and_at_a_fresh_node(pair: Twins, nodes: Nodes, tmp_path: Path):
    document = publish(pair.rcm.as_("rcm"), **HND)
    pair.pull(pair.sacm)
    assert [row["value"] for row in pair.sacm.as_("sacm").get("/v1/flows").json()["items"]] == [12]
    withdraw(pair.rcm.as_("rcm"), document, "wrong week")
    # 1: the feed carries a mark with key, version, time and reason.
    mark = pair.rcm.as_("peer").get("/v1/changes").json()["items"][-1]
    assert (mark["op"], mark["id"], mark["version"], mark["document"]) == ("withdraw", document["id"], 2, None)
    assert (mark["withdrawal"]["reason"], mark["withdrawal"]["published_at"] > document["published_at"]) == ("wrong week", True)
    assert pair.pull(pair.sacm).applied == 1
    with third(nodes, pair, tmp_path) as fresh:
        pull(fresh.node, KINDS, "rcm")
        states = []
        for served in (pair.sacm, fresh):
            reader = served.as_("sacm")
            # 2: it counts no longer, and that it was withdrawn can be seen.
            assert reader.get("/v1/flows").json()["items"] == []
            assert reader.get("/v1/flows", params={"group_by": "reporting_state"}).json()["items"] == []
            told = reader.get(f"/v1/bulletins/{document['id']}").json()
            assert (told["status"], told["reason"], told["cells"]) == ("withdrawn", "wrong week", None)
            assert reader.get(f"/v1/bulletins/{document['id']}/versions/1").json().get("cells") is None
            states.append((told, reader.get("/v1/bulletins", params={"status": "withdrawn"}).json()["items"]))
        # 3: the same state, and the body never came.
        assert states[0] == states[1]
        assert list(texts(fresh, "RCM")) == [(document["id"], 2)]


def state(served: Served) -> tuple[object, ...]:
    """What no round may change: the log, the feed, the audit of what was written."""
    feed = served.as_("sacm").get("/v1/changes").json()["items"]
    written = [row for row in served.audit() if row[1] not in {"read", "delivered"}]
    return held(served, "RCM"), held(served, "SACM"), feed, written


def test_b009_what_comes_back_is_known_and_a_record_that_was_changed_on_the_way_is_reported(pair: Twins):
    mine = publish(pair.rcm.as_("rcm"), **{**WEEK, "reporting_state": "MEX"})
    publish(pair.sacm.as_("sacm"), **{**WEEK, "reporting_state": "ECU"})
    after: list[list[tuple[object, ...]]] = []
    for _ in range(10):
        for served in (pair.rcm, pair.sacm):
            pair.pull(served)
        after.append([state(pair.rcm), state(pair.sacm)])
    # 1: after the first round nothing is written any more.
    assert after[1:] == [after[0]] * 9
    assert [len(held(pair.rcm, "RCM")), len(held(pair.rcm, "SACM"))] == [1, 1]
    # 2: a record that comes back is known by id, version and digest.
    bare = {name: value for name, value in mine.items() if name not in {"outcome", "population_shown_pct", "warnings"}}
    seen = [{**item_of(bare, 100), "op": "publish"}]
    with crooked(pair.sacm, on_changes(lambda page: {**page, "items": seen})) as url:
        reach(pair, url)
        done = pair.pull(pair.rcm)
        assert (done.applied, done.known, done.quarantined) == (0, 1, [])
        # 3: with another content under the same version it is refused and reported, and so is a version that never was.
        forged = {**bare, "title": {"es": "Otra."}, "digest": "0" * 64}
        seen[:] = [item_of(forged, 101), item_of({**forged, "version": 7}, 102)]
        assert [doubt.code for doubt in pair.pull(pair.rcm).quarantined] == ["sync-fork", "sync-own-unknown"]
    assert [code for code, *_ in quarantine(pair.rcm)] == ["sync-fork", "sync-own-unknown"]
    (told,) = pair.rcm.as_("operator").get("/v1/peers", headers={"Accept-Language": "es"}).json()["items"]
    assert told["quarantined"][0]["reason"] == "esta versión ya está aquí con otro contenido: una de las dos fue reescrita"
    assert state(pair.rcm)[0] == after[0][0][0]


def reach(pair: Twins, url: str) -> None:
    """Let RCM's node reach SACM's by another address."""
    with pair.rcm.node.db.write() as session:
        row = peers.peer_of(session, "sacm")
        row.url, row.etag = url, None


ADDRESSES = (
    *("http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/"),
    *("http://0177.0.0.1:{port}/", "http://[::1]:{port}/", "http://[::ffff:169.254.169.254]/", "http://169.254.169.254/latest/"),
    *("http://localhost.:{port}/", "http://user@127.0.0.1:{port}/", "file:///nonexistent/canary", "gopher://127.0.0.1:{port}/"),
    *("http://10.0.0.1/", "http://[fd00::1]/"),
    # The same over https, where no rule about http helps.
    *("https://2130706433:{port}/", "https://0x7f000001:{port}/", "https://0177.0.0.1:{port}/", "https://[::1]:{port}/"),
    *("https://[::ffff:169.254.169.254]/", "https://169.254.169.254/latest/", "https://localhost.:{port}/", "https://10.0.0.1/"),
    "https://[fd00::1]/",
)


@contextmanager
def inner() -> Iterator[int]:
    """A port on loopback that nobody reaches while the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def refusal(served: Served, url: str) -> tuple[str, str]:
    """By which code and in which words an address is refused as a peer's."""
    with pytest.raises(SyncFault) as fault:
        peers.add(served.node, "inner", url, "istmo_inner_key")
    return fault.value.code, str(fault.value)


def test_b051_no_address_leads_inside_neither_when_saved_nor_when_called(pair: Twins):
    closed = dataclasses.replace(pair.sacm.node, settings=pair.sacm.node.settings.model_copy(update={"private_peers": False}))
    guarded = dataclasses.replace(pair.sacm, node=closed)
    with inner() as port:
        refusals = {url: refusal(guarded, url.format(port=port)) for url in ADDRESSES}
        # 1: refused when saved, by the guard and by nothing that was tried.
        assert {code for code, _ in refusals.values()} == {"egress-plain", "egress-private", "egress-address", "egress-unresolved"}
        # 1: and when called: what was saved while private addresses were allowed.
        with pytest.raises(SyncFault) as fault:
            pull(closed, KINDS, "rcm")
        assert fault.value.code == "egress-plain"
        # 2: a redirect is not followed, and the key goes to nobody else.
        redirect = Raw(b"", 302, location=f"http://127.0.0.1:{port}/")

        def away(_path: str, _query: Json, _honest: Json) -> Json:
            raise redirect

        with crooked(pair.rcm, away) as url:
            through(pair, url)
            with pytest.raises(SyncFault) as fault:
                pair.pull(pair.sacm)
            assert fault.value.code == "sync-redirect"
    # 3: a port on which nobody listens is refused in the very same words.
    assert {url: refusal(guarded, url.format(port=port)) for url in ADDRESSES} == refusals
    # A name is looked up once: what it would lead to afterwards is not asked.
    found = iter((["93.184.215.14"], ["127.0.0.1"]))
    target = target_of("https://peer.example:8443/x", private=False, resolve=lambda _name, _port: next(found))
    assert (target.url, next(found)) == ("https://93.184.215.14:8443/x", ["127.0.0.1"])
    for addresses in (["203.0.113.10"], ["93.184.215.14", "127.0.0.1"]):
        with pytest.raises(EgressRefused):
            target_of("https://peer.example/", private=False, resolve=lambda _name, _port, told=addresses: told)
    # 4: by the setting alone peers in private networks are possible: the two nodes know each other on loopback.
    through(pair, pair.rcm.url)
    assert pair.pull(pair.sacm).applied == 0
