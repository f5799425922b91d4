"""Every route by every role about every document, against an oracle that is not the product's code (guarantees 4)."""

import time
from collections.abc import Iterator

import pytest
from asking import Matrix
from route_oracle import RIGHTS
from serving import settings_for
from stores import STORES, Stores
from world import World, filled

from app.main import description_of


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


def test_every_cell_of_the_matrix_is_as_the_contract_says(world: World):
    began, before = time.monotonic(), world.served.counts()
    matrix = Matrix(world)
    found = [*matrix.documents(world.filed), *matrix.lists(), *matrix.publishing(), *matrix.others()]
    print(f"{matrix.asked} cells in {time.monotonic() - began:.1f} s")
    assert [str(mismatch) for mismatch in found[:20]] == []
    assert matrix.asked > 5_000
    assert world.served.counts() == before
