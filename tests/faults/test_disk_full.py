"""A full disk: 507 that says so, reads go on, nothing is half, and with room again the node goes on by itself (guarantees 5)."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from bodies import bulletin, cells, publish
from disk_room import SmallDisk, no_room, small_disk
from power import powered
from serving import Nodes, Served, serving, settings_for
from stores import STORES
from twins import Twins, held, peer_row, twins

from app.core import schema
from app.core.problems import Problem
from app.exchange.verify import faults
from app.sync.faults import SyncFault

SEED = 20140423
FULL = ("storage-full", 507, "60")


def told(answer: object) -> tuple[str, int, str]:
    return answer.json()["code"], answer.status_code, answer.headers.get("retry-after")  # type: ignore[attr-defined]


def is_whole(served: Served) -> bool:
    with served.node.db.read() as session:
        return list(faults(session)) == []


def test_on_a_full_disk_writes_and_what_must_be_audited_are_answered_507_and_reads_go_on(served: Served):
    client, document = served.as_("rcm"), publish(served.as_("rcm"))
    amber = publish(client, period="2022-11", tlp="AMBER")
    one, once = f"/v1/bulletins/{document['id']}", {"Idempotency-Key": "once"}
    with no_room(served.node.db):
        before = served.counts()
        refused = [
            client.post("/v1/bulletins", json=bulletin(period="2022-12")),
            client.post("/v1/bulletins", json=bulletin(period="2022-12"), headers=once),
            client.post("/v1/bulletins", json=bulletin(period="2022-13")),  # a refusal, of which the audit cannot be told
            client.post(f"{one}/withdraw", json={"reason": "counted twice"}, headers={"If-Match": f'"{document["id"]}.v1"'}),
            served.as_("amber-analyst").get(f"/v1/bulletins/{amber['id']}"),
        ]
        assert [told(answer) for answer in refused] == [FULL] * 5
        reads = (one, "/v1/bulletins", "/v1/flows", "/v1/changes", "/readyz")
        assert [served.as_("analyst").get(path).status_code for path in reads] == [200] * 5
        assert served.counts() == before
    assert is_whole(served)
    done = client.post("/v1/bulletins", json=bulletin(period="2022-12"), headers=once)
    assert (done.status_code, done.headers.get("idempotency-replayed")) == (201, None)
    assert served.counts()["log_entry"] == before["log_entry"] + 1
    assert [row for row in served.audit() if row[1] == "refused"] == []


@pytest.mark.parametrize("kind", STORES)
def test_a_pull_onto_a_full_disk_says_so_moves_no_cursor_and_the_next_one_goes_on(nodes: Nodes, tmp_path: Path, kind: str):
    with twins(nodes, kind, tmp_path) as pair:
        pair.meet()
        publish(pair.rcm.as_("rcm"), tlp="AMBER")
        assert pair.pull(pair.sacm).applied == 1
        publish(pair.rcm.as_("rcm"), period="2022-11", cells=cells(VEN=40, NPL=50))
        place = peer_row(pair.sacm, "rcm").cursor
        with no_room(pair.sacm.node.db):
            with pytest.raises(Problem) as refused:
                pair.pull(pair.sacm)
            assert (refused.value.code, refused.value.status) == FULL[:2]
            assert (peer_row(pair.sacm, "rcm").cursor, len(held(pair.sacm, "RCM"))) == (place, 1)
        publish(pair.rcm.as_("rcm"), period="2022-12", tlp="AMBER")
        with no_room(pair.rcm.node.db), pytest.raises(SyncFault) as away:
            pair.pull(pair.sacm)  # of what the peer gives out it must keep an audit first
        assert (away.value.code, away.value.figures) == ("sync-busy", {"status": 507, "wait_s": 60})
        assert pair.pull(pair.sacm).applied == 2
        assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
        assert is_whole(pair.sacm)


@contextmanager
def stores_on(disk: SmallDisk, kind: str, folder: Path) -> Iterator[str]:
    """The address of a new store of a kind on that disk; PostgreSQL keeps its tables there, its log elsewhere."""
    if kind == "sqlite":
        schema.upgrade(url := f"sqlite:///{disk.folder}/store.db")
        yield url
        return
    with powered() as power:
        yield power.database(disk.folder / "tables")


@contextmanager
def cramped(disk: SmallDisk, kind: str, nodes: Nodes, folder: Path) -> Iterator[Twins]:
    """SACM's node on that disk and RCM's elsewhere, each a peer of the other."""
    settings, keys = nodes.ready(kind, folder / "RCM", conferences="RCM", private_peers=True)
    with stores_on(disk, kind, folder) as url, serving(settings, judged=False, keys=keys) as rcm:
        there = settings_for(url, folder / "SACM", conferences="SACM", private_peers=True)
        with serving(there, judged=False) as sacm:
            pair = Twins(rcm, sacm)
            pair.meet()
            yield pair


def published_until_full(client: httpx.Client, periods: Iterator[str], told: list[str]) -> str:
    """Publish until that is refused; the code of the refusal."""
    for period in periods:
        answer = client.post("/v1/bulletins", json=bulletin(reporting_state="BRA", period=period))
        if answer.status_code != 201:
            assert (answer.status_code, answer.json()["code"]) in {(507, "storage-full"), (503, "busy")}, answer.text
            return str(answer.json()["code"])
        told.append(answer.json()["id"])
    raise AssertionError(told)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", STORES)
def test_disk_full_long_a_real_disk_that_fills_again_and_again_loses_nothing(nodes: Nodes, tmp_path: Path, kind: str):
    chance, told, refusals, pulls = random.Random(SEED), list[str](), Counter[str](), Counter[str]()
    periods = (f"{year}-{month:02}" for year in range(1970, 2020) for month in range(1, 13))
    with small_disk("96m") as disk, cramped(disk, kind, nodes, tmp_path) as pair:
        client = pair.sacm.as_("sacm")
        for at in range(10):
            for _ in range(5):
                publish(pair.rcm.as_("rcm"), period=f"{1990 + at}-{_ + 1:02}")
            place, size = peer_row(pair.sacm, "rcm").cursor, len(held(pair.sacm, "RCM"))
            disk.fill(chance.randrange(16, 600) * 1024)
            refusals[published_until_full(client, periods, told)] += 1
            reads = ("/v1/bulletins", f"/v1/bulletins/{told[0]}" if told else "/v1/flows", "/v1/flows", "/v1/changes", "/readyz")
            assert [client.get(path).status_code for path in reads] == [200] * 5
            with pytest.raises(Problem) as full:
                pair.pull(pair.sacm)
            pulls[full.value.code] += 1
            assert (peer_row(pair.sacm, "rcm").cursor, len(held(pair.sacm, "RCM"))) == (place, size)
            assert ([entry[0] for entry in held(pair.sacm, "SACM")], is_whole(pair.sacm)) == (told, True)
            disk.make_room()
            told.append(publish(client, reporting_state="CHL", period=f"{1990 + at}-01")["id"])
            assert pair.pull(pair.sacm).applied == 5
        assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    print(
        f"{kind}, seed {SEED}: the disk filled 10 times: {len(told)} acknowledged, 0 lost; refused by {dict(refusals)}, pulls by {dict(pulls)}"
    )


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_disk_full_long_a_migration_without_room_for_its_copy_leaves_the_store_as_it_was():
    with small_disk("8m") as disk:
        file = disk.folder / "store.db"
        schema.upgrade(url := f"sqlite:///{file}", "0003")
        for left in (4096, file.stat().st_size // 2, file.stat().st_size + 16_384):
            disk.fill(left)
            with pytest.raises(Problem) as refused:
                schema.upgrade(url)
            disk.make_room()
            assert (refused.value.code, schema.current(url)) == ("storage-full", "0003")
            assert not (disk.folder / "store.before-migration.new").exists()
        schema.upgrade(url)
        assert (schema.current(url), schema.current(f"sqlite:///{disk.folder}/store.before-migration")) == (schema.head(), "0003")
