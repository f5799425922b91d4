"""What is kept of every request: its id in the answer, one line in the log, a count and a time in the metrics (pure ASGI)."""

import logging
import time
from collections.abc import MutableMapping
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.admission import ReaderStalled
from app.core.logs import tell
from app.core.metrics import METHODS, Metrics
from app.core.rendering import unexpected_problem
from app.wire.ids import uuid7

GONE = 499
"""The status that stands in log and metrics where the caller left before an answer began."""

_NO_ROOM_OR_TIME = frozenset({408, 429, 503, 507})
_FAILED = 500


class Observed:
    """The outermost layer: ids, log, metrics, and the answer to a fault of ours."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Wrap the application."""
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its id and its answer back with the header."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status, request_id = time.perf_counter(), 0, uuid7()
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except (ClientDisconnect, ReaderStalled):
            state.setdefault("problem", "caller-gone")
        except Exception as error:  # noqa: BLE001 - the last place where a fault can still be answered
            answer = unexpected_problem(Request(scope), error)
            # An answer that has begun cannot be taken back: the server below cuts it off.
            if not status:
                await answer(scope, receive, send_with_id)
        finally:
            self._note(scope, state, status or GONE, time.perf_counter() - begun)

    def _note(self, scope: Scope, state: MutableMapping[str, Any], status: int, seconds: float) -> None:
        route, caller, client = scope.get("route"), state.get("caller"), scope.get("client")
        method = scope["method"] if scope["method"] in METHODS else "other"
        operation, code = getattr(route, "operation_id", None), state.get("problem")
        self.metrics.answered(operation or "none", method, status, seconds)
        if status in _NO_ROOM_OR_TIME and code:
            self.metrics.refused(code)
        fields = {
            "request_id": state["request_id"],
            "operation": operation,
            "method": method,
            "route": getattr(route, "path", None),
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
            "client_id": getattr(caller, "client_id", None),
            "address": client[0] if client else None,
            "code": code,
        }
        tell(logging.ERROR if status == _FAILED else logging.INFO, "request", fields)
