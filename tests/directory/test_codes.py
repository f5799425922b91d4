"""The code lists: complete in three languages, true to their sources, and never taking one name for another."""

import csv
import json
import re
from collections import Counter
from dataclasses import FrozenInstanceError
from importlib import resources
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.directory.codes import (
    area_of,
    conferences,
    default_publisher,
    in_scheme,
    margin_codes,
    nationalities,
    resolve_nationality,
    resolve_state,
    states,
    suggest,
    vocabularies,
    vocabulary,
)

AREAS = {"AFR", "ASI", "CAR", "EUR", "OCE", "AMN", "AMS"}
RESTS = {f"_O{area}" for area in AREAS}
DATA = resources.files("app.directory").joinpath("data")


def rows() -> list[dict[str, str]]:
    """The shipped table as a reader of the file sees it, past the loader."""
    return list(csv.DictReader(DATA.joinpath("nationalities.csv").read_text("utf-8").splitlines()))


def members() -> set[str]:
    """The members of both conferences together."""
    return {state for conference in conferences() for state in conference.members}


def test_the_loader_keeps_every_row_once():
    assert len(rows()) == 253 + 7
    assert list(nationalities()) == [row["code"] for row in rows()]
    assert len({row["alpha2"] for row in rows() if row["alpha2"]}) == 250


def test_nationalities_are_iso_with_kosovo_the_stateless_and_the_pools():
    alpha3 = {code for code in nationalities() if re.fullmatch("[A-Z]{3}", code)}
    assert len(alpha3) == 249 + 2
    assert {"XKX", "XXA"} <= alpha3
    assert set(nationalities()) - alpha3 == {"_U", "_O"} | RESTS
    assert not {"XXX", "OOO"} & set(nationalities())


def test_states_are_neither_stateless_nor_pools():
    assert len(states()) == 250
    assert {"XKX", "NAM", "PAN", "CHL"} <= states()
    assert not {code for code in states() if code.startswith("_")} | (states() & {"XXA", "XXX", "OOO"})


@pytest.mark.parametrize(
    ("area", "inside"),
    [
        ("AFR", "SOM _OAFR"),
        ("ASI", "NPL CYP _OASI"),
        ("CAR", "CUB DOM"),
        ("EUR", "UKR RUS XKX"),
        ("OCE", "FJI"),
        ("AMN", "MEX PAN USA GRL"),
        ("AMS", "COL GUY _OAMS"),
        (None, "ATA XXA _U _O _T _AFR QQQ"),
    ],
)
def test_area_by_hand(area, inside):
    assert {area_of(code) for code in inside.split()} == {area}


def test_every_state_but_the_empty_ones_lies_in_an_area():
    assert {code for code in states() if area_of(code) is None} == {"ATA", "HMD"}
    in_areas = Counter(area_of(code) for code in states())
    assert in_areas == {"AFR": 60, "ASI": 53, "CAR": 28, "EUR": 52, "OCE": 26, "AMN": 13, "AMS": 16, None: 2}
    assert {code: area_of(code) for code in RESTS} == {f"_O{area}": area for area in AREAS}


def test_schemes_agree_with_an_independent_count_of_the_table():
    outside = {row["code"] for row in rows() if row["area"] in {"AFR", "ASI", "EUR", "OCE"} and not row["code"].startswith("_")}
    neither = {row["code"] for row in rows() if row["area"] in {"CAR", "AMN", "AMS"} and not row["conference"] and row["code"][0] != "_"}
    assert len(outside) == 60 + 53 + 52 + 26
    assert len(neither) == 34
    assert in_scheme("strict@1") == outside
    assert in_scheme("extra_regional@1") == outside | neither


def test_schemes_by_hand():
    assert {"SOM", "NPL", "BGD", "XKX", "UKR"} <= in_scheme("strict@1")
    assert not in_scheme("strict@1") & {"CUB", "HTI", "JAM", "MEX", "COL"}
    assert {"CUB", "HTI", "JAM", "SOM"} <= in_scheme("extra_regional@1")
    assert not in_scheme("extra_regional@1") & {"DOM", "MEX", "COL", "GUY"}


def test_what_has_no_single_nationality_is_in_no_scheme():
    for scheme in ("strict@1", "extra_regional@1"):
        assert not in_scheme(scheme) & ({"XXA", "_U", "_O", "ATA", "HMD"} | RESTS)
    unclassified = {code for code, one in nationalities().items() if one.strict == "unclassified"}
    assert unclassified == {code for code, one in nationalities().items() if one.extra_regional == "unclassified"}


@pytest.mark.parametrize("scheme", ["strict", "strict@2", "STRICT@1", "extra_regional", "", "alpha2@1"])
def test_an_unknown_scheme_is_a_key_error(scheme):
    with pytest.raises(KeyError):
        in_scheme(scheme)


def test_the_vocabulary_names_exactly_the_schemes_that_can_be_asked():
    assert [bool(in_scheme(scheme)) for scheme in vocabulary("classification").terms] == [True, True]


def test_eleven_and_twelve_members_and_no_state_in_both():
    rcm, sacm = conferences()
    assert set(rcm.members) == {"BLZ", "CAN", "CRI", "DOM", "SLV", "USA", "GTM", "HND", "MEX", "NIC", "PAN"}
    assert set(sacm.members) == {"ARG", "BOL", "BRA", "CHL", "COL", "ECU", "GUY", "PRY", "PER", "SUR", "URY", "VEN"}
    assert (len(rcm.members), len(sacm.members)) == (11, 12)
    assert not set(rcm.members) & set(sacm.members)


def test_four_states_are_members_of_one_and_observers_of_the_other():
    rcm, sacm = conferences()
    assert set(rcm.observers) & set(sacm.members) == {"ARG", "COL", "ECU", "PER"}
    assert set(rcm.observers) - set(sacm.members) == {"JAM"}
    assert sacm.observers == ()


def test_the_table_and_the_seed_agree_on_membership():
    for conference in conferences():
        assert {one.code for one in nationalities().values() if one.conference == conference.code} == set(conference.members)
    assert {one.code for one in nationalities().values() if one.extra_regional == "conference_member"} == members()


def test_conferences_have_their_spanish_initials_as_aliases_and_three_names():
    assert {one.code: one.aliases for one in conferences()} == {"RCM": ("CRM",), "SACM": ("CSM",)}
    assert all(set(one.labels) == {"en", "es", "pt"} and all(one.labels.values()) for one in conferences())


def test_the_seed_keeps_presidencies_with_source_and_confidence():
    seed = json.loads(DATA.joinpath("conferences.json").read_text("utf-8"))["conferences"]
    held = {(row["code"], one["year"]): one["country"] for row in seed for one in row["presidencies"]}
    assert len(held) == 52
    assert (held["RCM", 2012], held["SACM", 2012]) == ("PAN", "CHL")
    assert [held["SACM", year] for year in (2011, 2012, 2013)] == ["BRA", "CHL", "COL"]
    assert sum(one["confidence"] == "recalled, not verified" for row in seed for one in row["presidencies"]) == 17
    assert all(
        (code, state) in {(one.code, member) for one in conferences() for member in one.members} for (code, _), state in held.items()
    )


@pytest.mark.parametrize(
    ("text", "state"), [("NAM", "NAM"), ("NA", "NAM"), ("PA", "PAN"), ("XK", "XKX"), ("XKX", "XKX"), ("NE", "NER"), ("NG", "NGA")]
)
def test_a_state_is_known_by_its_codes(text, state):
    assert resolve_state(text) == state


# STL and TIB occur in the source files and are no ISO codes.
@pytest.mark.parametrize(
    "text", ["na", "nam", "Na", "Namibia", " NA", "NA ", "", "STL", "TIB", "XXA", "XXX", "OOO", "_U", "_OAFR", "\uff2e\uff21"]
)
def test_a_state_is_known_by_nothing_else(text):
    assert resolve_state(text) is None


@pytest.mark.parametrize("code", ["XXA", "_U", "_O", *sorted(RESTS)])
def test_a_nationality_may_also_be_stateless_unknown_or_pooled(code):
    assert resolve_nationality(code) == code
    assert resolve_state(code) is None


@pytest.mark.parametrize("text", ["_T", "_AFR", "_o", "_OXXX", "xxa", "XXX", "OOO", "Nigeria", ""])
def test_no_other_text_is_a_nationality(text):
    assert resolve_nationality(text) is None


def test_every_code_resolves_to_itself_and_every_alpha2_to_its_state():
    for row in rows():
        assert resolve_nationality(row["code"]) == row["code"]
        if row["alpha2"]:
            assert resolve_state(row["alpha2"]) == resolve_nationality(row["alpha2"]) == row["code"]


@given(st.text(max_size=6))
def test_what_resolves_is_a_code_of_the_table(text):
    assert resolve_state(text) in {None, *states()}
    assert resolve_nationality(text) in {None, *nationalities()}


NEVER_CONFUSED = [("NER", "NGA"), ("DMA", "DOM"), ("COG", "COD"), ("GIN", "GNB", "GNQ", "PNG"), ("KOR", "PRK"), ("WSM", "ASM")]


@pytest.mark.parametrize("group", NEVER_CONFUSED)
def test_names_that_must_never_be_confused_stay_apart(group):
    for one, other in combinations(group, 2):
        for language in ("en", "es", "pt"):
            assert nationalities()[one].labels[language] != nationalities()[other].labels[language]
        assert nationalities()[one].alpha2 != nationalities()[other].alpha2


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("NER", "Níger, Niger, NIGER"),
        ("NGA", "Nigeria, Nigéria"),
        ("DMA", "Dominica"),
        ("DOM", "República Dominicana, REPUBLICA DOMINICANA, Dominican Republic"),
        ("COD", "República Democrática del Congo"),
        ("COG", "República do Congo"),
        ("GIN", "Guinea, Guiné"),
        ("GNB", "Guiné-Bissau, Guinea-Bisáu"),
        ("GNQ", "Guinea Ecuatorial"),
        ("KOR", "Corea del Sur, South Korea"),
        ("PRK", "Coreia do Norte"),
        ("WSM", "Samoa"),
        ("ASM", "Samoa Americana"),
    ],
)
def test_a_name_is_only_suggested_and_its_own_code_comes_first(code, names):
    for name in names.split(", "):
        assert resolve_nationality(name) is None
        assert suggest(name, nationalities())[0] == code


def test_no_two_nationalities_bear_one_name():
    for language in ("en", "es", "pt"):
        names = [one.labels[language].casefold() for one in nationalities().values()]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "vocabulary_name", "code"),
    [
        ("irregular_trnsit", "measure", "irregular_transit"),
        ("Tránsito irregular", "measure", "irregular_transit"),
        ("inadmissão", "measure", "refusal_of_entry"),
        ("persons", "unit", "person"),
        ("Women", "sex", "F"),
        ("mujer", "sex", "F"),
        ("terrestre", "mode", "land"),
        ("monthly", "frequency", "month"),
    ],
)
def test_a_word_of_any_language_finds_its_code(text, vocabulary_name, code):
    assert suggest(text, vocabulary(vocabulary_name).terms)[0] == code


@given(st.text(max_size=200), st.integers(1, 5))
def test_suggestions_are_few_distinct_and_among_the_candidates(text, n):
    found = suggest(text, vocabulary("measure").terms, n)
    assert len(found) == len(set(found)) <= n
    assert set(found) <= set(vocabulary("measure").terms)


def test_three_suggestions_are_given_unless_another_number_is_asked():
    assert suggest("Guinea", nationalities()) == ["GIN", "GNB", "GNQ"]
    assert suggest("Guinea", nationalities(), 1) == ["GIN"]


def test_nothing_alike_suggests_nothing():
    assert suggest("zzzzzzzz", nationalities()) == []
    assert suggest("", nationalities()) == []
    assert suggest("SOM", []) == []


def test_margins_are_the_total_and_the_areas():
    assert margin_codes() == {"_T"} | {f"_{area}" for area in AREAS}
    assert not margin_codes() & set(nationalities())
    assert {term.attributes["area"] for code, term in vocabulary("margin").terms.items() if code != "_T"} == AREAS
    assert set(vocabulary("area").terms) == AREAS


def test_every_label_stands_in_three_languages():
    labelled = [(code, one.labels) for code, one in nationalities().items()]
    for name in vocabularies():
        labelled.append((name, vocabulary(name).labels))
        labelled.extend((f"{name}/{code}", term.labels) for code, term in vocabulary(name).terms.items())
    for place, labels in labelled:
        assert set(labels) == {"en", "es", "pt"}, place
        assert all(label.strip() == label != "" for label in labels.values()), place


def test_no_vocabulary_gives_two_codes_one_label():
    for name in vocabularies():
        for language in ("en", "es", "pt"):
            labels = [term.labels[language] for term in vocabulary(name).terms.values()]
            assert len(set(labels)) == len(labels), (name, language)


MEASURES = """
    irregular_entry irregular_transit apprehension border_encounter refusal_of_entry asylum_application removal rescue
    smuggled_detected death_missing regular_entry refugee_population asylum_seeker_population
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unit", "person event encounter application"),
        ("sex", "F M X _U"),
        ("mode", "land river sea air"),
        ("figure_status", "provisional revised final"),
        ("value_status", "masked not_collected withheld"),
        ("tlp", "CLEAR GREEN AMBER AMBER+STRICT RED"),
        ("status", "published withdrawn"),
        ("role", "operator secretariat partner analyst peer"),
        ("capacity", "member observer"),
        ("classification", "strict@1 extra_regional@1"),
        ("accompaniment", "accompanied unaccompanied separated _U"),
        ("frequency", "week month quarter year fiscal_year interval"),
        ("measure", MEASURES),
    ],
)
def test_the_contract_lists_these_codes(name, expected):
    assert list(vocabulary(name).terms) == expected.split()
    assert vocabulary(name).version == 1


def test_two_measures_are_stocks_and_all_others_flows():
    kinds = {code: term.attributes["stock_or_flow"] for code, term in vocabulary("measure").terms.items()}
    assert {code for code, kind in kinds.items() if kind == "stock"} == {"refugee_population", "asylum_seeker_population"}
    assert set(kinds.values()) == {"stock", "flow"}


def test_only_withheld_is_said_by_us_and_never_by_a_sender():
    said = {code: term.attributes["outward_only"] for code, term in vocabulary("value_status").terms.items()}
    assert said == {"masked": False, "not_collected": False, "withheld": True}


def test_the_words_that_the_contract_sets_for_people():
    assert vocabulary("value_status").terms["withheld"].labels["es"] == "Reservado por secreto estadístico"
    assert vocabulary("value_status").terms["withheld"].labels["pt"] == "Omitido por sigilo"
    assert [vocabulary("review_state").terms["held"].labels[lang] for lang in ("es", "pt")] == ["En revisión", "Em revisão"]
    assert [vocabulary("role").terms["partner"].labels[lang] for lang in ("es", "pt")] == ["Oficina nacional", "Escritório nacional"]


def test_smuggling_is_not_called_trafficking_in_portuguese():
    label = vocabulary("measure").terms["smuggled_detected"].labels
    assert "contrabando" in label["pt"]
    assert "tráfico ilícito" in label["es"]


@pytest.mark.parametrize("publisher", ["PAN-SNM", "HND-INM", "MEX-UPMRIP", "COL-MC", "USA-CBP", "BRA-OBMIGRA", "CHL-MIG", "ECU-MIG"])
def test_the_default_publisher_is_the_migration_authority(publisher):
    assert default_publisher(publisher[:3]) == publisher


def test_publishers_are_of_member_states_and_one_a_state_is_the_default():
    terms = vocabulary("publisher").terms
    form = re.compile(vocabulary("publisher").pattern or "")
    assert all(form.fullmatch(code) and term.attributes["state"] == code[:3] for code, term in terms.items())
    defaults = [term.attributes["state"] for term in terms.values() if term.attributes["default"]]
    assert len(defaults) == len(set(defaults))
    assert {term.attributes["state"] for term in terms.values()} <= members()
    assert all(form.fullmatch(default_publisher(state)) for state in states())


def test_an_unknown_vocabulary_is_a_key_error():
    with pytest.raises(KeyError):
        vocabulary("colour")


def test_nobody_can_change_a_list_for_the_others():
    with pytest.raises(TypeError):
        nationalities()["QQQ"] = nationalities()["PAN"]
    with pytest.raises(TypeError):
        vocabulary("sex").terms["F"].labels["en"] = "changed"
    with pytest.raises(FrozenInstanceError):
        nationalities()["PAN"].area = "AFR"
