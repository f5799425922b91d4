"""Two nodes that know each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Nodes
from stores import STORES
from twins import Twins, twins


@pytest.fixture(params=STORES)
def strangers(request: pytest.FixtureRequest, nodes: Nodes, tmp_path: Path) -> Iterator[Twins]:
    """Two fresh nodes that do not know each other: the test runs on SQLite and on PostgreSQL."""
    with twins(nodes, request.param, tmp_path) as made:
        yield made


@pytest.fixture
def pair(strangers: Twins) -> Twins:
    """Two fresh nodes, each a peer of the other."""
    strangers.meet()
    return strangers


@pytest.fixture(params=STORES)
def old_pair(request: pytest.FixtureRequest, nodes: Nodes, tmp_path: Path) -> Iterator[Twins]:
    """Two nodes of which one is a release behind: what it passes on is more than its own description knows."""
    with twins(nodes, request.param, tmp_path, judged=False) as made:
        made.meet()
        yield made
