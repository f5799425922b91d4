"""What waited, published: compared once more with what it was judged against, and judged by all that may have changed since (contract: Life)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.bulletins.certificates import named_in
from app.bulletins.ready import Ready, from_kept
from app.bulletins.released import gone_among
from app.bulletins.writing import StaleError, write
from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory.service import is_member
from app.documents.rights import require_known_parties
from app.documents.waiting import stale
from app.exchange.log import is_known
from app.exchange.node import Node
from app.wire.codes import Outcome


def release(session: Session, node: Node, payload: Mapping[str, Any], attempt: Attempt) -> list[tuple[str, int]]:
    """Publish bulletins that waited, together or not at all, inside the caller's transaction; ids and versions of what is new.

    The verdict of the audit is a function of the sent table and of what its flow had released: where that is the same still, the
    verdict stands.  Raises `review-stale` (409) where it is not, where the State is no member any more, where a party that is named is
    gone, where an id was given to another document, or where a certificate would prove beside what was withdrawn meanwhile.
    """
    ready = [from_kept(each) for each in payload["items"]]
    if not all(_still_stands(session, each) for each in ready if each.is_new):
        raise stale()
    try:
        written = write(session, node, ready, str(payload["issuer"]), attempt, datetime.fromisoformat(payload["created_at"]))
    except StaleError:
        raise stale() from None
    return [
        (each.document_id, each.version) for each, result in zip(ready, written, strict=True) if result.outcome != Outcome.UNCHANGED.value
    ]


def _still_stands(session: Session, item: Ready) -> bool:
    content, today = item.content, utc_now().date()
    if not is_member(session, content["reporting_state"], content["origin"], today):
        return False
    if item.existing is None and is_known(session, item.document_id):
        return False
    beside = [pair for pair in named_in(item.certificate) if pair in item.stamp]
    return _are_known(session, content["audience"]) and not gone_among(session, beside)


def _are_known(session: Session, audience: Sequence[str]) -> bool:
    try:
        require_known_parties(session, audience)
    except Problem:
        return False
    return True
