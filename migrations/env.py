"""Alembic's environment: the connection and its transaction come from `app.core.schema`, the tables from every room."""

from alembic import context

import app.access.models
import app.alerts.models
import app.bulletins.models
import app.core.idempotency
import app.directory.models
import app.exchange.models
import app.sync.models  # noqa: F401 - importing them declares their tables
from app.core.db import Base, UTCDateTime


def render(kind, item, _autogenerate):  # noqa: ANN001, ANN201 - Alembic's own signature
    """Write our instants as what the database has, so that old revisions never import the application."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True, render_item=render)
with context.begin_transaction():
    context.run_migrations()
