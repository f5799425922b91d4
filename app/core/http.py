"""HTTP at the edge: request ids, bodies within their limit, answers, and the one handler that renders problems (RFC 9457)."""

import logging
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.parsing import code_of, nearest
from app.core.problems import LANGUAGES, Problem, as_json, sentence_of, title_of
from app.wire.ids import uuid7
from app.wire.problem import Finding

JSON = "application/json"
CHALLENGES = ('Bearer realm="istmo"', 'Basic realm="istmo", charset="UTF-8"')
PROBLEM_TYPE = "https://istmo.example/problems/"
_LOG = logging.getLogger("istmo")
_LONGEST_NAME = 64
_HTTP_CODES = {404: "not-found", 405: "method-not-allowed"}


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


def problem_body(problem: Problem, language: str, request_id: str) -> dict[str, object]:
    """A problem as it crosses the wire (contract: Errors)."""
    body: dict[str, object] = {
        "type": PROBLEM_TYPE + problem.code,
        "title": title_of(problem.code, language),
        "status": problem.status,
        "code": problem.code,
        "detail": sentence_of(problem.code, problem.params, language),
        "request_id": request_id,
    }
    if problem.findings:
        body["errors"] = [as_json(finding, language) for finding in problem.findings]
    return body


def problem_response(request: Request, problem: Problem) -> Response:
    """Render a problem in the reader's language."""
    language = language_of(request)
    body = problem_body(problem, language, str(getattr(request.state, "request_id", "")))
    headers = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store", **problem.headers}
    response = Response(orjson.dumps(body), problem.status, headers, "application/problem+json")
    if problem.status == 401:  # noqa: PLR2004 - the one status that must offer both schemes
        for challenge in CHALLENGES:
            response.headers.append("WWW-Authenticate", challenge)
    return response


def query_problem(error: RequestValidationError, known: Sequence[str]) -> Problem:
    """A query's faults in our words: unknown and empty parameters come with the valid names (contract: Reads)."""
    findings = []
    for fault in error.errors():
        name = str(fault["loc"][1]) if len(fault["loc"]) > 1 else str(fault["loc"][0])
        context = fault.get("ctx") or {}
        if fault["type"] == "extra_forbidden":
            code, params = "parameter-unknown", {"known": known, "suggestions": nearest(name, known)}
        else:
            code = code_of(fault["type"])
            bounds = {"minimum": context.get("ge", 0), "maximum": context.get("le", 2**31 - 1), "limit": context.get("max_length")}
            params = {"known": known, "suggestions": [], **bounds, **context}
        findings.append(Finding(code, pointer=name[:_LONGEST_NAME], params=params))
    return Problem("invalid-query", *findings)


def http_problem(error: HTTPException) -> Problem:
    """What the router itself refuses: no such route, no such method."""
    return Problem(_HTTP_CODES.get(error.status_code, "not-found"), headers=dict(error.headers or {}))


def unexpected_problem(request: Request, error: Exception) -> Response:
    """A fault of ours: logged with its request id, answered without any detail."""
    _LOG.error("request %s failed", getattr(request.state, "request_id", "-"), exc_info=error)
    return problem_response(request, Problem("internal"))
