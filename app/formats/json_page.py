"""One page of a list as JSON."""

from collections.abc import Iterable, Mapping

import orjson


def page_json(items: Iterable[bytes | Mapping[str, object]], next_cursor: str | None, total: int, **also: object) -> bytes:
    """A page `{items, next_cursor, total}` (contract: Reads), and what else it tells; items that are bytes are JSON already."""
    shown = [orjson.Fragment(item) if isinstance(item, bytes) else item for item in items]
    return orjson.dumps({"items": shown, "next_cursor": next_cursor, "total": total, **also})
