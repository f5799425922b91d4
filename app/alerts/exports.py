"""Alerts as a file, CSV or NDJSON: what may not be passed on stays on the screen, and the file says that something is missing."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.rules import attempt_of
from app.access.visibility import marks_of, visible_documents
from app.alerts import listing
from app.alerts.declare import VOCABULARIES
from app.alerts.models import Alert
from app.alerts.queries import AlertQuery
from app.core.catalogue import LANGUAGES
from app.core.clock import utc_now
from app.core.conditional import answer_etag, is_fresh
from app.core.language import language_of, spoken
from app.core.paging import unguessable
from app.core.problems import Problem
from app.documents.edge import node_of
from app.exchange.log import documents, envelope, head
from app.exchange.node import Node
from app.exchange.noticing import highest_visible
from app.formats.csv_text import csv_lines
from app.wire.codes import TLP

_CHUNK: Final = 200
_NOT_IN_FILES: Final = ("salt", "digest", "signature")
_PLAIN: Final = (
    *("tlp", "handling", "id", "version", "reference", "origin", "issuer", "status", "published_at", "title", "severity", "case_status"),
    *("network_code", "source_reliability", "information_credibility", "confidence", "first_seen", "last_seen", "nationalities", "route"),
)
_FEE: Final = ("currency", "min", "max", "scope", "scope_note", "band")
COLUMNS: Final = (
    *_PLAIN,
    *VOCABULARIES,
    *(f"fee_{name}" for name in _FEE),
    *("persons_band", "related", "review_by", "retention_until", "summary", "recommendation"),
)
"""Columns of the CSV: marking and handling stand first, for they go along wherever the row goes."""
_HEADERS: Final[Mapping[str, str]] = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson"}

Row = tuple[str, int, int, bool]
"""Document, version, rank of the marking, whether it may not be passed on."""


def export(request: Request, caller: Caller, query: AlertQuery, form: str) -> Response:
    """The alerts that answer, as a file: all of them, or the first `limit`.

    A `no-onward` one is left out, an id that the file does not hold is not named in `related`; a last line and the header
    `Istmo-Left-Out` say that something was left out: `no-onward=2`, and `tlp` where the caller's own filter did it (case B017).
    Raises `role-forbidden` (403) for an operator, who reads no bodies, and `cursor-invalid` with a cursor: a file has no pages.
    """
    _require_file(caller, query)
    node, language = node_of(request), language_of(request)
    headers = {"Cache-Control": "private, no-cache", **spoken(language, "Authorization", "Accept")}
    with node.db.read() as session:
        at = head(session)
        highest = unguessable(node.cursor_seal, highest_visible(session, caller, "alert", at=at))
        asked = query.model_dump(mode="json")
        headers["ETag"] = answer_etag("alerts", form, at.epoch, highest, asked, caller.rights, language, utc_now().date())
        if is_fresh(request.headers.get("if-none-match"), headers["ETag"]):
            headers.pop("Content-Language")
            return Response(status_code=304, headers=headers)
        rows = _rows(session, caller, query)
        missing = listing.left_out(session, caller, query)
    passing = [row for row in rows if not row[3]]
    kept_back = len(rows) - len(passing)
    held, left = passing[: query.limit], [*([f"no-onward={kept_back}"] if kept_back else []), *missing]
    node.read_audit.note(attempt_of(request), [(row[0], row[1], list(TLP)[row[2]]) for row in held])
    lines = _csv(node, caller, held, left, language) if form == "csv" else _ndjson(node, caller, held, left)
    headers |= {"Content-Type": _HEADERS[form], "Content-Disposition": f'attachment; filename="alerts.{form}"'}
    return StreamingResponse(lines, headers=headers | ({"Istmo-Left-Out": ", ".join(left)} if left else {}))


def _require_file(caller: Caller, query: AlertQuery) -> None:
    if not caller.reads_bodies:
        raise Problem("role-forbidden", role=caller.role.value)
    if query.cursor:
        raise Problem("cursor-invalid")


def _rows(session: Session, caller: Caller, query: AlertQuery) -> list[Row]:
    order = listing.order_of(query.sort)
    keys = (order.column, Alert.document_id)
    asked = select(Alert.document_id, Alert.version, Alert.tlp, Alert.no_onward).where(
        Alert.superseded_at.is_(None), Alert.document_id.in_(visible_documents(caller)), *listing.conditions(query)
    )
    found = session.execute(asked.order_by(*(key.desc() if order.descending else key for key in keys)))
    return [(row.document_id, row.version, row.tlp, row.no_onward) for row in found]


def _documents(node: Node, caller: Caller, held: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """The documents of a file, chunk by chunk; what was hidden or erased while it was being written is left out."""
    named = {row[0] for row in held}
    for start in range(0, len(held), _CHUNK):
        chunk = held[start : start + _CHUNK]
        with node.db.read() as session:
            seen = marks_of(session, caller, [row[0] for row in chunk])
            stored = documents(session, [(row[0], row[1]) for row in chunk if row[0] in seen])
        found = (stored.get((row[0], row[1])) for row in chunk)
        yield from (_plain(each.text, named, withdrawn=each.withdrawn) for each in found if each is not None and each.text is not None)


def _plain(text: str, named: AbstractSet[str], *, withdrawn: bool) -> dict[str, Any]:
    """A document as a file holds it: without seals, and naming only what the file holds."""
    document = envelope(text, withdrawn=True) if withdrawn else orjson.loads(text)
    plain = {name: value for name, value in document.items() if name not in _NOT_IN_FILES}
    related: Any = plain.get("related")
    return plain if related is None else plain | {"related": [each for each in related if each in named]}


def _ndjson(node: Node, caller: Caller, held: Sequence[Row], left: Sequence[str]) -> Iterator[bytes]:
    for document in _documents(node, caller, held):
        yield orjson.dumps(document) + b"\n"
    if left:
        yield orjson.dumps({"left_out": list(left)}) + b"\n"


def _csv(node: Node, caller: Caller, held: Sequence[Row], left: Sequence[str], language: str) -> Iterator[bytes]:
    yield from csv_lines(COLUMNS, (_row(document, language) for document in _documents(node, caller, held)))
    if left:
        yield f"# left out: {', '.join(left)}\r\n".encode()


def _row(document: Mapping[str, Any], language: str) -> list[object]:
    fee = document.get("fee", {})
    flat = {**document, **{f"fee_{name}": fee.get(name) for name in _FEE}, "route": _route(document.get("route", ()))}
    return [_cell(flat.get(name), language) for name in COLUMNS]


def _cell(value: object, language: str) -> object:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, Mapping):
        # A text comes in the reader's language, else in the first that it was written in.
        return next((value[each] for each in (language, *LANGUAGES) if value.get(each)), None)
    return value


def _route(legs: Sequence[Mapping[str, Any]]) -> str:
    """A route on one line: `1 ECU>COL Ipiales; 2 COL>PAN Darién`."""
    return "; ".join(f"{leg['seq']} {leg['from']}>{leg['to']} {leg.get('place') or leg.get('area') or ''}".strip() for leg in legs)
