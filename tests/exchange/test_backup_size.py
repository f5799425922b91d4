"""How long a backup and a restore of many documents take, and in how much memory."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bodies import publish
from serving import Nodes, serving, settings_for
from sqlalchemy import MetaData, insert, select
from stores import STORES

from app.exchange import merkle
from app.exchange.keys import checkpoint
from app.exchange.log import leaf_of
from app.exchange.models import LogEntry, LogHead
from app.exchange.node import Node
from app.settings import Settings
from app.wire.ids import uuid7

DOCUMENTS = 100_000
FEW = 10_000
CHUNK = 1_000
LONGEST_RESTORE_S = 60.0
BESIDE = ("bulletin", "cell", "hideout", "certificate", "published_table", "document_access", "audit")


def multiply(node: Node, count: int) -> None:
    """Let a store that holds one bulletin hold so many of them: rows of every table, the leaves and the root of the log in order."""
    tables = MetaData()
    with node.db.write() as session:
        tables.reflect(session.connection())
        entry = dict(session.execute(select(LogEntry.__table__)).mappings().one())
        first = {name: [dict(row) for row in session.execute(select(tables.tables[name])).mappings()] for name in BESIDE}
        first = {
            name: [row for row in rows if row.get("document_id", entry["document_id"]) == entry["document_id"]]
            for name, rows in first.items()
        }
        frontier = merkle.from_text(session.get_one(LogHead, 1).frontier)
        for start in range(1, count, CHUNK):
            numbers = range(start, min(start + CHUNK, count))
            ids = {number: uuid7() for number in numbers}
            for name in BESIDE:
                session.execute(
                    insert(tables.tables[name]), [changed(row, number, ids[number]) for number in numbers for row in first[name]]
                )
            grown = []
            for number in numbers:
                row = {
                    **entry,
                    "number": number + 1,
                    "document_id": ids[number],
                    "document": entry["document"].replace(entry["document_id"], ids[number]),
                }
                row["leaf"] = leaf_of({**row, "id": row["document_id"]})
                frontier = merkle.grown(frontier, number, row["leaf"])
                grown.append({**row, "root": merkle.root_of(frontier)})
            session.execute(insert(LogEntry), grown)
        head = session.get_one(LogHead, 1)
        head.size, head.frontier = count, merkle.to_text(frontier)
        head.checkpoint = checkpoint(node.signer, head.node, head.epoch, count, merkle.root_of(frontier))


def changed(row: dict[str, object], number: int, document_id: str) -> dict[str, object]:
    """A row of the first document as one of another."""
    other = dict(row)
    for name, value in row.items():
        if name == "document_id":
            other[name] = document_id
        elif name in {"id", "bulletin_id"}:
            other[name] = number * 100 + int(str(value))
        elif name == "natural_key":
            other[name] = f"{value}|{number}"
    return other


def timed(settings: Settings, *line: str) -> tuple[float, float, int]:
    """Seconds, seconds of processor and the most memory (bytes) of a command in a process of its own."""
    environment = {**os.environ, "ISTMO_DATABASE_URL": settings.database_url, "ISTMO_SECRETS_DIR": str(settings.secrets_dir)}
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "app", *line], env=environment, cwd=Path(__file__).parents[2])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", STORES)
def test_long_restore_of_many_documents_takes_less_than_a_minute_and_no_more_memory(kind: str, nodes: Nodes, tmp_path: Path):
    most: dict[tuple[str, int], int] = {}
    for count in (FEW, DOCUMENTS):
        settings, keys = nodes.ready(kind, tmp_path / str(count))
        with serving(settings, keys=keys) as served:
            publish(served.as_("rcm"))
            multiply(served.node, count)
        file = tmp_path / f"{count}.backup"
        empty = settings_for(nodes.stores.empty(kind), settings.secrets_dir.parent)
        backed_up, work, most["backup", count] = timed(settings, "backup", str(file))
        restored, more_work, most["restore", count] = timed(empty, "restore", str(file))
        size = file.stat().st_size / 2**20
        print(f"\n{kind}: {count} documents, {size:.0f} MiB: backup {backed_up:.1f} s, restore {restored:.1f} s", end="")
        print(f" (of processor {work:.1f} and {more_work:.1f} s), ", end="")
        print(f"memory {most['backup', count] / 2**20:.0f} and {most['restore', count] / 2**20:.0f} MiB")
    assert restored < LONGEST_RESTORE_S
    for command in ("backup", "restore"):
        assert most[command, DOCUMENTS] < 1.1 * most[command, FEW]
