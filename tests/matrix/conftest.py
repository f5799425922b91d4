"""The world of the matrix, filed once a process, and carried to the other kind of store."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from about_reviews import keep_waiting
from alert_world import fill_alerts
from serving import settings_for
from stores import STORES, Stores
from world import World, carried, fill, peopled

Worlds = Callable[[str], World]


@pytest.fixture(scope="session")
def worlds(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """The maker of worlds: the same one for all that ask of a kind of store, for they leave it as it is."""
    made: dict[str, World] = {}
    with ExitStack() as stack:

        def of(kind: str) -> World:
            if kind not in made:
                folder, url = tmp_path_factory.mktemp("matrix"), stores.ready(kind)
                if kind == STORES[0]:
                    made[kind] = stack.enter_context(peopled(settings_for(url, folder)))
                    fill(made[kind])
                    fill_alerts(made[kind])
                    keep_waiting(made[kind])
                else:
                    made[kind] = stack.enter_context(carried(of(STORES[0]), url, folder / "backup"))
            return made[kind]

        yield of
