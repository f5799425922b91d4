"""Versions of bulletins written into a node's log as it writes them itself: published, revised, taken back."""

from datetime import datetime
from typing import Any

from serving import Served

from app.bulletins.projection import project
from app.core.clock import rfc3339, utc_now
from app.exchange.log import NewEntry, append
from app.wire.codes import Op

Document = dict[str, Any]


def write(served: Served, *documents: Document) -> datetime:
    """Publish versions in one transaction; gives the instant after it."""
    with served.node.db.write() as session:
        for document in documents:
            project(session, document)
        append(session, served.node.signer, [NewEntry(_op(document), document) for document in documents])
    return utc_now()


def _op(document: Document) -> Op:
    return Op.WITHDRAW if document["status"] == "withdrawn" else Op.PUBLISH if document["version"] == 1 else Op.REVISE


def later(document: Document, **changes: object) -> Document:
    """The next version of a document."""
    now = rfc3339(utc_now())
    return {**document, "version": document["version"] + 1, "published_at": now, "reason": "late registrations", **changes}


def taken_back(document: Document, **changes: object) -> Document:
    """The version that takes a document back."""
    kept = ("id", "kind", "version", "origin", "issuer", "tlp", "audience", "created_at", "published_at")
    return {**{name: later(document)[name] for name in kept}, "status": "withdrawn", "reason": "counted twice", **changes}
