"""A bad line between two nodes: a real server that passes requests on, byte by byte, and lets them come to harm by chance with a seed."""

import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO
from urllib.parse import urlsplit

from serving import Served

BREAKS = ("reset", "cut request", "cut answer", "lost answer", "one byte short", "busy", "garbled")
BEARS = ("duplicate", "delay", "slow")
"""A pull goes on after these: they come twice as often, so that it also gets to its later requests."""
WITNESS = "/v1/log/witnesses"
_LENGTH = re.compile(rb"(?<=\r\nContent-Length: )\d+", re.IGNORECASE)
_BUSY = b'HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"code":"busy"}'


class Line:
    """What the line does to the next requests; `harm` is how often, 0 is a good line. Of each path every fault comes once before one comes again."""

    def __init__(self, upstream: Served, seed: int, harm: float) -> None:
        self.chance, self.harm = random.Random(seed), harm
        self.done: Counter[tuple[str, str]] = Counter()
        self._decks: dict[str, list[str]] = {}
        parts = urlsplit(upstream.url)
        self._upstream = parts.hostname, parts.port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._listen()

    @property
    def faults(self) -> int:
        return self.done.total()

    def next_fault(self, path: str) -> str | None:
        """The fault of the next request; a witness, after which nothing follows, nearly always comes to harm."""
        if self.chance.random() >= (self.harm and max(self.harm, 0.9 * (path == WITNESS))):
            return None
        if not self._decks.get(path):
            self._decks[path] = [*BREAKS, *BEARS, *BEARS]
            self.chance.shuffle(self._decks[path])
        fault = self._decks[path].pop()
        self.done[path, fault] += 1
        return fault

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Nobody listens until the block ends."""
        self.close()
        self.done["", "refuse"] += 1
        yield
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._listen()

    def close(self) -> None:
        """Listen no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _listen(self) -> None:
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with (
            suppress(OSError),
            caller,
            socket.create_connection(self._upstream) as node,
            caller.makefile("rb") as asked,
            node.makefile("rb") as told,
        ):
            for each in (caller, node):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while request := _message(asked):
                fault = self.next_fault(request.split(b" ", 2)[1].split(b"?")[0].decode())
                if fault == "cut request":
                    node.sendall(request[: len(request) // 2])
                answers = [_passed_on(node, told, request) for _ in range(_TIMES.get(fault or "", 1))]
                if not answers or not _answered(caller, answers[-1], fault):
                    _reset(caller)
                    return


_TIMES = {"reset": 0, "cut request": 0, "duplicate": 2}


def _message(stream: BinaryIO) -> bytes:
    """A whole request or answer, empty where the connection ended."""
    lines = [stream.readline()]
    while lines[-1] not in {b"\r\n", b""}:
        lines.append(stream.readline())
    head = b"".join(lines)
    length = _LENGTH.search(head)
    return head + stream.read(int(length[0])) if length else head


def _passed_on(node: socket.socket, told: BinaryIO, request: bytes) -> bytes:
    node.sendall(request)
    return _message(told)


def _answered(caller: socket.socket, answer: bytes, fault: str | None) -> bool:
    """Whether the connection still stands after the answer, or what is left of it."""
    if fault in {"lost answer", "cut answer", "one byte short"}:
        caller.sendall(answer[: {"lost answer": 0, "cut answer": len(answer) // 2}.get(fault, -1)])
        return False
    if fault == "slow":
        for part in range(8):
            caller.sendall(answer[len(answer) * part // 8 : len(answer) * (part + 1) // 8])
            time.sleep(0.001)
        return True
    if fault == "delay":
        time.sleep(0.005)
    caller.sendall({"busy": _BUSY, "garbled": _garbled(answer)}.get(fault or "", answer))
    return True


def _garbled(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    half = body[: len(body) // 2] + b"}"
    return _LENGTH.sub(str(len(half)).encode(), head) + b"\r\n\r\n" + half


def _reset(caller: socket.socket) -> None:
    # Closed with what lingers thrown away: the other end gets a reset, no end.
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def bad_line(upstream: Served, seed: int, harm: float) -> Iterator[Line]:
    """A line to a node for the length of a block."""
    line = Line(upstream, seed, harm)
    yield line
    line.close()
