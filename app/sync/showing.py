"""How a peer stands, as it is told over HTTP and on the command line."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.core.clock import rfc3339, utc_now
from app.sync.faults import in_words
from app.sync.quarantine import NOT_UNDERSTOOD, Waiting
from app.sync.standing import Standing

_HOUR_S = 3600


def shown(standing: Standing, language: str) -> dict[str, Any]:
    """One peer, the reasons in a language."""
    peer, witnessed = standing.peer, standing.witnessed
    named = {"name": peer.name, "node": peer.node, "conferences": list(peer.authored), "url": peer.url}
    times = {"last_contact": _moment(peer.contact_at), "last_try": _moment(peer.tried_at), "silent_hours": _hours_since(peer.contact_at)}
    ours = {"witnessed": witnessed.size if witnessed else None, "witnessed_at": _moment(witnessed.kept_at) if witnessed else None}
    since = standing.behind.since
    left = {
        "waiting": standing.behind.count,
        "waiting_since": since,
        "waiting_hours": _hours_since(datetime.fromisoformat(since)) if since else None,
    }
    return {
        **named,
        **times,
        **_read(standing),
        "applied": peer.applied,
        **ours,
        "unwitnessed": max(standing.size - (witnessed.size if witnessed else 0), 0),
        **left,
        "failure": peer.failure,
        "not_understood": standing.quarantined.get(NOT_UNDERSTOOD, 0),
        "quarantined": _by_reason(standing.quarantined, language),
        "newest": _newest(standing.newest, language),
    }


def _read(standing: Standing) -> dict[str, object]:
    peer, read = standing.peer, standing.read
    unread = max(peer.size - (read.size if read else 0), 0)
    hours = _hours_since(read.kept_at if read else peer.added_at) if unread else None
    whole = {"read": read.size if read else None, "read_at": _moment(read.kept_at) if read else None}
    return {"size": peer.size, **whole, "unread": unread, "unread_hours": hours}


def _by_reason(quarantined: Mapping[str, int], language: str) -> list[dict[str, object]]:
    return [{"code": code, "count": count, "reason": in_words(code, language)} for code, count in sorted(quarantined.items())]


def _newest(waiting: Sequence[Waiting], language: str) -> list[dict[str, object]]:
    """What waits, one by one; what a peer did not even name in the form of a name stays unnamed."""
    return [
        {
            "code": each.code,
            "reason": in_words(each.code, language),
            "kind": each.kind or None,
            "id": each.id or None,
            "version": each.version or None,
            "since": rfc3339(each.kept_at),
        }
        for each in waiting
    ]


def _moment(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


def _hours_since(at: datetime | None) -> int | None:
    # A clock that was set back makes no negative silence.
    return max(int((utc_now() - at).total_seconds() // _HOUR_S), 0) if at else None
