"""Linked bulletins carry one marking: a certificate shows the figures of all that it names (guarantees 1, rule 2)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import visible_documents
from app.bulletins.declare import Declaration
from app.bulletins.models import Bulletin
from app.bulletins.released import standing_near
from app.exchange.log import StoredDocument, documents
from app.wire.period import Period, overlaps
from app.wire.problem import Finding
from app.wire.strict_json import pointer


@dataclass(frozen=True)
class Linked:
    """Another bulletin of a flow that shares days with a new one: its marking, and whether the sender may know of it."""

    document_id: str
    natural_key: str
    tlp: str
    audience: tuple[str, ...]
    visible: bool


@dataclass(frozen=True)
class Marking:
    """How a bulletin that is about to be published is marked; `stands` tells that it is published like this already."""

    declaration: Declaration
    audience: tuple[str, ...]
    linked: tuple[Linked, ...]
    stands: bool

    @property
    def says(self) -> tuple[str, tuple[str, ...]]:
        """TLP and audience."""
        return self.declaration.draft.tlp.value, self.audience


def linked(session: Session, caller: Caller, flow_key: str, natural_key: str, period: Period) -> tuple[Linked, ...]:
    """The other bulletins of a flow whose newest version stands and shares a day with the period, in the order of their keys."""
    seen = Bulletin.document_id.in_(visible_documents(caller)).label("seen")
    found = session.execute(
        select(Bulletin.document_id, Bulletin.version, Bulletin.natural_key, seen)
        .where(*standing_near(flow_key, period), Bulletin.natural_key != natural_key)
        .order_by(Bulletin.natural_key)
    ).all()
    stored = documents(session, [(row.document_id, row.version) for row in found]) if found else {}
    return tuple(Linked(row.document_id, row.natural_key, *_marking(stored[row.document_id, row.version]), bool(row.seen)) for row in found)


def _marking(stored: StoredDocument) -> tuple[str, tuple[str, ...]]:
    document = orjson.loads(stored.text or "{}")
    return str(document.get("tlp")), tuple(document.get("audience", ()))


def other_markings(batch: Sequence[Marking]) -> Iterator[Finding]:
    """A finding `linked-marking-differs` for each bulletin that is marked otherwise than one it is linked with.

    What is published together counts as it will be marked, so that linked bulletins can change their marking in one batch.
    """
    together = {marking.declaration.natural_key for marking in batch}
    for number, marking in enumerate(batch):
        beside = [other for at, other in enumerate(batch) if at < number or (at > number and other.stands)]
        other = None if marking.stands else _differing(marking, beside, together)
        if other is not None:
            yield Finding("linked-marking-differs", pointer=pointer(*marking.declaration.at, "tlp"), params={"bulletin": other})


def _differing(mine: Marking, beside: Iterable[Marking], together: Collection[str]) -> str | None:
    """The first linked bulletin with another marking: its address, a dash where the sender may not know it, its period in a batch."""
    for each in mine.linked:
        if each.natural_key not in together and (each.tlp, each.audience) != mine.says:
            return f"/v1/bulletins/{each.document_id}" if each.visible else "–"  # noqa: RUF001 - a dash in a sentence
    return next((other.declaration.period.code for other in beside if _are_linked(mine, other) and other.says != mine.says), None)


def _are_linked(a: Marking, b: Marking) -> bool:
    return a.declaration.flow_key == b.declaration.flow_key and overlaps(a.declaration.counted, b.declaration.counted)
