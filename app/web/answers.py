"""What every operation has in common in its answers: headers, and the problems that it can give, shared by status."""

from collections.abc import Iterable
from typing import Any

from fastapi.routing import APIRoute

from app.web import examples
from app.wire.text import PRINTABLE

Described = dict[str, Any]
PROBLEM = "application/problem+json"
_BUSY, _FULL = 503, 507


def header(description: str, *, required: bool = True, **schema: Any) -> Described:  # noqa: ANN401 - JSON Schema
    """A header of an answer; a text of printable characters where nothing else is said."""
    said = {"type": "string", "maxLength": 1_000, "pattern": PRINTABLE, **schema}
    if said["type"] == "integer":
        said = {"type": "integer", "format": "int32", **schema}
    return {"description": description, "required": required, "schema": said}


HEADERS: dict[str, Described] = {
    "X-Request-Id": header("The request's id, as logs and audit know it.", maxLength=36, format="uuid"),
    "X-RateLimit-Limit": header("Requests a second that one client may send on average.", type="integer", minimum=1, maximum=1_000_000),
    "Cache-Control": header("How long and by whom the answer may be kept.", required=False),
    "Vary": header("The request headers that the answer depends on.", required=False),
    "Content-Language": header("The language of the texts in the answer.", required=False, pattern="^(en|es|pt)$", maxLength=2),
    "ETag": header('Of a document `"{id}.v{n}"`, as If-Match takes it; of a list or file a tag for If-None-Match.', maxLength=200),
    "Location": header("Where the new document is.", pattern=r"^/\S*$"),
    "Link": header('The next page, `rel="next"`, where there is one.', required=False, maxLength=8_000),
    "Idempotency-Replayed": header("The answer is the one kept under the Idempotency-Key.", required=False, maxLength=4, pattern="^true$"),
    "Content-Disposition": header("The name of the file.", required=False),
    "Istmo-Total": header(
        "How many rows the whole answer has, also where it comes in pages.", required=False, type="integer", minimum=0, maximum=2**31 - 1
    ),
    "Istmo-Left-Out": header(
        "Of a file: what was left out of it, by your own filter (`tlp`) or for it may not be passed on (`no-onward=2`).",
        required=False,
        maxLength=60,
    ),
    "Retry-After": header("Seconds after which to try again.", type="integer", minimum=0, maximum=86_400),
    "WWW-Authenticate": header("The ways to say who you are: Bearer and Basic."),
    "Pragma": header("Nobody may keep the answer.", maxLength=20, pattern="^no-cache$"),
    "Allow": header("The methods that this address knows."),
}
"""Every header that an answer may carry beside those of HTTP itself."""

EVERYWHERE = ("X-Request-Id", "X-RateLimit-Limit", "Cache-Control", "Vary")
_OF_STATUS = {401: ("WWW-Authenticate",), 405: ("Allow",), 429: ("Retry-After",), 503: ("Retry-After",), 507: ("Retry-After",)}
_OPTIONAL = {409: ("Link", "Retry-After"), 410: ("Link",), 412: ("ETag",)}
_REASONS = {
    400: "What was sent cannot be taken.",
    401: "Nobody is known by what was sent.",
    403: "You are known and may not do this.",
    404: "Nothing is here that you may see.",
    405: "The address does not know this method.",
    406: "The operation gives none of the media types that Accept takes.",
    408: "The body took too long to come in.",
    409: "It does not fit what stands already.",
    410: "What was asked for is no longer kept.",
    412: "The document has another version than the one in If-Match.",
    413: "The body is larger than this node takes.",
    415: "The body has another media type than this operation takes.",
    422: "What was sent breaks a rule; `errors` names each place and rule.",
    428: "A change needs If-Match.",
    429: "Too many requests; try again after the seconds in Retry-After.",
    500: "A fault of ours; nothing was changed.",
    503: "The node cannot serve this now; try again after the seconds in Retry-After.",
    507: "The node has no room to store anything; nothing was changed.",
}


def references(names: Iterable[str]) -> Described:
    """Headers of an answer by their names."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problem_responses() -> dict[str, Described]:
    """The shared answers of refusals, one a status, each with a worked example of every problem that has this status."""
    return {f"Problem{status}": _refusal(status, list(shown)) for status, shown in sorted(examples.problems().items())}


def problem_examples() -> dict[str, Described]:
    """The worked examples of all problems by code."""
    return {code: shown for by_code in examples.problems().values() for code, shown in by_code.items()}


def _refusal(status: int, codes: Iterable[str]) -> Described:
    headers = references((*EVERYWHERE, "Content-Language", *_OF_STATUS.get(status, ())))
    headers |= {name: {**HEADERS[name], "required": False} for name in _OPTIONAL.get(status, ())}
    shown = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "examples": shown}}
    return {"description": _REASONS[status], "headers": headers, "content": content}


def refusals(operation: Described, route: APIRoute) -> list[int]:
    """The statuses of the problems that an operation can give, by what it takes: a caller, a body, a version, a place, parameters."""
    parameters = operation.get("parameters", ())
    rules = (
        (operation["x-access"] != ["public"], {401, 403, 429, _FULL}),
        ("requestBody" in operation, {408, 413, 415, 422, _FULL}),
        (any(parameter.get("name", "").title() == "If-Match" for parameter in parameters), {412, 428}),
        ("401" in operation["responses"], {429}),
        (any(parameter.get("in") == "path" for parameter in parameters), {404}),
        (any("IdempotencyKey" in parameter.get("$ref", "") for parameter in parameters), {409}),
        (bool(route.dependant.query_params), {422}),
    )
    found = {500, _BUSY}.union(*(statuses for holds, statuses in rules if holds))
    return sorted(found | {int(status) for status in operation["responses"] if str(status).isdigit() and int(status) >= 400})  # noqa: PLR2004
