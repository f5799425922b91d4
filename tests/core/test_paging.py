"""Cursors are opaque, repeatable, bound to their filters, and of one text only (contract: Reads)."""

import base64
import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.paging import CursorSeal, binding_of, page_size
from app.core.problems import Problem

SEAL = CursorSeal(bytes(range(64)))
POSITION = ["2024-03-11T12:00:00.123456Z", "0190a5d0-0000-7000-8000-000000000001", 31]
CURSOR = SEAL.seal(POSITION, "filters")
ALPHABET = string.ascii_letters + string.digits + "-_"
REFUSED = ("cursor-invalid", [("cursor-invalid", "cursor", {})])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=4),
    max_leaves=10,
)


def is_refused(cursor: str, binding: str = "filters", seal: CursorSeal = SEAL) -> bool:
    try:
        seal.open(cursor, binding)
    except Problem as problem:
        return (problem.code, [(fault.code, fault.pointer, dict(fault.params)) for fault in problem.findings]) == REFUSED
    return False


@given(st.lists(JSON, max_size=5), st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_position_comes_back_as_it_was(position: list[object], binding: str):
    assert SEAL.open(SEAL.seal(position, binding), binding) == position


def test_a_position_gives_the_same_cursor_always_and_on_every_process_with_the_key():
    assert SEAL.seal(POSITION, "filters") == CursorSeal(bytes(range(64))).seal(list(POSITION), "filters") == CURSOR
    assert SEAL.seal(POSITION, "other filters") != CURSOR
    assert SEAL.seal([*POSITION[:2], 32], "filters") != CURSOR


def test_a_cursor_can_stand_in_an_address_and_shows_nothing():
    assert set(CURSOR) <= set(ALPHABET)
    raw = base64.urlsafe_b64decode(CURSOR + "==")
    assert not any(part in raw for part in (b"2024", b"0190a5d0", b"filters", b"31"))


def test_a_cursor_is_bound_to_its_filters_and_to_its_key():
    assert not is_refused(CURSOR)
    assert is_refused(CURSOR, "other filters")
    assert is_refused(CURSOR, "")
    assert is_refused(CURSOR, seal=CursorSeal(bytes(range(1, 65))))


@pytest.mark.parametrize("position", [POSITION, ["a"], ["ab"], ["abc"]], ids=["real", "one", "two", "three"])
def test_a_cursor_altered_in_any_place_is_refused(position: list[object]):
    # The three short ones end in each of base64's ways, with 0, 2 and 4 bits that carry nothing.
    cursor = SEAL.seal(position, "filters")
    others = {place: [sign for sign in ALPHABET + "+/=" if sign != old] for place, old in enumerate(cursor)}
    assert all(is_refused(cursor[:place] + sign + cursor[place + 1 :]) for place, signs in others.items() for sign in signs)
    assert all(is_refused(cursor[:length]) for length in range(len(cursor)))


@pytest.mark.parametrize("tail", ["=", "==", "====", "A", "AAAA", " ", "\n", "\x00", "é", "\ud800", "%3D"])
def test_what_is_added_to_a_cursor_makes_it_another(tail: str):
    assert is_refused(CURSOR + tail)
    assert is_refused(tail + CURSOR)


@pytest.mark.parametrize("foreign", ["", "AA", "null", "0", "9" * 5000, "ñ", "\ud800", "\x00", "=", "-" * 43, CURSOR * 2, "é" * 3000])
def test_a_foreign_cursor_is_refused(foreign: str):
    assert is_refused(foreign)


def test_nothing_may_follow_the_longest_cursor():
    # 16 bytes of seal and 1,520 of text are 2,048 characters: the limit.
    longest = SEAL.seal(["x" * 1516], "filters")
    assert (len(longest), is_refused(longest)) == (2048, False)
    assert is_refused(longest + "AAAA")
    assert is_refused(SEAL.seal(["x" * 1519], "filters"))


def test_a_binding_differs_where_the_question_does_and_only_there():
    question = ("bulletins", {"tlp": "GREEN", "since": date(2024, 3, 11)}, ["PAN", "HND"])
    assert binding_of(*question) == binding_of("bulletins", {"since": date(2024, 3, 11), "tlp": "GREEN"}, ["PAN", "HND"])
    others = [
        ("flows", *question[1:]),
        ("bulletins", {"tlp": "AMBER", "since": date(2024, 3, 11)}, ["PAN", "HND"]),
        ("bulletins", question[1], ["HND", "PAN"]),
        ("bulletins", question[1], ["PAN,HND"]),
        ("bulletins", question[1]),
        ("bulletins", question[1], None),
    ]
    assert len({binding_of(*question), *(binding_of(*other) for other in others)}) == 1 + len(others)


def test_a_page_above_the_maximum_is_refused_and_never_cut():
    assert (page_size(1, 1000), page_size(1000, 1000)) == (1, 1000)
    with pytest.raises(Problem) as refused:
        page_size(1001, 1000)
    (fault,) = refused.value.findings
    assert (refused.value.code, fault.code, fault.pointer, fault.params) == (
        "invalid-query",
        "out-of-range",
        "limit",
        {"minimum": 1, "maximum": 1000},
    )
