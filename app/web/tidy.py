"""Schemas as a reader wants them: no names made up from field names, bounds said in full, no null where nothing can be null."""

from collections.abc import Mapping
from typing import Any

from app.wire.text import WRITTEN

Schema = dict[str, Any]
_LONGEST = {"date": 10, "date-time": 40, "uuid": 36, "binary": 2**31 - 1}
_NAMES_OF_SCHEMAS = ("properties", "$defs", "patternProperties")
_INT32 = 2**31


def tidied(schema: Mapping[str, Any]) -> Schema:
    """A schema without the titles of its fields, with the format of each whole number and the length of each typed text."""
    made = {name: _part(name, value) for name, value in schema.items() if not _is_said_already(name, value)}
    if made.get("type") == "integer" and "enum" not in made:
        made.setdefault("format", "int32" if made.get("minimum", 0) >= -_INT32 and made.get("maximum", 0) < _INT32 else "int64")
    if made.get("type") == "string" and made.get("format") in _LONGEST:
        made.setdefault("maxLength", _LONGEST[made["format"]])
    return made


def named(schema: Mapping[str, Any]) -> Schema:
    """The same of a schema that has a name of its own: it keeps its title."""
    title = {"title": schema["title"]} if "title" in schema else {}
    return title | tidied(schema)


def parameter(described: Mapping[str, Any]) -> Schema:
    """A parameter: it may be left out and is never null; what it is for stands beside it once."""
    schema = tidied(described["schema"])
    schema.pop("description", None)
    branches = [branch for branch in schema.pop("anyOf", []) if branch.get("type") != "null"]
    only: Schema = branches[0] if len(branches) == 1 else {"anyOf": branches} if branches else {}
    schema = only | schema
    if schema.get("type") == "string" and not schema.keys() & {"pattern", "format", "enum", "const"}:
        schema["pattern"] = WRITTEN
    # A header's name is written as people write it.
    name = described["name"].title() if described["in"] == "header" else described["name"]
    return {**described, "name": name, "schema": schema}


def _is_said_already(name: str, value: object) -> bool:
    """A title that is the field's name, and that what is left out is null."""
    return (name == "title" and isinstance(value, str)) or (name == "default" and value is None)


def _part(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    if name in _NAMES_OF_SCHEMAS:
        return {key: tidied(inner) for key, inner in value.items()}
    if name in {"enum", "const", "default", "examples", "example"}:
        return value
    if isinstance(value, dict):
        return tidied(value)
    if isinstance(value, list):
        return [tidied(inner) if isinstance(inner, dict) else inner for inner in value]
    return value
