"""The text gate (contract: Text gate): NFKC, LF and TAB allowed, CRLF becomes LF, no control, format or surrogate character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from app.wire.text import Code, Narrative, Reason, Title, clean, refused_character

# Cc, Cf and Cs of Unicode 14 by hand (DerivedGeneralCategory.txt); later versions may add to Cf among the hieroglyphs' controls.
REFUSED = [(0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2),
           (0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x206F), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB),
           (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x13438), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0001, 0xE0001), (0xE0020, 0xE007F)]  # fmt: skip
SINCE_15 = range(0x13439, 0x13440)
ALLOWED_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"], include_characters="\n\t"), max_size=40)


def code_of(text: str, kind: object = Title) -> str:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(text)
    (fault,) = refused.value.errors()
    return fault["type"]


def test_exactly_control_format_and_surrogate_characters_are_refused_but_tab_and_line_feed():
    by_hand = {code for first, last in REFUSED for code in range(first, last + 1)} - {0x09, 0x0A}
    found = {code for code in range(0x110000) if refused_character(chr(code)) is not None}
    assert found - set(SINCE_15) == by_hand


@given(ALLOWED_TEXT, st.sampled_from([first for first, _ in REFUSED if first != 0] + [0]), ALLOWED_TEXT)
def test_the_first_forbidden_character_is_told_by_its_offset_and_never_echoed(before: str, code: int, after: str):
    assert refused_character(before + chr(code) + after) == len(before)
    with pytest.raises(PydanticCustomError) as refused:
        clean(before + chr(code) + after)
    assert (refused.value.type, refused.value.context) == ("text-character", {"offset": len(before)})
    assert chr(code) not in refused.value.message()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("e\u0301", "é"),
        ("ﬁn", "fin"),
        ("\u212b", "\u00c5"),
        ("１２", "12"),
        ("①", "1"),
        ("x²", "x2"),
        ("1ª", "1a"),
        ("a\u00a0b", "a b"),
        ("½", "1\u20442"),
        ("Ⅳ", "IV"),
        ("ｱ", "ア"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\tb\nc", "a\tb\nc"),
        (" a ", " a "),
        ("Darién", "Darién"),
        ("ß", "ß"),
    ],
)
def test_a_text_has_one_stored_form(sent: str, kept: str):
    assert clean(sent) == kept


def test_a_carriage_return_alone_is_refused():
    with pytest.raises(PydanticCustomError):
        clean("a\rb")
    with pytest.raises(PydanticCustomError):
        clean("a\r\r\nb")


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\r\n", "\u00a0", "\u3000"])
def test_a_text_of_blanks_is_empty(blank: str):
    assert code_of(blank) == "text-empty"


@given(ALLOWED_TEXT.filter(str.strip))
def test_the_stored_form_is_its_own_stored_form(text: str):
    once = clean(text)
    assert clean(once) == once


def test_no_character_turns_into_a_forbidden_one_on_the_way():
    letters = (chr(code) for code in range(0x110000) if refused_character(chr(code)) is None and chr(code).strip())
    assert all(refused_character(clean("a" + letter)) is None for letter in letters)


@pytest.mark.parametrize(("kind", "limit"), [(Title, 300), (Reason, 1_000), (Narrative, 20_000), (Code, 64)])
def test_each_kind_of_text_has_its_longest(kind: object, limit: int):
    assert TypeAdapter(kind).validate_python("ñ" * limit) == "ñ" * limit
    assert code_of("ñ" * (limit + 1), kind) == "string_too_long"


@pytest.mark.parametrize(("kind", "limit"), [(Title, 300), (Reason, 1_000), (Narrative, 20_000)])
def test_the_stored_form_keeps_the_limit_too(kind: object, limit: int):
    # U+FDFA is one character and, in NFKC, eighteen: what is stored must be what the peer will take.
    assert code_of("\ufdfa" * limit, kind) == "text-too-long"
    assert len(TypeAdapter(kind).validate_python("\ufdfa" * (limit // 18))) == limit // 18 * 18


@pytest.mark.parametrize("value", [None, 5, True, b"text", ["text"]])
@pytest.mark.parametrize("kind", [Title, Reason, Narrative, Code])
def test_what_is_no_text_is_not_made_one(kind: object, value: object):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_a_code_is_kept_as_it_is_and_never_empty_or_odd():
    assert TypeAdapter(Code).validate_python("ＳＯＭ") == "ＳＯＭ"
    assert code_of("", Code) == "string_too_short"
    assert code_of("SO\u200bM", Code) == "text-character"
