"""A real HTTP server on loopback that answers what a test wrote down, and keeps what it was asked."""

import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PROBLEM = "application/problem+json"
NDJSON = "application/x-ndjson"


@dataclass
class Asked:
    method: str
    target: str
    headers: dict
    body: bytes

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)


@dataclass
class Says:
    """One answer; `body` is bytes, or a value sent as JSON, or a list of values sent as lines; `cut` breaks off after it."""

    body: object = field(default_factory=dict)
    status: int = 200
    media_type: str = ""
    headers: dict = field(default_factory=dict)
    cut: bool = False

    def content(self):
        if isinstance(self.body, bytes):
            return self.body, self.media_type
        if isinstance(self.body, list):
            lines = [json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in self.body]
            return b"".join(lines), self.media_type or NDJSON
        return json.dumps(self.body).encode(), self.media_type or ("application/json" if self.status < 400 else PROBLEM)


HANGS_UP = Says(status=0)


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        length = int(self.headers.get("content-length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, self.rfile.read(length)))
        says = self.server.script.pop(0) if len(self.server.script) > 1 else self.server.script[0]
        if says.status == 0:
            return
        content, media_type = says.content()
        self.send_response(says.status)
        for name, value in says.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content) + (1000 if says.cut else 0)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_arguments):
        pass


class Node:
    """The server; the last answer of its script is given again and again."""

    def __init__(self, *script, certificate=None):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.server.script, self.server.asked = list(script), []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    @property
    def asked(self):
        return self.server.asked

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


def problem(status, code, *errors, **more):
    body = {"type": f"https://istmo.example/problems/{code}", "status": status, "code": code, "detail": f"words about {code}", **more}
    return Says({**body, "errors": list(errors)} if errors else body, status=status)
