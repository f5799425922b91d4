"""A file as a node sends it: in which format, of how many rows, whether it came to its end, and how it is written whole or not at all."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.client.answers import BROKE_OFF, Progress, media_type, pieces_of, require_success
from app.client.calls import LONG, Calls, Params
from app.client.errors import Unreachable, Unusable

MEDIA: Mapping[str, str] = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
"""The formats of files, each by its media type."""
FORMS = ("json", "ndjson", "csv", "xlsx", "parquet")
"""The formats of an answer of the analyst query, JSON in pages among them."""
BINARY = frozenset({"parquet", "xlsx", "zip"})
_ALSO = {"jsonl": "ndjson", "pq": "parquet"}
_TOTAL = "istmo-total"
# A ZIP without a comment, which a workbook is too, ends with 22 bytes that begin so.
_ENDS = {"parquet": (b"PAR1", 4), "xlsx": (b"PK\x05\x06", 22), "zip": (b"PK\x05\x06", 22)}
_LINE_ENDS = {"csv": b"\r\n", "ndjson": b"\n"}


@dataclass(frozen=True)
class Download:
    """A file as it comes; `rows` are those that it is to have by the node's word, None where it gave none."""

    form: str
    rows: int | None
    pieces: Iterator[bytes] = field(repr=False)


@dataclass(frozen=True)
class Saved:
    """A file that was written: its format, the exact number of its rows where the node told it, and its length in bytes."""

    file: Path
    form: str
    rows: int | None
    length: int


def form_of(file: str | Path, forms: Sequence[str] = FORMS) -> str:
    """The format that a file's name ends with; raises `Unusable` where it is none of these."""
    ending = Path(file).suffix.removeprefix(".").lower()
    return known_form(_ALSO.get(ending, ending), forms)


def known_form(form: str, forms: Sequence[str] = FORMS) -> str:
    """The format, if it is one of these; else raises `Unusable`."""
    if form not in forms:
        raise Unusable("unusable-form", known=", ".join(forms))
    return form


@contextlib.contextmanager
def download(calls: Calls, path: str, params: Params, forms: Sequence[str], on_progress: Progress | None = None) -> Iterator[Download]:
    """A whole answer in one of the formats, the first one rather than the others; its pieces raise `Unreachable` where it is cut.

    `on_progress` is told `{done, of, bytes}`: rows so far and in all, None where nobody can tell them.  Raises `Refused`.
    """
    accept = ", ".join(f"{MEDIA[form]};q={1 - place / 10:.1f}" for place, form in enumerate(forms))
    with calls.stream("GET", path, params=params, headers={"Accept": accept}, seconds=LONG) as response:
        require_success(response)
        came = media_type(response)
        form = next((form for form in forms if MEDIA[form] == came), None)
        if form is None:
            raise Unreachable("unreachable-no-form", form=forms[0])
        rows = _rows(response.headers.get(_TOTAL, ""), params)
        yield Download(form, rows, _to_its_end(pieces_of(response), form, rows, on_progress))


def put_whole(pieces: Iterable[bytes], file: Path) -> int:
    """Write a file that is there whole or not at all, and its length; raises OSError where it cannot be written."""
    part, length = file.with_name(f"{file.name}.part"), 0
    try:
        with part.open("wb") as out:
            for piece in pieces:
                length += out.write(piece)
        part.replace(file)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return length


def _rows(told: str, params: Params) -> int | None:
    if not told.isdecimal() or params.get("cursor"):
        return None
    limit = str(params.get("limit") or told)
    return min(int(told), int(limit)) if limit.isdecimal() else None


def _to_its_end(pieces: Iterator[bytes], form: str, rows: int | None, on_progress: Progress | None) -> Iterator[bytes]:
    """Pass on what comes; raises `Unreachable` at an end that is none: a proxy may end cleanly what the node broke off."""
    line_end, length, ends, last = _LINE_ENDS.get(form), 0, 0, b""
    head = int(form == "csv")
    for piece in itertools.chain([b""], pieces):
        if line_end:
            # The end of a line may lie between two pieces.
            ends += (last[-1:] + piece).count(line_end) if len(line_end) > 1 else piece.count(line_end)
        length, last = length + len(piece), (last + piece)[-22:]
        if on_progress:
            on_progress({"done": max(ends - head, 0) if line_end else None, "of": rows, "bytes": length})
        yield piece
    if form in _ENDS:
        mark, place = _ENDS[form]
        is_whole = last[-place:].startswith(mark)
    else:
        is_whole = rows is None or ends - head == rows
    if not is_whole:
        raise Unreachable(BROKE_OFF)
