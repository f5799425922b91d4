"""The verbs of what offices answer to an alert: publish, revise, withdraw; each answer is a document of its own."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.alerts.answer_projection import project
from app.alerts.answering import About, Draft, content_of, texts_in
from app.alerts.models import Alert, AlertAnswer
from app.alerts.rights import Standing, standing
from app.alerts.writing import Keep, StaleError, Written, document_of, into_log, locked, newest_locked, with_retries
from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory.allow_list import vocabulary_of
from app.directory.service import policy_of
from app.documents.figures import figures_of
from app.documents.texts import read_reason, read_texts
from app.documents.versions import said, stamped, withdrawal_of
from app.exchange.log import is_known
from app.exchange.node import Node
from app.wire.codes import Op, Outcome, Status
from app.wire.ids import uuid7
from app.wire.problem import Finding


def about(session: Session, caller: Caller, alert_id: str) -> tuple[Standing, About]:
    """The alert that an answer is about, as its writer sees it.

    Raises `not-found`, the same for what is hidden and what never was, and `already-withdrawn` (409).
    """
    seen = standing(session, caller, Alert, alert_id)
    if seen.status == Status.WITHDRAWN.value:
        raise Problem("already-withdrawn")
    return seen, About(document_of(session, seen.document_id, seen.version))


def publish(
    node: Node, caller: Caller, draft: Draft, conference: str, alert_id: str, *, attempt: Attempt, keep: Keep | None = None
) -> Written:
    """Publish an answer to an alert.

    Raises what `app.alerts.answering.content_of` raises, `id-in-use`, for an office's second opinion `opinion-exists` (409), and
    `personal-data` (422).
    """

    def write() -> list[Written]:
        with node.db.read() as session:
            seen, alert = about(session, caller, alert_id)
            content = content_of(session, caller, draft, conference, alert)
            if draft.id is not None and is_known(session, draft.id):
                raise Problem("id-in-use", Finding("id-in-use", pointer="/id"))
            _require_first(session, content, str(caller.office))
            read = _reader(session, conference, alert)
        read(texts_in(draft, content))
        with node.db.write() as session:
            # Who answers at once with another answer of the same office waits here, and then sees it.
            if newest_locked(session, Alert, seen.document_id) != seen.version:
                raise StaleError
            _require_first(session, content, str(caller.office))
            now = utc_now()
            document_id, issuer = draft.id or uuid7(), str(caller.office)
            document = stamped(content, document_id=document_id, version=1, issuer=issuer, created_at=now, now=now)
            written = into_log(session, node, attempt, project, [(Op.PUBLISH, document)])
            if keep:
                keep(session, written)
        return written

    return with_retries(write)[0]


def _reader(session: Session, conference: str, alert: About) -> Callable[[Mapping[str, str]], tuple[Finding, ...]]:
    """How the texts of an answer are read, once no transaction is open: beside what its alert counts."""
    figures = figures_of(policy_of(session, conference).k, [("nationality", code) for code in alert.document["nationalities"]])
    return partial(read_texts, vocabulary=vocabulary_of(session), figures=figures)


def _require_first(session: Session, content: dict[str, Any], office: str, own: str | None = None) -> None:
    if content["kind"] != "opinion":
        return
    table = AlertAnswer
    known = session.scalar(
        select(table.document_id).where(
            table.alert == content["alert"],
            table.kind == "opinion",
            table.issuer == office,
            table.document_id != (own or ""),
            table.superseded_at.is_(None),
            table.decided.is_(None),
            table.status == Status.PUBLISHED.value,
        )
    )
    if known is not None:
        link = f"/v1/opinions/{known}"
        raise Problem("opinion-exists", opinion=link, headers={"Link": f'<{link}>; rel="related"'})


def revise(node: Node, caller: Caller, draft: Draft, seen: Standing, reason: str, *, attempt: Attempt, keep: Keep | None = None) -> Written:
    """Publish a whole new version of an answer with its reason, against the one that was seen; reinstates a withdrawn one.

    Raises what `publish` raises, `precondition-failed`, and `proposal-decided` (409) for a proposal that was accepted or declined, and for a decision.
    """
    with node.db.read() as session:
        known = document_of(session, seen.document_id, seen.version)
        _require_no_decision(known)
        require_open(session, seen.document_id)
        _, alert = about(session, caller, str(known["alert"]))
        content = content_of(session, caller, draft, seen.origin, alert)
        read = _reader(session, seen.origin, alert)
    if said(known) == said(content):
        return _unchanged(node, attempt, known, keep)
    read(texts_in(draft, content))
    now = utc_now()
    with node.db.write() as session:
        locked(session, AlertAnswer, seen)
        require_open(session, seen.document_id)
        _require_first(session, content, seen.issuer, seen.document_id)
        version = stamped(content, document_id=seen.document_id, version=seen.version + 1, issuer=seen.issuer, created_at=now, now=now)
        version |= {"created_at": known["created_at"], "reason": reason}
        written = into_log(session, node, attempt, project, [(Op.REVISE, version)])
        if keep:
            keep(session, written)
    return written[0]


def _unchanged(node: Node, attempt: Attempt, known: dict[str, Any], keep: Keep | None) -> Written:
    written = Written(Outcome.UNCHANGED.value, known)
    with node.db.write() as session:
        record(session, attempt, written.outcome, [(known["id"], known["version"])])
        if keep:
            keep(session, [written])
    return written


def withdraw(node: Node, seen: Standing, reason: str, *, attempt: Attempt, keep: Keep | None = None) -> Written:
    """Take an answer back with a reason; raises `precondition-failed`, `already-withdrawn`, `proposal-decided` (409) and `personal-data`."""
    with node.db.write() as session:
        locked(session, AlertAnswer, seen)
        if seen.status == Status.WITHDRAWN.value:
            raise Problem("already-withdrawn")
        require_open(session, seen.document_id)
        known = document_of(session, seen.document_id, seen.version)
        _require_no_decision(known)
        read_reason(session, reason)
        taken_back = withdrawal_of(known, version=seen.version + 1, issuer=seen.issuer, reason=reason, now=utc_now())
        written = into_log(session, node, attempt, project, [(Op.WITHDRAW, taken_back | {"alert": known["alert"]})])
        if keep:
            keep(session, written)
    return written[0]


def _require_no_decision(known: dict[str, Any]) -> None:
    """A decision on a proposal is final."""
    if "decides" in known:
        raise Problem("proposal-decided")


def require_open(session: Session, document_id: str) -> None:
    """Raise `proposal-decided` (409) for a proposal that was accepted or declined."""
    accepted = select(Alert.id).where(Alert.credits == document_id).limit(1)
    declined = select(AlertAnswer.id).where(AlertAnswer.decided == document_id).limit(1)
    if session.scalar(accepted) is not None or session.scalar(declined) is not None:
        raise Problem("proposal-decided")
