"""A number as a workbook writes it, with the digits that it has there, and whether its format shows it as a date."""

import re
from decimal import Decimal, InvalidOperation

from app.intake.cells import CellError

_SHOWN_AS_DATES = frozenset({*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)})
# Of a number format: what is written out, escaped, coloured, conditional or padding shows no date.
_NO_DATE = re.compile(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]|General|E[+-]', re.IGNORECASE)
_DURATION = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DATE = re.compile(r"[dmyhs]", re.IGNORECASE)
_EXACT = 15
_GREATEST, _MOST_TEXT = 400, 40


def number(text: str) -> int | Decimal | CellError:
    """A whole number as int, any other as a decimal; what is no finite number is an error cell."""
    if len(text) <= _EXACT and text.isascii() and text.isdigit():
        return int(text)
    try:
        value = Decimal(text.strip()) if len(text) <= _MOST_TEXT else Decimal("NaN")
    except InvalidOperation:
        return CellError("cell-error")
    if not value.is_finite() or abs(value.adjusted()) > _GREATEST:
        return CellError("cell-error")
    return int(value) if abs(value.adjusted()) <= _EXACT and value == value.to_integral_value() else value


def is_date_format(number: int, code: str | None) -> bool:
    """Whether a number format, known by its number or written out, shows a number as a date or a time of day."""
    if code is None:
        return number in _SHOWN_AS_DATES
    return _DURATION.search(code) is None and _DATE.search(_NO_DATE.sub("", code)) is not None
