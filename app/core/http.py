"""HTTP at the edge: request ids, bodies within their limit, answers."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request, Response

from app.core.problems import Problem

JSON = "application/json"


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
    return _taking({"$ref": f"#/components/schemas/{model.__name__}"})


def takes_any(*models: str) -> dict[str, Any]:
    """The same of a route that takes one of several models, by their names: other routes take each of them too."""
    return _taking({"anyOf": [{"$ref": f"#/components/schemas/{model}"} for model in models]})


def _taking(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def json_response(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; bytes are taken as they are."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return Response(body, status, dict(headers or {}), JSON)
