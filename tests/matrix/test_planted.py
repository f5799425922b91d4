"""Each rule of access dropped alone: the matrix is red, first where that rule governs (guarantees 4)."""

from collections.abc import Callable, Iterator

import plants
import pytest
from asking import Matrix, Mismatch
from plants import REMARKED, Plant
from serving import settings_for
from stores import Stores
from world import World, filled

from app.main import rebuild

Ask = Callable[[Matrix], Iterator[Mismatch]]


@pytest.fixture(scope="module")
def world(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with filled(settings_for(stores.ready("sqlite"), tmp_path_factory.mktemp("planted")), judged=False) as made:
        yield made


def documents(matrix: Matrix) -> Iterator[Mismatch]:
    """A few that differ: one of each story of each conference."""
    filed = matrix.world.filed
    seen = {
        (each.document.origin, each.document.issuer, each.newest, each.withdrawals, each.document.versions[0].tlp): each for each in filed
    }
    return matrix.documents(list(seen.values()))


def feed(matrix: Matrix) -> Iterator[Mismatch]:
    for who, client in matrix.asking:
        yield from matrix._changes(who, client)


BULLETINS, BULLETIN = "/v1/bulletins", "/v1/bulletins/{document_id}"
LISTED, TOLD = f"GET {BULLETINS}", "GET /v1/changes"
PLANTED: dict[Plant, tuple[Ask, tuple[str, ...], str]] = {
    plants.no_ceiling: (Matrix.lists, ("low-sacm",), LISTED),
    plants.amber_for_all: (Matrix.lists, ("sacm",), LISTED),
    plants.red_as_amber: (Matrix.lists, ("hnd",), LISTED),
    plants.strict_as_amber: (Matrix.lists, ("bra",), LISTED),
    plants.nobody_named_is_everybody: (Matrix.lists, ("sacm",), LISTED),
    plants.secretariat_not_always: (Matrix.lists, ("rcm",), LISTED),
    plants.reporting_state_not_always: (Matrix.lists, ("hnd",), LISTED),
    plants.peer_of_both: (Matrix.lists, ("peer",), LISTED),
    plants.old_marking_alone: (documents, ("analyst",), f"GET {BULLETIN}/versions"),
    plants.new_marking_alone: (documents, ("analyst",), f"GET {BULLETIN}/versions"),
    plants.operator_reads: (Matrix.lists, ("operator",), LISTED),
    plants.withdrawn_served: (documents, ("analyst",), f"GET {BULLETIN}/versions"),
    plants.total_of_all: (Matrix.lists, ("analyst",), LISTED),
    plants.sums_of_all: (Matrix.lists, ("analyst",), "GET /v1/flows"),
    plants.certificate_of_the_hidden: (documents, ("analyst",), f"GET {BULLETIN}/certificate"),
    plants.report_of_others: (documents, ("hnd",), f"GET {BULLETIN}/disclosure-report"),
    plants.feed_by_old_marking: (feed, ("sacm",), TOLD),
    plants.hidden_told_to_all: (feed, ("analyst",), TOLD),
    plants.numbers_told_to_all: (feed, ("analyst",), TOLD),
    plants.feed_of_withdrawn: (feed, ("hnd",), TOLD),
    plants.anyone_is_an_analyst: (Matrix.lists, ("nobody",), LISTED),
    plants.flows_for_any_role: (Matrix.lists, ("operator",), "GET /v1/flows"),
    plants.overseen_by_any_role: (Matrix.others, ("pan",), "GET /v1/conferences/{code}/presidencies"),
    plants.operated_by_any_role: (Matrix.others, ("pan",), "POST /v1/conferences/{code}/presidencies"),
    plants.written_by_any_role: (Matrix.publishing, ("analyst",), f"POST {BULLETINS}"),
    plants.here_behind_a_proxy: (Matrix._machines, ("nobody",), "GET /metrics"),
    plants.any_state: (Matrix.publishing, ("pan",), f"POST {BULLETINS}"),
    plants.any_states_document: (documents, ("pan",), f"POST {BULLETIN}/withdraw"),
    plants.any_origin: (documents, ("sacm",), f"PUT {BULLETIN}"),
    plants.in_any_name: (Matrix.publishing, ("rcm",), f"POST {BULLETINS}"),
    plants.hidden_is_forbidden: (documents, ("bra",), f"PUT {BULLETIN}"),
    plants.any_policy: (Matrix.others, ("sacm",), "PUT /v1/conferences/{code}/policy"),
}
"""For each fault the part of the matrix that its rule governs, who asks, and the first route that differs."""


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_rule_that_is_dropped_is_found_by_the_matrix(world: World, monkeypatch: pytest.MonkeyPatch, plant: Plant):
    ask, callers, route = PLANTED[plant]
    plant(monkeypatch)
    if plant in REMARKED:
        rebuild(world.served.node)
    found = next(ask(Matrix(world, callers)), None)
    monkeypatch.undo()
    if plant in REMARKED:
        rebuild(world.served.node)
    print(f"{plant.__name__}: {str(found)[:300]}")
    assert found is not None
    assert (found.who, found.route) == (callers[0], route)


def test_where_every_rule_is_kept_the_same_callers_find_nothing(world: World):
    matrix = Matrix(world, ("sacm", "hnd", "nobody"))
    found = [*matrix.lists(), *matrix._machines(), *documents(Matrix(world, ("analyst",)))]
    assert [str(mismatch) for mismatch in found] == []
