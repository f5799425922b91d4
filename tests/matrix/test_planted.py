"""Each rule of access dropped once: the matrix is red (guarantees 4)."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from asking import Matrix, Mismatch
from serving import settings_for
from stores import Stores
from world import BOTH, World, filled

from app.access import rules, visibility
from app.access.callers import Caller
from app.bulletins import edge, flow_answering, projection, reading, rights
from app.exchange import feed, log
from app.main import rebuild
from app.wire.codes import TLP, Role

Plant = Callable[[pytest.MonkeyPatch], None]
Ask = Callable[[Matrix], Iterator[Mismatch]]


@pytest.fixture(scope="module")
def world(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with filled(settings_for(stores.ready("sqlite"), tmp_path_factory.mktemp("planted")), judged=False) as made:
        yield made


def as_operator(caller: Caller) -> Caller:
    return dataclasses.replace(caller, role=Role.OPERATOR)


def no_ceiling(patch: pytest.MonkeyPatch) -> None:
    right = visibility._matches
    patch.setattr(visibility, "_matches", lambda caller, access: right(dataclasses.replace(caller, ceiling=TLP.RED.rank), access))


def amber_for_all(patch: pytest.MonkeyPatch) -> None:
    right = projection.grantees_of
    patch.setattr(projection, "grantees_of", lambda tlp, audience, always: right(tlp, BOTH if tlp is TLP.AMBER else audience, always))


def red_as_amber(patch: pytest.MonkeyPatch) -> None:
    right = projection.grantees_of
    patch.setattr(projection, "grantees_of", lambda tlp, *others: right(TLP.AMBER if tlp is TLP.RED else tlp, *others))


def strict_as_amber(patch: pytest.MonkeyPatch) -> None:
    right = projection.grantees_of
    patch.setattr(projection, "grantees_of", lambda tlp, *others: right(TLP.AMBER if tlp is TLP.AMBER_STRICT else tlp, *others))


def old_marking_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "visible_to", visibility.could_see)


def feed_by_old_marking(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feed, "seen_by", log._could_see)


def peer_of_both(patch: pytest.MonkeyPatch) -> None:
    right = visibility._matches
    patch.setattr(visibility, "_matches", lambda caller, access: right(as_operator(caller) if caller.role is Role.PEER else caller, access))


def operator_reads(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Caller, "reads_bodies", property(lambda _: True))


def any_state(patch: pytest.MonkeyPatch) -> None:
    for module in (edge, rights):
        patch.setattr(module, "may_write_for", lambda session, caller, state, on: rights.is_member(session, state, caller.conference, on))


def any_origin(patch: pytest.MonkeyPatch) -> None:
    right = edge.owner_of

    def mine(session, caller, document_id):
        owner = right(session, caller, document_id)
        return owner and dataclasses.replace(owner, origin=caller.conference)

    patch.setattr(edge, "owner_of", mine)
    patch.setattr(edge, "may_write_for", lambda *_: True)


def flows_for_any_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules.BodyReader.__metadata__[0].dependency, "roles", tuple(Role))


def overseen_by_any_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules.Overseer.__metadata__[0].dependency, "roles", tuple(Role))


def hidden_is_forbidden(patch: pytest.MonkeyPatch) -> None:
    right = edge.owner_of
    patch.setattr(edge, "owner_of", lambda session, caller, document_id: right(session, as_operator(caller), document_id))


def withdrawn_served(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "_text", lambda _, stored: stored.text)


def total_of_all(patch: pytest.MonkeyPatch) -> None:
    right = reading.listed

    def listed(session, caller, query, after, limit):
        return right(session, caller, query, after, limit)[0], right(session, as_operator(caller), query, after, limit)[1]

    patch.setattr(reading, "listed", listed)


def sums_of_all(patch: pytest.MonkeyPatch) -> None:
    right = flow_answering.visible_documents
    patch.setattr(flow_answering, "visible_documents", lambda caller: right(as_operator(caller)))


def documents(matrix: Matrix) -> Iterator[Mismatch]:
    """A few that differ: one of each story of each conference."""
    filed = matrix.world.filed
    seen = {
        (each.document.origin, each.document.issuer, each.newest, each.withdrawals, each.document.versions[0].tlp): each for each in filed
    }
    return matrix.documents(list(seen.values()))


REMARKED = {amber_for_all, red_as_amber, strict_as_amber}
PLANTED: dict[Plant, tuple[Ask, tuple[str, ...]]] = {
    no_ceiling: (Matrix.lists, ("low-sacm", "analyst")),
    amber_for_all: (Matrix.lists, ("sacm", "bra")),
    red_as_amber: (Matrix.lists, ("hnd", "sacm")),
    strict_as_amber: (Matrix.lists, ("hnd", "bra")),
    old_marking_alone: (documents, ("sacm", "analyst")),
    feed_by_old_marking: (Matrix.lists, ("sacm", "analyst")),
    peer_of_both: (Matrix.lists, ("peer", "rcm-peer")),
    operator_reads: (Matrix.lists, ("operator",)),
    any_state: (Matrix.publishing, ("pan", "bra")),
    any_origin: (documents, ("sacm",)),
    flows_for_any_role: (Matrix.lists, ("operator",)),
    overseen_by_any_role: (Matrix.others, ("pan", "peer")),
    hidden_is_forbidden: (documents, ("bra",)),
    withdrawn_served: (documents, ("hnd",)),
    total_of_all: (Matrix.lists, ("bra", "analyst")),
    sums_of_all: (Matrix.lists, ("bra", "analyst")),
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_rule_that_is_dropped_is_found_by_the_matrix(world: World, monkeypatch: pytest.MonkeyPatch, plant: Plant):
    ask, callers = PLANTED[plant]
    plant(monkeypatch)
    if plant in REMARKED:
        rebuild(world.served.node)
    found = list(ask(Matrix(world, callers)))
    monkeypatch.undo()
    if plant in REMARKED:
        rebuild(world.served.node)
    print(f"{plant.__name__}: {len(found)} cells, first {str(found[0])[:300] if found else 'none'}")
    assert found
