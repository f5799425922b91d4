"""Who sees a document: its marking as rows of `document_access`, and the ONE statement over them (contract: Envelope)."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, delete, false, func, insert, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.access.callers import Caller
from app.access.models import DocumentAccess
from app.core.clock import utc_now
from app.core.db import insert_all
from app.wire.codes import TLP, Role

EVERYONE = "*"

# Made once: an alias costs as much as all else of a condition. Each stands in a subquery of its own, so that none meets itself.
_OWN, _NEWEST, _PARENT = (aliased(DocumentAccess) for _ in range(3))


def grantees_of(tlp: TLP, audience: Iterable[str], always: Iterable[str]) -> frozenset[str]:
    """Who may see a version by its own marking: `*`, conferences or offices.

    `audience` holds conferences or offices and restricts AMBER and above only; `always` are the origin's secretariat, the
    issuer and, for a bulletin, the reporting State's office. Where everyone may, nobody is named beside.
    """
    if tlp.rank <= TLP.GREEN.rank:
        return frozenset({EVERYONE})
    if tlp is TLP.AMBER:
        return frozenset({*audience, *always})
    offices = {party for party in audience if "/" in party}
    if tlp is TLP.RED:
        return frozenset({*offices, *always})
    secretariats = {f"{party}/secretariat" for party in audience if "/" not in party}
    return frozenset({*secretariats, *(office for office in offices if office.endswith("/secretariat")), *always})


@dataclass(frozen=True)
class Bond:
    """What else decides who sees a document: the document that it is seen only with, and the last day on which anyone sees it."""

    parent: str | None = None
    until: date | None = None


FREE = Bond()


@dataclass(frozen=True)
class Mark:
    """How a version is marked: by whom it is seen, and what else decides that."""

    document_id: str
    version: int
    tlp: TLP
    grantees: Iterable[str]
    bond: Bond = FREE


def mark(session: Session, document_id: str, version: int, tlp: TLP, grantees: Iterable[str], bond: Bond = FREE) -> None:
    """Write the marking of a new version, which becomes the newest of its document; its bond is that of every version."""
    mark_all(session, [Mark(document_id, version, tlp, grantees, bond)])


def mark_all(session: Session, marks: Sequence[Mark]) -> None:
    """Write the marking of a new version of each of several documents, as `mark` does."""
    later = {each.document_id: each.bond.until for each in marks if each.version > 1}
    if later:
        earlier = DocumentAccess.document_id.in_(later)
        bound = set(session.scalars(select(DocumentAccess.document_id).where(earlier, DocumentAccess.until.is_not(None))))
        # `coalesce` keeps SQLite from the index on `newest`, by which it would walk all documents for each page that a peer brings.
        superseded = update(DocumentAccess).where(earlier, func.coalesce(DocumentAccess.newest, false())).values(newest=False)
        session.execute(superseded, execution_options={"synchronize_session": False})
        for document_id in bound | {each for each, until in later.items() if until is not None}:
            known = update(DocumentAccess).where(DocumentAccess.document_id == document_id)
            session.execute(known.values(until=later[document_id]))
    insert_all(session, DocumentAccess, [row for each in marks for row in _rows_of(each)])


def _rows_of(marked: Mark) -> Iterator[dict[str, object]]:
    rank = marked.tlp.rank
    for grantee in sorted(marked.grantees):
        yield {
            "document_id": marked.document_id,
            "version": marked.version,
            "grantee": grantee,
            "conference": grantee.split("/")[0],
            "tlp": rank,
            "newest": True,
            "parent": marked.bond.parent,
            "until": marked.bond.until,
            "gone": False,
        }


def mark_gone(session: Session, document_id: str, version: int) -> None:
    """Mark an erasure: whoever could see the newest version is told of it, and what was seen with the document is seen no more."""
    rows = session.scalars(select(DocumentAccess).where(DocumentAccess.document_id == document_id, DocumentAccess.newest)).all()
    told = [(row.grantee, row.conference, row.tlp, row.parent) for row in rows]
    session.execute(update(DocumentAccess).where(DocumentAccess.document_id == document_id).values(newest=False, until=None, gone=True))
    named = ("grantee", "conference", "tlp", "parent")
    common = {"document_id": document_id, "version": version, "newest": True, "until": None, "gone": True}
    session.execute(insert(DocumentAccess), [dict(zip(named, each, strict=True)) | common for each in told])


def _matches(caller: Caller, access: type[DocumentAccess]) -> ColumnElement[bool]:
    """Condition on a marking: the caller is among those it names, its last day is not over, and the caller sees what it belongs to."""
    return _matching(caller.role, caller.ceiling, caller.conference, caller.grantees, utc_now().date(), access)


@functools.lru_cache(maxsize=1_000)
def _matching(
    role: Role, ceiling: int, conference: str, grantees: tuple[str, ...], today: date, access: type[DocumentAccess]
) -> ColumnElement[bool]:
    """The condition for all callers who are alike on a day: to put it together takes as long as to ask it."""
    names = functools.partial(_names, role, ceiling, conference, grantees, today)
    # `coalesce` keeps the planner from the index on `newest`, by which it would walk all documents for each row.
    newest = (_PARENT.document_id == access.parent, func.coalesce(_PARENT.newest, false()), ~_PARENT.gone)
    seen = select(literal(1)).where(*newest, names(_PARENT))
    # Not EXISTS: PostgreSQL hashes that over every document before it looks at the first row of a page.
    with_parent = seen.correlate(access).limit(1).scalar_subquery().is_not(None)
    return and_(names(access), or_(access.parent.is_(None), with_parent))


def _names(
    role: Role, ceiling: int, conference: str, grantees: tuple[str, ...], today: date, access: type[DocumentAccess]
) -> ColumnElement[bool]:
    lasting = or_(access.until.is_(None), access.until >= today)
    if role is Role.OPERATOR:
        return lasting
    below = and_(lasting, access.tlp <= ceiling)
    if role is Role.PEER:
        return and_(below, access.conference.in_((EVERYONE, conference)))
    return and_(below, access.grantee.in_(grantees))


def visible_to(caller: Caller) -> Select[str, int]:
    """(document id, version) of every version that the caller may see.

    A version is as strict as the stricter of its own marking and the newest version's; never above the caller's ceiling.
    An operator gets every envelope.  Joined into every list, count, export, feed, aggregate and reference.
    """
    bound = select(_NEWEST.document_id).where(_NEWEST.newest, _matches(caller, _NEWEST))
    return select(_OWN.document_id, _OWN.version).where(_matches(caller, _OWN), _OWN.document_id.in_(bound)).distinct()


def visible_documents(caller: Caller) -> Select[str]:
    """Ids of the documents whose newest version the caller may see: `visible_to` where only the newest counts."""
    return select(DocumentAccess.document_id).where(DocumentAccess.newest, _matches(caller, DocumentAccess))


def document_is_seen(caller: Caller, document_id: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Condition on one document id: the caller may see its newest version. It is `visible_documents`, asked of one row at a time."""
    # `coalesce` keeps the planner from the index on `newest`, by which it would walk all documents for each row.
    newest = (_NEWEST.document_id == document_id, func.coalesce(_NEWEST.newest, false()), _matches(caller, _NEWEST))
    return select(literal(1)).where(*newest).limit(1).scalar_subquery().is_not(None)


def version_is_seen(
    caller: Caller,
    document_id: ColumnElement[str] | InstrumentedAttribute[str],
    version: ColumnElement[int] | InstrumentedAttribute[int],
) -> ColumnElement[bool]:
    """Condition on one version: the caller may see it. It is `visible_to`, asked of one row at a time."""
    own = select(literal(1)).where(_OWN.document_id == document_id, _OWN.version == version, _matches(caller, _OWN))
    return and_(own.limit(1).scalar_subquery().is_not(None), document_is_seen(caller, document_id))


def could_see(caller: Caller) -> Select[str, int]:
    """(document id, version) of the versions that the caller could see when they were the newest: who is told of a `hide`."""
    return select(DocumentAccess.document_id, DocumentAccess.version).where(_matches(caller, DocumentAccess)).distinct()


@dataclass(frozen=True)
class Marked:
    """How the newest version of a document is marked."""

    tlp: TLP
    grantees: frozenset[str]
    parent: str | None = None

    def covers(self, tlp: TLP, grantees: Iterable[str]) -> bool:
        """Whether all who may see a document that is marked so may see this one: it is no stricter (contract: who sees a document)."""
        open_to_all = EVERYONE in self.grantees
        return self.tlp.rank <= tlp.rank and all(
            open_to_all or each in self.grantees or each.split("/")[0] in self.grantees for each in grantees
        )


def marks_of(session: Session, caller: Caller, ids: Sequence[str]) -> dict[str, Marked]:
    """How documents are marked, by id, of those that the caller may see; one that is hidden or gone is left out like one that never was."""
    asked = select(DocumentAccess.document_id, DocumentAccess.tlp, DocumentAccess.grantee, DocumentAccess.parent).where(
        DocumentAccess.document_id.in_(ids),
        DocumentAccess.newest,
        ~DocumentAccess.gone,
        DocumentAccess.document_id.in_(visible_documents(caller)),
    )
    found: dict[str, tuple[int, str | None, set[str]]] = {}
    for document_id, rank, grantee, parent in session.execute(asked):
        found.setdefault(document_id, (rank, parent, set()))[2].add(grantee)
    return {document_id: Marked(list(TLP)[rank], frozenset(grantees), parent) for document_id, (rank, parent, grantees) in found.items()}


def forget_marks(session: Session) -> None:
    """Drop the marking of every document, for `istmo rebuild`."""
    session.execute(delete(DocumentAccess))


def forget_marks_of(session: Session, document_id: str) -> None:
    """Drop the marking of one document that stands, before it is written anew version by version."""
    session.execute(delete(DocumentAccess).where(DocumentAccess.document_id == document_id, ~DocumentAccess.gone))
