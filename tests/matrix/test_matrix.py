"""Every route by every role about every document, against an oracle that is not the product's code (guarantees 4)."""

import time
from collections.abc import Iterable, Iterator

import pytest
from asking import Matrix
from route_oracle import RIGHTS, Filed
from serving import settings_for
from stores import STORES, Stores
from world import World, filled

from app.main import description_of

ALIKE = ("publishing", "others")
"""What no statement of its own answers: rights and routes without documents."""


@pytest.fixture(scope="module", params=STORES)
def world(request: pytest.FixtureRequest, stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with filled(settings_for(stores.ready(request.param), tmp_path_factory.mktemp("matrix"))) as made:
        yield made


def test_every_route_of_the_description_is_known_to_the_oracle_with_its_roles():
    described = {
        f"{method.upper()} {path}": frozenset(operation["x-access"])
        for path, operations in description_of()["paths"].items()
        for method, operation in operations.items()
    }
    assert described == RIGHTS


def mismatches(world: World, filed: list[Filed], kinds: Iterable[str]) -> list[str]:
    """What differs from the oracle: documents one by one being these, lists, and these kinds of questions about no document."""
    began, before = time.monotonic(), world.served.counts()
    matrix = Matrix(world)
    found = [*matrix.documents(filed), *matrix.lists()]
    for kind in kinds:
        found += getattr(matrix, kind)()
    print(f"{matrix.asked} cells in {time.monotonic() - began:.1f} s")
    assert matrix.asked > 60 * len(filed)
    assert world.served.counts() == before
    return [str(mismatch) for mismatch in found[:20]]


@pytest.mark.timeout(400)
def test_every_cell_of_the_matrix_is_as_the_contract_says(world: World):
    """One database is asked about every other document and to publish, the other one about the rest and all that is no document.

    Of either everything is the long form.
    """
    first = STORES.index("postgresql" if "postgresql" in world.served.node.settings.database_url else "sqlite")
    assert mismatches(world, world.filed[first :: len(STORES)], ALIKE[first : first + 1]) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_matrix_long_every_cell_of_the_matrix_is_as_the_contract_says(world: World):
    assert mismatches(world, world.filed, ALIKE) == []
