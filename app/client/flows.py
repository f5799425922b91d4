"""Published figures: rows, files of every format, and tables of pandas or polars."""

import csv
import importlib.util
import io
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.client.answers import Progress
from app.client.calls import Calls, Params, repeated
from app.client.extras import brought
from app.client.files import FORMS, Saved, download, form_of, known_form, put_whole
from app.client.lists import Listing

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

SUM = ("value", "lower", "upper", "withheld", "bulletins")
"""The figures of a group, after the columns that it is grouped by."""
_KINDS = {**dict.fromkeys(SUM, int), **dict.fromkeys(("period_start", "period_end"), date), "is_total": bool}
_PATH = "/v1/flows"
_MOST = 1000
_OF_FILES = ("format", "excel")
_TOLD = ("total", "warnings", "as_of")


class Rows(Listing):
    """What answers a question about the flows: to iterate gives one row after another, to save writes all of them."""

    forms: Sequence[str] = ("json", "csv")

    def __init__(self, calls: Calls, path: str, filters: Params, *, in_pages: bool = True) -> None:
        super().__init__(self._asked, filters)
        self._calls, self._path, self._in_pages = calls, path, in_pages
        self._told: dict[str, Any] = {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from self._every()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every row that answers."""
        return list(self)

    @property
    def total(self) -> int:
        """How many rows answer, exactly."""
        return int(self._heard()["total"])

    def csv(self) -> Iterator[bytes]:
        """All that answers as CSV, in pieces as they come; raises `Unreachable` where it is cut."""
        return self.pieces("csv")

    def pieces(self, form: str, on_progress: Progress | None = None) -> Iterator[bytes]:
        """All that answers as a file, in pieces as they come; raises `Unreachable` where it is cut, `Unusable` for a format unknown."""
        return self._pieces(known_form(form, self.forms), on_progress)

    def save(self, file: str | Path, form: str = "", on_progress: Progress | None = None) -> Saved:
        """Write all that answers into a file, whole or not at all, in the format that its name ends with if none is given.

        `on_progress` is told `{done, of, bytes}`.  What is cut is fetched again, three times at most.  Raises `Unusable` for a format
        unknown and OSError where the file cannot be written.
        """
        path, form = Path(file), known_form(form, self.forms) if form else form_of(file, self.forms)
        told: dict[str, Any] = {}

        def listen(progress: dict[str, Any]) -> None:
            told.update(progress)
            if on_progress:
                on_progress(progress)

        length = repeated(lambda: put_whole(self._pieces(form, listen), path))
        return Saved(path, form, told.get("of"), length)

    def _pieces(self, form: str, on_progress: Progress | None) -> Iterator[bytes]:
        if form == "json":
            yield from self._json(on_progress)
            return
        with download(self._calls, self._path, {**self.filters, "format": form}, (form,), on_progress) as file:
            yield from file.pieces

    def _json(self, on_progress: Progress | None) -> Iterator[bytes]:
        # All pages as one: the node sends JSON in pages alone.
        begun, done, page = False, 0, {}
        for page in [self.page()] if "limit" in self.filters else self._every().pages():
            for item in page["items"]:
                yield (b",\n" if begun else b'{"items":[\n') + json.dumps(item, ensure_ascii=False).encode()
                begun, done = True, done + 1
            if on_progress:
                on_progress({"done": done, "of": done if "limit" in self.filters else page.get("total", done), "bytes": None})
        rest = {name: value for name, value in page.items() if name != "items"} | {"next_cursor": None}
        yield (b"\n]," if begun else b'{"items":[],') + json.dumps(rest, ensure_ascii=False).encode()[1:] + b"\n"

    def _every(self) -> Listing:
        return Listing(self._page_of, {**({"limit": _MOST} if self._in_pages else {}), **self.filters})

    def _asked(self, params: Params) -> dict[str, Any]:
        page = self._calls.get(self._path, params).document
        self._told = {"total": len(page.get("items") or ()), **{name: page[name] for name in _TOLD if name in page}}
        return page

    def _heard(self) -> dict[str, Any]:
        if not self._told:
            asked = {name: value for name, value in self.filters.items() if name not in _OF_FILES}
            self._asked(asked | ({"limit": 1} if self._in_pages else {}))
        return self._told


class Flows(Rows):
    """The published figures that answer the analyst query (GET /v1/flows)."""

    forms = FORMS

    def __init__(self, calls: Calls, filters: Params) -> None:
        super().__init__(calls, _PATH, filters)

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What one must know before one compares or adds up: code, words, values and periods of each."""
        return list(self._heard().get("warnings") or ())

    def ndjson(self) -> Iterator[bytes]:
        """All that answers as NDJSON, in pieces as they come; raises `Unreachable` where it is cut."""
        return self.pieces("ndjson")

    def to_pandas(self) -> "pd.DataFrame":
        """A table of pandas: whole numbers as Int64, days as datetimes; raises `Unusable` where the extra `pandas` is not installed."""
        pandas: Any = brought("pandas", "pandas")
        kinds = {int: "Int64", date: "datetime64[s]", bool: "boolean", str: "str"}
        form, raw = self._whole("parquet" if importlib.util.find_spec("pyarrow") else "")
        if form == "parquet":
            read: pd.DataFrame = pandas.read_parquet(io.BytesIO(raw), dtype_backend="numpy_nullable")
            return read.astype({name: kinds[_KINDS.get(name, str)] for name in read.columns})
        columns = {name: pandas.array(values, dtype=kinds[kind]) for name, kind, values in self._columns(raw)}
        table: pd.DataFrame = pandas.DataFrame(columns)
        return table

    def to_polars(self) -> "pl.DataFrame":
        """A table of polars: whole numbers as Int64, days as Date; raises `Unusable` where the extra `polars` is not installed."""
        polars: Any = brought("polars", "polars")
        kinds = {int: polars.Int64, date: polars.Date, bool: polars.Boolean, str: polars.String}
        form, raw = self._whole("parquet")
        if form == "parquet":
            read: pl.DataFrame = polars.read_parquet(io.BytesIO(raw))
            return read.cast({name: kinds[_KINDS.get(name, str)] for name in read.columns})
        table: pl.DataFrame = polars.DataFrame(
            [polars.Series(name, values, dtype=kinds[kind]) for name, kind, values in self._columns(raw)]
        )
        return table

    def _whole(self, rather: str) -> tuple[str, bytes]:
        """All that answers, whatever the size of a page: in the format that is rather wanted, if the node has it, else as NDJSON."""
        if self.filters.get("cursor"):
            return "ndjson", b"".join(json.dumps(row).encode() + b"\n" for row in self)
        asked = {name: value for name, value in self.filters.items() if name not in {"limit", *_OF_FILES}}

        def once() -> tuple[str, bytes]:
            with download(self._calls, _PATH, asked, [*filter(None, [rather]), "ndjson"]) as file:
                return file.form, b"".join(file.pieces)

        return repeated(once)

    def _columns(self, lines: bytes) -> Iterator[tuple[str, type, list[Any]]]:
        rows = [json.loads(line) for line in lines.splitlines()]
        for name in rows[0] if rows else self._names():
            values = [row[name] for row in rows]
            kind = _KINDS.get(name, str)
            yield name, kind, [value and date.fromisoformat(value) for value in values] if kind is date else values

    def _names(self) -> list[str]:
        """The columns of an answer without rows, by the head of its CSV."""
        head = b"".join(self.csv()).decode()
        return next(csv.reader(io.StringIO(head, newline="")))
