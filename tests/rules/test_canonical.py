import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.sync.checking import _passes_gate
from app.wire.canonical import canonical, digest_of, digest_of_plain, plain, signed_part, signing_input

LARGEST = 2**53 - 1
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ASCII_KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXTS
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(ASCII_KEYS, inner, max_size=6) | st.tuples(inner, inner)
)


@given(DOCUMENTS)
def test_documents_have_the_bytes_of_rfc_8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(TEXTS, SCALARS | st.floats(allow_nan=False, allow_infinity=False), max_size=6))
def test_values_with_floats_and_foreign_keys_have_the_bytes_of_rfc_8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(DOCUMENTS)
def test_reading_and_writing_again_changes_no_byte(value):
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_every_control_and_separator_is_written_as_rfc_8785_writes_it():
    everything = "".join(chr(point) for point in [*range(0x300), 0x2028, 0x2029, 0xFEFF, 0xFFFF, 0x1F600])
    assert canonical({"text": everything}) == rfc8785.dumps({"text": everything})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: "number as key"}, {"set": {1}}, b"bytes"], ids=repr)
def test_what_is_no_json_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        rfc8785.dumps(value)
    with pytest.raises((TypeError, ValueError)):
        canonical(value)


def test_a_lone_surrogate_is_refused():
    with pytest.raises((TypeError, ValueError)):
        canonical({"text": "\ud800"})


def test_the_digest_covers_all_but_itself_and_the_signature():
    document = {"b": 1, "a": "ñ", "salt": "00"}
    sealed = {**document, "digest": "x", "signature": {"kid": "k"}}
    assert signed_part(sealed) == '{"a":"ñ","b":1,"salt":"00"}'.encode()
    assert digest_of(sealed) == hashlib.sha256(signed_part(document)).hexdigest()
    assert digest_of({**document, "salt": "01"}) != digest_of(document)


def test_one_payload_under_two_contexts_gives_two_signing_inputs():
    assert signing_input(b"istmo document", b"x") != signing_input(b"istmo checkpoint", b"x")
    assert signing_input(b"a", b"b") == b"a\x00b"


ODD = (
    st.floats(allow_nan=False)
    | st.integers(-(2**40), 2**40)
    | TEXTS
    | st.sampled_from(["a\u200bb", "\ud800", "\x7f", "1,2.5", '":3.1', "é"])
)
ANY = st.dictionaries(
    TEXTS | ASCII_KEYS, st.recursive(ODD | st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=5), max_size=4
)


@given(ANY | st.dictionaries(ASCII_KEYS, DOCUMENTS, max_size=4))
def test_what_is_plain_at_a_glance_has_the_bytes_of_rfc_8785_the_same_digest_and_passes_the_gate(value):
    value = json.loads(json.dumps(value))  # as it comes over the line: no tuples
    text = plain(value)
    if text is not None:
        assert text.encode() == rfc8785.dumps(value)
        assert digest_of_plain(value) == digest_of(value)
        assert _passes_gate(value)


@pytest.mark.parametrize(
    "value",
    [
        {"n": 1.0},
        {"n": [1, -2.5]},
        {"n": 1e300},
        {"n": 2147483648},
        {"n": [1, 12345678901]},
        {"ñ": 1},
        {"t": "a\u200bb"},
        {"t": "\x7f"},
        {"t": "\x01"},
    ],
    ids=repr,
)
def test_what_is_odd_is_not_plain(value):
    assert plain(value) is None


def test_a_bulletin_is_plain():
    told = {"period": "2024-03", "published_at": "2026-11-28T21:02:46.123456Z", "cells": [{"nationality": "VEN", "value": 999999999}]}
    told |= {"title": {"es": "Ingresos irregulares, año 2024: «Darién»"}, "digest": "3e4" * 8, "none": None, "yes": True, "few": [0, -1]}
    assert plain(told) == rfc8785.dumps(told).decode()
