"""Children that are killed at one of their durable steps, from where they are asked for."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import forked


@dataclass(frozen=True)
class Death:
    """What a child said before it ended, and whether it was killed at its step."""

    told: list[Any]
    killed: bool


class Mortals:
    """One process that forks a child for each task (children.py)."""

    def __init__(self, tasks: TextIO, ends: TextIO) -> None:
        self._tasks, self._ends = tasks, ends

    def do(self, what: str, at: int = 0, **task: object) -> Death:
        """Let a child do a task and be killed at its step number `at`, never at 0; a child that fails by itself fails the test."""
        self.begin(what, at, **task)
        return self.end()

    def begin(self, what: str, at: int = 0, **task: object) -> None:
        """Let a child begin a task."""
        self._tasks.write(json.dumps({"do": what, "at": at, **task}) + "\n")
        self._tasks.flush()

    def end(self) -> Death:
        """How the child ended."""
        ended = json.loads(self._ends.readline())
        assert ended["code"] in {0, -signal.SIGKILL}, ended
        return Death(ended["told"], ended["code"] != 0)


@contextmanager
def mortals() -> Iterator[Mortals]:
    """The process for the length of a block."""
    (read, write), (hear, said) = os.pipe(), os.pipe()
    program = Path(__file__).with_name("children.py")
    process = forked.start([], os.environ, Path.cwd(), 2, said, stdin=read, program=program)
    os.close(read)
    os.close(said)
    with os.fdopen(hear, encoding="utf-8") as ends:
        with os.fdopen(write, "w", encoding="utf-8") as tasks:
            yield Mortals(tasks, ends)
        # Where no more tasks come, it ends.
        assert process.wait(60) == 0
