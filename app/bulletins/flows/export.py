"""An answer as a file, in the format that was asked for (contract: /flows)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from app.bulletins.flows.codes_met import CodesMet
from app.bulletins.flows.showing import Row, View
from app.core.http import JSON
from app.core.problems import Problem
from app.formats import parquet, workbook
from app.formats.csv_text import Excel, csv_pieces
from app.formats.json_lines import json_lines
from app.wire.problem import Finding

Form = Literal["json", "ndjson", "csv", "xlsx", "parquet"]
CSV: Final = "text/csv"
MEDIA: Final[Mapping[str, str]] = {
    "json": JSON,
    "csv": CSV,
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
"""Every format by its media type; the first one where the reader leaves the choice."""
_NO_TIME: Final = datetime(1980, 1, 1, tzinfo=UTC)  # the first that a ZIP can name


@dataclass(frozen=True)
class Sheet:
    """An answer on its way into a file: its columns and batches as they are read, how they are shown, and what the file says of them."""

    columns: tuple[str, ...]
    batches: Iterable[Sequence[Row]]
    view: View
    total: int
    notes: Sequence[tuple[str, str]] = ()
    made: datetime | None = None
    points: Mapping[str, str] | None = None


def offered() -> Mapping[str, str]:
    """The formats that this node can give, by media type."""
    return MEDIA if parquet.is_installed() else {form: media for form, media in MEDIA.items() if form != "parquet"}


def headers_of(form: str, total: int) -> dict[str, str]:
    """What the head of an answer says of a file: its type, its name, and how many rows the whole answer has."""
    media = f"{CSV}; charset=utf-8; header=present" if form == "csv" else MEDIA[form]
    file = {"Content-Disposition": f'attachment; filename="flows.{form}"'} if form != "json" else {}
    return {"Content-Type": media, **file, "Istmo-Total": str(total)}


def require_room(form: str, total: int) -> None:
    """Raise `too-many-rows` {count, maximum} (422) for more rows than a workbook takes."""
    if form == "xlsx" and total > workbook.MOST_ROWS:
        figures = {"count": total, "maximum": workbook.MOST_ROWS}
        raise Problem("too-many-rows", Finding("too-many-rows", pointer="format", params=figures), headers=None, **figures)


def pieces(form: str, sheet: Sheet, excel: Excel | None = None) -> Iterator[bytes]:
    """The file, piece by piece, while its rows are read."""
    view = sheet.view
    if form == "xlsx":
        return _workbook(sheet)
    shown = map(view.of, sheet.batches)
    if form == "parquet":
        return parquet.parquet_pieces(view.kinds, shown)
    return json_lines(view.columns, shown) if form == "ndjson" else csv_pieces(view.columns, shown, excel)


def _workbook(sheet: Sheet) -> Iterator[bytes]:
    view, met = sheet.view, CodesMet(sheet.columns, sheet.view.sources, sheet.points or {})
    at = sheet.columns.index("is_total") if "is_total" in sheet.columns else None

    def parts() -> Iterator[tuple[Sequence[Row], Sequence[Row]]]:
        for batch in met.passing(sheet.batches):
            rows = [row for row in batch if at is None or not row[at]]
            totals = [] if at is None else [row for row in batch if row[at]]
            yield view.of(rows), view.of(totals)

    return workbook.workbook_pieces(
        view.columns, parts(), lambda: (met.rows(), sheet.notes), made=sheet.made or _NO_TIME, has_totals=at is not None
    )
