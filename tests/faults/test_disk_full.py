"""A full disk: 507 that says so, reads go on, nothing is half, and with room again the node goes on by itself (guarantees 5)."""

from pathlib import Path

import pytest
from bodies import bulletin, cells, publish
from disk_room import no_room
from serving import Nodes, Served
from stores import STORES
from twins import held, peer_row, twins

from app.core.problems import Problem
from app.exchange.verify import faults
from app.sync.faults import SyncFault

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
        assert (away.value.code, away.value.figures) == ("sync-busy", {"status": 507})
        assert pair.pull(pair.sacm).applied == 2
        assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
        assert is_whole(pair.sacm)
