"""The change that a proposal offers: fields of an alert with new values, judged on the alert that would come of it."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from app.alerts.content import content_of
from app.alerts.declare import findings_of
from app.core.clock import utc_now
from app.core.parsing import parse
from app.core.problems import Problem
from app.directory import codes
from app.wire.alert import AlertDraft
from app.wire.alert_answers import ProposalDraft
from app.wire.problem import Finding
from app.wire.strict_json import pointer

FIXED: Final = frozenset({"id", "conference", "publish_at"})
"""What no proposal changes: whose the alert is, and when it came."""
OFFERED: Final = tuple(field.alias or name for name, field in AlertDraft.model_fields.items() if name not in FIXED)


def draft_of(alert: Mapping[str, Any]) -> dict[str, Any]:
    """A published alert as its sender would write it now: without what the node derived."""
    sent = {name: alert[name] for name in OFFERED if name in alert}
    sent = as_sent(sent)
    if sent["audience"] == sorted(conference.code for conference in codes.conferences()):
        # The default, which everyone may leave as it is.
        del sent["audience"]
    return sent


def as_sent(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Published fields as they are sent: the band of a price is the node's."""
    fee = fields.get("fee")
    return {**fields, "fee": {name: value for name, value in fee.items() if name != "band"}} if fee else dict(fields)


def merged(alert: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """An alert with a change, as its sender would write it: a null takes a field away (RFC 7396, on the first level)."""
    together = {**draft_of(alert), **changes}
    return {name: value for name, value in together.items() if value is not None}


def judge_changes(draft: ProposalDraft, alert: Mapping[str, Any]) -> dict[str, Any]:
    """The change in its published form: canonical codes, against which version it was written.

    Raises `invalid-document` with every fault of the alert that would come of it under `/changes`, and `invalid-content` with
    `proposal-empty` where nothing would change.
    """
    _require_form(draft, alert)
    wanted = parse(AlertDraft, merged(alert, draft.changes), at=("changes",))
    faults = findings_of(wanted, ("changes",)) + _retention_faults(draft, wanted)
    if faults:
        raise Problem("invalid-document", *faults)
    content = content_of(wanted, str(alert["origin"]), wanted.audience if wanted.audience is not None else alert["audience"])
    changes = {name: content.get(name) for name in draft.changes}
    if all(alert.get(name) == value for name, value in changes.items()):
        raise Problem("invalid-content", Finding("proposal-empty", pointer="/changes"))
    return {"alert_version": draft.alert_version or alert["version"], "changes": changes}


def _require_form(draft: ProposalDraft, alert: Mapping[str, Any]) -> None:
    """Let a proposal pass that was written against a version there is and changes only what may be offered."""
    if draft.alert_version is not None and draft.alert_version > alert["version"]:
        raise Problem(
            "invalid-document", Finding("out-of-range", pointer="/alert_version", params={"minimum": 1, "maximum": alert["version"]})
        )
    fixed = [
        Finding("field-unknown", pointer=pointer("changes", name), params={"suggestions": [], "known": OFFERED})
        for name in sorted(FIXED & {*draft.changes})
    ]
    if fixed:
        raise Problem("invalid-document", *fixed)


def _retention_faults(draft: ProposalDraft, wanted: AlertDraft) -> list[Finding]:
    until = wanted.retention_until if "retention_until" in draft.changes else None
    over = until is not None and date.fromisoformat(until) < utc_now().date()
    return [Finding("retention-past", pointer="/changes/retention_until")] if over else []


def overtaken(changes: Mapping[str, Any], base: Mapping[str, Any], alert: Mapping[str, Any]) -> Iterator[Finding]:
    """A finding `proposal-stale` for each field that the alert has changed otherwise since the proposal was written."""
    for name, wanted in changes.items():
        if alert.get(name) not in (base.get(name), wanted):
            yield Finding("proposal-stale", pointer=pointer("changes", name), params={"version": base["version"]})
