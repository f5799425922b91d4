"""HTTP at the edge: request ids, bodies within their limit, the reader's language, answers."""

from collections.abc import Mapping, MutableMapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.problems import LANGUAGES, Problem
from app.wire.ids import uuid7

JSON = "application/json"


class RequestId:
    """Gives each request an id, answered as `X-Request-Id` and named in problems and audit rows (pure ASGI)."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its id and its answer back with the header."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = uuid7()
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
            await send(message)

        await self.app(scope, receive, send_with_id)


async def read_body(request: Request, limit: int, media_type: str = JSON) -> bytes:
    """The body, held in memory; raises `unsupported-media-type` (415) and `body-too-large` (413) before it is read to its end."""
    sent = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if sent != media_type:
        raise Problem("unsupported-media-type", expected=media_type)
    declared = request.headers.get("content-length", "0")
    body = bytearray()
    if declared.isdigit() and int(declared) <= limit:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    raise Problem("body-too-large", limit=limit, headers={"Connection": "close"})


async def _json_body(request: Request) -> bytes:
    return await read_body(request, request.app.state.settings.body_limit)


JsonBody = Annotated[bytes, Depends(_json_body)]
"""The raw JSON body, read after the caller is known and within the limit."""


def takes(model: type) -> dict[str, Any]:
    """What the API description says of a route whose body is read by hand: `openapi_extra=takes(Model)`; name the model in BODIES too."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def language_of(request: Request) -> str:
    """The language that the reader asked for: es, pt or en, by Accept-Language; en where none of them is named."""
    ranked: list[tuple[float, str]] = []
    for item in request.headers.get("accept-language", "").split(","):
        name, _, quality = item.strip().partition(";q=")
        base = name.split("-")[0].lower()
        if base in LANGUAGES:
            ranked.append((float(quality) if quality.replace(".", "", 1).isdigit() else 1.0, base))
    return max(ranked, key=lambda pair: pair[0], default=(0.0, "en"))[1]


def json_response(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; bytes are taken as they are."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return Response(body, status, dict(headers or {}), JSON)
