"""JSON as it may enter: every fault is named by its place, and nothing is guessed (contract: Text gate; cases B007, B041, B043)."""

import json
import re
import string
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wire.strict_json import BodyError, loads, pointer

FORBIDDEN = st.characters(categories=["Cc", "Cf", "Cs"], exclude_characters="\n\t")
ALLOWED = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"], include_characters="\n\t"), max_size=12)
NUMBERS = st.integers(-(10**18) + 1, 10**19 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | ALLOWED,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ALLOWED, inner, max_size=4),
    max_leaves=20,
)
STEPS = st.lists(st.integers(0, 3) | st.sampled_from(["cells", "area_code", "sha256"]) | ALLOWED, max_size=8)


def faults(raw: bytes | str) -> list[tuple[str, str | None]]:
    with pytest.raises(BodyError) as refused:
        loads(raw if isinstance(raw, bytes) else raw.encode())
    return [(fault.code, fault.pointer) for fault in refused.value.findings]


def told(raw: bytes) -> dict[str, object]:
    with pytest.raises(BodyError) as refused:
        loads(raw)
    return dict(refused.value.findings[0].params)


def wrapped(value: object, steps: list[int | str]) -> tuple[object, str]:
    """A value at the end of a way through lists and objects, and the pointer of that place as it is told."""
    for step in reversed(steps):
        value = [*["before"] * step, value, "after"] if isinstance(step, int) else {step: value}
    return value, shown(steps)


def shown(steps: Sequence[int | str]) -> str:
    """The RFC 6901 pointer of a place, up to the first name that is not written as ours are."""
    told = ""
    for step in steps:
        if isinstance(step, str) and (not re.fullmatch("[a-z][a-z0-9_]{0,39}", step) or len(re.findall("[0-9]", step)) > 3):
            break
        told += f"/{step}"
    return told


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_any_value_of_allowed_things_comes_through_unchanged(value: object, escaped: bool, indent: int | None):
    assert loads(json.dumps(value, ensure_ascii=escaped, indent=indent).encode()) == value


@given(STEPS, ALLOWED, FORBIDDEN, ALLOWED)
def test_b041_a_forbidden_character_is_named_wherever_a_text_holds_it(steps: list[int | str], before: str, character: str, after: str):
    body, place = wrapped(before + character + after, steps)
    assert faults(json.dumps(body)) == [("text-character", place)]
    assert told(json.dumps(body).encode()) == {"offset": len(before)}


@given(STEPS, ALLOWED, FORBIDDEN, ALLOWED)
def test_b041_a_forbidden_character_in_a_name_is_told_of_its_object_and_not_echoed(
    steps: list[int | str], before: str, character: str, after: str
):
    body, place = wrapped({before + character + after: 1}, steps)
    assert faults(json.dumps(body)) == [("text-character", place)]


@given(STEPS, ALLOWED, VALUES, VALUES)
def test_b007_a_name_that_stands_twice_is_named_wherever_it_is_if_it_is_written_as_ours_are(
    steps: list[int | str], name: str, one: object, other: object
):
    once = json.dumps(name)
    body, _ = wrapped("HERE IT IS", steps)
    twice = f"{{{once}: {json.dumps(one)}, {once}: {json.dumps(other)}}}"
    raw = json.dumps(body).replace('"HERE IT IS"', twice)
    assert faults(raw) == [("repeated-key", shown([*steps, name]))]


def test_a_name_that_stands_twice_in_two_spellings_is_one_name():
    assert faults(r'{"a": 1, "\u0061": 2}') == [("repeated-key", "/a")]
    assert loads(b'{"a": {"b": 1}, "b": {"b": 2}}') == {"a": {"b": 1}, "b": {"b": 2}}


@pytest.mark.parametrize("name", [r"\ud800", r"\u0000", r"\u200b"])
def test_a_repeated_name_that_no_text_may_hold_is_never_echoed(name: str):
    assert faults(f'{{"x": [{{"{name}": 1, "{name}": 2}}]}}') == [("text-character", "/x/0")]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400 + ".0", "1e" + "9" * 5000])
def test_what_is_no_finite_number_is_refused(number: str):
    assert faults(f'{{"cells": [{{"value": {number}}}]}}') == [("not-a-number", "/cells/0/value")]


@pytest.mark.parametrize("number", [str(2**64), "-" + str(2**63), "9" * 20, "-" + "9" * 19, "9" * 4000, "9" * 5000, "-" + "9" * 5000])
def test_b043_a_number_that_no_column_can_hold_is_out_of_range_and_told_the_range(number: str):
    raw = f'{{"cells": [{{"value": {number}}}]}}'
    assert faults(raw) == [("out-of-range", "/cells/0/value")]
    assert told(raw.encode()) == {"minimum": 0, "maximum": 2**31 - 1}


def test_b043_a_number_of_five_thousand_digits_is_never_built():
    # Python raises ValueError where more digits than its limit are made an int: 640 is the lowest limit that it takes.
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert faults("[" + "9" * 5000 + ", -" + "9" * 5000 + "]") == [("out-of-range", "/0"), ("out-of-range", "/1")]
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize("number", [0, -1, 2**31 - 1, 2**31, 2**63 - 1, 10**19 - 1, 0.5, -1.25, 1e308])
def test_a_number_that_the_models_will_judge_comes_through_exactly(number: float):
    got = loads(json.dumps([number]).encode())
    assert got == [number]
    assert type(got[0]) is type(number)


@pytest.mark.parametrize("depth", [33, 34, 500, 100_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_is_nested_too_deep_is_refused_and_breaks_nothing(depth: int, opening: str):
    raw = opening * depth + "1" + {"[": "]"}.get(opening, "}") * depth
    ((code, place),) = faults(raw)
    assert (code, told(raw.encode())) == ("too-deep", {"limit": 32})
    assert place in {"", "/0/0", "/a/a"}
    assert faults(opening * 100_000)[0][0] == "too-deep"


def test_thirty_two_levels_are_not_too_deep():
    assert json.dumps(loads(b"[" * 32 + b"1" + b"]" * 32)) == "[" * 32 + "1" + "]" * 32


MALFORMED = [b"", b" ", b"{", b"}", b"[1,]", b'{"a":1,}', b"{'a':1}", b'{"a" 1}', b"[01]", b"[+1]", b"[.5]", b"[1.]", b"[0x1]", b"[1]]", b"[1] x", b"nil",
             b"True", b'"a', b'"\n"', b'"\x00"', b'"\\x41"', b'"\\u12"', b"/*c*/1", b"\xef\xbb\xbf1", b"1\x00", "1".encode("utf-16"), b"\xff", b'"\xc3"',
             b'"\xed\xa0\x80"', b'"\xc0\x80"']  # fmt: skip


@pytest.mark.parametrize("raw", MALFORMED)
def test_what_is_no_json_in_utf_8_is_malformed(raw: bytes):
    assert faults(raw) == [("malformed-json", "")]


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [(b"", 1, 1), (b'{\n  "a": }', 2, 8), (b"[1,\n2,\n\n x]", 4, 2), (b'{"a": "\xff"}', 1, 8), (b'{\n "a":\n "b\xff"}', 3, 4)],
)
def test_the_place_of_a_slip_is_told_by_line_and_column(raw: bytes, line: int, column: int):
    assert told(raw) == {"line": line, "column": column}


def test_every_fault_of_a_body_is_named_in_its_order():
    raw = rb'{"a": "x\u0000", "b": [NaN, 99999999999999999999, {"c": 1, "c": 2}], "d\u0007": 1, "e": "\ud800"}'
    assert faults(raw) == [
        ("text-character", "/a"),
        ("not-a-number", "/b/0"),
        ("out-of-range", "/b/1"),
        ("repeated-key", "/b/2/c"),
        ("text-character", ""),
        ("text-character", "/e"),
    ]


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\r\nb", "ñandú", "漢字", "🛶", string.printable[:95]])
def test_tab_and_line_breaks_and_every_script_may_stand_in_a_text(text: str):
    assert loads(json.dumps({"t": text}).encode()) == {"t": text}


def test_a_carriage_return_alone_may_not():
    assert faults(r'["a\rb"]') == [("text-character", "/0")]
    assert faults(r'["a\r\r\nb"]') == [("text-character", "/0")]


def test_pointers_are_those_of_rfc_6901():
    # The examples of its section 5.
    names = {
        "foo": "/foo",
        "": "/",
        "a/b": "/a~1b",
        "c%d": "/c%d",
        "e^f": "/e^f",
        "g|h": "/g|h",
        "i\\j": "/i\\j",
        'k"l': '/k"l',
        " ": "/ ",
        "m~n": "/m~0n",
    }
    assert {name: pointer(name) for name in names} == names
    assert (pointer(), pointer("foo", 0), pointer("~1")) == ("", "/foo/0", "/~01")
