"""The descriptor of a Data Package 2.0 (Frictionless): what its tables hold, so that a program can check them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from app.formats.archive import Sent

PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
FLOWS, CODES, DESCRIPTOR = "data/flows.csv", "data/codes.csv", "datapackage.json"
_COUNT: Final = {"minimum": 0}


def resource(name: str, title: str, file: Sent, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A table as CSV, with its size and hash."""
    return {
        "name": name,
        "type": "table",
        "title": title,
        "path": file.name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "schema": dict(schema),
    }


def schema_of(
    kinds: Mapping[str, str],
    *,
    never_empty: Sequence[str],
    key: Sequence[str],
    coded: Sequence[str],
    limits: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The schema of a table: types, what is never empty, what names a row, which columns hold codes of the table of codes.

    `kinds` are as `View.kinds` gives them; `limits` are constraints by column beside these.
    """
    fields = [{"name": name, "type": kind, "constraints": _limits(name, kind, never_empty, limits)} for name, kind in kinds.items()]
    keys = [{"fields": [column], "reference": {"resource": "codes", "fields": ["code"]}} for column in coded]
    return {"fields": fields, "missingValues": [""], "primaryKey": list(key), **({"foreignKeys": keys} if keys else {})}


def _limits(name: str, kind: str, never_empty: Sequence[str], limits: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    required = {"required": True} if name in never_empty else {}
    return {**required, **(_COUNT if kind == "integer" else {}), **limits.get(name, {})}


def descriptor(told: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> bytes:
    """The descriptor as JSON, its properties in the order in which people read them; what is empty is left out."""
    said = {name: value for name, value in told.items() if value is not None and value != []}
    return orjson.dumps({"$schema": PROFILE, **said, "resources": list(resources)}, option=orjson.OPT_INDENT_2)
