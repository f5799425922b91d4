"""Published figures: rows, CSV, and tables of pandas or polars."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from app.client.answers import media_type, pieces_of, require_success
from app.client.calls import Calls
from app.client.errors import Unreachable
from app.client.extras import brought
from app.client.lists import Listing

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

ROW = (
    *("period", "period_start", "period_end", "conference", "reporting_state", "publisher", "measure", "unit", "stock_or_flow"),
    *("definition_code", "accumulation", "figure_status", "nationality", "origin_state", "sex", "age", "accompaniment", "procedure"),
    *("route_point", "mode", "previous_state", "destination_state", "value", "value_status", "lower", "upper", "is_total", "bulletin"),
)
"""The columns of a plain row, in the order of the node."""
SUM = ("value", "lower", "upper", "withheld", "bulletins")
"""The figures of a group, after the columns that it is grouped by."""
_DAYS = ("period_start", "period_end")
_KINDS = {**dict.fromkeys(SUM, int), **dict.fromkeys(_DAYS, date), "is_total": bool}
_PATH = "/v1/flows"
_MOST = 1000


class Flows(Listing):
    """The published figures that answer; to iterate gives one row after another."""

    def __init__(self, calls: Calls, filters: dict[str, object]) -> None:
        super().__init__(lambda params: calls.get(_PATH, params).document, filters)
        self._calls = calls

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from Listing(self._page_of, {"limit": _MOST, **self.filters})

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every row that answers."""
        return list(self)

    def csv(self) -> Iterator[bytes]:
        """All that answers as CSV, in pieces as they come."""
        with self._calls.stream("GET", _PATH, params={**self.filters, "format": "csv"}) as response:
            require_success(response)
            if media_type(response) != "text/csv":
                raise Unreachable("unreachable-no-csv")
            yield from pieces_of(response)

    def to_pandas(self) -> "pd.DataFrame":
        """A table of pandas: whole numbers as Int64, days as datetimes; raises `Unusable` where the extra `pandas` is not installed."""
        pandas: Any = brought("pandas", "pandas")
        kinds = {int: "Int64", date: "datetime64[s]", bool: "boolean", str: "str"}
        table: pd.DataFrame = pandas.DataFrame({name: pandas.array(values, dtype=kinds[kind]) for name, kind, values in self._columns()})
        return table

    def to_polars(self) -> "pl.DataFrame":
        """A table of polars: whole numbers as Int64, days as Date; raises `Unusable` where the extra `polars` is not installed."""
        polars: Any = brought("polars", "polars")
        kinds = {int: polars.Int64, date: polars.Date, bool: polars.Boolean, str: polars.String}
        table: pl.DataFrame = polars.DataFrame([polars.Series(name, values, dtype=kinds[kind]) for name, kind, values in self._columns()])
        return table

    def _columns(self) -> Iterator[tuple[str, type, list[Any]]]:
        rows = self.rows
        for name in rows[0] if rows else self._names():
            values = [row.get(name) for row in rows]
            kind = _KINDS.get(name, str)
            yield name, kind, [value and date.fromisoformat(value) for value in values] if kind is date else values

    def _names(self) -> tuple[str, ...]:
        grouped = self.filters.get("group_by")
        if not grouped:
            return ROW
        asked = ",".join(map(str, grouped)) if isinstance(grouped, list | tuple) else str(grouped)
        keys = [name.strip() for name in asked.split(",")]
        return tuple(name for name in ROW if name in keys or (name in _DAYS and "period" in keys)) + SUM
