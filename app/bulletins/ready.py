"""A bulletin that is ready for the log: all that publishing it needs, and no count that is not published (guarantees 1, rule 1)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from app.bulletins.released import Existing, Span
from app.documents.versions import stamped
from app.wire.codes import Outcome

Json = dict[str, Any]


@dataclass(frozen=True)
class Ready:
    """A version as it may be published: its protected form, its place, and the stamp of what it was judged against.

    It is kept as it stands where it has to wait; nothing leads from it to the table that was sent.
    """

    flow_key: str
    natural_key: str
    family: str
    flow_k: int
    reach: Span
    stamp: frozenset[tuple[str, int]]
    existing: Existing | None
    outcome: Outcome
    document_id: str
    version: int
    content: Json = field(repr=False)
    certificate: str = field(repr=False)
    reason: str | None = field(default=None, repr=False)

    @property
    def period(self) -> str:
        """The code of its period."""
        return str(self.content["period"])

    @property
    def is_new(self) -> bool:
        """Whether something is published by it."""
        return self.outcome is not Outcome.UNCHANGED

    def document(self, issuer: str, created_at: datetime, now: datetime) -> Json:
        """The version as the log takes it."""
        document = stamped(self.content, document_id=self.document_id, version=self.version, issuer=issuer, created_at=created_at, now=now)
        return document | ({"reason": self.reason} if self.existing else {})


def kept_form(ready: Ready) -> Json:
    """As it is kept while it waits: JSON."""
    return {**asdict(ready), "stamp": sorted(ready.stamp), "outcome": ready.outcome.value}


def from_kept(kept: Mapping[str, Any]) -> Ready:
    """What was kept, as it stood."""
    first, last = map(date.fromisoformat, kept["reach"])
    ready = Ready(**{**kept, "reach": (first, last), "outcome": Outcome(kept["outcome"])})
    stamp = frozenset((document_id, version) for document_id, version in kept["stamp"])
    return replace(ready, stamp=stamp, existing=Existing(**kept["existing"]) if kept["existing"] else None)
