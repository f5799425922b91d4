"""From a sighting, an opinion or a proposal to the table beside the log; all of it can be rebuilt from the log (house.md)."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.access.visibility import Bond, mark
from app.alerts.models import AlertAnswer
from app.alerts.writing import readers_of
from app.documents.models import identity_of, instant
from app.wire.alert_answers import AlertOpinion, Proposal, Sighting
from app.wire.codes import TLP, Status

MODELS: Final[Mapping[str, type[BaseModel]]] = {"sighting": Sighting, "opinion": AlertOpinion, "proposal": Proposal}
"""The schema of each kind of answer."""


def project(session: Session, document: Mapping[str, Any]) -> None:
    """Write what lists and access ask for of one version; it is seen only with its alert."""
    table = AlertAnswer
    session.execute(
        update(table)
        .where(table.document_id == document["id"], table.superseded_at.is_(None))
        .values(superseded_at=instant(document["published_at"]))
    )
    withdrawn = document["status"] == Status.WITHDRAWN.value
    if withdrawn:
        session.execute(update(table).where(table.document_id == document["id"]).values(status=document["status"], said=None))
    decided = document.get("decides", {}).get("proposal")
    said = None if withdrawn else document.get("opinion") or document.get("certainty")
    row = table(**identity_of(document), kind=document["kind"], alert=document["alert"], said=said, decided=decided)
    session.add(row)
    session.flush()
    tlp = TLP(document["tlp"])
    readers = readers_of(tlp, document["audience"], str(document["origin"]), str(document["issuer"]))
    mark(session, document["id"], document["version"], tlp, readers, Bond(parent=document["alert"]))


def forget_one(session: Session, document_id: str) -> None:
    """Drop the projections of an answer that is erased, its lock taken first."""
    session.scalar(
        select(AlertAnswer.id).where(AlertAnswer.document_id == document_id, AlertAnswer.superseded_at.is_(None)).with_for_update()
    )
    session.execute(delete(AlertAnswer).where(AlertAnswer.document_id == document_id))


def forget(session: Session) -> None:
    """Drop the projections of every answer, for `istmo rebuild`."""
    session.execute(delete(AlertAnswer))


def answers_to(session: Session, alert_id: str) -> list[str]:
    """Ids of every answer to an alert, whoever may see them: they end with it."""
    asked = select(AlertAnswer.document_id).where(AlertAnswer.alert == alert_id, AlertAnswer.superseded_at.is_(None))
    return list(session.scalars(asked.order_by(AlertAnswer.id)))
