"""An answer as a file, in the format that was asked for (contract: /flows)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from app.bulletins.flows.codes_met import CodesMet
from app.bulletins.flows.notes import Telling, descriptor, notes_of
from app.bulletins.flows.showing import Row, View
from app.core.http import JSON
from app.core.problems import Problem
from app.formats import package, parquet, workbook
from app.formats.archive import Archive
from app.formats.csv_text import Excel, csv_pieces
from app.formats.json_lines import json_lines
from app.formats.workbook import CODE_COLUMNS
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


@dataclass(frozen=True)
class Sheet:
    """An answer on its way into a file: its columns and batches as they are read, how they are shown, and what the file says of them.

    `telling` is asked for where the format has room for it: in a workbook and a package.
    """

    columns: tuple[str, ...]
    batches: Iterable[Sequence[Row]]
    view: View
    places: Mapping[str, str] = field(default_factory=dict)
    telling: Telling | None = None


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
    if form == "xlsx" and sheet.telling:
        return _workbook(sheet, sheet.telling)
    shown = map(view.of, sheet.batches)
    if form == "parquet":
        return parquet.parquet_pieces(view.kinds, shown)
    return json_lines(view.columns, shown) if form == "ndjson" else csv_pieces(view.columns, shown, excel)


def _workbook(sheet: Sheet, telling: Telling) -> Iterator[bytes]:
    view, met = sheet.view, CodesMet(sheet.columns, sheet.view.sources, sheet.places)
    at = sheet.columns.index("is_total") if "is_total" in sheet.columns else None

    def parts() -> Iterator[tuple[Sequence[Row], Sequence[Row]]]:
        for batch in met.passing(sheet.batches):
            rows = [row for row in batch if at is None or not row[at]]
            totals = [] if at is None else [row for row in batch if row[at]]
            yield view.of(rows), view.of(totals)

    notes = notes_of(telling, has_totals=at is not None)
    return workbook.workbook_pieces(view.columns, parts(), lambda: (met.rows(), notes), made=telling.made, has_totals=at is not None)


def package_pieces(sheet: Sheet, telling: Telling) -> Iterator[bytes]:
    """A Data Package as a ZIP, piece by piece: the rows, the codes that occur in them, and last the descriptor, which knows their hashes."""
    archive, met = Archive(telling.made), CodesMet(sheet.columns, sheet.view.sources, sheet.places)
    yield from archive.add(package.FLOWS, csv_pieces(sheet.view.columns, map(sheet.view.of, met.passing(sheet.batches))))
    yield from archive.add(package.CODES, csv_pieces(CODE_COLUMNS, [met.rows()]))
    yield from archive.add(package.DESCRIPTOR, [descriptor(telling, sheet.view.kinds, met.columns, archive.sent)])
    yield archive.end()
