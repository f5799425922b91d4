"""Conditional requests as RFC 9110 sections 8.8.3 and 13.1 have them."""

import pytest

from app.core.conditional import answer_etag, document_etag, is_fresh, require_match
from app.core.problems import Problem


def passes(if_match: str | None, etag: str) -> bool | str:
    try:
        require_match(if_match, etag)
    except Problem as problem:
        return problem.code
    return True


@pytest.mark.parametrize(
    ("sent", "present", "weak"),
    [('W/"1"', 'W/"1"', True), ('W/"1"', 'W/"2"', False), ('W/"1"', '"1"', True), ('"1"', 'W/"1"', True), ('"1"', '"1"', True)],
)
def test_a_callers_copy_is_compared_weakly(sent: str, present: str, weak: bool):
    # The table of section 8.8.3.2, column "weak comparison".
    assert is_fresh(sent, present) is weak


@pytest.mark.parametrize(("sent", "strong"), [('W/"1"', False), ('"1"', True), ('"2"', False)])
def test_a_change_is_compared_strongly(sent: str, strong: bool):
    # The same table, column "strong comparison", for the strong tag of a document.
    assert passes(sent, '"1"') == (True if strong else "precondition-failed")


@pytest.mark.parametrize(
    "sent",
    [
        '"xyzzy"',
        'W/"xyzzy"',
        '"xyzzy", "r2d2xxxx", "c3piozzzz"',
        'W/"xyzzy", W/"r2d2xxxx", W/"c3piozzzz"',
        '"r2d2xxxx","xyzzy"',
        '"r2d2xxxx"  ,\t"xyzzy"',
        ', "xyzzy",',
        "*",
        " * ",
    ],
)
def test_the_rfcs_examples_of_if_none_match_find_the_copy_fresh(sent: str):
    assert is_fresh(sent, '"xyzzy"')
    assert is_fresh(sent, 'W/"xyzzy"')


@pytest.mark.parametrize(
    "sent", [None, "", "xyzzy", '"xyzz"', '"XYZZY"', '"xyzzy', 'xyzzy"', '"xy", "zzy"', '"xy,xyzzy"', "**", '"*"', 'W/"']
)
def test_what_is_another_tag_or_none_is_not_fresh(sent: str | None):
    assert not is_fresh(sent, '"xyzzy"')


@pytest.mark.parametrize(
    "sent", ['"xyzzy"', '"xyzzy", "r2d2xxxx", "c3piozzzz"', '"r2d2xxxx","xyzzy"', '"c3piozzzz" , "xyzzy"', '"a,b", "xyzzy"', "*"]
)
def test_the_rfcs_examples_of_if_match_pass(sent: str):
    assert passes(sent, '"xyzzy"') is True


@pytest.mark.parametrize("sent", ["", "xyzzy", 'W/"xyzzy"', '"xyzz"', '"XYZZY"', '"r2d2xxxx", W/"xyzzy"', "**", '"*"'])
def test_a_change_against_another_version_fails_and_tells_the_present_one(sent: str):
    with pytest.raises(Problem) as refused:
        require_match(sent, '"xyzzy"')
    assert (refused.value.code, refused.value.status, refused.value.headers) == ("precondition-failed", 412, {"ETag": '"xyzzy"'})


def test_a_change_without_a_version_is_asked_for_one():
    with pytest.raises(Problem) as refused:
        require_match(None, '"xyzzy"')
    assert (refused.value.code, refused.value.status, refused.value.headers) == ("precondition-required", 428, {})


def test_a_documents_tag_is_strong_and_names_id_and_version():
    assert document_etag("0190a5d0-0000-7000-8000-000000000001", 12) == '"0190a5d0-0000-7000-8000-000000000001.v12"'


def test_an_answers_tag_is_weak_and_differs_with_every_part():
    tags = [answer_etag(*parts) for parts in ((1, "es"), (2, "es"), (1, "pt"), (1,), ("1", "es"), (1, "es", None), ("1, 'es'",))]
    assert len(set(tags)) == len(tags)
    assert answer_etag(1, "es") == tags[0]
    assert all(tag.startswith('W/"') and tag.endswith('"') and tag.count('"') == 2 for tag in tags)
