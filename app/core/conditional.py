"""Conditional requests: ETags of documents and of answers (RFC 9110 section 13)."""

import hashlib
import re

from app.core.problems import Problem

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def document_etag(document_id: str, version: int) -> str:
    """A document's strong ETag (contract: Writes)."""
    return f'"{document_id}.v{version}"'


def answer_etag(*parts: object) -> str:
    """A list's or feed's weak ETag, made from visible things only (contract: Reads)."""
    return 'W/"' + hashlib.sha256(repr(parts).encode()).hexdigest()[:32] + '"'


def is_fresh(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller's copy is the present one: weak comparison (RFC 9110 section 13.1.2)."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in _TAG.findall(if_none_match)


def require_match(if_match: str | None, etag: str) -> None:
    """Let a change pass only against the version that the caller has seen; raises `precondition-required` (428) or `-failed` (412)."""
    if if_match is None:
        raise Problem("precondition-required")
    if if_match.strip() != "*" and etag not in [tag.strip() for tag in if_match.split(",")]:
        raise Problem("precondition-failed", headers={"ETag": etag})
