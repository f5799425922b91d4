"""Who may write an alert, and whom it may name: judged before the form of a body (contract: Order of judgement)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import Marked, marks_of, visible_documents
from app.alerts.models import Alert, AlertAnswer
from app.core.clock import utc_now
from app.core.problems import Problem
from app.documents.rights import may_write_for, require_conference
from app.wire.codes import TLP, Role
from app.wire.ids import is_uuid7
from app.wire.problem import Finding
from app.wire.strict_json import pointer

Table = type[Alert] | type[AlertAnswer]


@dataclass(frozen=True)
class Standing:
    """The newest version of a document as its writer may see it: whose it is, and whether it stands."""

    document_id: str
    version: int
    origin: str
    issuer: str
    status: str


def require_author(session: Session, caller: Caller, body: object, authored: Sequence[str], at: tuple[object, ...] = ()) -> str:
    """The conference for which a caller publishes this body.

    Raises `not-your-state` (403) for another conference than the caller's and for a partner whose State is not its *member* today,
    `not-authored-here` (403) where this node does not sign for the conference.
    """
    conference = require_conference(caller, body, authored, at)
    if caller.role is Role.PARTNER and not may_write_for(session, caller, str(caller.state), utc_now().date()):
        raise Problem("not-your-state", Finding("not-your-state", pointer=pointer(*at, "conference")))
    return conference


def standing(session: Session, caller: Caller, table: Table, document_id: str) -> Standing:
    """The newest version of a document that the caller may see; raises `not-found`, the same for what is hidden and what never was."""
    asked = select(table.document_id, table.version, table.origin, table.issuer, table.status).where(
        table.document_id == (document_id if is_uuid7(document_id) else ""),
        table.superseded_at.is_(None),
        table.document_id.in_(visible_documents(caller)),
    )
    row = session.execute(asked).one_or_none()
    if row is None:
        raise Problem("not-found")
    return Standing(*row)


def changeable(session: Session, caller: Caller, table: Table, document_id: str) -> Standing:
    """A document that the caller may change: of its own conference, and for a partner of its own office.

    Raises `not-found`, `not-origin` (403) and `not-your-state` (403).
    """
    found = standing(session, caller, table, document_id)
    if found.origin != caller.conference:
        raise Problem("not-origin")
    own = caller.role is not Role.PARTNER or found.issuer == caller.office
    if not own or (caller.state and not may_write_for(session, caller, caller.state, utc_now().date())):
        raise Problem("not-your-state")
    return found


def link_faults(
    session: Session, caller: Caller, named: Sequence[tuple[str, str]], tlp: TLP, grantees: Iterable[str], *, alone: bool = False
) -> Iterator[Finding]:
    """A finding for each named document that the sender may not see (`link-unknown`) or that is stricter (`link-stricter`).

    `named` are pairs of a pointer and a document id; `tlp` and `grantees` are how the document that names them will be marked.
    What is seen only with another is as strict as that too, unless it is judged `alone`.
    """
    if not named:
        return
    readers = frozenset(grantees)
    chains = _chains(session, caller, [document_id for _, document_id in named], alone=alone)
    for place, document_id in named:
        chain = chains[document_id]
        if None in chain:
            yield Finding("link-unknown", pointer=place)
        elif not all(each.covers(tlp, readers) for each in chain if each):
            yield Finding("link-stricter", pointer=place)


def _chains(session: Session, caller: Caller, ids: Sequence[str], *, alone: bool) -> dict[str, list[Marked | None]]:
    """How each document is marked, and what it is seen only with, unless judged `alone`; none for what the caller may not see."""
    marks = marks_of(session, caller, ids)
    parents = {} if alone else {document_id: marked.parent for document_id, marked in marks.items() if marked.parent}
    above = marks_of(session, caller, sorted(set(parents.values()))) if parents else {}
    return {each: [marks.get(each), *([above.get(parents[each])] if each in parents else [])] for each in ids}
