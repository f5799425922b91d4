"""The list of alerts: its filters, its orders, how it spreads over codes; visibility is part of every statement."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import visible_documents
from app.alerts.declare import STATELESS
from app.alerts.models import Alert, AlertTerm
from app.alerts.queries import AlertQuery, FacetQuery
from app.alerts.seen import first_day, last_day
from app.alerts.terms import NATIONALITY, PASSES
from app.alerts.texts import folded_words
from app.core.problems import Problem
from app.directory import codes
from app.documents import reading
from app.documents.reading import Found, Listing, Order, known_code, marking_filters
from app.exchange.log import head
from app.wire.codes import TLP, Severity, Status
from app.wire.problem import Finding

CODED: Final = ("modus_operandi", "document_fraud", "transport", "payment")
_COLUMNS: Final[Mapping[str, Any]] = {
    "published_at": Alert.published_at,
    "severity": Alert.severity,
    "first_seen": Alert.first_day,
    "last_seen": Alert.last_day,
    "confidence": Alert.confidence,
    "reference": Alert.reference,
}
_OF_ENVELOPE: Final = {"published_at", "reference"}
FACETS: Final = (NATIONALITY, PASSES, *CODED, "recruitment", "roles", "risks", "linked_crimes")
_VOCABULARY: Final[Mapping[str, str]] = {"roles": "network_role", "risks": "risk", "linked_crimes": "linked_crime"}


def listing_of(caller: Caller, query: AlertQuery) -> Listing:
    """The newest versions that answer, of those that the caller may see, and whether the caller's own filter left some out."""
    if not caller.reads_bodies and (_body(query, _has) or query.sort.removeprefix("-") not in _OF_ENVELOPE):
        raise Problem("role-forbidden", role=caller.role.value)  # who reads no bodies does not ask for them either
    plain, probing, order = conditions(query), conditions(query, probing=True), order_of(query.sort)

    def page(session: Session, after: tuple[str, str] | None, limit: int, total: int) -> list[Found]:
        # Where many answer, a page is full after few rows, looked at one by one; where few do, they are gathered first.
        wanted = probing if total * total > limit * head(session).size else plain
        return reading.page(session, caller, Alert, wanted, order, after, limit)

    def more(session: Session) -> Mapping[str, object]:
        told = left_out(session, caller, query)
        return {"left_out": told} if told else {}

    return Listing(lambda session: reading.count(session, caller, Alert, plain), page, more)


def order_of(sort: str) -> Order:
    """What a list is sorted by; a minus turns it round."""
    name = sort.removeprefix("-")
    return Order(sort, _COLUMNS[name], sort.startswith("-"))


def conditions(query: AlertQuery | FacetQuery, *, tlp: bool = True, probing: bool = False) -> list[ColumnElement[bool]]:
    """Conditions of all filters on the newest version of an alert; without the filter by marking where `tlp` is false.

    They ask for codes as a set, or `probing` row by row: which is cheaper depends on how many answer.

    Raises `invalid-query` for a code that no vocabulary knows, for a day that there is not, and for a question without words.
    """
    marked = query if tlp else query.model_copy(update={"tlp": None})
    body = _body(query, _probed if probing else _has)
    # What a withdrawn alert said is asked of in vain, as it is read in vain.
    named = [Alert.reference.in_([text.upper() for text in query.reference])] if query.reference else []
    return marking_filters(Alert, marked) + named + body + ([Alert.status == Status.PUBLISHED.value] if body else [])


def _body(query: AlertQuery | FacetQuery, has: Callable[[str, Sequence[str]], ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    found += [has(NATIONALITY, _states("nationality", query.nationality))] if query.nationality else []
    found += [has(PASSES, _states("passes", query.passes))] if query.passes else []
    for name in CODED:
        wanted = getattr(query, name)
        if wanted:
            terms = codes.vocabulary(name).terms
            found.append(has(name, [known_code(text if text in terms else None, name, text, list(terms)) for text in wanted]))
    return found + _told(query) + _seen(query) + _words(query)


def _told(query: AlertQuery | FacetQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    found += [Alert.network_code.in_([text.upper() for text in query.network_code])] if query.network_code else []
    found += [Alert.severity >= query.severity_min.rank] if query.severity_min else []
    found += [Alert.case_status == query.case_status.value] if query.case_status else []
    return found


def _states(parameter: str, texts: Sequence[str]) -> list[str]:
    known = [*sorted(codes.states()), STATELESS]
    resolved = ((text, codes.resolve_state(text) or (text if text == STATELESS else None)) for text in texts)
    return [known_code(code, parameter, text, known) for text, code in resolved]


def _has(name: str, wanted: Sequence[str]) -> ColumnElement[bool]:
    return Alert.id.in_(select(AlertTerm.alert_id).where(AlertTerm.list == name, AlertTerm.code.in_(wanted)))


def _probed(name: str, wanted: Sequence[str]) -> ColumnElement[bool]:
    found = select(literal(1)).where(AlertTerm.alert_id == Alert.id, AlertTerm.list == name, AlertTerm.code.in_(wanted))
    return found.correlate(Alert).limit(1).scalar_subquery().is_not(None)


def _seen(query: AlertQuery | FacetQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.active_from:
        found.append(Alert.last_day >= _day(query.active_from, "active_from", last=False))
    if query.active_to:
        found.append(Alert.first_day <= _day(query.active_to, "active_to", last=True))
    return found


_FORMS: Final = (len("2012-11"), len("2012-11-10"))


def _day(text: str, parameter: str, *, last: bool) -> date:
    try:
        return (last_day if last else first_day)(text if len(text) in _FORMS else "")
    except ValueError:
        expected = {"expected": "YYYY-MM, YYYY-MM-DD"}
        raise Problem("invalid-query", Finding("format", pointer=parameter, params=expected)) from None


def _words(query: AlertQuery | FacetQuery) -> list[ColumnElement[bool]]:
    if query.q is None:
        return []
    words = folded_words(query.q)
    if not words:
        raise Problem("invalid-query", Finding("parameter-empty", pointer="q"))
    # Every word in a text folded alike when it was stored: so both databases answer alike, whatever they know of accents.
    return [Alert.folded.contains(word, autoescape=True) for word in words]


def left_out(session: Session, caller: Caller, query: AlertQuery) -> list[str]:
    """What the caller's own filter by marking left out of a list (case B017); of what it may not see nothing is hinted."""
    if query.tlp is None:
        return []
    others = select(Alert.id).where(*_visible(caller), *conditions(query, tlp=False), Alert.tlp != query.tlp.rank)
    return ["tlp"] if session.scalar(select(others.exists())) else []


def _visible(caller: Caller) -> tuple[ColumnElement[bool], ...]:
    return Alert.superseded_at.is_(None), Alert.document_id.in_(visible_documents(caller))


def facets(session: Session, caller: Caller, query: FacetQuery, language: str) -> dict[str, Any]:
    """How the alerts that answer and that the caller may see spread over codes, the most frequent first; three statements."""
    wanted = (*_visible(caller), *conditions(query), Alert.status == Status.PUBLISHED.value)
    columns = (Alert.tlp, Alert.severity, Alert.case_status, Alert.origin, Alert.network_code)
    rows = session.execute(select(*columns, func.count().label("number")).where(*wanted).group_by(*columns)).all()
    counted: dict[str, dict[str, int]] = {name: {} for name in ("severity", "case_status", "tlp", "origin", "network_code", *FACETS)}
    for row in rows:
        named = {
            "tlp": list(TLP)[row.tlp].value,
            "severity": list(Severity)[row.severity].value,
            "case_status": row.case_status,
            "origin": row.origin,
            "network_code": row.network_code,
        }
        for name, code in named.items():
            if code is not None:
                counted[name][code] = counted[name].get(code, 0) + row.number
    answering = select(Alert.id).where(*wanted)
    spread = select(AlertTerm.list, AlertTerm.code, func.count()).where(AlertTerm.alert_id.in_(answering), AlertTerm.list.in_(FACETS))
    for name, code, count in session.execute(spread.group_by(AlertTerm.list, AlertTerm.code)):
        counted[name][code] = count
    shown = {name: _shown(name, found, language) for name, found in counted.items()}
    return {"total": sum(row.number for row in rows), "facets": shown}


def _shown(name: str, found: Mapping[str, int], language: str) -> list[dict[str, object]]:
    ranked = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    return [{"code": code, "label": label_of(name, code, language), "count": count} for code, count in ranked]


def label_of(name: str, code: str, language: str) -> str:
    """The label of a code of one of an alert's lists; a code without one stands for itself."""
    if name in {"origin", "network_code", "tlp"}:
        return code
    terms = codes.nationalities() if name in {NATIONALITY, PASSES} else codes.vocabulary(_VOCABULARY.get(name, name)).terms
    return terms[code].labels[language] if code in terms else code
