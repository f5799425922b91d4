import pytest

from app.disclosure.scheme import Scheme


def test_a_nationality_rests_with_its_area(small):
    assert (small.area_of("SOM"), small.rest_of("SOM")) == ("AFR", "_OAFR")


@pytest.mark.parametrize("code", ["XXA", "_U", "_O", "ZZZ"])
def test_a_code_without_area_rests_in_other(small, code):
    assert (small.area_of(code), small.rest_of(code)) == (None, "_O")


def test_the_senders_own_rest_of_an_area_is_that_areas(small):
    assert (small.area_of("_OASI"), small.rest_of("_OASI")) == ("ASI", "_OASI")


def test_the_members_include_what_a_file_need_not_name(small):
    assert {"SOM", "XXA", "_U", "_O", "_OAFR", "_OAMS"} <= small.members


def test_an_unknown_area_is_refused():
    with pytest.raises(ValueError, match="AFR"):
        Scheme({"SOM": "africa"})


def test_the_world_has_seven_areas(world):
    assert len(world.areas) == 248
    assert set(world.areas.values()) == {"AFR", "AMN", "AMS", "ASI", "CAR", "EUR", "OCE"}
