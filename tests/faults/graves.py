"""Stores that children work on until they are killed: opened anew and found whole, and the steps and calls at which a child dies."""

import itertools
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mortal import Death
from sqlalchemy import MetaData, create_engine, select, text
from sqlalchemy.orm import Session

from app.exchange.log import entries
from app.exchange.node import Node, open_node
from app.exchange.verify import faults
from app.main import KINDS, rebuild
from app.settings import Settings
from app.sync.pulling import pull

SEED, STARTS_WITHIN_S = 19530301, 3
SYSCALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "rename", "link")
MOST, LEAST = 230, 200
Told = list[tuple[str, int, str]]
Kill = dict[str, Any]
"""What a task is given along so that its child dies: a step, or a call that strace waits for."""


@dataclass
class Store:
    """A store and its folder of secrets, which nobody has open while a child works on it."""

    settings: Settings
    key: str = ""
    longest_s: float = 0.0

    @property
    def kind(self) -> str:
        return self.settings.database_url.split(":")[0].split("+")[0]

    @property
    def task(self) -> dict[str, str]:
        folder = str(self.settings.secrets_dir.parent)
        return {"url": self.settings.database_url, "folder": folder, "conferences": self.settings.conferences, "key": self.key}

    @contextmanager
    def node(self) -> Iterator[Node]:
        opened = open_node(self.settings)
        try:
            yield opened
        finally:
            opened.close()

    def opened(self) -> Told:
        """Open the store anew, as the next start does, and find it whole: (id, version, op) of every document in the order of the log."""
        began = time.perf_counter()
        with self.node() as node, node.db.read() as session:
            found = bulletins(session)
            self.longest_s = max(self.longest_s, time.perf_counter() - began)
            assert list(faults(session)) == []
            if self.kind == "sqlite":
                assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        return found

    def pull(self) -> None:
        with self.node() as node:
            pull(node, KINDS, "rcm")

    def judge(self) -> None:
        """The tables beside the log are what the log makes of them anew, and the next start was soon enough each time."""
        before = projections(self.settings.database_url)
        with self.node() as node:
            rebuild(node)
        assert projections(self.settings.database_url) == before
        assert self.longest_s < STARTS_WITHIN_S


def bulletins(session: Session) -> Told:
    return [(entry.id, entry.version, entry.op) for entry in entries(session) if entry.kind == "bulletin"]


def rows(url: str, *only: str) -> dict[str, list[str]]:
    """The rows of these tables, or of all, without the numbers that a database gives itself."""
    engine, found = create_engine(url), MetaData()
    found.reflect(engine, only=only or None)
    told = {}
    with engine.connect() as connection:
        for table in found.sorted_tables:
            columns = [each for each in table.c if each.name not in {"id", "bulletin_id"}]
            told[table.name] = sorted(repr(tuple(row)) for row in connection.execute(select(*columns)))
    engine.dispose()
    return told


def projections(url: str) -> dict[str, list[str]]:
    return rows(url, "bulletin", "cell", "hideout", "document_access")


def points(death: Death, count: int) -> list[Kill]:
    """So many of the steps that a child took which nobody killed: the last two, around the answer, and others by chance."""
    assert not death.killed
    steps = int(death.told[-1]["steps"])
    return [{"at": at} for at in (*random.Random(SEED).sample(range(1, steps - 1), count - 2), steps - 1, steps)]


def watching(file: Path) -> dict[str, object]:
    assert shutil.which("strace"), "this machine lacks strace"
    return {"strace": ["-o", str(file), "-e", f"trace={','.join(SYSCALLS)}"]}


def every_call(file: Path) -> Iterator[Kill]:
    """A kill at each call by which a child that was watched changed or synced a file, over and over; of too many pages some by chance."""
    counts = Counter(re.findall(r"^\d+ +(\w+)\(", file.read_text(), re.MULTILINE))
    calls = [(call, when) for call, count in counts.items() for when in range(1, count + 1)]
    assert {"pwrite64", "fdatasync"} <= set(counts)
    print(f"{dict(counts)}, seed {SEED}", end=" ")
    pages = [each for each in calls if each[0] == "pwrite64"]
    if len(calls) > MOST:
        others = [each for each in calls if each not in pages]
        calls = others + random.Random(SEED).sample(pages, max(MOST - len(others), 0))
    for call, when in itertools.islice(itertools.cycle(calls), MOST):
        yield {"strace": ["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}"]}
