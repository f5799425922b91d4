"""Problems at the edge: the one place that renders them (RFC 9457), in the reader's language."""

import logging
from collections.abc import Mapping, Sequence

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.core.language import language_of, spoken
from app.core.logs import tell
from app.core.parsing import code_of, expected_of, nearest
from app.core.problems import Problem, as_json, sentence_of, title_of
from app.wire.problem import Finding
from app.wire.strict_json import is_ours

CHALLENGES = ('Bearer realm="istmo"', 'Basic realm="istmo", charset="UTF-8"')
PROBLEM_TYPE = "https://istmo.example/problems/"
OAUTH_ERRORS = frozenset({"invalid-client", "invalid-request", "invalid-scope", "unsupported-grant-type"})
"""Refusals that also carry the word of RFC 6749 section 5.2 as member `error`."""
_HTTP_CODES = {404: "not-found", 405: "method-not-allowed"}


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
    if problem.code in OAUTH_ERRORS:
        body["error"] = problem.code.replace("-", "_")
    if problem.code == "log-behind":
        body["size"] = problem.params["size"]
    if problem.findings:
        body["errors"] = [as_json(finding, language) for finding in problem.findings]
    return body


def problem_response(request: Request, problem: Problem) -> Response:
    """Render a problem in the reader's language; its code is noted for log and metrics."""
    request.state.problem = problem.code
    language = language_of(request)
    body = problem_body(problem, language, str(getattr(request.state, "request_id", "")))
    headers = {"Cache-Control": "no-store", **problem.headers, **spoken(language, *_varies(request, problem))}
    response = Response(orjson.dumps(body), problem.status, headers, "application/problem+json")
    if problem.status == 401:  # noqa: PLR2004 - the one status that must offer both schemes
        for challenge in CHALLENGES:
            response.headers.append("WWW-Authenticate", challenge)
    return response


def _varies(request: Request, problem: Problem) -> list[str]:
    """What a refusal depends on beside the language: who asks, but for public routes and where there is none, and what raised it says."""
    extra = getattr(request.scope.get("route"), "openapi_extra", None) or {}
    private = extra.get("x-access", ["public"]) != ["public"]
    own = [name.strip() for name in problem.headers.get("Vary", "").split(",") if name.strip()]
    return [*(["Authorization"] if private else []), *own]


def query_problem(error: RequestValidationError, known: Sequence[str]) -> Problem:
    """A query's faults in our words: unknown and empty parameters come with the valid names (contract: Reads)."""
    findings = []
    for fault in error.errors():
        name = str(fault["loc"][1]) if len(fault["loc"]) > 1 else str(fault["loc"][0])
        context = fault.get("ctx") or {}
        params: Mapping[str, object]
        if fault["type"] == "extra_forbidden":
            code, params = "parameter-unknown", {"known": known, "suggestions": nearest(name, known)}
        else:
            code = code_of(fault["type"])
            bounds = {"minimum": context.get("ge", 0), "maximum": context.get("le", 2**31 - 1), "limit": context.get("max_length")}
            expected = expected_of(context)
            valid = known if code == "parameter-empty" else expected
            params = {"known": valid, "suggestions": [], **bounds, **context, "expected": expected}
        findings.append(Finding(code, pointer=name if is_ours(name) else "", params=params))
    return Problem("invalid-query", *findings)


def http_problem(error: HTTPException) -> Problem:
    """What the router itself refuses: no such route, no such method."""
    return Problem(_HTTP_CODES.get(error.status_code, "not-found"), headers=dict(error.headers or {}))


def unexpected_problem(request: Request, error: Exception) -> Response:
    """A fault of ours: logged with its request id, answered without any detail."""
    tell(logging.ERROR, "request failed", {"request_id": getattr(request.state, "request_id", None)}, error)
    return problem_response(request, Problem("internal"))
