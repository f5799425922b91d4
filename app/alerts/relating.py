"""Which alerts are related to one, and why: over visible alerts alone, so that no hidden one moves a score (contract: related)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import visible_documents
from app.alerts.correlation import (
    A_LEG,
    A_METHOD,
    A_NATIONALITY,
    A_PLACE,
    ENOUGH,
    METHODS,
    MOST,
    SAME_NETWORK,
    SAME_TIME,
    VAGUE,
    Relation,
    relate,
    words,
)
from app.alerts.models import Alert, AlertTerm
from app.alerts.seen import span_of
from app.alerts.terms import LEG, NATIONALITY, PLACE, terms_of
from app.core.problems import Problem
from app.documents.reading import Found
from app.exchange.log import documents
from app.wire.codes import TLP, Status

MOST_RELATED: Final = 50
_REASONS: Final[Mapping[str, str]] = {
    LEG: "shared-legs",
    PLACE: "shared-places",
    NATIONALITY: "shared-nationalities",
    **dict.fromkeys(METHODS, "shared-methods"),
}
_EACH: Final[Mapping[str, int]] = {
    "shared-legs": A_LEG,
    "shared-places": A_PLACE,
    "shared-nationalities": A_NATIONALITY,
    "shared-methods": A_METHOD,
}


def related(session: Session, caller: Caller, found: Found, language: str) -> tuple[list[dict[str, Any]], list[tuple[str, int, TLP]]]:
    """The alerts that one is related to, the closest first (at most 50), with reasons in words; and what was read, for the audit.

    The store counts what is shared, a row an alert; documents are read of those alone that are told.  Raises `not-found` where the
    alert was withdrawn, for then it says nothing.
    """
    alert = orjson.loads(found.text)
    if alert["status"] != Status.PUBLISHED.value:
        raise Problem("not-found")
    scores = _scores(session, caller, alert)
    closest = sorted(scores, key=lambda each: (-scores[each], each))[:MOST_RELATED]
    stored = documents(session, [(document_id, version) for document_id, version, _ in closest]) if closest else {}
    told = []
    for document_id, version, rank in closest:
        other = orjson.loads(stored[document_id, version].text or "{}")
        told.append(_told(other, relate(alert, other), TLP(list(TLP)[rank]), language))
    return told, [(document_id, version, list(TLP)[rank]) for document_id, version, rank in closest]


def _told(other: Mapping[str, Any], relation: Relation, tlp: TLP, language: str) -> dict[str, Any]:
    reasons = [
        {"code": reason.code, "weight": reason.weight, "shared": list(reason.shared), "words": words(reason, language)}
        for reason in relation.reasons
    ]
    named = {
        "id": other["id"],
        "version": other["version"],
        "reference": other["reference"],
        "tlp": tlp.value,
        "handling": other["handling"],
    }
    return {**named, "score": relation.score, "reasons": reasons}


def _scores(session: Session, caller: Caller, alert: Mapping[str, Any]) -> dict[tuple[str, int, int], int]:
    """Points of every other visible alert that reaches `ENOUGH`, by (id, version, rank of its marking); as `relate` counts them."""
    others = (
        Alert.superseded_at.is_(None),
        Alert.status == Status.PUBLISHED.value,
        Alert.document_id != alert["id"],
        Alert.document_id.in_(visible_documents(caller)),
    )
    points = Counter[int]()
    for (row, reason), count in _shared(session, alert, others).items():
        points[row] += min(MOST[reason], _EACH[reason] * count)
    network = alert.get("network_code")
    for row in session.scalars(select(Alert.id).where(*others, Alert.network_code == network)) if network else ():
        points[row] += SAME_NETWORK
    # Time adds to what is there: whatever is short of enough by more than that is out.
    near = [row for row, score in points.items() if score >= ENOUGH - SAME_TIME]
    return _timed(session, span_of(alert), points, near)


def _shared(session: Session, alert: Mapping[str, Any], others: Sequence[ColumnElement[bool]]) -> Counter[tuple[int, str]]:
    """How many codes each of the others shares with this alert, by row and reason."""
    shared = Counter[tuple[int, str]]()
    mine = [(name, code) for name, code in sorted(terms_of(alert)) if name in _REASONS and code not in VAGUE]
    if mine:
        counted = select(AlertTerm.alert_id, AlertTerm.list, func.count()).where(
            tuple_(AlertTerm.list, AlertTerm.code).in_(mine), AlertTerm.alert_id.in_(select(Alert.id).where(*others))
        )
        for row, name, count in session.execute(counted.group_by(AlertTerm.alert_id, AlertTerm.list)):
            shared[row, _REASONS[name]] += count
    return shared


_CHUNK: Final = 500


def _timed(session: Session, span: tuple[date, date], points: Mapping[int, int], near: list[int]) -> dict[tuple[str, int, int], int]:
    first, last = span
    scores = {}
    for row in _rows(session, near):
        overlaps = max(first, row.first_day) <= min(last, row.last_day)
        score = min(100, points[row.id] + (SAME_TIME if overlaps else 0))
        if score >= ENOUGH:
            scores[row.document_id, row.version, row.tlp] = score
    return scores


def _rows(session: Session, near: list[int]) -> Iterable[Any]:
    for start in range(0, len(near), _CHUNK):
        columns = (Alert.id, Alert.document_id, Alert.version, Alert.tlp, Alert.first_day, Alert.last_day)
        yield from session.execute(select(*columns).where(Alert.id.in_(near[start : start + _CHUNK])))
