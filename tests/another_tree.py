"""The Merkle tree of another program (pymerkle), and that program's judgement of our proofs."""

from collections.abc import Iterable, Sequence

from pymerkle import InmemoryTree, InvalidProof, MerkleProof, verify_consistency


def tree_of(leaves: Iterable[bytes]) -> InmemoryTree:
    """pymerkle's tree over leaves that are hashed already."""
    tree = InmemoryTree(algorithm="sha256")
    tree.hash_buff = lambda leaf: leaf
    for leaf in leaves:
        tree.append_entry(leaf)
    return tree


def accepts_consistency(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether pymerkle takes our hashes for a proof that the first tree begins the second, once it is told on which side each stands."""
    known = [first_root] if first.bit_count() == 1 or first == second else []
    sides = _sides_of_tree(first, second)
    ours = MerkleProof("sha256", security=True, size=second, rule=[*sides, 0], subset=[1, *sides], path=[*known, *proof])
    if len(ours.rule) != len(ours.path):
        return False
    try:
        verify_consistency(first_root, second_root, ours)
    except InvalidProof:
        return False
    return True


def _sides_of_tree(first: int, size: int) -> list[int]:
    """For each hash on the way up, 1 where it stands to the left (RFC 6962 section 2.1.2)."""
    if first == size:
        return []
    split = _split(size)
    return [*_sides_of_tree(first, split), 0] if first <= split else [*_sides_of_tree(first - split, size - split), 1]


def _split(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power
