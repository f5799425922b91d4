"""Identifiers and instants of STIX 2.1 objects: the same document always gives the same ones."""

import uuid
from datetime import UTC, datetime
from typing import Final

NAMESPACE: Final = uuid.UUID("bd65f1b1-95b7-44c1-acfa-696c3616de89")
"""Our own namespace of UUIDv5; that of OASIS is reserved for observable objects."""
SINCE: Final = "2026-01-01T00:00:00.000Z"
"""Creation of what belongs to no document: vocabularies' codes, States, conferences, our extension."""


def stix_id(kind: str, *parts: object) -> str:
    """Identifier of an object of a kind that these parts name."""
    return f"{kind}--{uuid.uuid5(NAMESPACE, '|'.join(map(str, (kind, *parts))))}"


def instant(text: str) -> str:
    """An instant of ours to the millisecond, as STIX writes it."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
