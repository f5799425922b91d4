"""From an alert to the tables beside the log; all of it can be dropped and rebuilt from the log (house.md)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.orm import Session

from app.access.visibility import Bond, Mark, grantees_of, mark_all
from app.alerts.content import NO_ONWARD
from app.alerts.models import Alert, AlertReference, AlertTerm
from app.alerts.seen import span_of
from app.alerts.terms import terms_of
from app.alerts.texts import folded_text
from app.alerts.unseen import never_seen
from app.core.db import insert_all, insert_all_new, table_of
from app.documents.models import identity_of, insert_newest, instant, parted, supersede
from app.wire.codes import TLP, Severity, Status


def project(session: Session, document: Mapping[str, Any]) -> None:
    """Write what lists, relations and access ask for of one version; the same for one made here, received or rebuilt."""
    project_all(session, [document])


def project_all(session: Session, documents: Sequence[Mapping[str, Any]]) -> None:
    """Write what lists, relations and access ask for of one version each of several documents.

    Codes and texts are kept of the newest version alone.  A withdrawal takes those of every earlier version with it; where none of them
    ever came, the alert is listed as withdrawn and says no more.
    """
    published, withdrawn = parted(documents)
    before = _standing(session, [each["id"] for each in withdrawn])
    _forget_terms(session, [each["id"] for each in documents if each["version"] > 1])
    supersede(session, Alert, documents, folded="")
    insert_all_new(session, AlertReference, [{"reference": each["reference"], "document_id": each["id"]} for each in documents])
    _publish(session, published)
    _take_back(session, withdrawn, before)
    ends = {document_id: row["retention_until"] for document_id, row in before.items()}
    mark_all(session, [_mark(each, ends.get(each["id"], _until(each))) for each in documents])


def _standing(session: Session, ids: Sequence[str]) -> dict[str, RowMapping]:
    if not ids:
        return {}
    table = table_of(Alert)
    found = session.execute(select(table).where(table.c.document_id.in_(ids), table.c.superseded_at.is_(None)))
    return {row["document_id"]: row for row in found.mappings()}


def _forget_terms(session: Session, ids: Sequence[str]) -> None:
    if ids:
        session.execute(delete(AlertTerm).where(AlertTerm.alert_id.in_(select(Alert.id).where(Alert.document_id.in_(ids)))))


def _publish(session: Session, documents: Sequence[Mapping[str, Any]]) -> None:
    if not documents:
        return
    ids = insert_newest(session, Alert, [_row(document) for document in documents])
    terms = [(ids[document["id"]], *term) for document in documents for term in sorted(terms_of(document))]
    insert_all(session, AlertTerm, [{"alert_id": alert_id, "list": name, "code": code} for alert_id, name, code in terms])


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    first, last = span_of(document)
    return {
        **identity_of(document),
        "reference": document["reference"],
        "network_code": document.get("network_code"),
        "severity": Severity(document["severity"]).rank,
        "confidence": document["confidence"],
        "case_status": document["case_status"],
        "first_day": first,
        "last_day": last,
        "retention_until": _until(document),
        "no_onward": NO_ONWARD in document["handling"],
        "credits": next((each["proposal"] for each in document.get("credits", ())), None),
        "folded": folded_text(document),
    }


def _until(document: Mapping[str, Any]) -> date | None:
    until = document.get("retention_until")
    return date.fromisoformat(until) if until else None


def _take_back(session: Session, withdrawn: Sequence[Mapping[str, Any]], before: Mapping[str, RowMapping]) -> None:
    for document in withdrawn:
        _withdraw(session, document, before.get(document["id"]))


def _withdraw(session: Session, document: Mapping[str, Any], before: RowMapping | None) -> None:
    kept = {name: value for name, value in before.items() if name != "id"} if before else never_seen(document)
    session.execute(update(Alert).where(Alert.document_id == document["id"]).values(status=Status.WITHDRAWN.value))
    day = instant(document["published_at"]).date()
    said = {
        "folded": "",
        "network_code": None,
        "credits": None,
        "severity": 0,
        "confidence": 0,
        "case_status": "",
        "first_day": day,
        "last_day": day,
    }
    session.execute(insert(Alert), [kept | said | identity_of(document)])


def _mark(document: Mapping[str, Any], until: date | None) -> Mark:
    always = {f"{document['origin']}/secretariat", str(document["issuer"])}
    # An empty audience means the origin alone (contract: Envelope).
    grantees = grantees_of(TLP(document["tlp"]), document["audience"] or [document["origin"]], always)
    return Mark(document["id"], document["version"], TLP(document["tlp"]), grantees, Bond(until=until))


def forget_one(session: Session, document_id: str) -> None:
    """Drop the projections of an alert that is erased; its reference stays taken."""
    session.execute(delete(AlertTerm).where(AlertTerm.alert_id.in_(select(Alert.id).where(Alert.document_id == document_id))))
    session.execute(delete(Alert).where(Alert.document_id == document_id))


def forget(session: Session) -> None:
    """Drop every projection of alerts, for `istmo rebuild`; references stay taken."""
    session.execute(delete(AlertTerm))
    session.execute(delete(Alert))
