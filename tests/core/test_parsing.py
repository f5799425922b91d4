"""From a body to a wire model, or to findings that name place and rule and never the value (contract: Errors)."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from app.core.parsing import known_names, nearest, parse, read_json
from app.core.problems import Problem
from app.wire.bulletin import BulletinDraft, Grounds
from app.wire.problem import Finding
from app.wire.text import Title


class Colour(StrEnum):
    RED = "red"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: Annotated[StrictInt, Field(ge=0, le=9)] = 0


class Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid")
    needed: int
    count: Annotated[StrictInt, Field(ge=0, le=9)] = 0
    above: Annotated[StrictInt, Field(gt=0, lt=9)] = 1
    colour: Colour = Colour.RED
    word: Literal["a", "b"] = "a"
    name: Annotated[str, Field(min_length=2, max_length=3)] = "ab"
    day: Annotated[str, Field(pattern=r"^\d+$")] = "1"
    parts: Annotated[list[Part], Field(min_length=1, max_length=2)] = [Part()]
    either: StrictInt | list[Part] = 0
    title: dict[str, Title] = {}
    other: Part = Part()
    renamed: int = Field(0, alias="their-name")


def faults(value: object, at: tuple[object, ...] = ()) -> list[Finding]:
    with pytest.raises(Problem) as refused:
        parse(Sheet, value, at=at)
    assert (refused.value.code, refused.value.status) == ("invalid-document", 422)
    return list(refused.value.findings)


SECRET = "Juan Pérez 8-123-456"
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "missing": ({"needed": None}, "/needed", "field-missing"),
    "unknown": ({"colr": SECRET}, "/colr", "field-unknown"),
    "unknown below": ({"parts": [{}, {"sise": SECRET}]}, "/parts/1/sise", "field-unknown"),
    "unknown in the shape of a branch": ({"list[0]": SECRET}, "", "field-unknown"),
    "unknown with the name of a branch": ({"int": SECRET}, "/int", "field-unknown"),
    "unknown with the signs of pointers": ({"a/b~c": SECRET}, "", "field-unknown"),
    "unknown, and somebody's name": ({"parts": [{"Juan Pérez": 1}]}, "/parts/0", "field-unknown"),
    "unknown, and somebody's number": ({"id_8123456": 1}, "", "field-unknown"),
    "too large": ({"count": 10}, "/count", "out-of-range"),
    "too small": ({"count": -1}, "/count", "out-of-range"),
    "at the open bound above": ({"above": 9}, "/above", "out-of-range"),
    "at the open bound below": ({"above": 0}, "/above", "out-of-range"),
    "text for a number": ({"count": SECRET}, "/count", "not-a-whole-number"),
    "digits for a number": ({"count": "5"}, "/count", "not-a-whole-number"),
    "a fraction": ({"count": 1.5}, "/count", "not-a-whole-number"),
    "yes for a number": ({"count": True}, "/count", "not-a-whole-number"),
    "no code of the list": ({"colour": SECRET}, "/colour", "code-unknown"),
    "no word of the list": ({"word": SECRET}, "/word", "code-unknown"),
    "too long": ({"name": SECRET}, "/name", "text-too-long"),
    "too short": ({"name": "a"}, "/name", "text-empty"),
    "another form": ({"day": SECRET}, "/day", "format"),
    "an empty list": ({"parts": []}, "/parts", "list-too-short"),
    "a long list": ({"parts": [{}, {}, {}]}, "/parts", "list-too-long"),
    "no list": ({"parts": SECRET}, "/parts", "format"),
    "no object": ({"other": SECRET}, "/other", "format"),
    "a part of a list": ({"parts": [{}, {"size": 10}]}, "/parts/1/size", "out-of-range"),
    "a character": ({"title": {"es": "a\x00" + SECRET}}, "/title/es", "text-character"),
    "a blank text": ({"title": {"es": " \n "}}, "/title/es", "text-empty"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_named_by_pointer_and_code_and_never_by_its_value(name: str):
    change, pointer, code = CASES[name]
    body = {key: value for key, value in ({"needed": 1} | change).items() if value is not None}
    found = faults(body)
    assert [(fault.pointer, fault.code) for fault in found] == [(pointer, code)]
    assert SECRET not in repr(found)
    assert "Pérez" not in json.dumps([dict(fault.params) for fault in found], default=str, ensure_ascii=False)


def test_the_range_of_a_number_is_told():
    bounds = {fault.pointer: (fault.params["minimum"], fault.params["maximum"]) for fault in faults({"needed": 1, "count": 10, "above": 9})}
    assert bounds == {"/count": (0, 9), "/above": (0, 9)}


def test_the_branches_of_a_choice_are_no_part_of_a_pointer():
    assert {fault.pointer for fault in faults({"needed": 1, "either": SECRET})} == {"/either"}
    assert {fault.pointer for fault in faults({"needed": 1, "either": [{"size": 10}]})} == {"/either", "/either/0/size"}


@pytest.mark.parametrize("value", [None, [], "text", 5, True])
def test_a_body_that_is_no_object_is_a_fault_of_the_whole(value: object):
    assert [(fault.pointer, fault.code) for fault in faults(value)] == [("", "format")]
    assert [fault.pointer for fault in faults(value, at=("bulletins", 3))] == ["/bulletins/3"]


def test_an_item_of_a_batch_is_named_by_its_place():
    assert [fault.pointer for fault in faults({"needed": 1, "count": 10}, at=("bulletins", 3))] == ["/bulletins/3/count"]


def test_all_faults_are_named_together_up_to_a_hundred():
    assert [fault.pointer for fault in faults({"count": 10, "day": "x", "zz": 1})] == ["/needed", "/count", "/day", "/zz"]
    assert len(faults({"needed": 1, **{f"unknown{number}": 1 for number in range(150)}})) == 100
    with pytest.raises(Problem) as refused:
        read_json(json.dumps(["\x00"] * 150).encode())
    assert len(refused.value.findings) == 100


def test_an_unknown_field_gets_the_valid_names_and_the_nearest_of_them():
    (fault,) = faults({"needed": 1, "colr": 1})
    assert (fault.params["suggestions"], fault.params["known"]) == (["colour"], known_names(Sheet))
    assert known_names(Sheet)[-1] == "their-name"


def test_suggestions_resemble_what_was_sent_and_are_three_at_most():
    known = ["reporting_state", "reporting_states", "reporting_stat", "report_state", "unit"]
    assert nearest("reporting_stete", known) == ["reporting_state", "reporting_states", "reporting_stat"]
    assert nearest("UNIT", known) == ["unit"]
    assert nearest("zzz", known) == []
    assert nearest("unit" + "x" * 1_000_000, known) == []


def test_the_strict_reader_speaks_through_the_same_problem():
    with pytest.raises(Problem) as refused:
        read_json(b'{"a": 1, "a": 2}')
    assert [(fault.code, fault.pointer) for fault in refused.value.findings] == [("repeated-key", "/a")]
    assert read_json('{"título": ["ñ", 1, null, true]}'.encode()) == {"título": ["ñ", 1, None, True]}


def test_a_bulletin_of_wrong_things_is_told_every_place():
    cells = [{"nationality": "SOM", "value": 2**31}, {"nationality": 5, "value": -1}]
    body = {"measure": "removal", "unit": "people", "period": "2022-10", "cells": cells, "reporter": "PAN"}
    with pytest.raises(Problem) as refused:
        parse(BulletinDraft, body)
    found = {(fault.pointer, fault.code) for fault in refused.value.findings}
    assert found >= {("/reporting_state", "field-missing"), ("/unit", "code-unknown"), ("/cells/0/value", "out-of-range")}
    assert found >= {("/cells/1/value", "out-of-range"), ("/reporter", "field-unknown")}


def test_of_an_endless_name_of_an_unknown_field_the_object_is_told():
    with pytest.raises(Problem) as refused:
        parse(Grounds, {"reason": "x", "n" * 5_000: 1})
    assert refused.value.findings[0].pointer == ""
