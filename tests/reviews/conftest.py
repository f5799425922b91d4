"""A room with officers for the tests of reviews."""

import pytest
from serving import Served
from waitroom import Room, as_kept

__all__ = ["as_kept"]


@pytest.fixture
def room(served: Served, as_kept: None) -> Room:
    """Officers and items on a node whose bulletins are released as `waitroom` says."""
    return Room(served)
