"""Rows that belong to a row of another table, which the store is not asked about one by one (ADR 0023), and the look for those that lost it."""

from sqlalchemy import Connection, Integer, exists, func, inspect, select
from sqlalchemy.orm import MappedColumn, mapped_column

from app.core.db import Base

_PARENT = "parent"


def child_of(table: str) -> MappedColumn[int]:
    """The first column of a key: the number of a row of that table, to which this one belongs.

    Not a foreign key: it would be looked up for every cell of a bulletin, each time to find the row that was written just before.
    Who deletes a parent deletes its children first.
    """
    return mapped_column(Integer, primary_key=True, info={_PARENT: table})


def lost(connection: Connection) -> dict[str, int]:
    """By table, how many rows belong to a row that is not there, of the tables that the store has; nothing where all is well."""
    there, found = set(inspect(connection).get_table_names()), {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            parent = Base.metadata.tables.get(column.info.get(_PARENT, ""))
            if parent is None or not {table.name, parent.name} <= there:
                continue
            orphaned = select(func.count()).select_from(table).where(~exists().where(parent.c.id == column))
            if count := connection.scalar(orphaned):
                found[table.name] = count
    return found
