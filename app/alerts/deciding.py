"""The origin's decision on a proposal: accepted by a new version of the alert that credits it, or declined with a reason."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.access.callers import Caller
from app.access.visibility import visible_documents, visible_to
from app.alerts import answer_projection
from app.alerts.answer_service import require_open
from app.alerts.changes import as_sent, merged, overtaken
from app.alerts.declare import declare
from app.alerts.holding import Sent, next_waiting
from app.alerts.models import Alert, AlertAnswer
from app.alerts.rights import Standing, changeable, link_faults, standing
from app.alerts.service import Judged, judge, read, write_version
from app.alerts.writing import Keep, StaleError, Written, document_of, into_log, keep_waiting, newest_locked, readers_of, with_retries
from app.core.clock import utc_now
from app.core.parsing import parse
from app.core.problems import Problem
from app.directory.allow_list import vocabulary_of
from app.documents.texts import read_reason
from app.documents.versions import stamped
from app.exchange.node import Node
from app.exchange.waiting import Waiting
from app.wire.alert import AlertDraft
from app.wire.codes import TLP, Decision, Op, Status
from app.wire.codes import Opinion as OpinionCode
from app.wire.ids import uuid7


@dataclass(frozen=True)
class Case:
    """A proposal and the alert that it would change, as who decides sees them."""

    seen: Standing
    proposal: dict[str, Any]
    alert: Standing
    known: dict[str, Any]


def case_of(session: Session, caller: Caller, proposal_id: str) -> Case:
    """A proposal before its decision.

    Raises `not-found`, `not-origin` and `not-your-state` (403) for who may not change the alert, `proposal-decided` (409) for one that was
    decided or taken back, `already-withdrawn` (409) for an alert that does not stand.
    """
    seen, alert = require_decider(session, caller, proposal_id)
    if seen.status == Status.WITHDRAWN.value:
        raise Problem("proposal-decided")
    require_open(session, seen.document_id)
    if alert.status == Status.WITHDRAWN.value:
        raise Problem("already-withdrawn")
    proposal = document_of(session, seen.document_id, seen.version)
    return Case(seen, proposal, alert, document_of(session, alert.document_id, alert.version))


def require_decider(session: Session, caller: Caller, proposal_id: str) -> tuple[Standing, Standing]:
    """A proposal and its alert, for who may change the alert; raises `not-found`, `not-origin` and `not-your-state` (403)."""
    seen = proposal_of(session, caller, proposal_id)
    alert_id = session.scalars(select(AlertAnswer.alert).where(AlertAnswer.document_id == seen.document_id).limit(1)).one()
    return seen, changeable(session, caller, Alert, alert_id)


def proposal_of(session: Session, caller: Caller, proposal_id: str) -> Standing:
    """A proposal that the caller may see; raises `not-found`, also for an answer of another kind."""
    seen = standing(session, caller, AlertAnswer, proposal_id)
    kind = select(AlertAnswer.kind).where(AlertAnswer.document_id == seen.document_id).limit(1)
    if session.scalar(kind) != "proposal":
        raise Problem("not-found")
    return seen


def accept(node: Node, caller: Caller, proposal_id: str, reason: str | None, *, attempt: Attempt, keep: Keep | None = None) -> Written:
    """Make the proposed change a new version of the alert, which credits the proposal and its office.

    Raises `proposal-stale` (409) with the fields that the alert has changed otherwise since, `link-stricter` (422) where who reads the
    alert may not all read the proposal, and whatever a revision raises.  What only looks like a person was confirmed with the proposal;
    who decides reads it as another person.
    """

    def write() -> list[Written]:
        case, judged, content = judge_acceptance(node, caller, proposal_id, reason)
        with node.db.write() as session:
            if judged.wait.is_over:
                written = write_accepted(session, node, case.alert, case.seen, content, attempt)
            else:
                _lock(session, case.alert, case.seen)
                written = keep_waiting(session, node, caller, acceptance_of(caller, judged, case, content), attempt)
            if keep:
                keep(session, written)
        return written

    return with_retries(write)[0]


def judge_acceptance(
    node: Node, caller: Caller, proposal_id: str, reason: str | None, office: str | None = None
) -> tuple[Case, Judged, dict[str, Any]]:
    """The version that accepts a proposal, judged and read, with its content.  Raises what `accept` raises."""
    with node.db.read() as session:
        case = case_of(session, caller, proposal_id)
        base = document_of(session, case.alert.document_id, case.proposal["alert_version"])
        stale = list(overtaken(case.proposal["changes"], base, case.known))
        if stale:
            raise Problem("proposal-stale", *stale, version=base["version"])
        draft = parse(AlertDraft, merged(case.known, as_sent(case.proposal["changes"])), at=("changes",))
        judged = judge(session, caller, declare(draft, case.alert.origin, ("changes",)), case.alert.issuer, office=office)
        require_creditable(session, caller, case.seen, judged.content, case.alert.issuer)
        if reason:
            read_reason(session, reason)
        vocabulary = vocabulary_of(session)
    read(judged, vocabulary)
    credit = {"proposal": case.seen.document_id, "office": case.seen.issuer}
    return case, judged, judged.content | {"credits": [credit], "reason": reason or f"Proposal of {case.seen.issuer}"}


def acceptance_of(caller: Caller, judged: Judged, case: Case, content: dict[str, Any]) -> Waiting:
    """The version that accepts a proposal, as it waits."""
    sent = Sent("acceptance", caller, judged.office, judged.wait)
    return next_waiting(sent, "alert", case.alert, content, {"proposal": asdict(case.seen)})


def write_accepted(
    session: Session, node: Node, alert: Standing, proposal: Standing, content: dict[str, Any], attempt: Attempt
) -> list[Written]:
    """Write the version that accepts a proposal; raises StaleError where either has another version, `proposal-decided` (409)."""
    _lock(session, alert, proposal)
    return write_version(session, node, alert, document_of(session, alert.document_id, alert.version), content, attempt)


def require_creditable(session: Session, caller: Caller, proposal: Standing, content: Mapping[str, Any], issuer: str) -> None:
    """Let the version that accepts a proposal pass where all its readers may read the proposal."""
    _require_nameable(session, caller, proposal, content, issuer, "/credits/0/proposal")


def _require_nameable(session: Session, caller: Caller, seen: Standing, content: Mapping[str, Any], issuer: str, place: str) -> None:
    """Refuse a decision that would tell of a proposal to who may not read it."""
    tlp = TLP(content["tlp"])
    readers = readers_of(tlp, content["audience"], content["origin"], issuer)
    faults = list(link_faults(session, caller, [(place, seen.document_id)], tlp, readers, alone=True))
    if faults:
        raise Problem("invalid-content", *faults)


def _lock(session: Session, alert: Standing, proposal: Standing) -> None:
    """Take the locks of alert and proposal, in this order always; whatever changed in between is judged anew."""
    newest = [newest_locked(session, Alert, alert.document_id), newest_locked(session, AlertAnswer, proposal.document_id)]
    if newest != [alert.version, proposal.version]:
        raise StaleError
    require_open(session, proposal.document_id)


def decline(node: Node, caller: Caller, proposal_id: str, reason: str, *, attempt: Attempt, keep: Keep | None = None) -> Written:
    """Decline a proposal: an opinion of the origin that says so and why, marked as the proposal is, for its office too."""

    def write() -> list[Written]:
        with node.db.read() as session:
            case = case_of(session, caller, proposal_id)
            content = _refusal(case) | {"reason": reason}
            _require_nameable(session, caller, case.seen, content, str(caller.office), "/decides/proposal")
            read_reason(session, reason)
        now = utc_now()
        with node.db.write() as session:
            _lock(session, case.alert, case.seen)
            document = stamped(content, document_id=uuid7(), version=1, issuer=str(caller.office), created_at=now, now=now)
            written = into_log(session, node, attempt, answer_projection.project, [(Op.PUBLISH, document)])
            if keep:
                keep(session, written)
        return written

    return with_retries(write)[0]


def _refusal(case: Case) -> dict[str, Any]:
    proposal = case.proposal
    parties = {*proposal["audience"], f"{proposal['origin']}/secretariat", proposal["issuer"]}
    is_open = TLP(proposal["tlp"]).rank <= TLP.GREEN.rank
    return {
        "kind": "opinion",
        "status": Status.PUBLISHED.value,
        "origin": case.alert.origin,
        "alert": case.alert.document_id,
        "tlp": proposal["tlp"],
        "audience": proposal["audience"] if is_open else sorted(parties),
        "handling": proposal["handling"],
        "mandate": [],
        "lang": [],
        "opinion": OpinionCode.DISAGREE.value,
        "decides": {"proposal": case.seen.document_id, "decision": Decision.DECLINED.value},
    }


def decision_of(session: Session, caller: Caller, proposal_id: str) -> dict[str, object]:
    """What became of a proposal, of what the caller may see; raises `not-found`."""
    seen = proposal_of(session, caller, proposal_id)
    named: dict[str, object] = {"proposal": seen.document_id}
    own = visible_to(caller).subquery()
    shown = tuple_(Alert.document_id, Alert.version).in_(select(own.c.document_id, own.c.version))
    version = session.scalar(select(Alert.version).where(Alert.credits == seen.document_id, shown))
    if version is not None:
        return named | {"decision": Decision.ACCEPTED.value, "alert_version": version}
    found = session.execute(
        select(AlertAnswer.document_id, AlertAnswer.version).where(
            AlertAnswer.decided == seen.document_id, AlertAnswer.document_id.in_(visible_documents(caller))
        )
    ).one_or_none()
    if found is None:
        return named | {"decision": Decision.OPEN.value}
    opinion = document_of(session, found.document_id, found.version)
    told = {"decision": Decision.DECLINED.value, "opinion": found.document_id}
    return named | told | ({"reason": opinion["reason"]} if caller.reads_bodies else {})
