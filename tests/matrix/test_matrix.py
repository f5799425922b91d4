"""Every route by every role about every document, against an oracle that is not the product's code (guarantees 4)."""

import time
from collections.abc import Iterable

import about_alerts
import about_all
import about_bulletins
import about_reviews
import pytest
from about_all import Mismatch
from asking import Choice, Matrix, every, third
from conftest import Worlds
from route_oracle import RIGHTS
from sqlalchemy import inspect, text
from stores import STORES
from world import World

from app.main import description_of

PARTS = {"sqlite": third(0, 1), "postgresql": third(2)}
"""Of every class of questions that are alike one is put, to SQLite in two of three cases, to PostgreSQL in the third."""
ALIKE = {"sqlite": (about_bulletins.publishing, about_alerts.publishing), "postgresql": (about_all.others,)}
"""What no statement of its own answers: rights and routes without documents."""


@pytest.fixture(scope="module", params=STORES)
def world(request: pytest.FixtureRequest, worlds: Worlds) -> World:
    return worlds(request.param)


def test_every_route_of_the_description_is_known_to_the_oracle_with_its_roles():
    described = {
        f"{method.upper()} {path}": frozenset(operation["x-access"])
        for path, operations in description_of()["paths"].items()
        for method, operation in operations.items()
    }
    assert described == RIGHTS


def rows(world: World) -> dict[str, int]:
    """Rows of every table but the two of the audit: a refused write leaves all of them alone."""
    with world.served.node.db.read() as session:
        tables = inspect(session.connection()).get_table_names()
        tables = set(tables) - {"audit", "read_set"}
        return {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def mismatches(world: World, choose: Choice, kinds: Iterable[object]) -> list[str]:
    """What differs from the oracle: documents one by one as they are chosen, lists, and these kinds of questions about no document."""
    began, before = time.monotonic(), rows(world)
    matrix = Matrix(world, choose=choose)
    found: list[Mismatch] = [*about_bulletins.documents(matrix, world.filed), *about_alerts.alerts(matrix, world.alerts)]
    found += about_alerts.answers(matrix, world.answers)
    for kind in (about_bulletins.lists, about_alerts.lists, about_all.feed, about_reviews.reviews, *kinds):
        found += kind(matrix)
    print(f"{matrix.asked} cells in {time.monotonic() - began:.1f} s")
    assert matrix.asked > 1500
    assert rows(world) == before
    return [str(mismatch) for mismatch in found[:20]]


@pytest.mark.timeout(1200)
def test_every_cell_of_the_matrix_is_as_the_contract_says(world: World):
    """What is alike is asked once, of one of the two databases, and of that more often which is asked faster; lists are asked of both.

    Of either everything is the long form.
    """
    kind = world.served.node.db.url.get_backend_name()
    assert mismatches(world, PARTS[kind], ALIKE[kind]) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_matrix_long_every_cell_of_the_matrix_is_as_the_contract_says(world: World):
    assert mismatches(world, every, [each for kinds in ALIKE.values() for each in kinds]) == []
