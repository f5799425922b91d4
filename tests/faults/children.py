"""A process that has imported the app and holds nothing open: it reads a task a line and forks a child for it, which is killed at one of its
durable steps while it publishes, withdraws, releases, receives, migrates, restores or serves. A task that nobody is to be killed at it does itself, so
that its children find the statements of such a task compiled.
"""

# ruff: noqa: E402 - what is imported is imported without a look for garbage

import asyncio
import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

gc.disable()

import statements
import uvicorn
from bodies import bulletin
from serving import settings_for
from sqlalchemy import Engine, event

from app.access.audit import Attempt
from app.access.callers import authenticate
from app.bulletins.declare import declare
from app.bulletins.preparing import Submission
from app.bulletins.service import publish, withdraw
from app.cli.node import prepare_store
from app.core.idempotency import Answer, claim, keep
from app.exchange.node import Node, open_node
from app.main import KINDS, create_app
from app.reviews.releasing import release_due
from app.settings import Settings
from app.sync import pulling
from app.sync.restoring import restore
from app.wire.bulletin import BulletinDraft

Task = dict[str, Any]
Say = Callable[[object], None]
LONGEST_S = 60
FILES = {"os.link", "os.rename", "os.remove"}
READS = re.compile(r"\s*(SELECT|PRAGMA|BEGIN|SHOW)", re.IGNORECASE)


def settings_of(task: Task) -> Settings:
    return settings_for(task["url"], Path(task["folder"]), conferences=task.get("conferences", "RCM,SACM"), private_peers=True)


@contextmanager
def opened(task: Task) -> Iterator[Node]:
    node = open_node(settings_of(task))
    yield node
    node.close()


def _publish(task: Task, say: Say) -> None:
    with opened(task) as node:
        caller = authenticate(node.db, f"Bearer {task['key']}")
        mine = claim(node.db, task["period"], "body", 1)
        assert not isinstance(mine, Answer)
        body = bulletin(period=task["period"], publish_at=task.get("publish_at"))
        submission = Submission(declare(BulletinDraft.model_validate(body), "RCM"))
        done = publish(
            node, caller, [submission], attempt=Attempt("publish"), keep=lambda session, _: keep(session, mine, Answer(201, {}, b"{}"))
        )
        kept = done[0].kept
        say(kept.id if kept else (done[0].document or {})["id"])


def _withdraw(task: Task, say: Say) -> None:
    with opened(task) as node:
        caller = authenticate(node.db, f"Bearer {task['key']}")
        withdraw(node, caller, task["id"], version=1, reason="counted twice", attempt=Attempt("withdraw"))
        say(task["id"])


def _release(task: Task, say: Say) -> None:
    with opened(task) as node:
        say(release_due(node, KINDS, lambda: datetime.fromisoformat(task["clock"])))


def _receive(task: Task, say: Say) -> None:
    pulling.PAGE = 1
    with opened(task) as node:
        say(pulling.pull(node, KINDS, "rcm").applied)


def _migrate(task: Task, say: Say) -> None:
    prepare_store(settings_of(task))
    say("migrated")


def _restore(task: Task, say: Say) -> None:
    say(restore(settings_of(task), KINDS, Path(task["file"])).entries)


def _serve(task: Task, say: Say) -> None:
    with opened(task) as node, socket.create_server(("127.0.0.1", task["port"])) as listener:
        config = uvicorn.Config(create_app(node), log_config=None, access_log=False, loop="asyncio")
        say("listens")
        uvicorn.Server(config).run(sockets=[listener])


TASKS: dict[str, Callable[[Task, Say], None]] = {
    "publish": _publish,
    "withdraw": _withdraw,
    "release": _release,
    "receive": _receive,
    "migrate": _migrate,
    "restore": _restore,
    "serve": _serve,
}


def main() -> None:
    """Do a task a line, or fork a child for it."""
    statements.share()
    steps = Steps()
    gc.freeze()
    gc.enable()
    for line in sys.stdin:
        task = json.loads(line)
        lived = _life(task, steps) if task["at"] or task["do"] == "serve" or "strace" in task else _self(task, steps)
        print(json.dumps(lived), flush=True)


def _self(task: Task, steps: "Steps") -> Task:
    told: list[object] = []
    code = _live(task, steps, told.append)
    signal.alarm(0)
    return {"told": told, "code": code}


def _life(task: Task, steps: "Steps") -> Task:
    (hear, said), (wait, go) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        os.read(wait, 1)
        os._exit(_live(task, steps, lambda word: os.write(said, json.dumps(word).encode() + b"\n")))
    with _watched(child, task.get("strace", [])):
        os.write(go, b"!")
        for each in (said, wait, go):
            os.close(each)
        with os.fdopen(hear) as told:
            lines = [json.loads(line) for line in told]
        _, status = os.waitpid(child, 0)
    return {"told": lines, "code": os.waitstatus_to_exitcode(status)}


@contextmanager
def _watched(child: int, options: Sequence[str]) -> Iterator[None]:
    """By strace, where there are options for it: from before the child's first step on."""
    if not options:
        yield
        return
    with subprocess.Popen(["strace", "-f", "-p", str(child), *options], stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        first = tracer.stderr.readline()
        assert "attached" in first, first
        yield


def _live(task: Task, steps: "Steps", tell: Say) -> int:
    """Do a task and tell what it says, then its number of steps; 1 where it fails."""
    signal.alarm(LONGEST_S)
    steps.count, steps.last = 0, task["at"]

    def say(word: object) -> None:
        steps.step()
        tell(word)

    try:
        TASKS[task["do"]](task, say)
        tell({"steps": steps.step()})
    except BaseException:  # noqa: BLE001 - whoever asks is told by the code
        traceback.print_exc()
        return 1
    return 0


class Steps:
    """Counts each statement that writes, each commit, each file that is linked, moved or removed, and each half answer, and ends at the last."""

    def __init__(self) -> None:
        self.count = self.last = 0
        event.listen(Engine, "before_cursor_execute", self._executing)
        event.listen(Engine, "commit", self.step)
        sys.addaudithook(lambda name, _: self.step() if name in FILES else None)
        _send_by_halves(self.step)

    def step(self, *_: object) -> int:
        self.count += 1
        if 0 < self.last <= self.count:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.count

    def _executing(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if READS.match(statement) is None:
            self.step()


def _send_by_halves(step: Callable[[], int]) -> None:
    transport = asyncio.selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    write = transport.write

    def halves(self: object, data: bytes) -> None:
        write(self, data[: len(data) // 2])
        step()
        write(self, data[len(data) // 2 :])

    transport.write = halves


if __name__ == "__main__":
    main()
