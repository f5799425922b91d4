"""What is sent in the place of alerts and answers that wait: judged as sending it anew would be, in the form that was sent first."""

from collections.abc import Callable, Mapping
from typing import Any

from app.access.callers import Caller
from app.alerts import answer_service, service
from app.alerts.deciding import acceptance_of, judge_acceptance
from app.alerts.declare import Declaration, declare, declare_all
from app.alerts.holding import First
from app.alerts.models import Alert, AlertAnswer
from app.alerts.rights import changeable, require_author
from app.core.paging import page_size
from app.core.parsing import parse
from app.exchange.node import Node
from app.exchange.waiting import Waiting
from app.wire import alert_answers as wire
from app.wire.alert import AlertBatchItems, AlertDraft, AlertRevision
from app.wire.ids import uuid7

Json = Mapping[str, Any]
_DRAFTS: Mapping[str, Any] = {"sighting": wire.SightingDraft, "opinion": wire.OpinionDraft, "proposal": wire.ProposalDraft}
_REVISIONS: Mapping[str, Any] = {"sighting": wire.SightingRevision, "opinion": wire.OpinionRevision, "proposal": wire.ProposalRevision}


def resubmit(node: Node, caller: Caller, payload: Json, body: object) -> Waiting:
    """What is kept in the place of what waits; the office whose it is stays, and so do its ids.

    Raises what publishing the body would raise.
    """
    return _FORMS[payload["form"]](node, caller, payload, body)


def _rights(node: Node, caller: Caller, *bodies: object, at: tuple[object, ...] | None = None) -> list[str]:
    with node.db.read() as session:
        places = [(at[0], number) if at else () for number in range(len(bodies))]
        return [require_author(session, caller, body, node.settings.authored, place) for body, place in zip(bodies, places, strict=True)]


def _alert(node: Node, caller: Caller, payload: Json, body: object) -> Waiting:
    (conference,) = _rights(node, caller, body)
    return _new_alerts(node, caller, payload, [declare(parse(AlertDraft, body), conference)])


def _batch(node: Node, caller: Caller, payload: Json, body: object) -> Waiting:
    items = body.get("alerts") if isinstance(body, dict) else None
    rights = _rights(node, caller, *(items if isinstance(items, list) else []), at=("alerts",))
    page_size(len(rights) or 1, node.settings.batch_limit)
    return _new_alerts(node, caller, payload, declare_all(parse(AlertBatchItems, body).alerts, rights))


def _new_alerts(node: Node, caller: Caller, payload: Json, declarations: list[Declaration]) -> Waiting:
    judged = service.judge_all(node, caller, declarations, payload["office"])
    ids = [each["document_id"] for each in payload["items"]]
    wanted = [each.declaration.draft.id for each in judged]
    first = [
        First(own or (ids[at] if at < len(ids) else uuid7()), each.content)
        for at, (own, each) in enumerate(zip(wanted, judged, strict=True))
    ]
    return service.waiting_of(caller, judged, first)


def _revision(node: Node, caller: Caller, payload: Json, body: object) -> Waiting:
    (conference,) = _rights(node, caller, body)
    with node.db.read() as session:
        seen = changeable(session, caller, Alert, payload["seen"]["document_id"])
    revision = parse(AlertRevision, body)
    judged, _ = service.judge_next(node, caller, declare(revision, conference), seen, payload["office"])
    return service.revision_of(caller, judged, seen, judged.content | {"reason": revision.reason})


def _acceptance(node: Node, caller: Caller, payload: Json, body: object) -> Waiting:
    reason = parse(wire.Acceptance, body).reason
    case, judged, content = judge_acceptance(node, caller, payload["proposal"]["document_id"], reason, payload["office"])
    return acceptance_of(caller, judged, case, content)


def _answer(node: Node, caller: Caller, payload: Json, body: object) -> Waiting:
    (conference,), (item,) = _rights(node, caller, body), payload["items"]
    draft = parse(_DRAFTS[item["content"]["kind"]], body)
    judged = answer_service.judge(node, caller, draft, conference, payload["alert"]["id"], payload["office"])
    return answer_service.waiting_of(caller, judged, First(draft.id or item["document_id"], judged.content), payload["office"])


def _answer_revision(node: Node, caller: Caller, payload: Json, body: object) -> Waiting:
    _rights(node, caller, body)
    with node.db.read() as session:
        seen = changeable(session, caller, AlertAnswer, payload["seen"]["document_id"])
    revision = parse(_REVISIONS[payload["content"]["kind"]], body)
    judged, _ = answer_service.judge_next(node, caller, revision, seen, payload["office"])
    content = judged.content | {"reason": revision.reason}
    return answer_service.revision_of(caller, judged, seen, content, payload["office"])


_FORMS: Mapping[str, Callable[[Node, Caller, Json, object], Waiting]] = {
    "alert": _alert,
    "batch": _batch,
    "revision": _revision,
    "acceptance": _acceptance,
    "answer": _answer,
    "answer-revision": _answer_revision,
}
