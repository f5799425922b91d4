"""Inclusion and consistency proofs: as the standard defines them, as another program makes them, and none that was damaged."""

import functools
import hashlib
from collections.abc import Iterator

import pytest
from another_tree import accepts_consistency, tree_of
from hypothesis import given
from hypothesis import strategies as st

from app.exchange.merkle import EMPTY_ROOT, consistency_proof, extends, includes, inclusion_proof, leaf_hash, tree_root

LARGEST = 70
ENTRIES = [f"entry {number}".encode() for number in range(LARGEST)]
LEAVES = [hashlib.sha256(b"\x00" + entry).digest() for entry in ENTRIES]
# The inputs and roots that the reference implementation of RFC 6962 publishes (merkle_tree_test.cc), and its proofs.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
VECTORS = [leaf_hash(bytes.fromhex(data)) for data in INPUTS]
ROOT_OF_8 = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")


@functools.cache
def root(low: int, high: int) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if low == high:
        return hashlib.sha256(b"").digest()
    if high - low == 1:
        return LEAVES[low]
    split = largest_power_below(high - low)
    return hashlib.sha256(b"\x01" + root(low, low + split) + root(low + split, high)).digest()


def largest_power_below(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def path(index: int, low: int, high: int) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if high - low == 1:
        return []
    split = low + largest_power_below(high - low)
    if low + index < split:
        return [*path(index, low, split), root(split, high)]
    return [*path(index - (split - low), split, high), root(low, split)]


def subproof(first: int, low: int, high: int, *, known: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if first == high - low:
        return [] if known else [root(low, high)]
    split = low + largest_power_below(high - low)
    if first <= split - low:
        return [*subproof(first, low, split, known=known), root(split, high)]
    return [*subproof(first - (split - low), split, high, known=False), root(low, split)]


def damaged(proof: list[bytes]) -> Iterator[list[bytes]]:
    """A proof with one hash changed, missing, doubled, cut, exchanged or too many."""
    for at, each in enumerate(proof):
        yield [*proof[:at], bytes([each[0] ^ 1]) + each[1:], *proof[at + 1 :]]
        yield [*proof[:at], each[:-1] + bytes([each[-1] ^ 128]), *proof[at + 1 :]]
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[:at], each[:-1], *proof[at + 1 :]]
        yield [*proof[:at], each, each, *proof[at + 1 :]]
        if at and proof[at - 1] != each:
            yield [*proof[: at - 1], each, proof[at - 1], *proof[at + 1 :]]
    yield [*proof, LEAVES[0]]
    yield [LEAVES[0], *proof]
    yield [*proof, b""]


def test_the_root_of_leaves_is_that_of_the_definition():
    assert [tree_root(LEAVES[:size]) for size in range(LARGEST + 1)] == [root(0, size) for size in range(LARGEST + 1)]
    assert tree_root([]) == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_leaf_is_found_in_every_tree_by_the_path_of_the_standard(size: int):
    for index in range(size):
        proof = inclusion_proof(LEAVES[:size], index)
        assert proof == path(index, 0, size)
        assert includes(LEAVES[index], index, size, proof, root(0, size))


@pytest.mark.parametrize("second", range(LARGEST + 1))
def test_every_tree_extends_every_earlier_one_by_the_proof_of_the_standard(second: int):
    for first in range(second + 1):
        proof = consistency_proof(LEAVES[:second], first)
        assert proof == (subproof(first, 0, second, known=True) if first else [])
        assert extends(first, root(0, first), second, root(0, second), proof)


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_pymerkle_makes_the_same_inclusion_proofs_and_accepts_the_consistency_proofs(size: int):
    """Its own consistency proofs name more hashes than the standard asks for."""
    tree = tree_of(LEAVES[:size])
    assert tree.get_state() == tree_root(LEAVES[:size])
    for index in range(size):
        assert tree.prove_inclusion(index + 1).path == [LEAVES[index], *inclusion_proof(LEAVES[:size], index)]
    for first in range(1, size + 1):
        proof = consistency_proof(LEAVES[:size], first)
        assert accepts_consistency(first, tree.get_state(first), size, tree.get_state(), proof)


def test_pymerkle_refuses_damaged_consistency_proofs():
    for first in range(1, 13):
        proof = consistency_proof(LEAVES[:13], first)
        assert not any(accepts_consistency(first, root(0, first), 13, root(0, 13), each) for each in damaged(proof))


def test_the_proofs_of_the_certificate_transparency_test_vectors():
    """Leaf 0 and 5 of 8, and the trees of 1, 6 and 2 to 8, 8 and 5 (RFC 6962's reference implementation)."""
    assert [each.hex() for each in inclusion_proof(VECTORS, 5)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [each.hex() for each in consistency_proof(VECTORS, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert includes(VECTORS[5], 5, 8, inclusion_proof(VECTORS, 5), ROOT_OF_8)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 32, 33, 70])
def test_a_damaged_inclusion_proof_shows_nothing(size: int):
    whole = root(0, size)
    for index in range(size):
        proof = path(index, 0, size)
        assert not any(includes(LEAVES[index], index, size, each, whole) for each in damaged(proof))
        assert not includes(LEAVES[index], index, size, proof, root(0, size - 1))
        assert not any(includes(LEAVES[index], other, size, proof, whole) for other in range(-1, size + 1) if other != index)
        assert not any(includes(LEAVES[other], index, size, proof, whole) for other in range(size) if other != index)


@pytest.mark.parametrize("second", [1, 2, 3, 5, 8, 13, 32, 33, 70])
def test_a_damaged_consistency_proof_shows_nothing(second: int):
    later = root(0, second)
    for first in range(second + 1):
        proof, earlier = consistency_proof(LEAVES[:second], first), root(0, first)
        assert not any(extends(first, earlier, second, later, each) for each in damaged(proof))
        if 0 < first < second:
            assert not extends(first, later, second, later, proof)
            assert not extends(first, earlier, second, earlier, proof)
            assert not extends(second, later, first, earlier, proof)
            assert not extends(first, earlier[:-1], second, later, proof)


@given(size=st.integers(1, LARGEST), rewritten=st.data())
def test_a_log_that_was_rewritten_extends_nothing_that_was_seen(size: int, rewritten):
    """Whatever place before the earlier size is changed, no proof of the new tree fits the root that was seen."""
    first = rewritten.draw(st.integers(1, size))
    at = rewritten.draw(st.integers(0, first - 1))
    leaves = [*LEAVES[:at], leaf_hash(b"another"), *LEAVES[at + 1 : size]]
    assert not extends(first, root(0, first), size, tree_root(leaves), consistency_proof(leaves, first))


def test_an_empty_tree_is_extended_by_every_tree_and_equal_sizes_need_equal_roots():
    assert extends(0, EMPTY_ROOT, 7, root(0, 7), [])
    assert extends(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not extends(0, EMPTY_ROOT, 7, root(0, 7), [LEAVES[0]])
    assert not extends(0, EMPTY_ROOT, 0, LEAVES[0], [])
    assert extends(7, root(0, 7), 7, root(0, 7), [])
    assert not extends(7, root(0, 7), 7, root(0, 6), [])
    assert not extends(7, root(0, 7), 6, root(0, 6), [])
    assert not extends(-1, EMPTY_ROOT, 6, root(0, 6), [])


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_what_is_not_in_a_tree_has_no_proof(index: int):
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion_proof(LEAVES[:3], index)
    with pytest.raises(ValueError, match="no tree of that size"):
        consistency_proof(LEAVES[:3], index if index < 0 else index + 1)


def test_a_byte_of_one_hash_never_counts_as_one_of_its_neighbour():
    """One hash is joined from the bytes of two: cut elsewhere they are the same bytes, and something that is in no tree."""
    assert includes(LEAVES[0], 0, 2, [LEAVES[1]], root(0, 2))
    assert not includes(LEAVES[0] + LEAVES[1][:1], 0, 2, [LEAVES[1][1:]], root(0, 2))
    assert not includes(LEAVES[1][1:], 1, 2, [LEAVES[0] + LEAVES[1][:1]], root(0, 2))


def test_an_empty_tree_includes_nothing():
    assert not includes(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)
