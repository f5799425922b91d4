"""A bad line between two nodes: a real HTTP server that passes requests on and lets them come to harm, by chance with a seed."""

import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from serving import TLS, Served

FAULTS = ("reset", "cut request", "cut answer", "lost answer", "one byte short", "duplicate", "delay", "slow", "busy", "garbled", "refuse")


class Line:
    """What the line does to the next requests; `harm` is how often, 0 is a good line."""

    def __init__(self, seed: int, harm: float) -> None:
        self.chance, self.harm = random.Random(seed), harm
        self.done: Counter[str] = Counter()
        self.lock = threading.Lock()

    def next_fault(self) -> str | None:
        with self.lock:
            if self.chance.random() >= self.harm:
                return None
            fault = self.chance.choice(FAULTS)
            self.done[fault] += 1
            return fault

    @property
    def faults(self) -> int:
        return sum(self.done.values())


class _Handler(BaseHTTPRequestHandler):
    server: "_Quiet"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle_one(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault = self.server.line.next_fault()
        if fault in {"reset", "refuse", "cut request"}:
            self.reset()
            return
        got = self.pass_on(sent)
        if fault == "duplicate":
            got = self.pass_on(sent)
        if fault == "lost answer":
            self.reset()
            return
        if fault == "delay":
            time.sleep(0.005)
        self.answer(got, fault)

    def pass_on(self, sent: bytes) -> httpx.Response:
        kept = {name: self.headers[name] for name in ("Authorization", "Content-Type", "If-None-Match") if name in self.headers}
        return self.server.forward.request(self.command, self.path, content=sent, headers=kept)

    def answer(self, got: httpx.Response, fault: str | None) -> None:
        body, status = got.content, got.status_code
        if fault == "busy":
            body, status = b'{"code":"busy"}', 503
        if fault == "garbled":
            body = body[: len(body) // 2] + b"}"
        self.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "ETag": got.headers.get("etag", "")}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if fault in {"cut answer", "one byte short"} and body:
            self.wfile.write(body[: len(body) // 2] if fault == "cut answer" else body[:-1])
            self.wfile.flush()
            self.reset()
        elif fault == "slow":
            for at in range(0, len(body), max(len(body) // 8, 1)):
                self.wfile.write(body[at : at + max(len(body) // 8, 1)])
                self.wfile.flush()
                time.sleep(0.001)
        else:
            self.wfile.write(body)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True

    do_GET = do_POST = handle_one  # noqa: N815 - the library's own names


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, line: Line, forward: httpx.Client) -> None:
        self.line, self.forward = line, forward
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """A line that was cut is what is tested."""


@contextmanager
def bad_line(upstream: Served, line: Line) -> Iterator[str]:
    """The address of the other end of a line to a node."""
    forward = httpx.Client(base_url=upstream.url, trust_env=False, verify=TLS, timeout=30)
    server = _Quiet(line, forward)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    forward.close()
