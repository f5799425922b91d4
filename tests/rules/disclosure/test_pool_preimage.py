"""The reader who has the source code: for every output, all inputs and all chances that the real method maps to it."""

import itertools
from collections import defaultdict

import pytest

from app.disclosure.pool import pool
from app.disclosure.scheme import AREAS, Scheme

NATIONS = {"AAA": "AFR", "BBB": "AFR", "CCC": "AFR", "DDD": "ASI", "EEE": "ASI"}
LONE = {"AAA": "AFR", "BBB": "AFR", "CCC": "AFR", "DDD": "AFR", "EEE": "ASI"}
STATELESS = {"AAA": "AFR", "BBB": "AFR", "DDD": "ASI"}


def tables(codes, total):
    """Every way to spread a total over the codes."""
    for bars in itertools.combinations(range(total + len(codes) - 1), len(codes) - 1):
        edges = (-1, *bars, total + len(codes) - 1)
        yield dict(zip(codes, (right - left - 1 for left, right in itertools.pairwise(edges)), strict=True))


def subsets(items):
    return itertools.chain.from_iterable(itertools.combinations(items, size) for size in range(len(items) + 1))


def outputs(counts, scheme, k, foreseen, *, decoys):
    """Every output that the method can give for one input, over all its chances."""
    large = [code for code, count in counts.items() if count >= k] if decoys else []
    areas = sorted(set(scheme.areas.values())) if decoys else []
    for struck, joined in itertools.product(subsets(large), subsets(areas)):
        draw = foreseen(struck, joined)
        yield published(counts, scheme, k, draw)
        for company in draw.asked_for_company:
            yield published(counts, scheme, k, foreseen(struck, joined, company))


def published(counts, scheme, k, draw):
    return tuple((row.key[0], row.value) for row in pool(counts, scheme=scheme, k=k, draw=draw))


def candidates(values, k):
    """Whether the values that a cell may have leave it unknown enough: 0, at least k, or k whole numbers in a row."""
    if max(values) == 0 or min(values) >= k:
        return True
    return any(values.issuperset(range(low, low + k)) for low in values)


def betrayals(codes, areas, total, k, foreseen, *, decoys=True):
    """How many outputs there are, and how many of them betray a code or an area."""
    scheme, inputs = Scheme(areas), defaultdict(list)
    for counts in tables(codes, total):
        for output in set(outputs(counts, scheme, k, foreseen, decoys=decoys)):
            inputs[output].append(counts)
    cells = [*({code} for code in codes), *({code for code in codes if areas.get(code) == area} for area in AREAS)]
    broken = [
        output
        for output, origins in inputs.items()
        if not all(candidates({sum(counts[code] for code in cell) for counts in origins}, k) for cell in cells)
    ]
    return len(inputs), len(broken)


CASES = [
    pytest.param(list(NATIONS), NATIONS, 8, 3, id="three and two, total 8"),
    pytest.param(list(NATIONS), NATIONS, 11, 3, id="three and two, total 11"),
    pytest.param(list(LONE), LONE, 11, 3, id="four and one, total 11"),
    pytest.param(list(NATIONS), NATIONS, 14, 5, id="three and two, total 14, k 5"),
    pytest.param([*STATELESS, "XXA", "_O"], STATELESS, 8, 3, id="with stateless and the sender's other"),
    pytest.param([*STATELESS, "_OAFR", "_U"], STATELESS, 8, 3, id="with the sender's rest and unknown"),
]


@pytest.mark.parametrize(("codes", "areas", "total", "k"), CASES)
def test_no_output_betrays_a_count_even_to_who_has_the_source_code(codes, areas, total, k, foreseen):
    number, broken = betrayals(codes, areas, total, k, foreseen)
    assert number > 50
    assert broken == 0


@pytest.mark.parametrize(("codes", "areas", "total", "k"), [CASES[0], CASES[4]])
def test_without_decoys_outputs_do_betray_counts_and_this_enumeration_sees_it(codes, areas, total, k, foreseen):
    assert betrayals(codes, areas, total, k, foreseen, decoys=False)[1] > 0


def test_without_company_outputs_would_betray_counts_and_this_enumeration_sees_it(foreseen, monkeypatch):
    monkeypatch.setattr("app.disclosure.pool._take_company", lambda *_: None)
    assert betrayals(list(NATIONS), NATIONS, 8, 3, foreseen)[1] > 0
