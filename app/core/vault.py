"""What is kept for a while and must be unreadable in the store, its log and its backups: sealed by a key of the folder of secrets."""

import contextlib
import secrets as random

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.secrets import SecretMissing, Secrets

_KEY = "held.key"
_LENGTH = 32
_NONCE = 12


def sealed(secrets: Secrets, plain: bytes, binding: str) -> bytes:
    """A text sealed under what it belongs to (AES-256-GCM, NIST SP 800-38D; a random nonce first); draws the key where there is none yet."""
    nonce = random.token_bytes(_NONCE)
    return nonce + AESGCM(_key(secrets)).encrypt(nonce, plain, binding.encode())


def opened(secrets: Secrets, text: bytes, binding: str) -> bytes | None:
    """What was sealed under this binding; none where its key is gone or another one."""
    try:
        key = secrets.read(_KEY)
        return AESGCM(key).decrypt(text[:_NONCE], text[_NONCE:], binding.encode())
    except (SecretMissing, InvalidTag, ValueError):
        return None


def _key(secrets: Secrets) -> bytes:
    try:
        key = secrets.read(_KEY)
    except SecretMissing:
        return _drawn(secrets)
    if len(key) != _LENGTH:
        raise SecretMissing("secret-damaged", file=secrets.folder / _KEY)
    return key


def _drawn(secrets: Secrets) -> bytes:
    # Another process may draw it at the same moment.
    with contextlib.suppress(FileExistsError):
        secrets.write(_KEY, random.token_bytes(_LENGTH))
    return secrets.read(_KEY)
