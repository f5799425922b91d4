"""One node for the tests of a file that each look at documents of their own."""

from collections.abc import Iterator

import pytest
from serving import Nodes, Served
from stores import STORES


@pytest.fixture(scope="module", params=STORES)
def shared(request: pytest.FixtureRequest, nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node on which the tests of a file write beside each other; each looks at what it published itself and at nothing else."""
    with nodes.serving(request.param, tmp_path_factory.mktemp("shared")) as node:
        yield node
