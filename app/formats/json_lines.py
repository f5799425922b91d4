"""Rows as NDJSON, streamed: one object a line."""

from collections.abc import Iterable, Iterator, Sequence

import orjson


def json_lines(columns: Sequence[str], batches: Iterable[Sequence[Sequence[object]]]) -> Iterator[bytes]:
    """Batches of rows, an object a line with the same names in the same order; nothing where there are no rows."""
    names = tuple(columns)
    dumps, line = orjson.dumps, orjson.OPT_APPEND_NEWLINE
    for batch in batches:
        yield b"".join([dumps(dict(zip(names, row, strict=True)), option=line) for row in batch])
