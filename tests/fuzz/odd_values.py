"""Values that break careless code, and values that the domain knows, drawn with a seed."""

import random
from typing import Any

Json = Any

ODD_TEXTS = (
    "", " ", "\x00", "a\x00b", "\u202e", "\ud800", "\udfff\ud800", "\U0010ffff", "😀", "e\u0301", "\u2028", "\ufeffPAN", "null", "true", "NaN", "-0", "1e400",
    "0x1f", "__proto__", "../../etc/passwd", "%00", "%", "%zz", "' OR 1=1 --", "{{7*7}}", "${jndi:ldap://x}", "<script>", "\r\nX: y", "\t", "\x7f", "\x85",
    "9" * 20, "９９", "١٢", "²", "½", "İ", "ﬁ", "ﷺ" * 30, "a" * 65, "a" * 301, "é" * 1001, "x" * 20_001, "PAN ", "pan", "Panamá", "_T", "_O", "_OAFR", "RCM/", "/",
    "RCM/XXX", "0000-00", "9999-12", "2022-W53", "2022-02-30", "2022-13", "10000", "2022-10/2022-01", "2022-10--2022-12", "P1M", "é", "a,b,,c", ",",
)  # fmt: skip
"""Texts that no field expects."""

KNOWN_TEXTS = (
    "PAN", "HND", "CRI", "BRA", "COL", "SOM", "VEN", "NA", "XXA", "_U", "RCM", "SACM", "CRM", "CSM", "RCM/PAN", "RCM/secretariat", "SACM/BRA", "irregular_transit",
    "rescue", "asylum_application", "refugee_population", "person", "event", "household", "2022", "2022-10", "2022-Q4", "2022-W10", "2022-10-01", "2012-11-10", "FY2022",
    "2022-10-01/2022-10-15", "provisional", "final", "strict@1", "extra_regional@1", "period", "year_to_date", "default", "flow", "stock", "GREEN", "AMBER",
    "AMBER+STRICT", "RED", "CLEAR", "nationality", "sex", "age", "F", "M", "Y0T17", "PAN-SNM", "PAN-AB", "es", "pt", "en", "pool", "withhold", "none", "json", "csv",
    "published", "withdrawn", "bulletin", "operator", "partner", "analyst", "member", "observer", "true", "false", "0", "1", "100", "1000", "2012-11-10T12:00:00Z",
    "https://example.org/x", "late registrations", "client_credentials", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "measure", "swagger-ui.css",
)  # fmt: skip
"""Texts that some field or other takes."""

ODD_NUMBERS = (0, 1, -1, 4, 5, 2**31 - 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**40, 0.5, -0.0, 1e300, 1e2, 1.0)
RAW_NUMBERS = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b"0" * 50 + b"1",
    b"9" * 5000,
    b"1.0000000000000000000001",
    b"0x10",
    b"+1",
    b"-",
    b"1e",
    b"01",
)
"""Numbers as they stand in JSON text, many of them none."""


def odd(chance: random.Random) -> Json:
    """Any value at all."""
    kind = chance.randrange(8)
    if kind < 3:
        return chance.choice(ODD_TEXTS)
    if kind == 3:
        return chance.choice(ODD_NUMBERS)
    if kind == 4:
        return chance.choice((None, True, False))
    if kind == 5:
        return [odd(chance) for _ in range(chance.randrange(3))]
    if kind == 6:
        return {text(chance): odd(chance) for _ in range(chance.randrange(3))}
    return nested(chance.choice((5, 40, 400)), chance.choice(("list", "object")))


def nested(depth: int, kind: str) -> Json:
    """A value within values."""
    value: Json = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value


def text(chance: random.Random) -> str:
    """A text that is known somewhere, or odd."""
    return chance.choice(KNOWN_TEXTS) if chance.random() < 0.6 else chance.choice(ODD_TEXTS)


def from_schema(chance: random.Random, schema: Json, schemas: Json, depth: int = 0) -> Json:
    """A value of about the shape that a schema describes, mostly in the domain's own words."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return from_schema(chance, chance.choice(schema[union]), schemas, depth)
    if "enum" in schema or "const" in schema:
        return chance.choice(schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return _object(chance, schema, schemas, depth)
    if kind == "array":
        return [from_schema(chance, schema.get("items", {}), schemas, depth + 1) for _ in range(chance.randrange(4 if depth < 4 else 1))]
    return _scalar(chance, schema)


def _object(chance: random.Random, schema: Json, schemas: Json, depth: int) -> Json:
    required = schema.get("required", ())
    named = [name for name in schema.get("properties", {}) if name in required or (chance.random() < 0.3 and depth < 5)]
    return {name: from_schema(chance, schema["properties"][name], schemas, depth + 1) for name in named}


def _scalar(chance: random.Random, schema: Json) -> Json:
    kind = schema.get("type")
    if kind == "integer":
        bounds = [schema.get("minimum", 0), schema.get("maximum", 2**31 - 1)]
        return chance.choice([*bounds, 7, 31, 400, bounds[1] + 1, bounds[0] - 1])
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "null":
        return None
    return text(chance) if chance.random() < 0.9 else schema.get("example", "x" * min(schema.get("maxLength", 3) + 1, 70_000))


def mutated(chance: random.Random, value: Json) -> Json:
    """A value with one thing wrong somewhere in it."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        return _mutated_object(chance, value)
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        if chance.random() < 0.25:
            return value + value * chance.choice((1, 30))
        return [*value[:at], mutated(chance, value[at]), *value[at + 1 :]]
    if isinstance(value, str) and chance.random() < 0.4:
        at = chance.randrange(len(value) + 1)
        return value[:at] + chance.choice(ODD_TEXTS)[:100] + value[at:]
    return text(chance) if isinstance(value, str) and chance.random() < 0.5 else odd(chance)


def _mutated_object(chance: random.Random, value: dict[str, Json]) -> Json:
    name, way = chance.choice(list(value)), chance.randrange(6)
    if way == 0:
        return {other: inner for other, inner in value.items() if other != name}
    if way == 1:
        return {**value, text(chance): odd(chance)}
    return {**value, name: odd(chance) if way == 2 else mutated(chance, value[name])}
