import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from app.exchange.merkle import EMPTY_ROOT, Frontier, from_text, grown, leaf_hash, node_hash, root_of, to_text


def grow(leaves: list[bytes]) -> Frontier:
    frontier: Frontier = ()
    for size, leaf in enumerate(leaves):
        frontier = grown(frontier, size, leaf)
    return frontier


def root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word: split at the largest power of two below n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_by_definition(leaves[:split]) + root_by_definition(leaves[split:])).digest()


def test_the_empty_tree_has_the_hash_of_nothing_as_its_root():
    assert root_of(()) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_roots_of_the_certificate_transparency_test_vectors_come_out():
    # The inputs and roots that the reference implementation of RFC 6962 publishes (merkle_tree_test.cc).
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [leaf_hash(bytes.fromhex(data)) for data in inputs]
    assert root_of(grow(leaves[:1])).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of(grow(leaves[:2])).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert root_of(grow(leaves)).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_three_leaves_by_hand():
    one, two, three = (leaf_hash(name) for name in (b"1", b"2", b"3"))
    assert grow([one, two, three]) == (node_hash(one, two), three)
    assert root_of(grow([one, two, three])) == node_hash(node_hash(one, two), three)


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_the_root_is_that_of_the_definition_and_of_pymerkle(entries):
    frontier = grow([leaf_hash(entry) for entry in entries])
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    assert root_of(frontier) == root_by_definition([leaf_hash(entry) for entry in entries])
    assert root_of(frontier) == tree.get_state() or not entries


def test_a_frontier_holds_one_hash_for_each_bit_of_its_size():
    frontier: Frontier = ()
    for size in range(300):
        frontier = grown(frontier, size, leaf_hash(b"x"))
        assert len(frontier) == (size + 1).bit_count()


def test_an_entry_never_passes_for_a_node():
    left, right = leaf_hash(b"l"), leaf_hash(b"r")
    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20).map(tuple))
def test_a_stored_frontier_comes_back(frontier):
    assert from_text(to_text(frontier)) == frontier


@pytest.mark.parametrize("damaged", ["ab", "zz" * 32, "0" * 63])
def test_a_damaged_frontier_is_refused(damaged):
    with pytest.raises(ValueError, match=r"frontier|hex"):
        from_text(damaged)
