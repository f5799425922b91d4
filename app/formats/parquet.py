"""Rows as Parquet, streamed by row groups; pyarrow, which the extra `parquet` brings, is loaded when it is first asked for."""

import importlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from app.formats.drain import Drain

GROUP = 32_768
"""Rows of a row group, about."""


@cache
def is_installed() -> bool:
    """Tell whether this installation can write Parquet."""
    return importlib.util.find_spec("pyarrow") is not None


def parquet_pieces(
    kinds: Mapping[str, str], batches: Iterable[Sequence[Sequence[object]]], told: Mapping[str, str] | None = None
) -> Iterator[bytes]:
    """A Parquet file (zstd) with a schema, also where there are no rows.

    `kinds` give each column its type: `string` (kept as a dictionary of its values), `integer`, `boolean`, `date` (an ISO text in the
    rows, a day in the file).  `told` are texts for the file's own notes.  One row group is in memory at a time.
    """
    arrow, files = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    types = [_type(arrow, kind) for kind in kinds.values()]
    schema = arrow.schema(list(zip(kinds, types, strict=True)), metadata=dict(told or {}))
    drain = Drain()
    with files.ParquetWriter(drain, schema, compression="zstd") as writer:
        for group in _groups(arrow, schema, batches):
            writer.write_table(group, row_group_size=group.num_rows)
            yield drain.taken()
    yield drain.taken()


def _groups(arrow: Any, schema: Any, batches: Iterable[Sequence[Sequence[object]]]) -> Iterator[Any]:  # noqa: ANN401 - no types
    waiting: list[Any] = []
    for batch in filter(None, batches):
        columns = [_array(arrow, field.type, values) for field, values in zip(schema, zip(*batch, strict=True), strict=True)]
        waiting.append(arrow.record_batch(columns, schema=schema))
        if sum(each.num_rows for each in waiting) >= GROUP:
            yield arrow.Table.from_batches(waiting).unify_dictionaries()
            waiting.clear()
    if waiting:
        yield arrow.Table.from_batches(waiting).unify_dictionaries()


def _type(arrow: Any, kind: str) -> Any:  # noqa: ANN401 - no types
    text = arrow.dictionary(arrow.int32(), arrow.string())
    return {"integer": arrow.int64(), "boolean": arrow.bool_(), "date": arrow.date32()}.get(kind, text)


def _array(arrow: Any, kind: Any, values: Sequence[object]) -> Any:  # noqa: ANN401 - no types
    if arrow.types.is_dictionary(kind):
        return arrow.array(values, arrow.string()).dictionary_encode()
    return arrow.array(values, arrow.string()).cast(kind) if arrow.types.is_date(kind) else arrow.array(values, kind)
