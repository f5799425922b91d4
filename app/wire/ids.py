"""Identifiers of documents and requests, one form on every node."""

import secrets
import time
import uuid

_UNIX_MS_BITS = 48
UUID7 = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
"""A UUIDv7 in its one form, for descriptions."""


def uuid7() -> str:
    """A new UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits."""
    stamp = time.time_ns() // 1_000_000 & ((1 << _UNIX_MS_BITS) - 1)
    value = stamp << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def is_uuid7(text: str) -> bool:
    """Whether a text is a UUIDv7 in its one canonical, lower-case form."""
    try:
        value = uuid.UUID(text)
    except ValueError:
        return False
    return value.version == 7 and value.variant == uuid.RFC_4122 and str(value) == text  # noqa: PLR2004 - the version's number
