"""Children that are killed at one of their durable steps, from where they are asked for."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Death:
    """What a child said before it ended, and whether it was killed at its step."""

    told: list[Any]
    killed: bool


class Mortals:
    """One process that forks a child for each task (children.py)."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, what: str, at: int = 0, **task: object) -> Death:
        """Let a child do a task and be killed at its step number `at`, never at 0; a child that fails by itself fails the test."""
        self.begin(what, at, **task)
        return self.end()

    def begin(self, what: str, at: int = 0, **task: object) -> None:
        """Let a child begin a task."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, "at": at, **task}) + "\n")
        self._process.stdin.flush()

    def end(self) -> Death:
        """How the child ended."""
        assert self._process.stdout is not None
        ended = json.loads(self._process.stdout.readline())
        assert ended["code"] in {0, -signal.SIGKILL}, ended
        return Death(ended["told"], ended["code"] != 0)


@contextmanager
def mortals() -> Iterator[Mortals]:
    """The process for the length of a block."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(Path(__file__).with_name("children.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        yield Mortals(process)
        assert process.stdin is not None
        process.stdin.close()
