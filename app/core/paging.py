"""Pages by keyset, with cursors that are opaque, repeatable and bound to their filters (contract: Reads)."""

import base64
import binascii
import hashlib
import json

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from app.core.problems import Problem
from app.wire.problem import Finding

_LONGEST_CURSOR = 2048


class CursorSeal:
    """Seals a position into a cursor: deterministic encryption (AES-SIV, RFC 5297), the filters as associated data."""

    def __init__(self, key: bytes) -> None:
        """Take a key of 64 bytes."""
        self._cipher = AESSIV(key)

    def seal(self, position: list[object], binding: str) -> str:
        """Cursor after `position` for the question `binding`; equal positions give equal cursors."""
        plain = json.dumps(position, separators=(",", ":")).encode()
        return _text(self._cipher.encrypt(plain, [binding.encode()]))

    def open(self, cursor: str, binding: str) -> list[object]:
        """Position that a cursor holds; raises `Problem` `cursor-invalid` for a foreign, altered or otherwise bound one."""
        try:
            sealed = base64.urlsafe_b64decode(cursor[:_LONGEST_CURSOR] + "==")
            position = json.loads(self._cipher.decrypt(sealed, [binding.encode()]))
        except (ValueError, binascii.Error, InvalidTag):
            raise _invalid() from None
        if _text(sealed) != cursor:
            raise _invalid()  # one text a cursor: stray bits and what stands behind it are no part of it
        return list(position)


def unguessable(seal: CursorSeal, number: int) -> str:
    """A number of the log as it may enter an ETag: who knows all else that is hashed could count hidden entries by trying numbers."""
    return seal.seal([number], "a number of the log")


def _invalid() -> Problem:
    return Problem("cursor-invalid", Finding("cursor-invalid", pointer="cursor"))


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def binding_of(*parts: object) -> str:
    """What a cursor or an ETag is bound to: the question, without its limit and cursor."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def page_size(limit: int, maximum: int) -> int:
    """The asked page size; above the maximum it is refused, never cut (contract: Reads)."""
    if limit > maximum:
        raise Problem("invalid-query", Finding("out-of-range", pointer="limit", params={"minimum": 1, "maximum": maximum}))
    return limit
