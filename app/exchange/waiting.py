"""What may not be published yet: held for a second person, or pending until its minute; kept sealed, in protected form (guarantees 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import orjson
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.clock import utc_now
from app.core.secrets import Secrets
from app.core.vault import opened, sealed
from app.exchange.models import WaitingItem
from app.exchange.places import leave_places, require_free, require_unrevised, take_places
from app.wire.codes import TLP, WaitingStatus
from app.wire.ids import uuid7
from app.wire.problem import Finding

KEPT_DAYS = 14
"""After so many days without a decision an item is purged (guarantees 2)."""

Item: TypeAlias = WaitingItem
"""What is kept of a waiting item; rooms above read it, and change it only by `app.exchange.waiting` and `app.exchange.decided`."""


@dataclass(frozen=True)
class Waiting:
    """What a kind hands over in place of publishing it: nothing of it says more than the published form would.

    `documents` are the versions as they would be published (without number, salt, signature), for whoever confirms them; `payload` is what
    the kind's `release` needs; `findings` are what looks like a person, by place; `places` is what only one item may stand for;
    before `due` it is not published; `needs_review` says whether a second person decides; `revises` names the documents of which it is
    a new version, `ends_with` those with which it is erased; `covered` are versions whose confirmation covers texts of it.
    """

    kind: str
    origin: str
    issuer: str
    documents: Sequence[Mapping[str, Any]] = field(repr=False)
    payload: Mapping[str, Any] = field(repr=False)
    findings: Sequence[Finding] = field(default=(), repr=False)
    places: Sequence[str] = ()
    due: datetime | None = None
    needs_review: bool = False
    revises: Sequence[str] = ()
    ends_with: Sequence[str] = ()
    covered: Sequence[tuple[str, int]] = ()

    @property
    def is_ready(self) -> bool:
        """Whether nothing has to be waited for."""
        return not self.needs_review and (self.due is None or self.due <= utc_now())


@dataclass(frozen=True)
class Kept:
    """A waiting item as its sender is told of it."""

    id: str
    version: int
    status: WaitingStatus
    due: datetime | None


def hold(session: Session, secrets: Secrets, caller: Caller, waiting: Waiting) -> Kept:
    """Keep an item until it may be published, whole or not at all.

    Raises `review-waiting` (409, with the link) where another item stands for the same, or is a new version of the same document.  It
    names what its sender may see: whoever may write for one place sees what waits there.  The caller's transaction holds the locks of
    the documents that it revises.
    """
    now, review_id = utc_now(), uuid7()
    _require_room(session, secrets, caller, waiting)
    row = {
        "id": review_id,
        "version": 1,
        "kind": waiting.kind,
        "origin": waiting.origin,
        "issuer": waiting.issuer,
        "writers": orjson.dumps([_writer(caller)]).decode(),
        "created_at": now,
        **_standing(secrets, f"{review_id}.r1", waiting, now),
    }
    session.execute(insert(WaitingItem), [row])
    take_places(session, secrets, review_id, waiting.places, waiting.revises, waiting.ends_with)
    return Kept(review_id, 1, WaitingStatus(str(row["status"])), waiting.due)


def replace(session: Session, secrets: Secrets, item: Item, caller: Caller, waiting: Waiting) -> None:
    """Let something else wait in an item's place; who sends it has written it too.  Raises `review-waiting` as `hold` does."""
    leave_places(session, item.id)
    _require_room(session, secrets, caller, waiting)
    for name, value in _standing(secrets, f"{item.id}.r{item.version + 1}", waiting, utc_now()).items():
        setattr(item, name, value)
    item.version += 1
    item.reason = None
    add_writer(item, caller)
    session.flush()
    take_places(session, secrets, item.id, waiting.places, waiting.revises, waiting.ends_with)


def _require_room(session: Session, secrets: Secrets, caller: Caller, waiting: Waiting) -> None:
    require_free(session, secrets, waiting.places)
    require_unrevised(session, secrets, caller, waiting.revises)


def _standing(secrets: Secrets, binding: str, waiting: Waiting, now: datetime) -> dict[str, object]:
    """The columns that follow from what waits and since when."""
    return {
        "tlp": max(TLP(each["tlp"]).rank for each in waiting.documents),
        "status": (WaitingStatus.HELD if waiting.needs_review else WaitingStatus.PENDING).value,
        "needs_review": waiting.needs_review,
        "due": waiting.due,
        "sealed": sealed(secrets, content_of(waiting), binding),
        "changed_at": now,
        "expires_at": kept_until(now, None if waiting.needs_review else waiting.due),
    }


def kept_until(now: datetime, due: datetime | None) -> datetime:
    """When an item is purged on which nothing was decided, or that was not published at its minute."""
    return (now if due is None else max(now, due)) + timedelta(days=KEPT_DAYS)


def _writer(caller: Caller) -> dict[str, str | None]:
    return {"client": caller.client_id, "person": caller.person, "office": caller.office}


def add_writer(item: Item, caller: Caller) -> None:
    """Remember who has written an item too, for nobody confirms what is their own."""
    known = writers_of(item)
    if _writer(caller) not in known:
        item.writers = orjson.dumps([*known, _writer(caller)]).decode()


def writers_of(item: Item) -> list[dict[str, str | None]]:
    """Who wrote an item: client, person (where the client has one) and office of each."""
    known: list[dict[str, str | None]] = orjson.loads(item.writers)
    return known


def content_of(waiting: Waiting) -> bytes:
    """All of an item that is sealed, as JSON."""
    findings = [{"code": each.code, "pointer": each.pointer, "params": dict(each.params)} for each in waiting.findings]
    return orjson.dumps({"documents": waiting.documents, "payload": waiting.payload, "findings": findings})


def as_kept(waiting: Waiting) -> dict[str, Any]:
    """What `read` gives of an item that is kept so."""
    content: dict[str, Any] = orjson.loads(content_of(waiting))
    return content


def read(secrets: Secrets, item: WaitingItem) -> dict[str, Any] | None:
    """What is sealed in an item: documents, payload, findings; none where it is gone, or where its key is."""
    if item.sealed is None:
        return None
    plain = opened(secrets, item.sealed, f"{item.id}.r{item.version}")
    content: dict[str, Any] | None = orjson.loads(plain) if plain is not None else None
    return content
