"""A node that lost its store: restored from a backup it has again what its peer had of it, and both end equal without a hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bodies import cells, publish, revise, withdraw
from serving import Nodes, Served, serving, settings_for
from sqlalchemy import update
from sqlalchemy.orm import Session
from stores import STORES
from twins import ALERT, Twins, held, peer_row, quarantine, texts, twins

from app.bulletins.proofs import certificate_faults
from app.core import schema
from app.core.backup import BackupFault
from app.exchange import log
from app.exchange.backup import back_up
from app.exchange.digests import audit_faults
from app.exchange.keys import rotate
from app.exchange.verify import faults
from app.main import KINDS
from app.settings import Settings
from app.sync import restoring
from app.sync.checking import judged_all
from app.sync.faults import SyncFault
from app.sync.models import Peer

OTHER = dict(zip(STORES, reversed(STORES), strict=True))


def erase(served: Served, document: dict[str, Any], kind: str = "bulletins") -> None:
    etag = {"If-Match": f'"{document["id"]}.v{document["version"]}"'}
    answer = served.as_("rcm").post(f"/v1/{kind}/{document['id']}/erase", json={"reason": "names somebody"}, headers=etag)
    assert answer.status_code == 200, answer.text


def is_whole(served: Served) -> bool:
    with served.node.db.read() as session:
        return [*faults(session), *certificate_faults(session), *audit_faults(session)] == []


class Lost:
    """RCM's node as it was backed up; its store is lost, its secrets and its peer are not."""

    def __init__(self, nodes: Nodes, pair: Twins, folder: Path) -> None:
        self.nodes, self.pair, self.folder = nodes, pair, folder
        self.file = folder / "rcm.backup"
        back_up(pair.rcm.node.db, pair.rcm.node.secrets, self.file)

    def place(self, kind: str) -> Settings:
        """An empty store of another kind, beside the secrets of the lost node."""
        url = self.nodes.stores.empty(kind)
        return settings_for(url, self.pair.rcm.node.secrets.folder.parent, conferences="RCM", private_peers=True)

    @contextmanager
    def served(self, settings: Settings) -> Iterator[Twins]:
        """The restored node and the peer, to which its address is told."""
        with serving(settings, keys=self.pair.rcm.keys) as again:
            with self.pair.sacm.node.db.write() as session:
                session.execute(update(Peer).where(Peer.name == "rcm").values(url=again.url))
            yield Twins(again, self.pair.sacm)


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def pair(kind: str, nodes: Nodes, tmp_path: Path) -> Iterator[Twins]:
    with twins(nodes, kind, tmp_path) as made:
        made.meet()
        yield made


def test_what_was_published_since_the_backup_comes_back_and_both_end_equal_without_a_hand(
    pair: Twins, kind: str, nodes: Nodes, tmp_path: Path
):
    author = pair.rcm.as_("rcm")
    revised, taken_back, gone, kept = [publish(author, period=f"2022-{month}") for month in ("01", "02", "03", "04")]
    pair.pull(pair.sacm)
    lost = Lost(nodes, pair, tmp_path)

    new = publish(author, period="2021-01")
    revised = revise(author, revised, period="2022-01", cells=cells(VEN=401, NPL=213, SOM=31))
    withdraw(author, taken_back)
    erase(pair.rcm, gone)
    both, unseen = publish(author, period="2021-02"), publish(author, period="2020-12")
    withdraw(author, unseen)
    pair.pull(pair.sacm)
    withdraw(author, both)
    alert = author.post("/v1/alerts", json=ALERT).json()
    pair.pull(pair.sacm)
    publish(pair.sacm.as_("sacm"), reporting_state="BRA", measure="regular_entry")
    pair.pull(pair.rcm)
    # What was taken back before the peer saw it, nobody has any more; that it was taken back is known.
    before = [each for each in held(pair.rcm, "RCM") if each[:2] != (unseen["id"], 1)]
    said = {pair: text for pair, text in texts(pair.rcm, "RCM").items() if pair != (unseen["id"], 1)}
    flows = pair.rcm.as_("rcm").get("/v1/flows", params={"nationality": "SOM"}).json()["items"]

    settings = lost.place(OTHER[kind])
    done = restoring.restore(settings, KINDS, lost.file)
    assert (done.entries, done.returned, done.erased, done.quarantined) == (4, {"sacm": 8}, 0, [])
    with lost.served(settings) as again:
        assert (held(again.rcm, "RCM"), texts(again.rcm, "RCM")) == (before, said)
        assert again.rcm.as_("rcm").get(f"/v1/alerts/{alert['id']}").json()["reference"] == alert["reference"]
        pulled = again.pull(again.sacm)
        assert (pulled.applied, pulled.quarantined, peer_row(again.sacm, "rcm").failure) == (0, [], None)
        assert again.pull(again.rcm).applied == 1
        assert again.rcm.as_("rcm").get("/v1/flows", params={"nationality": "SOM"}).json()["items"] == flows

        later = revise(again.rcm.as_("rcm"), revised, period="2022-01", cells=cells(VEN=430, NPL=213, SOM=31))
        assert later["version"] == 3
        revise(again.rcm.as_("rcm"), new, period="2021-01", cells=cells(VEN=450, NPL=213, SOM=31))
        fresh = publish(again.rcm.as_("rcm"), period="2021-03")
        assert again.pull(again.sacm).applied == 3
        assert fresh["id"] in {document_id for document_id, *_ in held(again.sacm, "RCM")}
        for origin in ("RCM", "SACM"):
            assert held(again.rcm, origin) == held(again.sacm, origin)
        assert quarantine(again.rcm) == quarantine(again.sacm) == []
        assert is_whole(again.rcm)
        assert is_whole(again.sacm)
        assert again.rcm.as_("rcm").get(f"/v1/bulletins/{kept['id']}").json()["version"] == 1


def test_a_peer_that_does_not_answer_stops_the_restore_before_anything_is_written(pair: Twins, kind: str, nodes: Nodes, tmp_path: Path):
    document = publish(pair.rcm.as_("rcm"))
    with pair.rcm.node.db.write() as session:
        session.execute(update(Peer).values(url="http://127.0.0.1:9"))
    lost = Lost(nodes, pair, tmp_path)
    revise(pair.rcm.as_("rcm"), document, cells=cells(VEN=420, NPL=213, SOM=31))
    pair.pull(pair.sacm)
    settings = lost.place(kind)
    with pytest.raises(SyncFault) as fault:
        restoring.restore(settings, KINDS, lost.file)
    assert fault.value.code == "sync-unreachable"
    assert schema.current(settings.database_url) is None

    done = restoring.restore(settings, KINDS, lost.file, without_peers=True)
    assert (done.returned, done.erased) == ({}, 0)
    with lost.served(settings) as again:
        assert [(version, op) for _, version, op, _ in held(again.rcm, "RCM")] == [(1, "publish")]
        made_anew = revise(again.rcm.as_("rcm"), document, cells=cells(VEN=440, NPL=213, SOM=31))
        again.pull(again.sacm)
        assert quarantine(again.sacm) == [("sync-fork", document["id"], 2)]
        # The next version stands on both sides: the fork stays told, and blocks nothing.
        revise(again.rcm.as_("rcm"), made_anew, cells=cells(VEN=460, NPL=213, SOM=31))
        again.pull(again.sacm)
        told = [served.as_("bra").get(f"/v1/bulletins/{document['id']}").json() for served in (again.rcm, again.sacm)]
        assert told[0] == told[1]
        assert told[0]["version"] == 3


def test_what_no_peer_ever_had_and_was_erased_since_is_erased_again(pair: Twins, kind: str, nodes: Nodes, tmp_path: Path):
    author = pair.rcm.as_("rcm")
    own = publish(author, tlp="RED", audience=["RCM/PAN"], narrative={"es": "Una frase que debe irse."})
    alert = author.post("/v1/alerts", json=ALERT | {"tlp": "RED", "audience": ["RCM/PAN"]}).json()
    pair.pull(pair.sacm)
    lost = Lost(nodes, pair, tmp_path)
    revised = revise(author, own, tlp="RED", audience=["RCM/PAN"], cells=cells(VEN=401, NPL=213, SOM=31))
    erase(pair.rcm, revised)
    erase(pair.rcm, alert, "alerts")
    settings = lost.place(OTHER[kind])
    journal = settings.secrets_dir / "erased.ndjson"
    journal.write_bytes(journal.read_bytes() + b'{"kind":"bulletin","id":"0')
    done = restoring.restore(settings, KINDS, lost.file)
    assert (done.returned, done.erased) == ({"sacm": 0}, 2)
    with lost.served(settings) as again:
        assert [(document_id, version, op) for document_id, version, op, _ in held(again.rcm, "RCM")] == [
            (own["id"], 1, "publish"),
            (alert["id"], 1, "publish"),
            (own["id"], 3, "erase"),
            (alert["id"], 2, "erase"),
        ]
        assert texts(again.rcm, "RCM") == {}
        assert again.rcm.as_("rcm").get(f"/v1/bulletins/{own['id']}").status_code == 404
        assert is_whole(again.rcm)


def test_a_document_that_was_hidden_from_every_peer_since_is_taken_back_and_can_be_published_anew(
    pair: Twins, kind: str, nodes: Nodes, tmp_path: Path
):
    author = pair.rcm.as_("rcm")
    document, alert = publish(author), author.post("/v1/alerts", json=ALERT).json()
    pair.pull(pair.sacm)
    lost = Lost(nodes, pair, tmp_path)
    revise(author, document, tlp="RED", audience=["RCM/PAN"])
    tightened = author.put(
        f"/v1/alerts/{alert['id']}",
        json=ALERT | {"tlp": "RED", "audience": ["RCM/PAN"], "reason": "for us alone"},
        headers={"If-Match": f'"{alert["id"]}.v1"'},
    )
    assert tightened.json()["version"] == 2
    pair.pull(pair.sacm)
    settings = lost.place(kind)
    done = restoring.restore(settings, KINDS, lost.file)
    assert sorted(done.taken_back) == sorted([(document["id"], 3), (alert["id"], 3)])
    with lost.served(settings) as again:
        assert sorted((version, op) for _, version, op, _ in held(again.rcm, "RCM")) == [
            *[(1, "publish")] * 2,
            *[(2, "hide")] * 2,
            *[(3, "withdraw")] * 2,
        ]
        seen = again.rcm.as_("rcm").get(f"/v1/bulletins/{document['id']}").json()
        assert (seen["status"], seen["version"], seen["cells"]) == ("withdrawn", 3, None)
        assert revise(again.rcm.as_("rcm"), seen, cells=cells(VEN=440, NPL=213, SOM=31))["version"] == 4
        again.pull(again.sacm)
        told = [served.as_("bra").get(f"/v1/bulletins/{document['id']}").json() for served in (again.rcm, again.sacm)]
        assert told[0] == told[1]
        assert quarantine(again.sacm) == []
        assert again.sacm.as_("sacm").get(f"/v1/alerts/{alert['id']}").json()["status"] == "withdrawn"
        assert is_whole(again.rcm)
        assert is_whole(again.sacm)


def test_a_restore_that_was_cut_off_is_served_by_nobody_and_begins_again(
    pair: Twins, kind: str, nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    publish(pair.rcm.as_("rcm"))
    lost = Lost(nodes, pair, tmp_path)
    document = publish(pair.rcm.as_("rcm"), period="2022-11")
    pair.pull(pair.sacm)
    settings = lost.place(kind)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(restoring, "_begin", interrupted)
        restoring.restore(settings, KINDS, lost.file)
    assert schema.current(settings.database_url) == schema.UNFINISHED
    assert not schema.knows(schema.UNFINISHED)
    assert restoring.restore(settings, KINDS, lost.file).returned == {"sacm": 1}
    assert schema.current(settings.database_url) == schema.head()
    with lost.served(settings) as again:
        assert again.rcm.as_("rcm").get(f"/v1/bulletins/{document['id']}").status_code == 200
        assert is_whole(again.rcm)
    with pytest.raises(BackupFault) as fault:
        restoring.restore(settings, KINDS, lost.file)
    assert (fault.value.code, fault.value.figures) == ("restore-not-empty", {"count": 2})


def interrupted(_node: object) -> str:
    raise KeyboardInterrupt


def test_a_key_that_came_in_force_after_the_backup_still_speaks_for_its_documents(pair: Twins, kind: str, nodes: Nodes, tmp_path: Path):
    publish(pair.rcm.as_("rcm"))
    lost = Lost(nodes, pair, tmp_path)
    node = pair.rcm.node
    with node.db.write() as session:
        made = rotate(session, node.secrets, "document-RCM")
    with serving(node.settings, keys=pair.rcm.keys) as renewed:
        with pair.sacm.node.db.write() as session:
            session.execute(update(Peer).where(Peer.name == "rcm").values(url=renewed.url))
        document = publish(renewed.as_("rcm"), period="2022-11")
        assert pair.pull(pair.sacm).quarantined == []
    settings = lost.place(OTHER[kind])
    done = restoring.restore(settings, KINDS, lost.file)
    assert (done.returned, done.quarantined) == ({"sacm": 1}, [])
    with lost.served(settings) as again:
        fresh = publish(again.rcm.as_("rcm"), period="2022-12")
        assert fresh["signature"]["kid"] == document["signature"]["kid"] == made.kid
        assert again.pull(again.sacm).quarantined == []
        assert held(again.rcm, "RCM") == held(again.sacm, "RCM")
        assert is_whole(again.rcm)


def both_end_equal(lost: Lost, settings: Settings) -> bool:
    try:
        restoring.restore(settings, KINDS, lost.file)
        with lost.served(settings) as again:
            publish(again.rcm.as_("rcm"), period="2022-12")
            again.pull(again.sacm)
            return held(again.rcm, "RCM") == held(again.sacm, "RCM") and quarantine(again.sacm) == []
    except SyncFault:
        return False


def old_epoch(session: Session, _signer: object) -> str:
    return log.head(session).epoch


PLANTED: dict[str, tuple[str, object]] = {
    "epoch not renewed": ("begin_epoch", old_epoch),
    "own versions not fetched": ("_bring_back", lambda *_: 0),
    "own withdrawals passed over": ("judged_all", lambda items, rules: judged_all([{**item, "withdrawal": None} for item in items], rules)),
    "nothing": ("PAGE", 2),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_rule_of_the_restore_that_is_dropped_is_found(
    pair: Twins, kind: str, nodes: Nodes, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    lost = Lost(nodes, pair, tmp_path)
    for month in ("06", "07"):
        publish(pair.rcm.as_("rcm"), period=f"2022-{month}")
    withdraw(pair.rcm.as_("rcm"), document)
    pair.pull(pair.sacm)
    monkeypatch.setattr(restoring, *PLANTED[name])
    assert both_end_equal(lost, lost.place(kind)) == (name == "nothing")
