"""What answers show, as the audit of reads names it: documents that were shown together stand once, however often they are shown (ADR 0021)."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby, islice, zip_longest
from operator import itemgetter

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.access.models import AuditRow, ReadSet
from app.core.db import changed_rows, insert_all_new
from app.wire.canonical import canonical
from app.wire.codes import TLP

Shown = tuple[str, int, TLP]
"""A document that an answer shows: its id, its version, its marking."""

_AT_ONCE, _ROWS = 500, 2_000
_COLUMNS = ("digest", "document_id", "version", "tlp")


class Together:
    """Documents of one answer that are audited alike: each once, in the order of their ids and versions."""

    def __init__(self, documents: Iterable[Shown]) -> None:
        """Of at least one document; of one that is shown with two markings the higher counts."""
        ranked = sorted({(document_id, version, tlp.rank) for document_id, version, tlp in documents})
        # An export shows tens of thousands: nothing else is held of them.
        self.documents = [each for each, after in zip_longest(ranked, islice(ranked, 1, None)) if after is None or each[:2] != after[:2]]

    @cached_property
    def named(self) -> dict[str, object]:
        """The columns by which an audit row names them: one document by itself, several by the digest of all."""
        alone = self.documents[0] if len(self.documents) == 1 else (None, None, None)
        several = None if alone[0] else digest_of(self.documents)
        return {"document_id": alone[0], "version": alone[1], "tlp": max(rank for _, _, rank in self.documents), "read_set": several}


class Reading:
    """What one answer shows, in the two parts of the audit: what must be noted before it leaves, and the rest."""

    def __init__(self, documents: Iterable[Shown]) -> None:
        """Of any number of documents, none among them too."""
        parts: tuple[list[Shown], list[Shown]] = ([], [])
        for each in documents:
            parts[each[2].rank >= TLP.AMBER.rank].append(each)
        self.passing, self.sensitive = (Together(part) if part else None for part in parts)


def digest_of(documents: Sequence[tuple[str, int, int]]) -> str:
    """SHA-256 of the canonical JSON of documents in their order: [[id, version, rank of the marking], ...]."""
    digest = hashlib.sha256(b"[")
    for number, each in enumerate(documents):
        digest.update((b"," if number else b"") + canonical(list(each)))
    digest.update(b"]")
    return digest.hexdigest()


def keep_sets(session: Session, sets: Iterable[Together]) -> None:
    """Write the sets of several documents that do not stand yet; after the audit rows that name them, so that no pruning comes between."""
    several = {str(digest): each for each in sets if (digest := each.named["read_set"])}
    digests = sorted(several)
    for begin in range(0, len(digests), _AT_ONCE):
        asked = digests[begin : begin + _AT_ONCE]
        stands = set(session.scalars(select(ReadSet.digest).distinct().where(ReadSet.digest.in_(asked))))
        # In one order for all writers: two that write the same sets wait for each other, and not in a circle.
        fresh = ((digest, *document) for digest in asked if digest not in stands for document in several[digest].documents)
        while piece := list(islice(fresh, _ROWS)):
            insert_all_new(session, ReadSet, [dict(zip(_COLUMNS, row, strict=True)) for row in piece])


def stored_sets(session: Session, first: int, last: int) -> dict[str, str]:
    """Of each set that a range of audit rows names, the digest of the documents that are stored for it now."""
    named = select(AuditRow.read_set).where(AuditRow.id.between(first, last), AuditRow.read_set.is_not(None))
    columns = (ReadSet.digest, ReadSet.document_id, ReadSet.version, ReadSet.tlp)
    rows = session.execute(select(*columns).where(ReadSet.digest.in_(named)).order_by(*columns[:3]).execution_options(yield_per=5_000))
    return {
        digest: digest_of([(row.document_id, row.version, row.tlp) for row in documents])
        for digest, documents in groupby(rows, itemgetter(0))
    }


def forget_unnamed(session: Session, digests: Iterable[str]) -> int:
    """Remove those of some sets that no audit row names any more, where the audit is held against its writers (`app.core.db.hold_table`); returns the rows that went."""
    gone, wanted = 0, sorted(set(digests))
    for begin in range(0, len(wanted), _AT_ONCE):
        unnamed = (ReadSet.digest.in_(wanted[begin : begin + _AT_ONCE]), ~exists().where(AuditRow.read_set == ReadSet.digest))
        gone += changed_rows(session.execute(delete(ReadSet).where(*unnamed)))
    return gone
