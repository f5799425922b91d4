"""Alerts and answers that waited, published: judged once more by all that may have changed since (contract: Life)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.access.callers import Caller
from app.alerts import answer_service, service
from app.alerts.answering import require_links as require_answer_links
from app.alerts.deciding import require_creditable, write_accepted
from app.alerts.holding import First, writer_of
from app.alerts.models import Alert
from app.alerts.rights import Standing, standing
from app.alerts.writing import StaleError, Written, document_of, locked
from app.core.clock import utc_now
from app.core.db import PASSING
from app.core.problems import Problem
from app.documents.rights import may_write_for, require_known_parties
from app.documents.waiting import stale
from app.exchange.log import is_known
from app.exchange.node import Node
from app.wire.codes import Status

Json = Mapping[str, Any]
_MARKING = ("tlp", "audience", "handling")


def release(session: Session, node: Node, payload: Json, attempt: Attempt) -> list[tuple[str, int]]:
    """Publish alerts or an answer that waited, whole or not at all, inside the caller's transaction; ids and versions of them.

    Raises `review-stale` (409) where what it was judged against has changed: the version that it follows, the alert that it is
    about, a document that it names, a party, the membership of its writer's State; where its id was given to another document; and
    where its last day is over.
    """
    with _overtaken():
        written = _FORMS[payload["form"]](session, node, payload, attempt)
    return [(str(each.document["id"]), int(each.document["version"])) for each in written]


@contextmanager
def _overtaken() -> Iterator[None]:
    try:
        yield
    except StaleError:
        raise stale() from None
    except Problem as problem:
        if problem.code in PASSING:
            raise
        raise stale() from None


def _new_alerts(session: Session, node: Node, payload: Json, attempt: Attempt) -> list[Written]:
    first = _first_of(session, payload)
    for each in first:
        _require_standing(session, payload, each.content)
        service.require_links(session, writer_of(payload), each.content, payload["office"])
    return service.write_first(session, node, first, payload["office"], attempt, _created(payload))


def _next_alert(session: Session, node: Node, payload: Json, attempt: Attempt) -> list[Written]:
    seen, content = Standing(**payload["seen"]), payload["content"]
    locked(session, Alert, seen)
    _require_standing(session, payload, content)
    service.require_links(session, writer_of(payload), content, seen.issuer)
    return service.write_version(session, node, seen, document_of(session, seen.document_id, seen.version), content, attempt)


def _accepted(session: Session, node: Node, payload: Json, attempt: Attempt) -> list[Written]:
    seen, proposal, content, writer = Standing(**payload["seen"]), Standing(**payload["proposal"]), payload["content"], writer_of(payload)
    _require_standing(session, payload, content)
    service.require_links(session, writer, content, seen.issuer)
    require_creditable(session, writer, proposal, content, seen.issuer)
    return write_accepted(session, node, seen, proposal, content, attempt)


def _new_answer(session: Session, node: Node, payload: Json, attempt: Attempt) -> list[Written]:
    (first,) = _first_of(session, payload)
    alert = _alert_of(session, writer_of(payload), payload)
    _require_standing(session, payload, first.content)
    require_answer_links(session, writer_of(payload), first.content, payload["office"])
    return answer_service.write_first(session, node, first, alert, payload["office"], attempt, _created(payload))


def _next_answer(session: Session, node: Node, payload: Json, attempt: Attempt) -> list[Written]:
    seen, content = Standing(**payload["seen"]), payload["content"]
    _alert_of(session, writer_of(payload), payload)
    _require_standing(session, payload, content)
    require_answer_links(session, writer_of(payload), content, seen.issuer)
    return answer_service.write_next(session, node, seen, content, attempt)


_FORMS = {
    "alert": _new_alerts,
    "batch": _new_alerts,
    "revision": _next_alert,
    "acceptance": _accepted,
    "answer": _new_answer,
    "answer-revision": _next_answer,
}


def _created(payload: Json) -> datetime:
    return datetime.fromisoformat(payload["created_at"])


def _first_of(session: Session, payload: Json) -> Sequence[First]:
    """New documents under their ids; raises `review-stale` where one was given to another document meanwhile."""
    first = [First(**each) for each in payload["items"]]
    if any(is_known(session, each.document_id) for each in first):
        raise stale()
    return first


def _alert_of(session: Session, writer: Caller, payload: Json) -> Standing:
    """The alert of an answer as its writer sees it now; raises `review-stale` where it is withdrawn, or marked otherwise than it was."""
    seen = standing(session, writer, Alert, payload["alert"]["id"])
    now, then = (document_of(session, seen.document_id, version) for version in (seen.version, payload["alert"]["version"]))
    if seen.status == Status.WITHDRAWN.value or any(now.get(name) != then.get(name) for name in _MARKING):
        raise stale()
    return seen


def _require_standing(session: Session, payload: Json, content: Json) -> None:
    """Let pass what still has a day to be seen, parties that are known, and a writer that may still write."""
    writer, today = writer_of(payload), utc_now().date()
    until = content.get("retention_until")
    if until is not None and date.fromisoformat(until) < today:
        raise stale()
    if writer.state is not None and not may_write_for(session, writer, writer.state, today):
        raise stale()
    require_known_parties(session, content["audience"])
