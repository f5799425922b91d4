import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.disclosure.pool import State, history, pool, states_of
from app.disclosure.scheme import AREAS, OTHER, RESTS, TOTALS
from app.disclosure.table import row

CODES = ["CMR", "ERI", "SOM", "BGD", "IND", "NPL", "FRA", "XXA", "_U", "_O", "_OAFR", "_OEUR", "_OOCE", "TIB"]
SMALL_OR_LARGE = st.one_of(st.integers(0, 6), st.integers(0, 40), st.integers(0, 2**31 - 1))


@pytest.fixture
def pooled(small):
    def ask(counts, draw, before=(), k=5):
        rows = pool(counts, scheme=small, k=k, draw=draw, before=before)
        return {row.key[0]: row.value for row in rows}, rows

    return ask


# SOM 40, ERI 4 and CMR 3 make a rest of 7; NPL 12; BGD 2 makes no rest and an `_O` below 5, which needs company.
LONELY = {"SOM": 40, "ERI": 4, "CMR": 3, "NPL": 12, "BGD": 2}


def test_a_small_other_takes_a_rest_along(pooled, foreseen):
    cells, _ = pooled(LONELY, foreseen(company="_OAFR"))
    assert cells == {"NPL": 12, "SOM": 40, "_O": 9, "_T": 61}


def test_a_small_other_takes_a_nationality_along(pooled, foreseen):
    cells, _ = pooled(LONELY, foreseen(company="NPL"))
    assert cells == {"SOM": 40, "_OAFR": 7, "_AFR": 47, "_O": 14, "_T": 61}


def test_who_is_taken_along_brings_the_rest_of_its_area(pooled, foreseen):
    cells, _ = pooled(LONELY, foreseen(company="SOM"))
    assert cells == {"NPL": 12, "_O": 49, "_T": 61}


def test_company_leans_to_the_smallest_group(pooled, foreseen):
    draw = foreseen()
    cells, _ = pooled(LONELY, draw)
    assert set(draw.asked_for_company) == {"NPL", "SOM", "_OAFR"}
    assert cells["_O"] == 9


def test_a_safe_other_takes_nobody_along(pooled, foreseen):
    draw = foreseen(company="SOM")
    cells, _ = pooled({**LONELY, "_U": 3}, draw)
    assert draw.asked_for_company == []
    assert cells == {"NPL": 12, "SOM": 40, "_OAFR": 7, "_AFR": 47, "_O": 5, "_T": 64}


def test_a_decoy_is_pooled_like_a_small_count(pooled, foreseen):
    cells, _ = pooled({"SOM": 40, "NPL": 12, "XXA": 8}, foreseen(decoys={"SOM", "XXA"}))
    assert cells == {"NPL": 12, "_OAFR": 40, "_AFR": 40, "_O": 8, "_T": 60}


def test_a_rest_may_join_other_for_no_reason_of_its_own(pooled, foreseen):
    cells, _ = pooled({"SOM": 40, "ERI": 4, "CMR": 3, "NPL": 12}, foreseen(joins={"AFR"}))
    assert cells == {"NPL": 12, "SOM": 40, "_O": 7, "_T": 59}


def test_codes_without_area_join_other(pooled, foreseen):
    cells, _ = pooled({"XXA": 3, "_U": 9, "_O": 4, "SOM": 40, "TIB": 6}, foreseen())
    assert cells == {"SOM": 40, "TIB": 6, "_O": 7, "_T": 62, "_U": 9}


def test_the_senders_own_pools_are_never_shown_apart(pooled, foreseen):
    cells, _ = pooled({"_OAFR": 30, "ERI": 4, "_O": 50}, foreseen())
    assert cells == {"_OAFR": 34, "_AFR": 34, "_O": 50, "_T": 84}


def test_a_zero_is_pooled_like_a_code_that_is_not_listed(pooled, foreseen):
    assert pooled({"SOM": 40, "ERI": 0, "FRA": 0}, foreseen()) == pooled({"SOM": 40}, foreseen())
    assert pooled({"SOM": 40}, foreseen())[0] == {"SOM": 40, "_AFR": 40, "_T": 40}


def test_the_chance_of_a_decoy_falls_with_the_count(small):
    class Even:
        def fraction(self, purpose, item):
            del item
            return {"decoy": 0.01, "join": 0.5, "company": 0.5}[purpose]

    # .25 / 24 is above .01, .25 / 26 below; the sum of each rest is large enough to stand alone.
    rows = pool({"SOM": 24, "NPL": 26}, scheme=small, k=5, draw=Even())
    assert [row.key[0] for row in rows] == ["NPL", "_OAFR", "_AFR", "_ASI", "_T"]


def test_what_was_pooled_stays_pooled(pooled, foreseen):
    _, first = pooled(LONELY, foreseen(company="NPL"))
    grown = {"SOM": 40, "ERI": 400, "CMR": 3, "NPL": 1200, "BGD": 900}
    cells, _ = pooled(grown, foreseen(), before=[first])
    assert cells == {"SOM": 40, "_OAFR": 403, "_AFR": 443, "_O": 2100, "_T": 2543}


def test_what_sat_in_other_keeps_its_area_there(pooled, foreseen):
    _, first = pooled(LONELY, foreseen(company="_OAFR"))
    cells, _ = pooled({"SOM": 3, "ERI": 400, "NPL": 12, "BGD": 2}, foreseen(), before=[first])
    assert cells == {"NPL": 12, "_O": 405, "_T": 417}


def test_what_turns_small_later_follows_its_area_into_other(pooled, foreseen):
    _, first = pooled({"SOM": 40, "CMR": 30, "ERI": 4, "NPL": 12, "BGD": 3}, foreseen())
    cells, _ = pooled({"SOM": 4, "CMR": 4, "NPL": 12}, foreseen(), before=[first])
    assert cells == {"NPL": 12, "_O": 8, "_T": 20}


def test_the_strictest_of_several_earlier_bulletins_binds(pooled, foreseen):
    _, rest = pooled(LONELY, foreseen(company="NPL"))
    _, other = pooled(LONELY, foreseen(company="_OAFR"))
    cells, _ = pooled(LONELY, foreseen(), before=[rest, other])
    assert cells == {"SOM": 40, "_O": 21, "_T": 61}


def test_a_nil_report_binds_nobody(pooled, foreseen):
    _, nil = pooled({}, foreseen())
    assert pooled(LONELY, foreseen(), before=[nil]) == pooled(LONELY, foreseen())


def test_an_empty_pool_of_the_senders_own_binds_nobody(small):
    rows = (row(("SOM",), 40), row(("_O",), 0), row(("_OASI",), 0), row(("_T",), 40))
    assert set(states_of(rows, small).values()) == {State.SHOWN}


def test_a_masked_pool_of_the_senders_own_binds(small):
    states = states_of((row(("SOM",), 40), row(("_OASI",), None, "masked")), small)
    assert (states["NPL"], states["SOM"], states["ERI"]) == (State.REST, State.SHOWN, State.SHOWN)


def test_earlier_states_are_read_from_the_rows_alone(pooled, foreseen, small):
    _, rows = pooled(LONELY, foreseen(company="NPL"))
    states = states_of(rows, small)
    assert {code for code, state in states.items() if state is State.SHOWN} == {"SOM"}
    assert {code for code, state in states.items() if state is State.REST} == {"ERI", "CMR", "_OAFR"}
    assert states.keys() == small.members


counts_of = st.dictionaries(st.sampled_from(CODES), SMALL_OR_LARGE)
chances = st.tuples(st.sets(st.sampled_from(CODES)), st.sets(st.sampled_from(AREAS)), st.sampled_from([*CODES, *sorted(RESTS)]))


@given(counts_of, chances, st.integers(3, 20))
def test_every_pooled_table_is_safe_and_exact(small, foreseen, counts, chance, k):
    if 0 < sum(counts.values()) < k:
        return
    cells = {each.key[0]: each.value for each in pool(counts, scheme=small, k=k, draw=foreseen(*chance))}
    parts = {code: value for code, value in cells.items() if code not in TOTALS}
    assert cells["_T"] == sum(parts.values()) == sum(counts.values())
    assert all(value >= k for value in parts.values())
    assert all(value == counts[code] for code, value in parts.items() if code not in {*RESTS, OTHER})
    for area in AREAS:
        exact = sum(n for code, n in counts.items() if small.area_of(code) == area)
        assert cells.get(f"_{area}", exact) == exact


@given(counts_of, chances, st.integers(3, 20))
def test_the_same_table_again_changes_nothing(small, foreseen, counts, chance, k):
    if 0 < sum(counts.values()) < k:
        return
    draw = foreseen(*chance)
    once = pool(counts, scheme=small, k=k, draw=draw)
    assert pool(counts, scheme=small, k=k, draw=draw, before=[once]) == once
    assert pool(counts, scheme=small, k=k, draw=draw, before=[once, once]) == once


@given(st.lists(counts_of.filter(lambda counts: not 0 < sum(counts.values()) < 5), min_size=2, max_size=4), chances)
def test_over_versions_a_code_only_moves_further_in(small, foreseen, versions, chance):
    before = []
    for counts in versions:
        bound = history(before, small, CODES)
        rows = pool(counts, scheme=small, k=5, draw=foreseen(*chance), before=before)
        alone = {row.key[0] for row in rows} - {*RESTS, OTHER}
        assert all(bound[code] is State.SHOWN for code in alone - TOTALS)
        assert all(row.value == 0 or row.value >= 5 for row in rows)
        rests = {row.key[0] for row in rows} & RESTS
        assert not {small.rest_of(code) for code, state in bound.items() if state is State.OTHER} & rests
        before.append(rows)
