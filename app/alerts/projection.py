"""From an alert to the tables beside the log; all of it can be dropped and rebuilt from the log (house.md)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.access.visibility import Bond, grantees_of, mark
from app.alerts.content import NO_ONWARD
from app.alerts.models import Alert, AlertReference, AlertTerm
from app.alerts.seen import span_of
from app.alerts.terms import terms_of
from app.alerts.texts import folded_text
from app.alerts.unseen import never_seen
from app.core.db import insert_new
from app.documents.models import identity_of, instant
from app.wire.codes import TLP, Severity, Status


def project(session: Session, document: Mapping[str, Any]) -> None:
    """Write what lists, relations and access ask for of one version; the same for one made here, received or rebuilt.

    Codes and texts are kept of the newest version alone.  A withdrawal takes those of every earlier version with it; where none of them
    ever came, the alert is listed as withdrawn and says no more.
    """
    before = session.scalar(select(Alert).where(Alert.document_id == document["id"], Alert.superseded_at.is_(None)))
    _supersede(session, document)
    insert_new(session, AlertReference, {"reference": document["reference"], "document_id": document["id"]})
    if document["status"] != Status.WITHDRAWN.value:
        _publish(session, document)
        until = document.get("retention_until")
        _mark(session, document, date.fromisoformat(until) if until else None)
    else:
        _withdraw(session, document, before)
        _mark(session, document, before.retention_until if before else None)


def _supersede(session: Session, document: Mapping[str, Any]) -> None:
    earlier = select(Alert.id).where(Alert.document_id == document["id"])
    session.execute(delete(AlertTerm).where(AlertTerm.alert_id.in_(earlier)))
    session.execute(
        update(Alert)
        .where(Alert.document_id == document["id"], Alert.superseded_at.is_(None))
        .values(superseded_at=instant(document["published_at"]), folded="")
    )


def _publish(session: Session, document: Mapping[str, Any]) -> None:
    first, last = span_of(document)
    until = document.get("retention_until")
    row = Alert(
        **identity_of(document),
        reference=document["reference"],
        network_code=document.get("network_code"),
        severity=Severity(document["severity"]).rank,
        confidence=document["confidence"],
        case_status=document["case_status"],
        first_day=first,
        last_day=last,
        retention_until=date.fromisoformat(until) if until else None,
        no_onward=NO_ONWARD in document["handling"],
        credits=next((each["proposal"] for each in document.get("credits", ())), None),
        folded=folded_text(document),
    )
    session.add(row)
    session.flush()
    terms = [{"alert_id": row.id, "list": name, "code": code} for name, code in sorted(terms_of(document))]
    if terms:
        session.execute(insert(AlertTerm), terms)


def _withdraw(session: Session, document: Mapping[str, Any], before: Alert | None) -> None:
    columns = [column.name for column in Alert.__table__.columns if column.name != "id"]
    kept = {name: getattr(before, name) for name in columns} if before else never_seen(document)
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


def _mark(session: Session, document: Mapping[str, Any], until: date | None) -> None:
    always = {f"{document['origin']}/secretariat", str(document["issuer"])}
    # An empty audience means the origin alone (contract: Envelope).
    grantees = grantees_of(TLP(document["tlp"]), document["audience"] or [document["origin"]], always)
    mark(session, document["id"], document["version"], TLP(document["tlp"]), grantees, Bond(until=until))


def forget_one(session: Session, document_id: str) -> None:
    """Drop the projections of an alert that is erased; its reference stays taken."""
    session.execute(delete(AlertTerm).where(AlertTerm.alert_id.in_(select(Alert.id).where(Alert.document_id == document_id))))
    session.execute(delete(Alert).where(Alert.document_id == document_id))


def forget(session: Session) -> None:
    """Drop every projection of alerts, for `istmo rebuild`; references stay taken."""
    session.execute(delete(AlertTerm))
    session.execute(delete(Alert))
