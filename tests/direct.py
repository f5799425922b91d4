"""The way to a node on loopback for the clients of tests: the parser by which the server reads, over a plain socket.

The library's own way takes two thirds of the time of a request: it is for networks that a test has not.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Iterator

import httptools
import httpx

_PIECE = 1 << 16
_IDLE_S = 2.0
"""After this a connection is opened anew: the server closes one that idles for 5 s."""


class _Connection:
    """One connection; what has come of an answer so far."""

    def __init__(self, address: tuple[str, int], patience: float | None) -> None:
        self.socket = socket.create_connection(address, patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_held(self) -> bool:
        """Whether the server still holds it, and will for a while: one that it left has an end to be read."""
        if time.monotonic() - self.used > _IDLE_S:
            return False
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)

    def send(self, request: httpx.Request) -> None:
        """Send all of a request; a server that has heard enough may answer and hang up before."""
        head = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
        head += [b"%s: %s" % pair for pair in request.headers.raw]
        pieces, chunked = iter(request.stream), "transfer-encoding" in request.headers  # type: ignore[arg-type]
        first = b"" if chunked else next(pieces, b"")
        try:
            self.socket.sendall(b"\r\n".join([*head, b"", first]))
            for piece in pieces:
                self.socket.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if chunked:
                self.socket.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        except TimeoutError as error:
            raise httpx.WriteTimeout(str(error)) from error

    def listen(self, *, bare: bool) -> None:
        """Read the head of the answer; a `bare` one has no body, whatever length it names."""
        self.parser, self.bare = httptools.HttpResponseParser(self), bare
        self.told = self.whole = False
        self.parts: list[bytes] = []
        while not self.told:
            self._read()

    def body(self) -> Iterator[bytes]:
        """The pieces of the body as they come."""
        while True:
            parts, self.parts = self.parts, []
            yield from parts
            if self.whole:
                return
            self._read()

    def _read(self) -> None:
        try:
            piece = self.socket.recv(_PIECE)
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error
        if not piece:
            raise httpx.RemoteProtocolError("the server hung up before its answer was whole")
        self.parser.feed_data(piece)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.reason = b""

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        # Before an answer there may come another that only says: go on.
        self.status = self.parser.get_status_code()
        self.told = self.status >= 200
        self.whole = self.told and self.bare

    def on_body(self, piece: bytes) -> None:
        self.parts.append(piece)

    def on_message_complete(self) -> None:
        self.whole = self.told


class _Body(httpx.SyncByteStream):
    def __init__(self, connection: _Connection, idle: deque[_Connection]) -> None:
        self._connection, self._idle = connection, idle

    def __iter__(self) -> Iterator[bytes]:
        return self._connection.body()

    def close(self) -> None:
        """Keep the connection for the next request, where nothing of this answer is left in it."""
        stays = self._connection.whole and self._connection.parser.should_keep_alive()
        if stays:
            self._connection.used = time.monotonic()
            self._idle.append(self._connection)
        else:
            self._connection.socket.close()


class Direct(httpx.BaseTransport):
    """Requests to a node on loopback, from as many threads as like."""

    def __init__(self) -> None:
        self._idle: deque[_Connection] = deque()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        patience = request.extensions.get("timeout", {}).get("read")
        connection = self._connected((request.url.host, request.url.port or 80), patience)
        try:
            connection.send(request)
            connection.listen(bare=request.method == "HEAD")
        except BaseException:
            connection.socket.close()
            raise
        told = {"http_version": b"HTTP/1.1", "reason_phrase": connection.reason}
        return httpx.Response(connection.status, headers=connection.headers, stream=_Body(connection, self._idle), extensions=told)

    def _connected(self, address: tuple[str, int], patience: float | None) -> _Connection:
        while self._idle:
            try:
                known = self._idle.pop()
            except IndexError:
                break
            if known.is_held:
                known.socket.settimeout(patience)
                return known
            known.socket.close()
        try:
            return _Connection(address, patience)
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error

    def close(self) -> None:
        """Close the connections that no request has."""
        while self._idle:
            self._idle.pop().socket.close()
