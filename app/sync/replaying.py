"""One document's projections written anew from its entries, in the order of its versions: late ones fall into their place."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.access.visibility import forget_marks_of, grantees_of, mark
from app.documents.kinds import Kind, Kinds
from app.exchange.digests import KIND as AUDIT
from app.exchange.log import CHUNK, entries
from app.exchange.received import Told, story
from app.sync.checking import is_formed
from app.wire.codes import TLP, Op, Status

_MARKINGS = {tlp.value: tlp for tlp in TLP}


def is_understood(kind: Kind | None, document: dict[str, Any], *, formed: bool = False) -> bool:
    """Whether this release can show a document: of a kind and with codes that it knows; fields that it does not know are no matter.

    Whether it has the form of its kind is not looked at again where that is known.
    """
    if kind is None or not (formed or is_formed(document, kind.model)):
        return False
    withdrawn = document.get("status") == Status.WITHDRAWN.value
    return all(isinstance(document.get(name), str) for name in kind.withdrawn_as) if withdrawn else kind.understands(document)


def project(session: Session, kinds: Kinds, documents: Sequence[dict[str, Any]], formed: Collection[str] = ()) -> set[str]:
    """Write the projections of the newest versions of several documents, each once; ids of those that this release does not understand.

    Of these only who may see them is written.  `formed` are ids of those that are known to have the form of their kind.
    """
    known: dict[str, list[dict[str, Any]]] = {}
    strange: list[dict[str, Any]] = []
    for document in documents:
        understood = is_understood(kinds.get(document["kind"]), document, formed=document["id"] in formed)
        of_kind = known.setdefault(document["kind"], []) if understood else strange
        of_kind.append(document)
    for name, of_kind in known.items():
        kinds[name].project(session, of_kind)
    for document in strange:
        mark_alone(session, document)
    return {document["id"] for document in strange}


def mark_alone(session: Session, document: dict[str, Any]) -> None:
    """Mark who may see a version by its envelope; a marking that this release does not know is the strictest."""
    tlp = _MARKINGS.get(document["tlp"], TLP.RED)
    always = {f"{document['origin']}/secretariat", str(document["issuer"])}
    mark(session, document["id"], document["version"], tlp, grantees_of(tlp, document["audience"] or [document["origin"]], always))


def mark_hidden(session: Session, document_id: str, version: int, origin: str) -> None:
    """Mark a version that its origin hid from this node: nobody here may see the document from now on."""
    mark(session, document_id, version, TLP.RED, [f"{origin}/secretariat"])


def replay(session: Session, kinds: Kinds, kind: str, document_id: str) -> None:
    """Drop what is projected of a document and write it anew, version by version."""
    if kind in kinds:
        kinds[kind].forget_one(session, document_id)
    forget_marks_of(session, document_id)
    for told in story(session, document_id):
        _replay_one(session, kinds, document_id, told)


def _replay_one(session: Session, kinds: Kinds, document_id: str, told: Told) -> None:
    if told.op == Op.HIDE.value:
        mark_hidden(session, document_id, told.version, told.origin)
    elif told.text is not None:
        project(session, kinds, [orjson.loads(told.text)])


def write_anew(session: Session, kinds: Kinds) -> tuple[int, set[str]]:
    """Project every document of the log, their projections having been dropped; how many entries were read, and what is not understood.

    A document with a late or hidden version is written by itself, in the order of its versions.  Memory: a number a document.
    """
    count, newest, odd, strange = 0, dict[str, int](), dict[str, str](), set[str]()
    waiting: dict[str, dict[str, Any]] = {}
    for entry in entries(session):
        count += 1
        if entry.version < newest.get(entry.id, 0) or entry.op == Op.HIDE.value:
            odd[entry.id] = entry.kind
        newest[entry.id] = max(entry.version, newest.get(entry.id, 0))
        if entry.id in waiting or len(waiting) == CHUNK:
            strange |= project(session, kinds, list(waiting.values()))
            waiting.clear()
        if entry.text is not None and entry.id not in odd and entry.kind != AUDIT:
            waiting[entry.id] = orjson.loads(entry.text)
    strange |= project(session, kinds, list(waiting.values()))
    for document_id, name in odd.items():
        replay(session, kinds, name, document_id)
    return count, strange
