"""How a peer stands, as it is told over HTTP and on the command line."""

from datetime import datetime
from typing import Any

from app.core.clock import rfc3339, utc_now
from app.sync.faults import in_words
from app.sync.peers import Standing

_HOUR_S = 3600


def shown(standing: Standing, size: int, language: str) -> dict[str, Any]:
    """One peer beside a log of this many entries; the reasons in a language."""
    peer = standing.peer
    named = {"name": peer.name, "node": peer.node, "conferences": list(peer.authored), "url": peer.url}
    times = {"last_contact": _moment(peer.contact_at), "last_try": _moment(peer.tried_at), "silent_hours": _hours_since(peer.contact_at)}
    seen = standing.witnessed
    witnessed = {"witnessed": seen.size if seen else None, "witnessed_at": _moment(seen.kept_at) if seen else None}
    behind = {"unwitnessed": max(size - (seen.size if seen else 0), 0)}
    waiting = [{"code": code, "count": count, "reason": in_words(code, language)} for code, count in sorted(standing.quarantined.items())]
    return {
        **named,
        **times,
        "size": peer.size,
        "applied": peer.applied,
        **witnessed,
        **behind,
        "failure": peer.failure,
        "quarantined": waiting,
    }


def _moment(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


def _hours_since(at: datetime | None) -> int | None:
    # A clock that was set back makes no negative silence.
    return max(int((utc_now() - at).total_seconds() // _HOUR_S), 0) if at else None
