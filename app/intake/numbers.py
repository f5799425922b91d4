"""Numbers as offices write them: what a text can be in each style, and which style a file proves.

A style is named by its decimal mark: `comma` writes 1.234,50 and `point` 1,234.50.  "1.234" alone can be either; "1.234.567" cannot.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from app.wire.profile import NumberStyle

GREATEST_VALUE = 2**31 - 1
STYLES: tuple[NumberStyle, ...] = ("comma", "point")

_LONGEST = 40
_BLANKS = " \u00a0\u2009\u202f'"
_MARKS: tuple[tuple[NumberStyle, str, str], ...] = (("comma", ".", ","), ("point", ",", "."))


def _form(group: str, point: str) -> re.Pattern[str]:
    # A group begins with no zero: 0.123 is a fraction in any hand.
    grouped = "|".join(f"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+" for mark in (re.escape(group), f"[{_BLANKS}]"))
    return re.compile(f"-?(?:[0-9]+|{grouped})(?:{re.escape(point)}[0-9]+)?")


_FORMS = {style: _form(group, point) for style, group, point in _MARKS}
_PLAINER = {style: str.maketrans({group: None, point: ".", **dict.fromkeys(_BLANKS)}) for style, group, point in _MARKS}


@dataclass(frozen=True)
class Proof:
    """The style of a file's numbers and the place that proves it; a declared one needs no place."""

    style: NumberStyle | None
    at: tuple[int, int] | None = None
    against: tuple[int, int] | None = None


def readings(text: str) -> dict[NumberStyle, Decimal]:
    """What a text is in each style in which it is a number at all."""
    if len(text) > _LONGEST:
        return {}
    return {style: Decimal(text.translate(_PLAINER[style])) for style, form in _FORMS.items() if form.fullmatch(text)}


def prove(texts: Iterable[tuple[tuple[int, int], str]], declared: NumberStyle | None) -> Proof:
    """The style in which all these texts are numbers, from those that only one style can write; each comes with its row and column.

    `against` is the first place of the other style, where a file holds both.
    """
    if declared:
        return Proof(declared)
    found: dict[NumberStyle, tuple[int, int]] = {}
    for place, text in texts:
        only = readings(text)
        if len(only) == 1:
            found.setdefault(next(iter(only)), place)
    if not found:
        return Proof(None)
    (style, at), *other = found.items()
    return Proof(style, at, other[0][1] if other else None)


def whole(text: str, style: NumberStyle | None) -> int | str:
    """A count as its number, or the code of its fault: `number-ambiguous`, `not-a-whole-number`, `out-of-range`."""
    if len(text) > _LONGEST and text.isascii() and text.isdigit():
        return "out-of-range"
    read = readings(text)
    values = {read[style]} if style in read else set() if style else set(read.values())
    if len(values) > 1:
        return "number-ambiguous"
    return judged(values.pop()) if values else "not-a-whole-number"


def judged(number: int | Decimal) -> int | str:
    """A number as a count, or the code of its fault."""
    if number != int(number) or number < 0:
        return "not-a-whole-number"
    return int(number) if number <= GREATEST_VALUE else "out-of-range"
