"""Datasette over the rows of a node's store: one flat table, indexes for what is asked, and the settings that are fair to it."""

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

from flow_questions import ORDER, SHOWN, STANDING
from run import await_start, free_port

INDEXES = (
    "is_total, reporting_state, measure, period_start",
    "is_total, measure, nationality, period_start",
    "reporting_state, measure, nationality, period_start",
)
SETTINGS = {
    "allow_facet": "off",
    "suggest_facets": "off",
    "max_returned_rows": "2000",
    "sql_time_limit_ms": "10000",
}
"""Counts are off by the `_nocount` of each question; an immutable file needs no lock, and its rows are never counted anew."""


def flattened(store, file):
    """Every published cell of a node as one row of one table."""
    if Path(file).exists():
        return
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ATTACH ? AS node", (str(store),))
        for table in ("bulletin", "cell"):
            connection.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM node.{table}")  # noqa: S608 - names of our own
        connection.execute(f"CREATE TABLE cells AS SELECT {SHOWN} {STANDING} {ORDER}")
        for number, columns in enumerate(INDEXES):
            connection.execute(f"CREATE INDEX i{number} ON cells ({columns})")
        connection.execute("ANALYZE")
        connection.commit()


@contextmanager
def datasette(file):
    """The port of a Datasette over an immutable file, until the block ends."""
    port = free_port()
    chosen = [word for name, value in SETTINGS.items() for word in ("--setting", name, value)]
    command = [sys.executable, "-m", "datasette", "serve", "-i", str(file), "--host", "127.0.0.1", "--port", str(port), *chosen]
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            await_start(server, "Datasette", port, said)
            yield port
        finally:
            server.terminate()
            server.wait(30)
