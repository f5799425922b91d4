"""How the store stands for a caller, and what of an answer may be kept while it stands so (ADR 0019)."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from importlib.metadata import version
from typing import TypeVar

from sqlalchemy import RowMapping, bindparam, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows.question import COLUMNS, FlowQuestion
from app.bulletins.models import Bulletin
from app.core.glance import Source
from app.core.kept import Kept
from app.core.paging import CursorSeal, unguessable
from app.exchange.log import Head, glanced_head, head
from app.exchange.noticing import Within, highest_recalled, highest_visible

BUILD = version("istmo")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Standing:
    """All that can change an answer beside its question, as `mark`: the log's epoch, the last entry that the caller notices, its rights."""

    mark: tuple[object, ...]
    kept: Kept

    def once(
        self, kind: type[_Value], about: tuple[object, ...], make: Callable[[], _Value], size: Callable[[_Value], int] = lambda _: 200
    ) -> _Value:
        """What was worked out for this standing before, or is now; `size` in bytes."""
        key = (self.mark, *about)
        known = self.kept.get(key, kind)
        if known is None:
            known = make()
            self.kept.put(key, known, size(known))
        return known


NOWHERE = Standing((), Kept(0))
"""For who keeps nothing."""


def standing(session: Session, caller: Caller, seal: CursorSeal, kept: Kept, within: Within | None = None) -> Standing:
    """How the store of a session stands for the caller, and for a question: one small statement while nothing new has come."""
    at = head(session)
    return Standing(_mark(caller, seal, at, highest_visible(session, caller, "bulletin", at=at, within=within)), kept)


def glanced(db: Source, caller: Caller, seal: CursorSeal, kept: Kept, within: Within | None = None) -> Standing | None:
    """The same at one glance; none where entries came since the last question, for which more must be read."""
    at = glanced_head(db)
    highest = highest_recalled(db, caller, "bulletin", at=at, within=within)
    return None if highest is None else Standing(_mark(caller, seal, at, highest), kept)


def _mark(caller: Caller, seal: CursorSeal, at: Head, highest: int) -> tuple[object, ...]:
    return (at.epoch, unguessable(seal, highest), caller.rights, BUILD)


def within(question: FlowQuestion) -> Within | None:
    """The bulletins that can change an answer: those of which any version has what the question asks for; all, where it asks for nothing.

    So figures of one State leave the answers about all others as they stand.  A bulletin of which no version is stored (it was erased,
    or came in a form that is not known here) may have been any.
    """
    if not question.matching:
        return None
    asked = {name: frozenset(codes) for name, codes in question.matching.items()}
    key = ("bulletins", *sorted((name, tuple(sorted(codes))) for name, codes in asked.items()))

    def touches(versions: object) -> bool:
        return versions is None or any(all(row[name] in codes for name, codes in asked.items()) for row in versions)  # type: ignore[attr-defined]

    return Within(key, _versions_of, touches)


def _versions_of(session: Session, document_ids: AbstractSet[str]) -> dict[str, list[RowMapping]]:
    """What questions match by, of every stored version of bulletins."""
    found: dict[str, list[RowMapping]] = {}
    for row in session.execute(_VERSIONS, {"ids": list(document_ids)}).mappings():
        found.setdefault(row["document_id"], []).append(row)
    return found


_VERSIONS = select(Bulletin.document_id, *(getattr(Bulletin, name) for name in COLUMNS.values())).where(
    Bulletin.document_id.in_(bindparam("ids", expanding=True))
)


def key_of(question: FlowQuestion) -> tuple[object, ...]:
    """A question as a key: equal ones are alike in every part, in whatever order its codes were asked for."""
    return tuple(_alike(getattr(question, each.name)) for each in fields(question))


def _alike(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(sorted((name, _alike(held)) for name, held in value.items()))
    return tuple(sorted(value)) if isinstance(value, frozenset) else value
