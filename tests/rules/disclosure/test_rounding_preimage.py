"""The reader who has the source code: for every rounded table, all inputs and all chances that the real method maps to it."""

import itertools
from collections import defaultdict

import numpy as np
import pytest

from app.disclosure import rounding
from app.disclosure.rounding import round_counts
from app.disclosure.space import Space

STRUCK, NEVER = 0.0, 0.999999


class Scripted:
    """Stands where `Draw` stands: whether one more goes up, the order in which leaves win the race, and whether all keep their places."""

    def __init__(self, more, order, *, keep=True):
        self.fractions = {"one more": STRUCK if more else NEVER, "keep": STRUCK if keep else NEVER}
        self.fractions |= {f"up {name}": (1 + rank) * 1e-9 for rank, name in enumerate(order)}

    def fraction(self, _purpose, item):
        return self.fractions.get("keep" if item.startswith("keep ") else item, NEVER)


def grid(rows, columns):
    return Space(("sex", "age"), list(itertools.product("FMX"[:rows], ("Y0T11", "Y12T17", "Y_GE18")[:columns])), {})


def scripts(space, counts, base, several):
    """Both sides of the coin, with the leaves that go up: `several` says in which orders."""
    small = ["|".join(leaf) for leaf, count in zip(space.leaves, counts, strict=True) if 0 < count < base]
    total = sum(count for count in counts if count < base)
    return [(more, order) for more in {False, total % base > 0} for order in several(small, total // base + more)]


def settled(space, counts, base):
    """Every table that the race alone can give for one input."""
    drawn = scripts(space, counts, base, itertools.combinations)
    return {tuple(round_counts(space, np.array(counts), base, Scripted(*each), 1).tolist()) for each in drawn}


def swapped(space, counts, base):
    """Every table that the race can give when all leaves may change places, in every order."""
    drawn = scripts(space, counts, base, itertools.permutations)
    return {tuple(round_counts(space, np.array(counts), base, Scripted(*each, keep=False), 1).tolist()) for each in drawn}


def maps(space, base, outputs=settled):
    """For each input with leaves of 0 to the base, the set of its outputs."""
    return {counts: outputs(space, counts, base) for counts in itertools.product(range(base + 1), repeat=len(space.leaves))}


def candidates(values, k):
    """Whether the values that a cell may have leave it unknown enough: 0, at least k, or k whole numbers in a row."""
    if max(values) == 0 or min(values) >= k:
        return True
    return any(values.issuperset(range(low, low + k)) for low in values)


def broken(origins, space, k):
    """How many outputs betray a cell, leaf or margin."""
    sums = space.sums.toarray()
    return sum(not all(candidates(set(cell), k) for cell in (sums @ np.array(inputs).T).tolist()) for inputs in origins.values())


def inverted(images):
    origins = defaultdict(list)
    for counts, results in images.items():
        for result in results:
            origins[result].append(counts)
    return origins


@pytest.fixture(scope="module")
def six_leaves():
    space = grid(2, 3)
    return space, maps(space, 3)


@pytest.fixture(scope="module")
def four_leaves():
    """All tables of the race alone, and all when leaves may change places."""
    space = grid(2, 2)
    return space, maps(space, 4), maps(space, 4, swapped)


def test_the_script_reaches_every_result_of_the_race():
    space = grid(1, 3)
    # 2 + 2 + 2 are two bases of 3: any two of the three go up.
    assert settled(space, (2, 2, 2), 3) == {(3, 3, 0), (3, 0, 3), (0, 3, 3)}
    # 1 + 1 are no base, with a second chance of two thirds.
    assert settled(space, (1, 0, 1), 3) == {(0, 0, 0), (3, 0, 0), (0, 0, 3)}


def test_changing_places_leads_to_no_table_that_the_race_alone_does_not_reach(four_leaves):
    _, alone, changed = four_leaves
    assert all(changed[counts] <= alone[counts] for counts in alone)
    assert any(changed[counts] < alone[counts] for counts in alone)


def test_no_rounded_table_betrays_a_count_even_to_who_has_the_source_code(six_leaves):
    space, images = six_leaves
    origins = inverted(images)
    assert len(origins) == 2**6
    assert broken(origins, space, 3) == 0


def test_a_fixed_number_of_rises_does_betray_counts_and_this_enumeration_sees_it(monkeypatch):
    space = grid(2, 3)
    monkeypatch.setattr(rounding, "_rises", lambda total, base, *_: (2 * total + base) // (2 * base))

    def fixed(space, counts, base):
        small = ["|".join(leaf) for leaf, count in zip(space.leaves, counts, strict=True) if 0 < count < base]
        orders = itertools.combinations(small, (2 * sum(count for count in counts if count < base) + base) // (2 * base))
        return {tuple(round_counts(space, np.array(counts), base, Scripted(more=False, order=order), 1).tolist()) for order in orders}

    assert broken(inverted(maps(space, 3, fixed)), space, 3) > 0


def second_versions(images):
    """For each pair of tables that two versions may show of the same unchanged input, all such inputs."""
    origins = defaultdict(list)
    for counts, results in images.items():
        for pair in itertools.product(results, repeat=2):
            origins[pair].append(counts)
    return origins


def test_two_versions_of_an_unchanged_table_betray_nothing_with_a_base_of_one_more(four_leaves):
    space, alone, _ = four_leaves
    pairs = second_versions(alone)
    assert len(pairs) > 2**4
    assert broken(pairs, space, 3) == 0


def test_if_all_could_change_places_two_versions_would_betray_counts_and_this_enumeration_sees_it(four_leaves):
    space, _, changed = four_leaves
    assert broken(second_versions(changed), space, 3) > 0


def test_with_a_base_of_k_two_versions_do_betray_counts_and_this_enumeration_sees_it():
    space = grid(2, 2)
    assert broken(second_versions(maps(space, 3)), space, 3) > 0


def test_a_leaf_that_flips_between_versions_keeps_k_candidates_with_a_base_of_one_more():
    space = grid(2, 2)
    for base, fewest in ((4, 3), (3, 2)):
        kept = {}
        for (first, second), inputs in second_versions(maps(space, base)).items():
            for leaf in range(4):
                if first[leaf] != second[leaf]:
                    kept.setdefault((first, second, leaf), set()).update(counts[leaf] for counts in inputs)
        assert {len(values) for values in kept.values()} == {fewest}
