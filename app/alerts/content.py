"""From what was sent to the alert's content as it is published: canonical codes, and what the node derives."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.alerts.derived import confidence, fee_band
from app.directory import codes
from app.wire.alert import AlertDraft
from app.wire.codes import Status

NO_ONWARD: Final = "no-onward"
"""The handling code of what leaves a node by the screen and the sync alone, never in a file."""

_NOT_CONTENT: Final = {"id", "conference", "publish_at", "reason"}


def content_of(draft: AlertDraft, conference: str, audience: Sequence[str]) -> dict[str, Any]:
    """Everything of a version that its sender decides or that follows from it: what two versions are compared by.

    Takes a draft that `app.alerts.declare` found nothing wrong with.  `reference`, identity and instants are not of it.
    """
    written = draft.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_NOT_CONTENT)
    derived = {
        "kind": "alert",
        "status": Status.PUBLISHED.value,
        "origin": conference,
        "audience": list(audience),
        "handling": [handling_code(text) for text in draft.handling],
        "confidence": confidence(draft.source_reliability.value, draft.information_credibility),
        "nationalities": [codes.resolve_state(text) or text for text in draft.nationalities],
        "route": [_leg(leg) for leg in written["route"]],
    }
    return written | derived | ({"fee": _fee(written["fee"])} if draft.fee else {})


def handling_code(text: str) -> str:
    """A handling code as the vocabulary writes it: `no_onward` is an input alias of `no-onward`."""
    return text.replace("_", "-")


def _leg(leg: Mapping[str, Any]) -> dict[str, Any]:
    return dict(leg) | {end: codes.resolve_state(leg[end]) for end in ("from", "to")}


def _fee(fee: Mapping[str, Any]) -> dict[str, Any]:
    band = fee_band(fee["currency"], fee["max"])
    return dict(fee) | ({"band": band} if band else {})
