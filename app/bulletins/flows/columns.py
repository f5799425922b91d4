"""Columns of an answer, of plain rows and of groups, in the order of every format (contract: /flows)."""

from collections.abc import Sequence

from app.directory.dimensions import DIMENSIONS

OF_BULLETIN = (
    *("period", "period_start", "period_end", "conference", "reporting_state", "publisher", "measure", "unit", "stock_or_flow"),
    *("definition_code", "accumulation", "figure_status"),
)
PLAIN = (*OF_BULLETIN, *DIMENSIONS, "value", "value_status", "lower", "upper", "is_total", "bulletin")
FIGURES = ("value", "lower", "upper", "withheld", "bulletins")
_PERIOD = ("period", "period_start", "period_end")


def columns_of(group_by: Sequence[str]) -> tuple[str, ...]:
    """Columns of the answer: those of plain rows, or what a group is grouped by and its figures."""
    if not group_by:
        return PLAIN
    named = [_PERIOD if name == "period" else (name,) for name in group_by]
    return (*(column for columns in named for column in columns), *FIGURES)
