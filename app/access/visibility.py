"""Who sees a document: its marking as rows of `document_access`, and the ONE statement over them (contract: Envelope)."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, and_, delete, insert, select, true, update
from sqlalchemy.orm import Session, aliased

from app.access.callers import Caller
from app.access.models import DocumentAccess
from app.wire.codes import TLP, Role

EVERYONE = "*"


def grantees_of(tlp: TLP, audience: Iterable[str], always: Iterable[str]) -> frozenset[str]:
    """Who may see a version by its own marking: `*`, conferences or offices.

    `audience` holds conferences or offices and restricts AMBER and above only; `always` are the origin's secretariat, the
    issuer and, for a bulletin, the reporting State's office.
    """
    if tlp.rank <= TLP.GREEN.rank:
        return frozenset({EVERYONE, *always})
    if tlp is TLP.AMBER:
        return frozenset({*audience, *always})
    offices = {party for party in audience if "/" in party}
    if tlp is TLP.RED:
        return frozenset({*offices, *always})
    secretariats = {f"{party}/secretariat" for party in audience if "/" not in party}
    return frozenset({*secretariats, *(office for office in offices if office.endswith("/secretariat")), *always})


def mark(session: Session, document_id: str, version: int, tlp: TLP, grantees: Iterable[str]) -> None:
    """Write the marking of a new version, which becomes the newest of its document."""
    session.execute(update(DocumentAccess).where(DocumentAccess.document_id == document_id, DocumentAccess.newest).values(newest=False))
    rows = [
        {
            "document_id": document_id,
            "version": version,
            "grantee": grantee,
            "conference": grantee.split("/")[0],
            "tlp": tlp.rank,
            "newest": True,
        }
        for grantee in sorted(grantees)
    ]
    session.execute(insert(DocumentAccess), rows)


def _matches(caller: Caller, access: type[DocumentAccess]) -> ColumnElement[bool]:
    if caller.role is Role.OPERATOR:
        return true()
    below = access.tlp <= caller.ceiling
    if caller.role is Role.PEER:
        return and_(below, access.conference.in_((EVERYONE, caller.conference)))
    return and_(below, access.grantee.in_(caller.grantees))


def visible_to(caller: Caller) -> Select[str, int]:
    """(document id, version) of every version that the caller may see.

    A version is as strict as the stricter of its own marking and the newest version's; never above the caller's ceiling.
    An operator gets every envelope.  Joined into every list, count, export, feed, aggregate and reference.
    """
    own, newest = aliased(DocumentAccess), aliased(DocumentAccess)
    bound = select(newest.document_id).where(newest.newest, _matches(caller, newest))
    return select(own.document_id, own.version).where(_matches(caller, own), own.document_id.in_(bound)).distinct()


def visible_documents(caller: Caller) -> Select[str]:
    """Ids of the documents whose newest version the caller may see: `visible_to` where only the newest counts."""
    return select(DocumentAccess.document_id).where(DocumentAccess.newest, _matches(caller, DocumentAccess))


def could_see(caller: Caller) -> Select[str, int]:
    """(document id, version) of the versions that the caller could see when they were the newest: who is told of a `hide`."""
    return select(DocumentAccess.document_id, DocumentAccess.version).where(_matches(caller, DocumentAccess)).distinct()


def forget_marks(session: Session) -> None:
    """Drop the marking of every document, for `istmo rebuild`."""
    session.execute(delete(DocumentAccess))
