"""A log of its own for each test, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from logbook import Logbook, begin

from app.core.db import Database


@pytest.fixture
def book(db: Database, tmp_path: Path) -> Logbook:
    return begin(db, tmp_path / "log-secrets")
