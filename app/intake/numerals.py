"""A number as a workbook writes it, with the digits that it has there."""

from decimal import Decimal, InvalidOperation

from app.intake.cells import CellError

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
