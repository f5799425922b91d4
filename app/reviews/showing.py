"""A waiting item as it is told: whose, since when, until when; its documents and findings to those who read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core.clock import rfc3339
from app.core.problems import as_json
from app.exchange.decided import OPEN, offices_of, published_by
from app.exchange.waiting import Item
from app.wire.problem import Finding


def etag_of(item: Item) -> str:
    """An item's strong ETag."""
    return f'"{item.id}.r{item.version}"'


def shown(item: Item) -> dict[str, Any]:
    """An item without its texts."""
    return {
        "id": item.id,
        "version": item.version,
        "kind": item.kind,
        "status": item.status,
        "reason": item.reason,
        "origin": item.origin,
        "issuer": item.issuer,
        "offices": offices_of(item),
        "needs_review": item.needs_review,
        "due": _moment(item.due),
        "created_at": rfc3339(item.created_at),
        "changed_at": rfc3339(item.changed_at),
        "expires_at": rfc3339(item.expires_at) if item.status in OPEN else None,
        "published": [{**each, "href": f"/v1/{item.kind}s/{each['id']}"} for each in published_by(item)],
    }


def shown_whole(item: Item, content: Mapping[str, Any] | None, language: str) -> dict[str, Any]:
    """An item with its documents and what was found in them, the sentences in a language."""
    held = content or {"documents": [], "findings": []}
    return {**shown(item), "documents": held["documents"], "findings": [_finding(each, language) for each in held["findings"]]}


def _finding(found: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A finding by its place; its reader has the text itself, so that no excerpt is given."""
    sentence = as_json(Finding(found["code"], pointer=found["pointer"], params=found["params"]), language)["detail"]
    place = {name: found["params"][name] for name in ("offset", "length", "kind")}
    return {"pointer": found["pointer"], **place, "code": found["code"], "detail": sentence}


def _moment(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
