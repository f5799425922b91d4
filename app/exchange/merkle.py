"""The log's Merkle tree (RFC 6962 section 2.1), grown at its right edge and kept as a frontier.

A frontier is the roots of the perfect subtrees that a tree of `size` leaves consists of, the largest first: one hash for each
bit set in `size`.  It is all that an append needs; hashes are SHA-256, 32 bytes.
"""

import hashlib
from typing import TypeAlias

Frontier: TypeAlias = tuple[bytes, ...]

HASH_LENGTH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without a leaf (RFC 6962 section 2.1: the hash of an empty string)."""

_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry; its prefix keeps an entry from passing for an inner node."""
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees under one node."""
    return hashlib.sha256(_NODE + left + right).digest()


def grown(frontier: Frontier, size: int, leaf: bytes) -> Frontier:
    """Frontier of the tree of `size` leaves after one more: every full pair at the right edge closes into its parent."""
    kept = list(frontier)
    while size & 1:
        leaf = node_hash(kept.pop(), leaf)
        size >>= 1
    return (*kept, leaf)


def root_of(frontier: Frontier) -> bytes:
    """Root of the tree that a frontier stands for."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for subtree in reversed(frontier[:-1]):
        root = node_hash(subtree, root)
    return root


def to_text(frontier: Frontier) -> str:
    """A frontier as it is stored: its hashes in hexadecimal, one after the other."""
    return b"".join(frontier).hex()


def from_text(text: str) -> Frontier:
    """The stored frontier; raises ValueError for what is no row of whole hashes."""
    joined = bytes.fromhex(text)
    if len(joined) % HASH_LENGTH:
        raise ValueError("a frontier is a row of whole hashes")
    return tuple(joined[at : at + HASH_LENGTH] for at in range(0, len(joined), HASH_LENGTH))
