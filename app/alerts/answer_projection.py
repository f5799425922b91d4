"""From a sighting, an opinion or a proposal to the table beside the log; all of it can be rebuilt from the log (house.md)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.access.visibility import Bond, Mark, mark_all
from app.alerts.models import AlertAnswer
from app.alerts.writing import readers_of
from app.core.db import insert_all
from app.documents.models import identity_of, supersede
from app.wire.alert_answers import AlertOpinion, Proposal, Sighting
from app.wire.codes import TLP, Status

MODELS: Final[Mapping[str, type[BaseModel]]] = {"sighting": Sighting, "opinion": AlertOpinion, "proposal": Proposal}
"""The schema of each kind of answer."""


def project(session: Session, document: Mapping[str, Any]) -> None:
    """Write what lists and access ask for of one version; it is seen only with its alert."""
    project_all(session, [document])


def project_all(session: Session, documents: Sequence[Mapping[str, Any]]) -> None:
    """Write what lists and access ask for of one version each of several documents; each is seen only with its alert."""
    supersede(session, AlertAnswer, documents)
    withdrawn = [each["id"] for each in documents if each["status"] == Status.WITHDRAWN.value]
    if withdrawn:
        taken_back = {"status": Status.WITHDRAWN.value, "said": None}
        session.execute(update(AlertAnswer).where(AlertAnswer.document_id.in_(withdrawn)).values(taken_back))
    insert_all(session, AlertAnswer, [_row(document) for document in documents])
    mark_all(session, [_mark(document) for document in documents])


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    decided = document.get("decides", {}).get("proposal")
    said = None if document["status"] == Status.WITHDRAWN.value else document.get("opinion") or document.get("certainty")
    return {**identity_of(document), "kind": document["kind"], "alert": document["alert"], "said": said, "decided": decided}


def _mark(document: Mapping[str, Any]) -> Mark:
    tlp = TLP(document["tlp"])
    readers = readers_of(tlp, document["audience"], str(document["origin"]), str(document["issuer"]))
    return Mark(document["id"], document["version"], tlp, readers, Bond(parent=document["alert"]))


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
