"""The JSON Schemas of the documents, each on its own (JSON Schema 2020-12): of every body that is sent and of every JSON answer."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from app.web.answers import PROBLEM

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://istmo.example/schemas/"
_COMPONENT = "#/components/schemas/"
_SHORT = {"ProblemDocument": "problem"}
Described = Mapping[str, Any]


def write(description: Described, folder: Path) -> list[Path]:
    """Write the description and the schemas into a folder, and take away schemas of what is no more; gives the files."""
    schemas = {folder / "schemas" / f"{name}.json": schema for name, schema in documents(description).items()}
    files = {folder / "openapi.json": description, **schemas}
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    for stale in set((folder / "schemas").glob("*.json")) - files.keys():
        stale.unlink()
    for path, content in files.items():
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return list(files)


def documents(description: Described) -> dict[str, dict[str, Any]]:
    """The schema of each document by the name of its file, with all that it refers to inside and with its examples."""
    schemas = description["components"]["schemas"]
    return {file_name(name): _alone(name, schemas, _examples(name, description)) for name in sorted(_roots(description))}


def file_name(model: str) -> str:
    """A document's name in kebab-case: `BulletinDraft` is `bulletin-draft`."""
    return _SHORT.get(model, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", model).lower())


def _roots(description: Described) -> set[str]:
    found = set()
    for operation in (operation for path in description["paths"].values() for operation in path.values()):
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            found |= {name for content in part.get("content", {}).values() for name in _named_by(content["schema"])}
    refusals = (answer["content"][PROBLEM]["schema"] for answer in description["components"]["responses"].values())
    return found | {name for schema in refusals for name in _named_by(schema)}


def _named_by(schema: Described) -> Iterable[str]:
    for branch in (schema, *schema.get("anyOf", ())):
        if branch.get("$ref", "").startswith(_COMPONENT):
            yield branch["$ref"].removeprefix(_COMPONENT)


def _alone(name: str, schemas: Described, examples: list[Any]) -> dict[str, Any]:
    needed = sorted(_reached(schemas[name], schemas, set()) - {name})
    inner = {"$defs": {each: _moved(schemas[each]) for each in needed}} if needed else {}
    shown = {"examples": examples} if examples else {}
    return {"$schema": DIALECT, "$id": f"{BASE}{file_name(name)}.json", **_moved(schemas[name]), **inner, **shown}


def _reached(part: Any, schemas: Described, seen: set[str]) -> set[str]:  # noqa: ANN401 - JSON
    if isinstance(part, dict):
        for name in _named_by({"$ref": part.get("$ref", "")}):
            if name not in seen:
                seen.add(name)
                _reached(schemas[name], schemas, seen)
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _reached(inner, schemas, seen)
    return seen


def _moved(part: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(part, dict):
        return {key: _place(inner) if key == "$ref" else _moved(inner) for key, inner in part.items()}
    return [_moved(inner) for inner in part] if isinstance(part, list) else part


def _place(reference: str) -> str:
    return reference.replace(_COMPONENT, "#/$defs/")


def _examples(name: str, description: Described) -> list[Any]:
    components = description["components"]["examples"]
    if name == "ProblemDocument":
        return [components["invalid-document"]["value"]]
    return [shown["value"] for key, shown in components.items() if key.startswith(f"{name}.")]
