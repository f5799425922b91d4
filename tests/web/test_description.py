"""The description of the API is whole: names, bounds, problems, worked examples that are true, and what every answer is held against."""

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import answers
import jsonschema_rs
import pytest
from asked import SENT, ask_all
from fastapi import APIRouter
from serving import Served

import app.main
from app.core.problems import catalogue
from app.web import examples, schemas
from app.web.description import ASIDE, INFO, schemas_of, told

ROOT = Path(__file__).parents[2]
DESCRIPTION = app.main.description_of()
COMPONENTS = DESCRIPTION["components"]
OPERATIONS = {operation["operationId"]: operation for path in DESCRIPTION["paths"].values() for operation in path.values()}
# OpenAPI itself says what an OpenAPI document is.
OPEN = {"/paths//openapi.json/get/responses/200/content/application/json/schema"}
UNEXAMPLED = {"api_description"}


def parts(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON object of the description but the examples, with its place."""
    if isinstance(value, dict):
        yield place, value
        for key, inner in value.items():
            if key not in {"examples", "default", "enum", "const"}:
                yield from parts(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from parts(inner, f"{place}/{index}")


def unbounded(schema: dict[str, Any]) -> str | None:
    """What a schema leaves open."""
    kind, said = schema.get("type"), schema.keys()
    if kind == "string" and not said & {"enum", "const"} and not ("maxLength" in said and said & {"pattern", "format"}):
        return "text"
    if kind == "array" and "maxItems" not in said:
        return "list"
    if kind == "integer" and not {"minimum", "maximum", "format"} <= said:
        return "number"
    if kind == "object" and schema.get("additionalProperties") is not False and "maxProperties" not in said:
        return "object"
    return None


@functools.cache
def compiled(schema: str) -> Any:
    whole = {**json.loads(schema), "components": {"schemas": COMPONENTS["schemas"]}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def validator(schema: dict[str, Any]) -> Any:
    """Each schema is compiled once: most problems and documents share theirs."""
    return compiled(json.dumps(schema))


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every media type that an operation takes or gives, by where it stands."""
    yield from (("request", content) for content in operation.get("requestBody", {}).get("content", {}).items())
    for status, answer in operation["responses"].items():
        yield from ((status, content) for content in answer.get("content", {}).items())


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_does_and_who_may_call_it(name: str):
    operation = OPERATIONS[name]
    assert re.fullmatch("[a-z_]+", name)
    assert 9 < len(operation["summary"]) < 140
    assert operation["description"].startswith(operation["summary"])
    assert "Raises" not in operation["description"]
    assert set(operation["tags"]) <= {tag["name"] for tag in DESCRIPTION["tags"]}
    assert set(operation["x-access"]) <= {"public", "operator", "secretariat", "partner", "analyst", "peer"}
    assert ("401" in operation["responses"]) == (operation["security"] != [])
    named = [parameter for parameter in operation["parameters"] if "name" in parameter]
    assert [parameter["name"] for parameter in named if parameter["in"] == "path" and "description" not in parameter] == []


def test_everything_is_bounded():
    found = [(place, what) for place, schema in parts(DESCRIPTION) if (what := unbounded(schema)) and place not in OPEN]
    assert found == []


def test_a_field_that_no_bound_holds_is_found():
    assert [unbounded(schema) for schema in ({"type": "string", "maxLength": 3}, {"type": "array"}, {"type": "integer"})] == [
        *("text", "list", "number")
    ]


def test_there_is_one_schema_a_document():
    assert [name for name in COMPONENTS["schemas"] if re.search("-(Input|Output)|__", name)] == []
    alike: dict[str, list[str]] = {}
    for name, schema in COMPONENTS["schemas"].items():
        bare = {key: value for key, value in schema.items() if key not in {"title", "description"}}
        alike.setdefault(json.dumps(bare, sort_keys=True), []).append(name)
    assert [names for names in alike.values() if len(names) > 1] == []
    assert set(schemas_of(ASIDE)) <= set(COMPONENTS["schemas"])


def test_every_reference_leads_somewhere():
    for place, part in parts(DESCRIPTION):
        if "$ref" in part:
            assert answers.resolved(part), place


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_every_problem_has_a_worked_example_with_all_its_figures(code: str):
    figures = examples.figures_of(code)
    assert set(re.findall(r"{(\w+)}", catalogue()[code]["detail"]["en"])) <= figures.keys()
    value = COMPONENTS["examples"][code]["value"]
    assert list(validator(COMPONENTS["schemas"]["ProblemDocument"]).iter_errors(value)) == []
    assert code in {value["code"], *(finding["code"] for finding in value.get("errors", ()))}
    if f"Problem{value['status']}" in COMPONENTS["responses"]:
        shared = COMPONENTS["responses"][f"Problem{value['status']}"]["content"]["application/problem+json"]["examples"]
        assert shared[code] == {"$ref": f"#/components/examples/{code}"}


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - UNEXAMPLED))
def test_every_document_that_is_sent_or_answered_has_an_example_that_fits(name: str):
    for where, (media, content) in bodies(OPERATIONS[name]):
        if not media.endswith(("json", "urlencoded")):
            continue
        shown = content.get("examples", {})
        assert shown, (name, where)
        for reference in shown.values():
            errors = list(validator(content["schema"]).iter_errors(answers.resolved(reference)["value"]))
            assert errors == [], (name, where)


def test_every_operation_gives_its_documented_answer_to_its_documented_example(served: Served):
    SENT.clear()
    answered = ask_all(served)
    assert OPERATIONS.keys() - answered.keys() == set()
    sendable = {
        reference
        for operation in OPERATIONS.values()
        for where, (_, content) in bodies(operation)
        if where == "request"
        for reference in content.get("examples", {})
    }
    assert sendable - SENT == set()


def test_the_schemas_stand_alone_and_take_their_examples():
    found = schemas.documents(DESCRIPTION)
    wanted = {"bulletin", "bulletin-envelope", "bulletin-draft", "bulletin-revision", "batch", "grounds", "problem", "receipts"}
    assert wanted | {"change-page", "node-description", "flow-page", "client-draft", "policy", "presidency-edit"} <= found.keys()
    for name, schema in found.items():
        assert schema["$id"] == f"https://istmo.example/schemas/{name}.json"
        assert schema["title"]
        assert schema["description"]
        jsonschema_rs.meta.validate(schema)
        alone = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        assert schema["examples"], name
        assert [error.message for value in schema["examples"] for error in alone.iter_errors(value)] == []


def test_a_schema_of_what_is_no_more_is_taken_away(tmp_path: Path):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "gone.json").write_text("{}")
    written = schemas.write(DESCRIPTION, tmp_path)
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == {path.name for path in written[1:]}


def test_what_is_committed_is_what_the_code_says(tmp_path: Path):
    for written in schemas.write(DESCRIPTION, tmp_path):
        committed = ROOT / "openapi" / written.relative_to(tmp_path)
        assert committed.read_text("utf-8") == written.read_text("utf-8"), f"run `istmo openapi`: {committed.name}"
    assert {path.name for path in (ROOT / "openapi" / "schemas").iterdir()} == {path.name for path in (tmp_path / "schemas").iterdir()}


def test_a_route_of_a_router_without_a_rule_stops_the_start(monkeypatch: pytest.MonkeyPatch):
    router = APIRouter()
    router.get("/v1/open", operation_id="open")(lambda: None)
    monkeypatch.setattr(app.main, "ROUTERS", (*app.main.ROUTERS, router))
    with pytest.raises(RuntimeError, match="/v1/open declares no access rule"):
        app.main.create_app(None)


def test_a_summary_ends_where_the_first_thought_does():
    assert told("Publish a bulletin: 201; else 409.\n\nMore of it.\n\nRaises `busy`.") == (
        "Publish a bulletin",
        "Publish a bulletin: 201; else 409.\n\nMore of it.",
    )
    assert INFO["description"]


# The check of every answer: each kind of difference is told.
HEADERS = {"content-type": "application/json", "x-request-id": "019aa4f2-0c4d-7d0a-b0a3-5a1f6c9e2d47", "x-ratelimit-limit": "100"}


def judged(*, path: str = "/livez", status: int = 200, body: bytes | None = b'{"status":"alive"}', **headers: str | None) -> str:
    changed = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    sent = {name: value for name, value in changed.items() if value is not None}
    return "\n".join(answers.faults_of(answers.Seen("GET", path, status, sent, body)))


def test_an_answer_as_described_has_no_fault():
    assert judged() == ""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"status": 418}, "live (GET /livez) -> 418: the status is not described"),
        ({"body": b'{"status":"dead"}'}, "at /status: "),
        ({"body": b'{"status":"alive","since":1}'}, "Additional properties are not allowed ('since' was unexpected)"),
        ({"x_request_id": None}, "the header x-request-id is missing"),
        ({"x_ratelimit_limit": "many"}, "the header x-ratelimit-limit: at /: "),
        ({"x_secret": "1"}, "the header x-secret is not described"),
        ({"content_type": "text/html"}, "the media type text/html is not described; there are application/json"),
        ({"path": "/v1/nothing"}, "GET /v1/nothing -> 200: no such operation is described"),
        ({"path": "/v1/nothing", "status": 404}, "the media type application/json is not described"),
        ({"path": "/docs", "status": 304}, "a body (application/json) where none is described"),
    ],
)
def test_an_answer_that_is_not_as_described_is_told_with_operation_and_rule(how: dict[str, Any], said: str):
    assert said in judged(**how)
