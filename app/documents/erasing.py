"""Erasure: what may never be read again goes for good; that it stood, and that it went, stays (guarantees 3)."""

from collections.abc import Callable, Mapping

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.access.models import DocumentAccess
from app.access.visibility import mark_gone
from app.core.idempotency import forget_naming
from app.core.parsing import parse
from app.core.problems import Problem
from app.directory.allow_list import vocabulary_of
from app.documents.texts import read_texts
from app.exchange import log
from app.exchange.decided import drop_erased
from app.exchange.erased import note
from app.exchange.log import Receipt
from app.exchange.node import Node
from app.wire.bulletin import Grounds
from app.wire.codes import Op

Forget = Callable[[Session, str], None]
"""What a kind does with a document that is erased: take its own lock, so that no version comes meanwhile, and drop its projections."""

Along = Callable[[Session, str], Mapping[str, Forget]]
"""What ends with a document that is erased: documents by id, each with what its kind does with it."""

Keep = Callable[[Session, Receipt], None]
"""What the edge does in the transaction of the erasure: keep the answer under its Idempotency-Key."""


def erase(
    node: Node,
    kind: str,
    caller: Caller | None,
    document_id: str,
    *,
    version: int,
    reason: str,
    attempt: Attempt,
    forget: Forget,
    along: Along | None = None,
    keep: Keep | None = None,
) -> Receipt:
    """Erase a document with all its versions: nobody gets it back, and whoever could see it is told of no more than its erasure.

    The reason may name what had to go: it is read as a text, waits for nobody, and is then neither published nor stored; the audit's
    row `erased` says that one was given.  What waits as a new version of it or as an answer to it is cancelled; answers that were kept under an Idempotency-Key and name the document go too.  Without a
    caller it is the node itself that erases; `along` names what ends with the document.  Raises `not-found` for what does not exist or
    was erased before, `not-origin` (403) for another conference's document, `precondition-failed` where another version came
    meanwhile, `personal-data` (422) for a reason with an identifier.
    """
    parse(Grounds, {"reason": reason})
    with node.db.write() as session:
        # Before the document's lock, as a release takes them; and after it, for what was kept meanwhile.
        drop_erased(session, node.secrets, document_id, attempt)
        ends = along(session, document_id) if along else {}
        # First: the kind's lock comes before the log's.  What is judged wrong below is all taken back.
        forget(session, document_id)
        drop_erased(session, node.secrets, document_id, attempt)
        _require_erasable(session, kind, caller, document_id, version)
        read_texts({"/reason": reason}, vocabulary_of(session))
        for each, drop in ends.items():
            drop(session, each)
        receipt, *_ = [_erase_one(session, node, attempt, each) for each in (document_id, *ends)]
        if keep:
            keep(session, receipt)
    note(node, kind, receipt)
    return receipt


def _require_erasable(session: Session, kind: str, caller: Caller | None, document_id: str, version: int) -> None:
    found = log.newest(session, document_id)
    if found is None or found.kind != kind or found.op == Op.ERASE.value:
        raise Problem("not-found")
    if caller is not None and caller.conference != found.origin:
        raise Problem("not-origin")
    if found.version != version:
        raise Problem("precondition-failed")


def erase_received(
    session: Session, node: Node, attempt: Attempt, document_id: str, version: int, forget: Forget, along: Along | None
) -> None:
    """Do here what another node says of its own document: erase it, with what ends with it; the receipt bears the version that it says.

    What is not in the log, and what was erased before, stays as it is.
    """
    drop_erased(session, node.secrets, document_id, attempt)
    ends = along(session, document_id) if along else {}
    forget(session, document_id)
    for each, drop in ends.items():
        drop(session, each)
    _erase_one(session, node, attempt, document_id, version)
    for each in ends:
        _erase_one(session, node, attempt, each)


def _erase_one(session: Session, node: Node, attempt: Attempt, document_id: str, version: int | None = None) -> Receipt:
    forget_naming(session, document_id)
    newest = log.newest(session, document_id)
    mark_gone(session, document_id, version or (newest.version + 1 if newest else 1))
    receipt = log.erase(session, node.signer, document_id, version)
    record(session, attempt, "erased", [(document_id, receipt.version)])
    return receipt


def forget_marks(session: Session) -> None:
    """Drop the marking of every document that stands, for `istmo rebuild`; of an erased one no entry says any more who is told of it."""
    session.execute(delete(DocumentAccess).where(~DocumentAccess.gone))
