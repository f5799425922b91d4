"""Faults planted in the sync: each drops one rule, and what then goes wrong between two nodes is seen (guarantees 3)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bodies import publish, revise, withdraw
from crooked import Json, crooked, fresh_id, item_of, on_changes, resealed
from folders import changed, taken, written
from folders import resealed as sealed_anew
from serving import Nodes
from sqlalchemy import update
from twins import Twins, held, quarantine, twins

from app.access.callers import Caller
from app.exchange import feed
from app.exchange.node import Node
from app.sync import applying, checking, importing, inspecting, peers, pulling, receiving, sending, witnessing
from app.sync.carried import Flawed, page_name
from app.sync.faults import SyncFault
from app.sync.line import Line
from app.sync.models import Peer
from app.sync.sending import send
from app.wire.codes import TLP, Role

ADDED = {"outcome", "population_shown_pct", "warnings"}


@pytest.fixture
def pair(nodes: Nodes, tmp_path: Path) -> Iterator[Twins]:
    with twins(nodes, "sqlite", tmp_path, judged=False) as made:
        made.meet()
        yield made


def bare(document: Json) -> Json:
    return {name: value for name, value in document.items() if name not in ADDED}


def brought(pair: Twins, change: Callable[[Json], Json]) -> None:
    """SACM's node pulls through a peer that changes its pages so."""
    with crooked(pair.rcm, on_changes(change)) as url:
        with pair.sacm.node.db.write() as session:
            session.execute(update(Peer).values(url=url))
        pair.pull(pair.sacm)
        with pair.sacm.node.db.write() as session:
            session.execute(update(Peer).values(url=pair.rcm.url))


def nothing_repeats(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    again = pair.pull(pair.sacm)
    return (again.pages, again.known) == (0, 0)


def a_fork_is_told(pair: Twins) -> bool:
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    other = resealed(pair.rcm, bare(document), title={"es": "Otra."})
    publish(pair.rcm.as_("rcm"), period="2022-11")
    brought(pair, lambda page: {**page, "items": [item_of(other, 1)]})
    return [code for code, *_ in quarantine(pair.sacm)] == ["sync-fork"]


def a_forged_withdrawal_withdraws_nothing(pair: Twins) -> bool:
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    withdraw(pair.rcm.as_("rcm"), document)

    def forge(item: Json) -> Json:
        return {**item, "withdrawal": {**item["withdrawal"], "reason": "forged"}}

    brought(pair, lambda page: {**page, "items": [forge(item) for item in page["items"]]})
    return len(held(pair.sacm, "RCM")) == 1


def what_nobody_signed_is_not_taken(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))

    def forge(item: Json) -> Json:
        signature = {**item["document"]["signature"], "value": "A" * 86}
        return {**item, "document": {**item["document"], "signature": signature}}

    brought(pair, lambda page: {**page, "items": [forge(item) for item in page["items"]]})
    return held(pair.sacm, "RCM") == []


def no_other_conference_comes_in(pair: Twins) -> bool:
    document = publish(pair.rcm.as_("rcm"))
    foreign = resealed(pair.rcm, bare(document), id=fresh_id())
    told = {**item_of(foreign, 1), "origin": "THIRD", "document": {**foreign, "origin": "THIRD", "issuer": "THIRD/secretariat"}}
    brought(pair, lambda page: {**page, "items": [told]})
    return [code for code, *_ in quarantine(pair.sacm)] == ["sync-foreign-origin"]


def no_state_comes_in_that_is_no_member(pair: Twins) -> bool:
    document = publish(pair.rcm.as_("rcm"))
    foreign = resealed(pair.rcm, bare(document), id=fresh_id(), reporting_state="BRA", publisher="BRA-MIG")
    brought(pair, lambda page: {**page, "items": [item_of(foreign, 1)]})
    return held(pair.sacm, "RCM") == []


def a_rewritten_log_is_told(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    with pair.sacm.node.db.write() as session:
        session.execute(update(Peer).values(root="0" * 64))
    publish(pair.rcm.as_("rcm"), period="2022-11")
    try:
        pair.pull(pair.sacm)
    except SyncFault as fault:
        return fault.code == "sync-rewritten"
    return False


def what_is_tightened_is_hidden(pair: Twins) -> bool:
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    revise(pair.rcm.as_("rcm"), document, tlp="RED", audience=["RCM/PAN"])
    pair.pull(pair.sacm)
    return pair.sacm.as_("bra").get(f"/v1/bulletins/{document['id']}").status_code == 404


def what_is_erased_is_gone(pair: Twins) -> bool:
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    etag = {"If-Match": f'"{document["id"]}.v1"'}
    assert pair.rcm.as_("rcm").post(f"/v1/bulletins/{document['id']}/erase", json={"reason": "r"}, headers=etag).status_code == 200
    pair.pull(pair.sacm)
    return [entry[3] for entry in held(pair.sacm, "RCM")] == [None, None]


def a_key_that_nothing_endorses_is_not_believed(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))
    publish(pair.sacm.as_("sacm"), reporting_state="BRA")
    with pair.sacm.node.db.read() as session:
        before = len(peers.foreign_keys(session, "RCM"))
    with pair.sacm.node.db.read() as session:
        strange = peers.read_description(pair.sacm.as_(None).get(peers.DESCRIPTION).json())
    told = peers.Described("RCM", strange.epoch, ("RCM",), strange.keys)
    with pair.sacm.node.db.write() as session:
        return len(peers.refresh_keys(session, "RCM", told)) == before


def a_feed_that_stands_still_is_left(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    with pair.sacm.node.db.read() as session:
        cursor = peers.peer_of(session, "rcm").cursor
    asked: list[int] = []

    def still(page: Json) -> Json:
        asked.append(1)
        # Honest again after a while, so that a node without the rule comes to an end.
        return page if len(asked) > 20 else {**page, "items": [], "has_more": True, "next_cursor": cursor}

    publish(pair.rcm.as_("rcm"), period="2022-11")
    try:
        brought(pair, still)
    except SyncFault:
        return len(asked) == 1
    return False


def what_was_not_taken_is_sent_again(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))

    taken = pair.sacm.node.settings.body_limit
    object.__setattr__(pair.sacm.node.settings, "body_limit", 10)
    with pytest.raises(SyncFault, match="larger than what the peer takes"):
        send(pair.rcm.node, "sacm")
    object.__setattr__(pair.sacm.node.settings, "body_limit", taken)
    send(pair.rcm.node, "sacm")
    return held(pair.sacm, "RCM") == held(pair.rcm, "RCM")


def a_rewritten_log_that_is_sent_is_told(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))
    send(pair.rcm.node, "sacm")
    with pair.sacm.node.db.write() as session:
        session.execute(update(Peer).values(root="0" * 64))
    publish(pair.rcm.as_("rcm"), period="2022-11")
    try:
        send(pair.rcm.node, "sacm")
    except SyncFault:
        return peers_failure(pair) == "sync-rewritten"
    return False


def peers_failure(pair: Twins) -> str | None:
    with pair.sacm.node.db.read() as session:
        return peers.peer_of(session, "rcm").failure


def a_receipt_that_nobody_signed_is_no_receipt(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))

    def forged(path: str, _query: Json, honest: Json) -> Json:
        return {**honest, "signature": {**honest["signature"], "value": "A" * 86}} if path == "/v1/changes" else honest

    with crooked(pair.sacm, forged) as url:
        with pair.rcm.node.db.write() as session:
            session.execute(update(Peer).values(url=url))
        try:
            send(pair.rcm.node, "sacm")
        except SyncFault as fault:
            return fault.code == "sync-receipt"
    return False


def what_is_hidden_is_not_sent(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))
    publish(pair.rcm.as_("rcm"), period="2022-11", tlp="RED", audience=["RCM/PAN"])
    send(pair.rcm.node, "sacm")
    return len(held(pair.sacm, "RCM")) == 1


def what_is_swapped_in_a_folder_is_refused(pair: Twins) -> bool:
    document, folder = publish(pair.rcm.as_("rcm")), place_of(pair)
    written(pair.rcm, folder)
    other = resealed(pair.rcm, bare(document), title={"es": "Otra."})
    changed(folder, page_name(1), lambda told: told.update(items=[item_of(other, 1)]))
    sealed_anew(folder, pair.rcm)
    return is_refused(pair, folder)


def a_folder_that_a_stranger_listed_is_refused(pair: Twins) -> bool:
    publish(pair.rcm.as_("rcm"))
    written(pair.rcm, folder := place_of(pair))
    sealed_anew(folder, pair.sacm)
    return is_refused(pair, folder)


def a_folder_with_a_gap_before_it_is_refused(pair: Twins) -> bool:
    for month in (10, 11):
        publish(pair.rcm.as_("rcm"), period=f"2022-{month}")
    written(pair.rcm, folder := place_of(pair), after=1)
    return is_refused(pair, folder)


def place_of(pair: Twins) -> Path:
    return pair.rcm.node.secrets.folder.parent / "carried"


def is_refused(pair: Twins, folder: Path) -> bool:
    try:
        taken(pair.sacm, folder)
    except Flawed:
        return held(pair.sacm, "RCM") == []
    return False


def taken_as_known(page: applying._Page, *_: object) -> None:
    page.taken.known += 1


def nothing(*_: object, **__: object) -> None:
    """A rule that is dropped."""


SEALED, POSITION, ADD, GIVEN = checking._seal_fault, feed.position, applying._add, sending._given


def counted_before(node: Node, line: Line, place: sending._Place, parcel: sending._Parcel) -> object:
    """The cursor is kept before the answer is there."""
    with node.db.write() as session:
        session.execute(update(Peer).where(Peer.name == place.name).values(sent=parcel.cursor))
    return GIVEN(node, line, place, parcel)


def as_own_secretariat(_session: object, _conference: str) -> Caller:
    return Caller("", Role.SECRETARIAT, "RCM", None, TLP.RED.rank, None)


def of_any_state(page: applying._Page, item: checking.Item, known: dict[int, applying.Held]) -> None:
    kinds = {name: replace(kind, is_of_origin=lambda *_: True) for name, kind in page.kinds.items()}
    ADD(replace(page, kinds=kinds), item, known)


PLANTED: dict[str, tuple[object, str, object, Callable[[Twins], bool]]] = {
    "cursor >= for >": (feed, "position", lambda *given: max(POSITION(*given) - 1, 0), nothing_repeats),
    "no fork check": (applying, "_again", taken_as_known, a_fork_is_told),
    "withdrawals unchecked": (checking, "_seal_fault", lambda named, *given: None if named.op == "withdraw" else SEALED(named, *given), a_forged_withdrawal_withdraws_nothing),
    "signatures unchecked": (checking, "_seal_fault", nothing, what_nobody_signed_is_not_taken),
    "any origin": (pulling, "Rules", lambda _conferences, *others: checking.Rules(("RCM", "THIRD"), *others), no_other_conference_comes_in),
    "any State": (applying, "_add", of_any_state, no_state_comes_in_that_is_no_member),
    "no consistency": (witnessing, "_require_extension", nothing, a_rewritten_log_is_told),
    "hides passed over": (applying, "mark_hidden", nothing, what_is_tightened_is_hidden),
    "erasures passed over": (applying, "_end", taken_as_known, what_is_erased_is_gone),
    "any key": (peers, "_is_endorsed", lambda *_: True, a_key_that_nothing_endorses_is_not_believed),
    "sent before the answer": (sending, "_given", counted_before, what_was_not_taken_is_sent_again),
    "sent without proof": (receiving, "require_one_log", lambda _before, now, *_: now, a_rewritten_log_that_is_sent_is_told),
    "receipts unchecked": (sending, "is_witness", lambda *_: True, a_receipt_that_nobody_signed_is_no_receipt),
    "all is sent": (sending, "peer_caller", as_own_secretariat, what_is_hidden_is_not_sent),
    "folders: any change": (inspecting, "_differs", nothing, what_is_swapped_in_a_folder_is_refused),
    "folders: any list": (inspecting, "_is_listed_by", lambda *_: True, a_folder_that_a_stranger_listed_is_refused),
    "folders: any gap": (importing, "_gap", lambda *_, **__: iter(()), a_folder_with_a_gap_before_it_is_refused),
    "any progress": (pulling, "require_progress", lambda *_, **__: 0, a_feed_that_stands_still_is_left),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_rule_of_the_sync_that_is_dropped_is_found(pair: Twins, name: str, monkeypatch: pytest.MonkeyPatch):
    room, rule, without, is_kept = PLANTED[name]
    monkeypatch.setattr(room, rule, without)
    assert not is_kept(pair)


@pytest.mark.parametrize("name", PLANTED)
def test_where_the_rules_of_the_sync_are_kept_nothing_is_found(pair: Twins, name: str):
    assert PLANTED[name][3](pair)
