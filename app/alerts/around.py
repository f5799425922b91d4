"""What of an alert figures can be looked for by: whom its network moves, through which States, and when it was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.alerts.models import Alert
from app.alerts.seen import span_of
from app.core.problems import Problem
from app.documents.reading import one
from app.wire.codes import TLP, Status


@dataclass(frozen=True)
class Around:
    """An alert's nationalities, corridor and days, its marking, and its identity for the audit of reads.

    `corridor` has the States of the route in the order of its legs, each with the number of the first leg that touches it.
    """

    document_id: str
    version: int
    tlp: TLP
    handling: tuple[str, ...]
    nationalities: tuple[str, ...]
    corridor: Mapping[str, int]
    first: date
    last: date


def around(session: Session, caller: Caller, document_id: str) -> Around:
    """What figures can be looked for by, of an alert that the caller may see.

    Raises `not-found`: the same for what is hidden, what does not exist, and what was withdrawn, for then it says nothing.
    """
    found = one(session, caller, Alert, document_id)
    alert = orjson.loads(found.text)
    if alert["status"] != Status.PUBLISHED.value:
        raise Problem("not-found")
    named = (found.document_id, found.version, found.tlp, tuple(alert["handling"]))
    return Around(*named, tuple(alert["nationalities"]), corridor_of(alert["route"]), *span_of(alert))


def corridor_of(route: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The States that a published route touches in the order of its legs, each with the number of the first leg that does."""
    found: dict[str, int] = {}
    for leg in sorted(route, key=lambda leg: int(leg["seq"])):
        for end in ("from", "to"):
            found.setdefault(leg[end], leg["seq"])
    return found
