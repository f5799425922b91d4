"""Every answer that a test gets over HTTP is held against the API description: status, media type, headers, body."""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import orjson

from app.main import description_of
from app.web.answers import problem_responses

PROBLEM = "application/problem+json"
NDJSON = "application/x-ndjson"
_DESCRIPTION = "urn:istmo:description"
_LARGEST = 20_000_000
_MOST_FAULTS = 10
# What HTTP itself, the server below and the browser's own guards say; the description names all others.
_OF_HTTP = frozenset(
    {
        *("content-type", "content-length", "date", "server", "connection", "transfer-encoding", "x-content-type-options"),
        *("content-security-policy", "referrer-policy", "x-frame-options", "cross-origin-opener-policy", "cross-origin-resource-policy"),
        *("permissions-policy",),
    }
)


@dataclass(frozen=True)
class Seen:
    """One whole answer."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes | None


@dataclass
class Answers:
    """An ASGI application around another, that collects each answer which the description does not allow."""

    app: Any
    faults: dict[str, None] = field(default_factory=dict)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, headers, parts, whole = 0, {}, [], False

        async def seen(message: dict[str, Any]) -> None:
            nonlocal status, headers, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = _joined(message["headers"])
            elif message["type"] == "http.response.body":
                if "csv" not in headers.get("content-type", ""):
                    parts.append(message.get("body", b""))
                whole = not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, receive, seen)
        finally:
            if status:
                body = b"".join(parts) if whole and scope["method"] != "HEAD" else None
                self._judge(Seen(scope["method"], scope["path"], status, headers, body))

    def _judge(self, answer: Seen) -> None:
        try:
            found = faults_of(answer)
        except Exception as error:  # noqa: BLE001 - the server would swallow it
            found = [f"{answer.method} {answer.path} -> {answer.status}: could not be judged: {error!r}"]
        self.faults |= dict.fromkeys(found)

    def report(self) -> None:
        """Fail with every difference that was seen between answers and description."""
        assert not self.faults, "answers that the API description does not allow:\n" + "\n".join(list(self.faults)[:_MOST_FAULTS])


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode().lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def faults_of(answer: Seen) -> list[str]:
    """What of an answer is not as the description says, in words: the operation, the place, the rule."""
    operation = operation_of(answer.method, answer.path)
    if operation is None:
        allowed = answer.status in {404, 405, 429, 500, 503}
        where = f"{answer.method} {answer.path} -> {answer.status}"
        return _against(where, _unrouted(answer.status), answer) if allowed else [f"{where}: no such operation is described"]
    where = f"{operation['operationId']} ({answer.method} {answer.path}) -> {answer.status}"
    described = operation["responses"].get(str(answer.status))
    if described is None:
        code = f" {orjson.loads(answer.body)['code']}" if answer.body and answer.headers.get("content-type") == PROBLEM else ""
        return [f"{where}{code}: the status is not described; there are {', '.join(operation['responses'])}"]
    return _against(where, resolved(described), answer)


def _against(where: str, described: Mapping[str, Any], answer: Seen) -> list[str]:
    return [f"{where}: {fault}" for fault in (*_headers(described, answer), *_content(described, answer))]


def _headers(described: Mapping[str, Any], answer: Seen) -> Iterable[str]:
    known = {name.lower(): resolved(header) for name, header in described.get("headers", {}).items()}
    for name in answer.headers.keys() - known.keys() - _OF_HTTP:
        yield f"the header {name} is not described"
    for name, header in known.items():
        if name not in answer.headers:
            if header.get("required"):
                yield f"the header {name} is missing"
            continue
        text = answer.headers[name]
        value = int(text) if header["schema"]["type"] == "integer" and text.isdigit() else text
        for error in _validator_of(header["schema"]).iter_errors(value):
            yield f"the header {name}: {_words(error)}"


def _content(described: Mapping[str, Any], answer: Seen) -> Iterable[str]:
    media = answer.headers.get("content-type", "").split(";")[0]
    content = described.get("content", {})
    if not content:
        if answer.body:
            yield f"a body ({media}) where none is described"
        return
    if media not in content:
        yield f"the media type {media or 'nothing'} is not described; there are {', '.join(content)}"
        return
    if answer.body is None or len(answer.body) > _LARGEST:
        return
    if media == NDJSON:
        for line in answer.body.splitlines():
            yield from _misfits(content[media]["schema"], line)
    elif media.endswith("json"):
        yield from _misfits(content[media]["schema"], answer.body)


def _misfits(schema: Mapping[str, Any], body: bytes) -> Iterable[str]:
    validator, value = _validator_of(schema), orjson.loads(body)
    if not validator.is_valid(value):
        yield from (_words(error) for error in validator.iter_errors(value))


def _words(error: jsonschema_rs.ValidationError) -> str:
    place = "/" + "/".join(map(str, error.instance_path))
    branches = getattr(error.kind, "context", None) or []
    inner = "; ".join(f"[{' & '.join(_words(one) for one in branch[:3])}]" for branch in branches)
    return f"at {place}: {error.message[:200]} ({'/'.join(map(str, error.schema_path))}) {inner}"[:1500]


@functools.cache
def _components() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(_DESCRIPTION, {"components": {"schemas": description_of()["components"]["schemas"]}})])


_VALIDATORS: dict[int, Any] = {}
"""By the identity of a schema: the description stays as long as the process."""


def _validator_of(schema: Mapping[str, Any]) -> Any:
    if id(schema) not in _VALIDATORS:
        _VALIDATORS[id(schema)] = _validator(orjson.dumps(schema))
    return _VALIDATORS[id(schema)]


@functools.lru_cache(maxsize=500)
def _validator(schema: bytes) -> Any:
    """A compiled schema, which may refer to the components of the description."""
    whole = orjson.loads(schema.replace(b'"#/', f'"{_DESCRIPTION}#/'.encode()))
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, registry=_components())


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the description, or what its reference points to."""
    if "$ref" not in part:
        return part
    found: Any = description_of()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name.replace("~1", "/")]
    return found


@functools.cache
def _unrouted(status: int) -> Mapping[str, Any]:
    return problem_responses()[f"Problem{status}"]


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
    """Paths as patterns, those with fixed words first."""
    paths = sorted(description_of()["paths"].items(), key=lambda item: [part.startswith("{") for part in item[0].split("/")])
    return [(re.compile(re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", re.escape(path))), operations) for path, operations in paths]


@functools.lru_cache(maxsize=5000)
def operation_of(method: str, path: str) -> Mapping[str, Any] | None:
    """The described operation that a request calls; HEAD is answered as GET is."""
    wanted = "get" if method == "HEAD" else method.lower()
    # GET /v1/bulletins/files is no operation of that path, and so asks for a document of that name.
    return next((operations[wanted] for pattern, operations in _patterns() if wanted in operations and pattern.fullmatch(path)), None)
