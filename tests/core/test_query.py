"""Query parameters: misspelt, empty and impossible ones are refused by name (contract: Reads; cases B041, B043)."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from app.core.parsing import code_of
from app.core.query import NoQuery, PageQuery, Query, Word, Words


class Wide(PageQuery):
    state: Words | None = None
    measure: Word | None = None
    deep: bool = False
    least: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


def fault(query: type[Query] = Wide, **sent: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as refused:
        query.model_validate(sent)
    (details,) = refused.value.errors()
    return str(details["loc"][0]), code_of(details["type"]) if details["type"] != "extra_forbidden" else "unknown"


def test_a_page_is_a_hundred_items_unless_asked_and_a_thousand_at_most():
    assert (PageQuery().limit, PageQuery().cursor) == (100, None)
    assert [PageQuery.model_validate({"limit": limit}).limit for limit in ("1", "1000")] == [1, 1000]


@pytest.mark.parametrize("value", ["0", "-1", "1001", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616"])
def test_b043_a_limit_that_no_page_has_is_out_of_range(value: str):
    assert fault(limit=value) == ("limit", "out-of-range")


@pytest.mark.parametrize("value", ["1e400", "NaN", "Infinity", "1.5", "five", "0x10", "٣x"])
def test_b043_what_is_no_whole_number_is_told_so(value: str):
    assert fault(limit=value) == ("limit", "not-a-whole-number")


def test_b043_a_number_of_five_thousand_digits_is_refused():
    assert fault(limit="9" * 5000)[0] == "limit"
    assert fault(least="9" * 5000) == ("least", "out-of-range")


@pytest.mark.parametrize("name", ["state", "measure", "deep", "least", "limit", "cursor"])
@pytest.mark.parametrize("value", ["", " ", "\t", "\u3000"])
def test_an_empty_value_is_refused_whatever_the_parameter(name: str, value: str):
    assert fault(**{name: value}) == (name, "parameter-empty")


@pytest.mark.parametrize("name", ["state", "measure", "deep", "least", "limit", "cursor"])
@pytest.mark.parametrize("value", ["a\x00b", "\x00", "1\x00", "a\u200bb", "a\u202eb", "\ud800", "true\x7f"])
def test_b041_a_character_that_no_text_may_hold_is_refused_whatever_the_parameter(name: str, value: str):
    assert fault(**{name: value}) == (name, "text-character")


@pytest.mark.parametrize("sent", ["PAN,", ",PAN", "PAN,,HND", ["PAN", ""], ["PAN", " ,HND"], ["PAN", "HND\x00"]])
def test_one_empty_or_impossible_word_of_several_is_enough(sent: object):
    assert fault(state=sent)[0] == "state"


def test_repeated_parameters_and_commas_both_mean_or():
    assert Wide.model_validate({"state": ["PAN,HND", "CRI"]}).state == ["PAN", "HND", "CRI"]
    assert Wide.model_validate({"state": "PAN"}).state == ["PAN"]


def test_words_have_their_longest_and_lists_their_most():
    assert Wide.model_validate({"state": ",".join(["A" * 64] * 300), "measure": "m" * 64}).state == ["A" * 64] * 300
    assert fault(state=",".join(["A"] * 301)) == ("state", "list-too-long")
    assert fault(state="A" * 65) == ("state", "text-too-long")
    assert fault(measure="m" * 65) == ("measure", "text-too-long")
    assert fault(cursor="c" * 2049) == ("cursor", "text-too-long")


@pytest.mark.parametrize("query", [NoQuery, PageQuery, Wide])
def test_what_a_route_does_not_know_is_refused(query: type[Query]):
    assert fault(query, persons_max="5") == ("persons_max", "unknown")
