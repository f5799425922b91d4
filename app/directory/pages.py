"""Answers of the directory: pages of short lists, and ETags that change with what is answered and with nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request, Response

from app.core.conditional import answer_etag, is_fresh
from app.core.http import json_response
from app.core.paging import CursorSeal, binding_of, page_size
from app.core.query import PageQuery

Item = tuple[Any, Mapping[str, object]]
"""An item with its place in the list: a text or a number that no other item has."""


def fresh_or(request: Request, content: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    """The answer with its ETag, or 304 where the caller has it already."""
    body = orjson.dumps(content)
    known = {"ETag": answer_etag(body), "Cache-Control": "private, no-cache", "Vary": "Authorization", **(headers or {})}
    if is_fresh(request.headers.get("if-none-match"), known["ETag"]):
        return Response(status_code=304, headers=known)
    return json_response(body, headers=known)


def page(request: Request, query: PageQuery, items: Sequence[Item]) -> Response:
    """A page of a list that stands in the order of its places; the directory's lists are short, so that all of one is read at once.

    Raises `cursor-invalid` and, for a page above the maximum, `invalid-query`.
    """
    seal: CursorSeal = request.app.state.cursor_seal
    limit = page_size(query.limit, request.app.state.settings.page_limit)
    binding = binding_of(request.url.path, query.model_dump(exclude={"cursor", "limit"}, mode="json"))
    after = seal.open(query.cursor, binding)[0] if query.cursor else None
    rest = [item for item in items if after is None or item[0] > after]
    shown, headers, cursor = rest[:limit], {}, None
    if len(rest) > limit:
        cursor = seal.seal([shown[-1][0]], binding)
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    return fresh_or(request, {"items": [item for _, item in shown], "next_cursor": cursor, "total": len(items)}, headers)
