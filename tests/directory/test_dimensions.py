"""Dimensions: the codes that each knows, its margins, and the pairs that would count one person twice."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.directory.codes import margin_codes, nationalities, states, vocabularies, vocabulary
from app.directory.dimensions import DIMENSIONS, STATE_DIMENSIONS, is_margin, known, overlap, resolve

CLOSED = ("sex", "accompaniment", "procedure", "mode")
AREA_MARGINS = ("_AFR", "_ASI", "_CAR", "_EUR", "_OCE", "_AMN", "_AMS")


def test_the_dimensions_stand_in_the_contracts_order():
    assert " ".join(DIMENSIONS) == (
        "nationality origin_state sex age accompaniment procedure route_point mode previous_state destination_state"
    )
    assert list(vocabulary("dimension").terms) == list(DIMENSIONS)
    assert sorted(STATE_DIMENSIONS) == ["destination_state", "nationality", "origin_state", "previous_state"]


@pytest.mark.parametrize(
    ("dimension", "texts"),
    [
        ("nationality", "SOM NAM XKX XXA _U _O _OAFR _AFR"),
        ("origin_state", "ETH _U _O _OASI _AMS"),
        ("previous_state", "COL _U"),
        ("destination_state", "USA _U"),
        ("sex", "F M X _U"),
        ("accompaniment", "accompanied unaccompanied separated _U"),
        ("procedure", "title_8 title_42 presented channelled _U"),
        ("mode", "land river sea air"),
        ("route_point", "PAN-DARIEN USA-EPT XKX-01 PAN-AB2345678901"),
        ("age", "Y0T11 Y12T17 Y0T17 Y_GE18 _U Y0T0 Y17T17 Y0T130 Y_GE0 Y_GE130"),
    ],
)
def test_each_dimension_knows_its_codes(dimension, texts):
    assert [resolve(dimension, text) for text in texts.split()] == texts.split()


@pytest.mark.parametrize(
    ("dimension", "texts"),
    [
        ("nationality", "Somalia som XXX OOO _OXXX _o STL na"),
        ("origin_state", "XXA Somalia"),
        ("previous_state", "XXA"),
        ("destination_state", "XXA"),
        ("sex", "f NA _O female"),
        ("accompaniment", "UAC Accompanied"),
        ("procedure", "Title8 title-42"),
        ("mode", "LAND rail"),
        ("route_point", "PAN-D PAN- PA-DARIEN QQQ-DARIEN XXA-DARIEN PAN-Darién PAN_DARIEN PAN-AB23456789012 PAN-\u0661\u0662 _U"),
        ("age", "Y Y18 18+ 0-11 Y12T11 Y0T131 Y_GE131 Y_GE1000 Y0T1000 Y_LT18 y0t17 Y00T17 Y0T017 Y_GE018 Y-1T17 Y\u0660T17 _O NA"),
    ],
)
def test_each_dimension_refuses_the_rest(dimension, texts):
    for text in (*texts.split(), "", " ", "_t", f"{known(dimension)[0] if known(dimension) else 'PAN-DARIEN'}\n"):
        assert resolve(dimension, text) is None, text


def test_alpha_2_becomes_alpha_3_in_the_dimensions_of_states():
    assert [resolve(dimension, "NA") for dimension in DIMENSIONS] == ["NAM", "NAM", *[None] * 6, "NAM", "NAM"]


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_band_runs_forward_and_within_a_human_life(a, b):
    assert (resolve("age", f"Y{a}T{b}") is not None) == (a <= b <= 130)
    assert (resolve("age", f"Y_GE{a}") is not None) == (a <= 130)


@given(st.one_of(st.text(max_size=10), st.from_regex(r"\AY(_GE)?[0-9]{1,4}(T[0-9]{1,4})?\Z")))
def test_the_published_pattern_admits_every_age_that_we_admit(text):
    if resolve("age", text) not in {None, "_T"}:
        assert re.fullmatch(vocabulary("age").pattern or "", text)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_total_is_a_margin_everywhere_and_areas_only_of_states(dimension):
    assert resolve(dimension, "_T") == "_T"
    expected = list(AREA_MARGINS) if dimension in STATE_DIMENSIONS else [None] * len(AREA_MARGINS)
    assert [resolve(dimension, area) for area in AREA_MARGINS] == expected


def test_margins_are_told_from_parts():
    assert all(is_margin(code) for code in ("_T", *AREA_MARGINS))
    assert not any(is_margin(code) for code in ("_U", "_O", "_OAFR", "SOM", "F", "Y0T17", "XXA", ""))
    assert {code for code in (*nationalities(), *margin_codes()) if is_margin(code)} == margin_codes()


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_known_codes_resolve_to_themselves_and_are_no_margins(dimension):
    assert all(resolve(dimension, code) == code and not is_margin(code) for code in known(dimension))
    assert len(set(known(dimension))) == len(known(dimension))


def test_known_codes_are_whole():
    assert known("nationality") == list(nationalities())
    assert set(nationalities()) - set(known("origin_state")) == {"XXA"}
    assert states() <= set(known("destination_state"))
    assert known("route_point") == []
    assert known("sex") == ["F", "M", "X", "_U"]
    assert "Y_GE18" in known("age")


@pytest.mark.parametrize("dimension", CLOSED)
def test_a_closed_dimension_knows_its_vocabulary_and_nothing_else(dimension):
    assert dimension in vocabularies()
    assert vocabulary(dimension).pattern is None
    assert known(dimension) == list(vocabulary(dimension).terms)
    others = {code for other in CLOSED if other != dimension for code in known(other)}
    assert not [code for code in others - set(known(dimension)) if resolve(dimension, code)]


@pytest.mark.parametrize("name", ["", "gender", "Nationality", "period", "value"])
def test_a_name_that_is_no_dimension_is_a_key_error(name):
    with pytest.raises(KeyError):
        resolve(name, "_T")
    with pytest.raises(KeyError):
        known(name)


@given(st.sampled_from(DIMENSIONS), st.text(max_size=12))
def test_resolving_twice_changes_nothing(dimension, text):
    code = resolve(dimension, text)
    assert code is None or resolve(dimension, code) == code


@pytest.mark.parametrize(
    ("chosen", "pair"),
    [
        (["Y0T17", "Y12T17"], ("Y0T17", "Y12T17")),
        (["Y12T17", "Y0T17"], ("Y0T17", "Y12T17")),
        (["Y_GE18", "Y15T24"], ("Y15T24", "Y_GE18")),
        (["Y_GE18", "Y_GE60"], ("Y_GE18", "Y_GE60")),
        (["Y0T11", "Y11T17"], ("Y0T11", "Y11T17")),
        (["Y0T100", "Y1T2", "Y50T60"], ("Y0T100", "Y1T2")),
        (["Y_GE130", "Y0T130"], ("Y0T130", "Y_GE130")),
        (["_U", "Y0T11", "_T", "Y12T17", "Y_GE17"], ("Y12T17", "Y_GE17")),
        (["Y0T11", "Y12T17", "Y_GE18", "_U"], None),
        (["Y0T17", "Y_GE18"], None),
        (["Y9T9", "Y10T10", "Y100T110"], None),
        (["Y0T17", "Y0T17"], None),
        (["Y0T17", "_T", "_U"], None),
        (["Y0T17"], None),
        ([], None),
    ],
)
def test_ages_that_would_count_a_person_twice(chosen, pair):
    assert overlap("age", chosen) == pair


ages = st.one_of(
    st.builds(lambda a, n: f"Y{a}T{min(a + n, 130)}", st.integers(0, 130), st.integers(0, 20)),
    st.builds("Y_GE{}".format, st.integers(0, 130)),
    st.sampled_from(["_U", "_T"]),
)


def lived(code: str) -> set[int]:
    """The years of age of a code one by one."""
    if code.startswith("_"):
        return set()
    numbers = [int(number) for number in re.findall("[0-9]+", code)]
    return set(range(numbers[0], numbers[-1] + 1)) if len(numbers) > 1 else set(range(numbers[0], 131))


@given(st.lists(ages, max_size=6))
def test_an_overlap_is_found_exactly_where_two_ages_share_a_year(chosen):
    pair = overlap("age", chosen)
    shared = any(lived(a) & lived(b) for a, b in combinations(set(chosen), 2))
    assert (pair is not None) == shared
    if pair:
        assert set(pair) <= set(chosen)
        assert lived(pair[0]) & lived(pair[1])
        assert min(lived(pair[0])) <= min(lived(pair[1]))


@given(st.lists(ages, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_change_what_is_found(chosen, random):
    shuffled = random.sample(chosen, len(chosen))
    assert overlap("age", chosen) == overlap("age", shuffled)


@pytest.mark.parametrize("dimension", [name for name in DIMENSIONS if name != "age"])
def test_codes_of_the_other_dimensions_never_overlap(dimension):
    assert overlap(dimension, [*known(dimension), "_T"]) is None
    assert overlap("nationality", ["SOM", "_OAFR", "_O", "_AFR"]) is None


def test_minors_alone_are_tagged_on_their_dimension():
    tagged = [code for code, term in vocabulary("dimension").terms.items() if term.attributes.get("minors_alone")]
    assert tagged == ["accompaniment"]
