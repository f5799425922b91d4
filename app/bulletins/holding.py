"""Bulletins that may not be published yet, handed over whole: in protected form, one item for all that were sent together (contract: Life)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.bulletins.preparing import REASON_OPTION, Prepared, Submission
from app.bulletins.ready import Ready, kept_form
from app.bulletins.released import document_of, locked
from app.bulletins.writing import Published, StaleError
from app.core.clock import rfc3339, utc_now
from app.documents.texts import CONFIRMED_BEFORE
from app.documents.waiting import together
from app.exchange.node import Node
from app.exchange.waiting import Waiting, hold
from app.wire.problem import Finding
from app.wire.strict_json import pointer

FORMS = ("bulletin", "revision", "batch")
"""In which form it was sent: alone, as a new version of one, together with others (a file too)."""


def place_of(office: str, ready: Ready) -> str:
    """What only one item of an office may wait for: what another one sends to the same place is told nothing of it."""
    return f"bulletin|{office}|{ready.natural_key}"


def waiting_of(caller: Caller, prepared: Sequence[Prepared]) -> Waiting:
    """What is kept of bulletins that were prepared together: no table that was sent, no share of it and no warning of it."""
    submission = prepared[0].submission
    office, now = submission.issuer or str(caller.office), utc_now()
    ready, wait = [each.ready for each in prepared], together(each.wait for each in prepared)
    documents = [_shown(each, office, now) for each in ready]
    head = {"form": _form_of(submission), "issuer": office, "created_at": rfc3339(now), "options": _options_of(submission)}
    return Waiting(
        kind="bulletin",
        origin=submission.declaration.conference,
        issuer=office,
        documents=documents,
        payload=head | {"items": [kept_form(each) for each in ready]},
        findings=list(_to_confirm(prepared, documents)),
        places=[place_of(office, each) for each in ready if each.is_new],
        covered=covered_by(prepared),
        revises=[each.document_id for each in _revised(ready)],
        due=wait.due,
        needs_review=wait.needs_review,
    )


def _revised(ready: Iterable[Ready]) -> list[Ready]:
    """Those that are a new version of a bulletin which stands."""
    return [each for each in ready if each.is_new and each.existing]


def covered_by(prepared: Sequence[Prepared]) -> list[tuple[str, int]]:
    """The versions whose confirmation covers texts of what was prepared."""
    return [pair for each in prepared for pair in each.covered]


def _to_confirm(prepared: Sequence[Prepared], documents: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What another person has to confirm, each where it stands in what waits: the reason of a file once, in the first that bears it."""
    bears = next((at for at, each in enumerate(documents) if each.get("reason") and prepared[at].ready.is_new), 0)
    for at, each in enumerate(prepared):
        for finding in each.to_confirm:
            if finding.pointer != REASON_OPTION:
                yield finding
            elif at == bears:
                yield replace(finding, pointer=pointer("bulletins", at, "reason"))


def _shown(ready: Ready, office: str, now: datetime) -> dict[str, Any]:
    """The version as whoever confirms it sees it: when it will be published nobody knows yet."""
    return {name: value for name, value in ready.document(office, now, now).items() if name != "published_at"}


def _form_of(submission: Submission) -> str:
    if submission.target is not None:
        return "revision"
    return "batch" if submission.declaration.at else "bulletin"


def _options_of(submission: Submission) -> dict[str, Any]:
    """What was asked for beside the body."""
    protect = submission.protect.value if submission.protect else None
    reason = submission.reason if submission.target is None else None
    return {"protect": protect, "reason": reason, "leave_out_small": submission.leave_out_small, "target": submission.target}


def keep_waiting(
    session: Session, node: Node, caller: Caller, waiting: Waiting, prepared: Sequence[Prepared], attempt: Attempt
) -> list[Published]:
    """Keep bulletins until they may be published; what stands already as it was sent is told as ever.

    Raises StaleError where one of them has another version by now, and `review-waiting` (409).
    """
    for item in sorted(_revised(each.ready for each in prepared), key=lambda each: each.flow_key):
        if locked(session, item.document_id) != item.existing:
            raise StaleError
    kept = hold(session, node.secrets, caller, waiting)
    record(session, attempt, CONFIRMED_BEFORE, waiting.covered)
    record(session, attempt, kept.status.value, [(kept.id, kept.version)])
    return [
        Published(kept.status.value, each.period, None, kept=kept)
        if each.is_new
        else Published(each.outcome.value, each.period, document_of(session, each.existing) if each.existing else None, kept=kept)
        for each in (item.ready for item in prepared)
    ]
