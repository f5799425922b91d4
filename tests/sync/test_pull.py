"""What one node published and withdrew, the other has after a pull: once, in order, signed, seen by whom its marking names."""

import time_machine
from bodies import cells, publish, revise, withdraw
from serving import Served
from twins import ALERT, Twins, held, peer_row, quarantine, texts

from app.bulletins.proofs import certificate_faults
from app.core.clock import utc_now
from app.exchange import merkle
from app.exchange.keys import checkpoint
from app.exchange.models import LogHead
from app.exchange.verify import faults
from app.main import rebuild
from app.wire.ids import uuid7

SIGHTING = {
    "where": {"state": "PAN"},
    "seen_from": "2018-02",
    "certainty": "probable",
    "note": {"es": "Las mismas lanchas."},
    "tlp": "GREEN",
}


def shown(served: Served, who: str, document: dict[str, object]) -> int:
    return served.as_(who).get(f"/v1/bulletins/{document['id']}").status_code


def is_whole(served: Served) -> bool:
    with served.node.db.read() as session:
        return [*faults(session), *certificate_faults(session)] == []


def test_what_was_published_and_revised_is_there_once_in_order_byte_for_byte(pair: Twins):
    first = publish(pair.rcm.as_("rcm"))
    second = publish(pair.rcm.as_("rcm"), period="2022-11")
    revise(pair.rcm.as_("rcm"), first, cells=cells(VEN=401, NPL=213, SOM=31))
    done = pair.pull(pair.sacm)
    assert (done.applied, done.known, done.quarantined) == (3, 0, [])
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    assert [(document_id, version) for document_id, version, *_ in held(pair.sacm, "RCM")] == [
        (first["id"], 1),
        (second["id"], 1),
        (first["id"], 2),
    ]
    assert texts(pair.sacm, "RCM") == texts(pair.rcm, "RCM")
    assert pair.sacm.as_("bra").get(f"/v1/bulletins/{first['id']}").json()["version"] == 2
    assert is_whole(pair.sacm)


def test_a_second_pull_takes_nothing_and_the_figures_are_counted_once(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    again = pair.pull(pair.sacm)
    assert (again.applied, again.known, again.pages) == (0, 0, 0)
    flows = pair.sacm.as_("bra").get("/v1/flows", params={"nationality": "SOM"}).json()
    assert [row["value"] for row in flows["items"]] == [31]


def test_an_idle_poll_is_answered_with_304_and_changes_only_the_contact(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    pair.pull(pair.sacm)
    before = peer_row(pair.sacm, "rcm")
    assert before.etag
    pair.pull(pair.sacm)
    after = peer_row(pair.sacm, "rcm")
    assert (after.etag, after.cursor, after.size, after.applied) == (before.etag, before.cursor, before.size, 1)
    assert after.contact_at is not None
    assert before.contact_at is not None
    assert after.contact_at >= before.contact_at


def test_both_sides_read_each_other_and_nothing_comes_back(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    publish(pair.sacm.as_("sacm"), reporting_state="BRA", measure="regular_entry")
    for _ in range(2):
        pair.pull(pair.rcm)
        pair.pull(pair.sacm)
    for origin in ("RCM", "SACM"):
        assert held(pair.rcm, origin) == held(pair.sacm, origin)
        assert len(held(pair.rcm, origin)) == 1
    assert quarantine(pair.rcm) == quarantine(pair.sacm) == []


def test_a_withdrawal_travels_with_its_signature_and_takes_the_figures_with_it(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    withdraw(pair.rcm.as_("rcm"), document)
    assert pair.pull(pair.sacm).applied == 1
    told = pair.sacm.as_("bra").get(f"/v1/bulletins/{document['id']}").json()
    assert (told["status"], told["version"], told["cells"]) == ("withdrawn", 2, None)
    assert pair.sacm.as_("bra").get("/v1/flows", params={"nationality": "SOM"}).json()["items"] == []
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    assert is_whole(pair.sacm)


def test_a_reinstated_bulletin_stands_again_on_both_sides(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    revise(pair.rcm.as_("rcm"), withdraw(pair.rcm.as_("rcm"), document))
    pair.pull(pair.sacm)
    told = [served.as_("bra").get(f"/v1/bulletins/{document['id']}").json() for served in (pair.rcm, pair.sacm)]
    assert told[0] == told[1]
    assert told[0]["status"] == "published"


def test_what_is_marked_for_others_never_comes_and_what_is_tightened_is_hidden(pair: Twins):
    mine = publish(pair.rcm.as_("rcm"), tlp="RED", audience=["RCM/PAN"])
    document = publish(pair.rcm.as_("rcm"), period="2022-11")
    pair.pull(pair.sacm)
    assert {document_id for document_id, *_ in held(pair.sacm, "RCM")} == {document["id"]}
    assert mine["id"] not in {document_id for document_id, *_ in held(pair.sacm, "RCM")}
    tightened = revise(pair.rcm.as_("rcm"), document, period="2022-11", tlp="RED", audience=["RCM/PAN"])
    pair.pull(pair.sacm)
    assert [(version, op, digest) for _, version, op, digest in held(pair.sacm, "RCM")][1:] == [(2, "hide", None)]
    assert shown(pair.sacm, "bra", document) == 404
    assert pair.sacm.as_("bra").get("/v1/flows").json()["items"] == []
    assert pair.sacm.as_("bra").get("/v1/changes").json()["items"][-1]["op"] == "hide"
    revise(pair.rcm.as_("rcm"), tightened, period="2022-11", tlp="GREEN")
    pair.pull(pair.sacm)
    assert shown(pair.sacm, "bra", document) == 200
    assert is_whole(pair.sacm)
    before = pair.sacm.as_("bra").get("/v1/bulletins").json()
    rebuild(pair.sacm.node)
    assert pair.sacm.as_("bra").get("/v1/bulletins").json() == before


def test_an_erasure_travels_and_leaves_nothing_to_read(pair: Twins):
    document = publish(pair.rcm.as_("rcm"), narrative={"es": "Una frase que debe irse."})
    pair.pull(pair.sacm)
    etag = {"If-Match": f'"{document["id"]}.v1"'}
    assert (
        pair.rcm.as_("rcm").post(f"/v1/bulletins/{document['id']}/erase", json={"reason": "names somebody"}, headers=etag).status_code
        == 200
    )
    assert pair.pull(pair.sacm).applied == 1
    assert shown(pair.sacm, "bra", document) == 404
    assert held(pair.sacm, "RCM") == [(document["id"], 1, "publish", None), (document["id"], 2, "erase", None)]
    assert texts(pair.sacm, "RCM") == {}
    assert pair.pull(pair.sacm).applied == 0
    assert is_whole(pair.sacm)


def test_what_was_withdrawn_before_the_first_pull_comes_as_its_withdrawal_alone(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    withdraw(pair.rcm.as_("rcm"), document)
    pair.pull(pair.sacm)
    assert [(version, op) for _, version, op, _ in held(pair.sacm, "RCM")] == [(2, "withdraw")]
    assert is_whole(pair.sacm)


def test_many_pages_are_read_to_the_end_and_a_pull_goes_on_where_it_was(pair: Twins, monkeypatch):
    monkeypatch.setattr("app.sync.pulling.PAGE", 2)
    for month in range(1, 6):
        publish(pair.rcm.as_("rcm"), period=f"2021-{month:02}")
    done = pair.pull(pair.sacm)
    assert (done.pages, done.applied) == (3, 5)
    publish(pair.rcm.as_("rcm"), period="2021-06")
    assert pair.pull(pair.sacm).applied == 1
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")


def test_both_keep_the_checkpoint_that_was_witnessed_with_both_signatures(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    row = peer_row(pair.sacm, "rcm")
    assert (row.size, row.failure) == (1, None)
    kept = pair.rcm.as_("operator").get("/v1/log/witnesses").json()["items"]
    assert [(each["witness"], each["checkpoint"]["size"]) for each in kept] == [("SACM", 1)]


def test_a_peer_whose_clock_lies_in_the_future_is_read_like_any_other(pair: Twins):
    with time_machine.travel(utc_now().replace(year=2031), tick=True):
        document = publish(pair.rcm.as_("rcm"))
    assert pair.pull(pair.sacm).applied == 1
    assert shown(pair.sacm, "bra", document) == 200


def test_a_peer_that_was_restored_is_read_anew_and_what_is_known_is_left_alone(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    node = pair.rcm.node
    with node.db.write() as session:
        head = session.get_one(LogHead, 1)
        head.epoch = uuid7()
        root = merkle.root_of(merkle.from_text(head.frontier))
        head.checkpoint = checkpoint(node.signer, head.node, head.epoch, head.size, root)
    assert (pair.pull(pair.sacm).known, peer_row(pair.sacm, "rcm").failure) == (1, None)
    publish(pair.rcm.as_("rcm"), period="2022-11")
    assert pair.pull(pair.sacm).applied == 1
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")


def test_alerts_and_what_is_said_of_them_cross_both_ways_and_end_together(pair: Twins):
    alert = pair.rcm.as_("rcm").post("/v1/alerts", json=ALERT).json()
    pair.pull(pair.sacm)
    seen = pair.sacm.as_("sacm").post(f"/v1/alerts/{alert['id']}/sightings", json=SIGHTING).json()
    pair.pull(pair.rcm)
    told = pair.rcm.as_("rcm").get(f"/v1/alerts/{alert['id']}/sightings").json()
    assert [item["id"] for item in told["items"]] == [seen["id"]]
    etag = {"If-Match": f'"{alert["id"]}.v1"'}
    assert pair.rcm.as_("rcm").post(f"/v1/alerts/{alert['id']}/erase", json={"reason": "names somebody"}, headers=etag).status_code == 200
    pair.pull(pair.sacm)
    for served in (pair.rcm, pair.sacm):
        assert served.as_("sacm").get(f"/v1/alerts/{alert['id']}").status_code == 404
        assert served.as_("sacm").get(f"/v1/sightings/{seen['id']}").status_code == 404
        assert is_whole(served)
    pair.pull(pair.rcm)
    assert quarantine(pair.rcm) == quarantine(pair.sacm) == []
