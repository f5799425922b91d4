"""The text gate: what may stand in any text that crosses the wire (contract: Text gate)."""

import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr
from pydantic_core import PydanticCustomError

_ALLOWED_CONTROLS = frozenset("\n\t")
PRINTABLE = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
"""The text gate as a pattern, as far as one can say it: line feeds and tabs, no other control character; for descriptions only."""

WRITTEN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"
"""The same of a text that is sent: not empty, CRLF may stand for LF; for descriptions only."""

_REFUSED = frozenset({"Cc", "Cf", "Cs"})


def refused_character(text: str) -> int | None:
    """Offset of the first character that no document may hold: a control, format or surrogate one."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return None
    for offset, character in enumerate(text):
        if character not in _ALLOWED_CONTROLS and unicodedata.category(character) in _REFUSED:
            return offset
    return None


def clean(text: str) -> str:
    """Text in its one stored form: NFKC, CRLF as LF.

    Raises `PydanticCustomError` of type `text-character` with the offset; the character itself is never echoed.
    """
    text = text.replace("\r\n", "\n")
    offset = refused_character(text)
    if offset is not None:
        raise PydanticCustomError("text-character", "a character that no text may hold", {"offset": offset})
    normal = unicodedata.normalize("NFKC", text)
    if not normal.strip():
        raise PydanticCustomError("text-empty", "the text is empty")
    return normal


def _at_most(limit: int) -> Callable[[str], str]:
    def judge(text: str) -> str:
        if len(text) > limit:
            raise PydanticCustomError("text-too-long", "the text is too long", {"max_length": limit})
        return text

    return judge


def _code(text: str) -> str:
    if refused_character(text) is not None:
        raise PydanticCustomError("text-character", "a character that no text may hold", {"offset": refused_character(text) or 0})
    return text


# The limit holds for the stored form too: NFKC can make a text longer.
_SENT = {"pattern": WRITTEN, "minLength": 1}
Title = Annotated[StrictStr, Field(max_length=300, json_schema_extra=_SENT), AfterValidator(clean), AfterValidator(_at_most(300))]
Narrative = Annotated[StrictStr, Field(max_length=20_000, json_schema_extra=_SENT), AfterValidator(clean), AfterValidator(_at_most(20_000))]
Reason = Annotated[StrictStr, Field(max_length=1_000, json_schema_extra=_SENT), AfterValidator(clean), AfterValidator(_at_most(1_000))]
Word = Annotated[
    StrictStr,
    Field(min_length=1, max_length=100, json_schema_extra={"pattern": PRINTABLE}),
    AfterValidator(clean),
    AfterValidator(_at_most(100)),
]
Code = Annotated[StrictStr, Field(min_length=1, max_length=64, json_schema_extra={"pattern": PRINTABLE}), AfterValidator(_code)]
"""A code of some vocabulary; which one it may be is judged where the vocabulary is known."""
Mandate = Annotated[StrictStr, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:/-]*$")]
"""The code of a mandate: no list has them all, and none is a text or an address."""
