"""The log's Merkle tree (RFC 6962 section 2.1), grown at its right edge and kept as a frontier; proofs, made and checked.

A frontier is the roots of the perfect subtrees that a tree of `size` leaves consists of, the largest first: one hash for each
bit set in `size`.  It is all that an append needs; hashes are SHA-256, 32 bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

Frontier: TypeAlias = tuple[bytes, ...]
RootOver: TypeAlias = Callable[[int, int], bytes]
"""Root of the tree over the leaves from one place (counted from 0) up to another, without that."""

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


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Root of the tree over these leaves."""
    frontier: Frontier = ()
    for size, leaf in enumerate(leaves):
        frontier = grown(frontier, size, leaf)
    return root_of(frontier)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes by which the leaf at `index` (from 0) is found again in the root, from the leaf upwards (RFC 6962 section 2.1.1).

    Raises ValueError where there is no such leaf.
    """
    return inclusion_path(len(leaves), index, lambda low, high: tree_root(leaves[low:high]))


def inclusion_path(size: int, index: int, root_over: RootOver) -> list[bytes]:
    """The same in a tree of `size` leaves whose parts are asked for; raises ValueError where there is no such leaf."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    proof, low, high = [], 0, size
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            proof.append(root_over(middle, high))
            high = middle
        else:
            proof.append(root_over(low, middle))
            low = middle
    return proof[::-1]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The hashes by which the tree of the first `first` leaves is found again in the whole one (RFC 6962 section 2.1.2).

    Raises ValueError where there are not so many leaves.
    """
    return consistency_path(len(leaves), first, lambda low, high: tree_root(leaves[low:high]))


def consistency_path(size: int, first: int, root_over: RootOver) -> list[bytes]:
    """The same in a tree of `size` leaves whose parts are asked for; raises ValueError where there are not so many."""
    if not 0 <= first <= size:
        raise ValueError("no tree of that size came before")
    if first == 0:
        return []
    proof, low, high = [], 0, size
    while first != high:
        middle = low + split(high - low)
        if first <= middle:
            proof.append(root_over(middle, high))
            high = middle
        else:
            proof.append(root_over(low, middle))
            low = middle
    if low:
        # The last subtree of the first tree: where that is the whole first tree, its root is known to who asks.
        proof.append(root_over(low, high))
    return proof[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows a leaf at `index` (from 0) of the tree of `size` leaves with this root (RFC 9162 section 2.1.3.2)."""
    sides = _sides(index, size - 1, len(proof)) if 0 <= index < size and _are_hashes(leaf, *proof) else None
    if sides is None:
        return False
    node = leaf
    for is_left, other in zip(sides, proof, strict=True):
        node = node_hash(other, node) if is_left else node_hash(node, other)
    return node == root


def extends(first_size: int, first_root: bytes, second_size: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the second tree begins with the whole first one (RFC 9162 section 2.1.4.2).

    Every tree extends the empty one, by a proof without hashes; so does a tree itself.
    """
    if not 0 < first_size < second_size:
        return not proof and _is_start(first_size, first_root, second_size, second_root)
    if not proof or not _are_hashes(first_root, *proof):
        return False
    # The root of a first tree that is one whole subtree of the second is known already, and no hash of the proof.
    path = [first_root, *proof] if first_size.bit_count() == 1 else list(proof)
    index, last = first_size - 1, second_size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    sides = _sides(index, last, len(path) - 1)
    return sides is not None and _climbed(path, sides) == (first_root, second_root)


def _is_start(first_size: int, first_root: bytes, second_size: int, second_root: bytes) -> bool:
    same = first_size == second_size and first_root == second_root
    return same or 0 == first_size < second_size


def _climbed(path: Sequence[bytes], sides: Sequence[bool]) -> tuple[bytes, bytes]:
    """Roots of the earlier and the later tree that a proof leads to: what lies to the left is in both."""
    old = new = path[0]
    for is_left, other in zip(sides, path[1:], strict=True):
        old, new = (node_hash(other, old), node_hash(other, new)) if is_left else (old, node_hash(new, other))
    return old, new


def split(size: int) -> int:
    """The largest power of two below a size of 2 or more: where its tree divides."""
    return 1 << (size - 1).bit_length() - 1


def _sides(index: int, last: int, count: int) -> list[bool] | None:
    """For each of `count` hashes on the way up from `index` whether it stands to the left; none where the way has another length."""
    sides = []
    for _ in range(count):
        if last == 0:
            return None
        is_left = bool(index & 1) or index == last
        sides.append(is_left)
        while is_left and index and not index & 1:
            # Alone at the right edge a node rises unchanged until it has a neighbour.
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    return sides if last == 0 else None


def _are_hashes(*values: bytes) -> bool:
    # Of other lengths two could share the bytes of one pair otherwise than it was hashed.
    return all(len(value) == HASH_LENGTH for value in values)
