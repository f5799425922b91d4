"""The verbs of what offices answer to an alert: publish, revise, withdraw; each answer is a document of its own."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.alerts.answer_projection import project
from app.alerts.answering import About, Draft, content_of, kind_of, texts_in
from app.alerts.holding import First, Sent, first_waiting, next_waiting
from app.alerts.models import Alert, AlertAnswer
from app.alerts.rights import Standing, standing
from app.alerts.writing import Keep, StaleError, Written, document_of, into_log, keep_waiting, locked, newest_locked, with_retries
from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory.allow_list import vocabulary_of
from app.directory.service import policy_of
from app.documents.figures import figures_of
from app.documents.texts import CONFIRMED_BEFORE, Covered, read_reason, read_texts, unconfirmed
from app.documents.versions import said, stamped, withdrawal_of
from app.documents.waiting import Wait, wait_for
from app.exchange.decided import drop_withdrawn
from app.exchange.log import is_known
from app.exchange.node import Node
from app.exchange.waiting import Waiting
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


@dataclass(frozen=True)
class JudgedAnswer:
    """An answer that may be published: its content, the alert as it was seen, what it waits for, what another person confirms or did before."""

    content: dict[str, Any] = field(repr=False)
    alert: Standing
    wait: Wait
    to_confirm: tuple[Finding, ...] = field(default=(), repr=False)
    covered: Covered = ()


def judge(
    node: Node, caller: Caller, draft: Draft, conference: str, alert_id: str, office: str | None = None, known: dict[str, Any] | None = None
) -> JudgedAnswer:
    """An answer judged and read; `office` wrote it first, where another one sends it anew; `known` is the version that it follows.

    Raises what `app.alerts.answering.content_of` raises, and `personal-data` (422).
    """
    with node.db.read() as session:
        seen, alert = about(session, caller, alert_id)
        content = content_of(session, caller, draft, conference, alert)
        policy, vocabulary = policy_of(session, conference), vocabulary_of(session)
    figures = figures_of(policy.k, [("nationality", code) for code in alert.document["nationalities"]])
    texts = texts_in(draft, content)
    to_confirm, covered = unconfirmed(read_texts(texts, vocabulary, figures), texts, known, content)
    wait = wait_for(office or str(caller.office), policy.partner_release, None, to_confirm)
    return JudgedAnswer(content, seen, wait, to_confirm, covered)


def publish(
    node: Node, caller: Caller, draft: Draft, conference: str, alert_id: str, *, attempt: Attempt, keep: Keep | None = None
) -> Written:
    """Publish an answer to an alert, or keep it where it has to wait for another person or its minute.

    Raises what `judge` raises, `id-in-use` and, for an office's second opinion, `opinion-exists` (409).
    """

    def write() -> list[Written]:
        require_new(node, caller, draft, alert_id)
        judged, office = judge(node, caller, draft, conference, alert_id), str(caller.office)
        first = First(draft.id or uuid7(), judged.content)
        with node.db.write() as session:
            if judged.wait.is_over:
                written = write_first(session, node, first, judged.alert, office, attempt)
            else:
                written = keep_waiting(session, node, caller, waiting_of(caller, judged, first, office), attempt)
            if keep:
                keep(session, written)
        return written

    return with_retries(write)[0]


def require_new(node: Node, caller: Caller, draft: Draft, alert_id: str) -> None:
    """Let an answer pass whose id is free, and an opinion that is the first of its office."""
    with node.db.read() as session:
        if draft.id is not None and is_known(session, draft.id):
            raise Problem("id-in-use", Finding("id-in-use", pointer="/id"))
        _require_first(session, kind_of(draft), alert_id, str(caller.office))


def waiting_of(caller: Caller, judged: JudgedAnswer, first: First, office: str) -> Waiting:
    """A new answer as it waits, with the version of the alert that it was judged beside."""
    kind, alert = str(judged.content["kind"]), {"id": judged.alert.document_id, "version": judged.alert.version}
    return first_waiting(Sent("answer", caller, office, judged.wait, judged.to_confirm), kind, [first], {"alert": alert})


def write_first(
    session: Session, node: Node, first: First, alert: Standing, issuer: str, attempt: Attempt, created_at: datetime | None = None
) -> list[Written]:
    """Write the first version of an answer inside the caller's transaction; raises StaleError where its alert has another version."""
    # Who answers at once with another answer of the same office waits here, and then sees it.
    if newest_locked(session, Alert, alert.document_id) != alert.version:
        raise StaleError
    _require_first(session, first.content["kind"], first.content["alert"], issuer)
    now = utc_now()
    document = stamped(first.content, document_id=first.document_id, version=1, issuer=issuer, created_at=created_at or now, now=now)
    return into_log(session, node, attempt, project, [(Op.PUBLISH, document)])


def _require_first(session: Session, kind: str, alert_id: str, office: str, own: str | None = None) -> None:
    if kind != "opinion":
        return
    table = AlertAnswer
    known = session.scalar(
        select(table.document_id).where(
            table.alert == alert_id,
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
    judged, known = judge_next(node, caller, draft, seen)
    if said(known) == said(judged.content):
        return _unchanged(node, attempt, known, keep)
    content = judged.content | {"reason": reason}
    with node.db.write() as session:
        if judged.wait.is_over:
            record(session, attempt, CONFIRMED_BEFORE, judged.covered)
            written = write_next(session, node, seen, content, attempt)
        else:
            locked(session, AlertAnswer, seen)
            written = keep_waiting(session, node, caller, revision_of(caller, judged, seen, content, str(caller.office)), attempt)
        if keep:
            keep(session, written)
    return written[0]


def judge_next(node: Node, caller: Caller, draft: Draft, seen: Standing, office: str | None = None) -> tuple[JudgedAnswer, dict[str, Any]]:
    """A new version of an answer, judged and read, and the version that was seen.  Raises what `revise` raises."""
    with node.db.read() as session:
        known = document_of(session, seen.document_id, seen.version)
        _require_no_decision(known)
        require_open(session, seen.document_id)
    return judge(node, caller, draft, seen.origin, str(known["alert"]), office, known), known


def revision_of(caller: Caller, judged: JudgedAnswer, seen: Standing, content: dict[str, Any], office: str) -> Waiting:
    """A new version of an answer as it waits."""
    alert = {"id": judged.alert.document_id, "version": judged.alert.version}
    sent = Sent("answer-revision", caller, office, judged.wait, judged.to_confirm, judged.covered)
    return next_waiting(sent, str(content["kind"]), seen, content, {"alert": alert})


def write_next(session: Session, node: Node, seen: Standing, content: dict[str, Any], attempt: Attempt) -> list[Written]:
    """Write the next version of an answer inside the caller's transaction; its first instant and its office stay."""
    locked(session, AlertAnswer, seen)
    require_open(session, seen.document_id)
    _require_first(session, content["kind"], content["alert"], seen.issuer, seen.document_id)
    now, known = utc_now(), document_of(session, seen.document_id, seen.version)
    version = stamped(content, document_id=seen.document_id, version=seen.version + 1, issuer=seen.issuer, created_at=now, now=now)
    return into_log(session, node, attempt, project, [(Op.REVISE, version | {"created_at": known["created_at"]})])


def _unchanged(node: Node, attempt: Attempt, known: dict[str, Any], keep: Keep | None) -> Written:
    written = Written(Outcome.UNCHANGED.value, known)
    with node.db.write() as session:
        record(session, attempt, written.outcome, [(known["id"], known["version"])])
        if keep:
            keep(session, [written])
    return written


def withdraw(node: Node, seen: Standing, reason: str, *, attempt: Attempt, keep: Keep | None = None) -> Written:
    """Take an answer back with a reason, and cancel a new version of it that waits; raises `precondition-failed`, `already-withdrawn`, `proposal-decided` (409) and `personal-data`."""
    with node.db.write() as session:
        # Before the document's lock, as a release takes them; and after it, for what was kept meanwhile.
        drop_withdrawn(session, node.secrets, seen.document_id, attempt)
        locked(session, AlertAnswer, seen)
        drop_withdrawn(session, node.secrets, seen.document_id, attempt)
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
