"""A peer that is not honest: a real HTTP server before a real node, which changes what passes as a test wants it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from serving import TLS, Served

from app.exchange.log import sealed
from app.wire.ids import uuid7

Json = dict[str, Any]
Change = Callable[[str, Json, Json], Json]
"""Path, query and the honest answer: what is answered instead."""


class Raw(Exception):  # noqa: N818 - an answer, no error
    """Answer with these bytes, as they stand."""

    def __init__(self, body: bytes, status: int = 200, **headers: str) -> None:
        super().__init__(status)
        self.body, self.status, self.headers = body, status, {name.replace("_", "-"): value for name, value in headers.items()}


@contextmanager
def crooked(upstream: Served, change: Change) -> Iterator[str]:
    """The address of a server that passes requests on to a node and answers what `change` makes of its answers."""
    forward = httpx.Client(base_url=upstream.url, trust_env=False, verify=TLS, timeout=30)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            sent = self.rfile.read(length)
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type", "If-None-Match") if name in self.headers}
            got = forward.request(self.command, self.path, content=sent, headers=kept)
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            try:
                body, status, headers = got.content, got.status_code, {"ETag": got.headers.get("etag", "")}
                if status < 300:
                    body = json.dumps(change(parts.path, query, got.json() if got.content else {})).encode()
            except Raw as raw:
                body, status, headers = raw.body, raw.status, raw.headers
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = answer  # noqa: N815 - the library's own names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    forward.close()


def on_changes(change: Callable[[Json], Json]) -> Change:
    """Change the pages of the feed alone."""
    return lambda path, _, honest: change(honest) if path == "/v1/changes" else honest


def resealed(served: Served, document: Json, **changes: Any) -> Json:
    """A document as the node's own key signs it with these changes: hostile, and correctly signed."""
    bare = {name: value for name, value in {**document, **changes}.items() if name not in {"salt", "digest", "signature"}}
    return dict(sealed(served.node.signer, bare))


def item_of(document: Json, seq: int, **changes: Any) -> Json:
    """The change that brings a document."""
    named = {name: document[name] for name in ("kind", "id", "version", "origin", "digest")}
    return {**named, "op": "publish", "document": document, "seq": seq, **changes}


def fresh_id() -> str:
    return uuid7()
