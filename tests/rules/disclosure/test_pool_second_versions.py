"""The reader who has the source code of pooling, when a second version of the same month appears."""

from collections import defaultdict

from test_pool_preimage import NATIONS, candidates, subsets, tables

from app.disclosure.pool import decide, history, rows_of
from app.disclosure.scheme import Scheme

SCHEME, K, TOTAL = Scheme(NATIONS), 3, 7
CELLS = [*({code} for code in NATIONS), *({code for code in NATIONS if NATIONS[code] == area} for area in ("AFR", "ASI"))]


def outputs(counts, bound, foreseen, *, decoys):
    """Every form that one table can take where earlier ones bind it, over all its chances; `decoys` False: none of its own."""
    large = [code for code, count in counts.items() if count >= K] if decoys else []
    found = set()
    for struck in subsets(large):
        for joined in subsets(["AFR", "ASI"] if decoys else []):
            draw = foreseen(struck, joined)
            found.add(rows(counts, bound, draw))
            found.update(rows(counts, bound, foreseen(struck, joined, company)) for company in draw.asked_for_company)
    return found


def rows(counts, bound, draw):
    return rows_of(counts, decide(counts, scheme=SCHEME, k=K, draw=draw, before=bound), SCHEME)


def later_betrayals(foreseen, *, decoys):
    """How many second versions there are, for each way in which the first may bind them, and how many betray a count."""
    inputs = list(tables(list(NATIONS), TOTAL))
    firsts = {output for counts in inputs for output in outputs(counts, {}, foreseen, decoys=True)}
    binding = {tuple(sorted(history([first], SCHEME, ()).items())) for first in firsts}
    number = broken = 0
    for bound in binding:
        origins = defaultdict(list)
        for counts in inputs:
            for output in outputs(counts, dict(bound), foreseen, decoys=decoys):
                origins[output].append(counts)
        number += len(origins)
        broken += sum(
            not all(candidates({sum(counts[code] for code in cell) for counts in known}, K) for cell in CELLS) for known in origins.values()
        )
    return number, broken


def test_no_second_pooled_version_betrays_a_count_where_it_has_decoys_of_its_own(foreseen):
    number, broken = later_betrayals(foreseen, decoys=True)
    assert number > 200
    assert broken == 0


def test_second_pooled_versions_with_the_decoys_of_the_first_do_betray_counts(foreseen):
    number, broken = later_betrayals(foreseen, decoys=False)
    assert number > broken > 0
