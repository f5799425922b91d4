"""What is said about a workbook that is no refusal."""

from collections.abc import Iterable

from app.intake.cells import Sheet, column_name
from app.wire.problem import Finding


def hidden(sheets: Iterable[Sheet]) -> tuple[Finding, ...]:
    """Each hidden sheet by its name: nothing of it was read."""
    return tuple(Finding("sheet-hidden", sheet=sheet.name) for sheet in sheets if sheet.is_hidden)


def formulas_read(sheet: str, count: int, first: tuple[int, int] | None) -> tuple[Finding, ...]:
    """That a sheet has computed cells, how many, and where the first one stands."""
    if first is None:
        return ()
    row, column = first
    return (Finding("formula-read", sheet=sheet, row=row, column=column_name(column), params={"count": count}),)
