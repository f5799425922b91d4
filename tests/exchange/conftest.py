"""A log of its own for each test, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from logbook import Logbook, begin

from app.core.db import Base, Database


@pytest.fixture
def book(db: Database, tmp_path: Path) -> Logbook:
    return begin(db, tmp_path / "log-secrets")


@pytest.fixture(scope="session")
def stores(stores):
    """TEMPORARY until the migration knows recorded_at as text."""

    def ready(kind):
        url = stores.empty(kind)
        made = Database(url)
        Base.metadata.create_all(made.writer)
        made.dispose()
        return url

    stores.ready = ready
    return stores
