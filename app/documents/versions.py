"""Versions of a document: what they have whatever their kind, and what two of them are compared by (contract: Envelope)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.core.clock import rfc3339
from app.wire.codes import Status

ENVELOPE = ("origin", "issuer", "tlp", "audience", "handling", "mandate", "lang")
"""Fields that a withdrawal takes over from the version that it takes back."""

VERSIONED = frozenset({"id", "version", "created_at", "published_at", "reason", "issuer", "salt", "digest", "signature"})
"""Fields that differ from version to version: by these two are not compared."""


def stamped(
    content: dict[str, object], *, document_id: str, version: int, issuer: str, created_at: datetime, now: datetime
) -> dict[str, object]:
    """A version ready for the log: content with its identity and instants."""
    identity = {"id": document_id, "version": version, "issuer": issuer}
    return content | identity | {"created_at": rfc3339(created_at), "published_at": rfc3339(now)}


def withdrawal_of(
    document: Mapping[str, object], *, version: int, issuer: str, reason: str, now: datetime, empty: Sequence[str] = ()
) -> dict[str, object]:
    """The version that takes a document back: its envelope, a reason, no body; `empty` names what stands as null in its place."""
    kept = {name: document[name] for name in ("id", "kind", "created_at", *ENVELOPE)}
    taken_back = {"version": version, "status": Status.WITHDRAWN.value, "reason": reason, "issuer": issuer}
    return kept | taken_back | dict.fromkeys(empty) | {"published_at": rfc3339(now)}


def said(document: Mapping[str, object]) -> dict[str, object]:
    """What a version says: all of it but identity, instants, reason and seal."""
    return {name: value for name, value in document.items() if name not in VERSIONED}
