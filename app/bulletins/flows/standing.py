"""How the store stands for a caller, and what of an answer may be kept while it stands so (ADR 0019)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib.metadata import version
from typing import TypeVar

from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows.question import FlowQuestion
from app.core.glance import Source
from app.core.kept import Kept
from app.core.paging import CursorSeal, unguessable
from app.exchange.log import Head, glanced_head, head, highest_recalled, highest_visible

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


def standing(session: Session, caller: Caller, seal: CursorSeal, kept: Kept) -> Standing:
    """How the store of a session stands for the caller: one small statement while nothing new has come."""
    at = head(session)
    return Standing(_mark(caller, seal, at, highest_visible(session, caller, "bulletin", at=at)), kept)


def glanced(db: Source, caller: Caller, seal: CursorSeal, kept: Kept) -> Standing | None:
    """The same at one glance; none where entries came since the last question, for which more must be read."""
    at = glanced_head(db)
    highest = highest_recalled(db, caller, "bulletin", at=at)
    return None if highest is None else Standing(_mark(caller, seal, at, highest), kept)


def _mark(caller: Caller, seal: CursorSeal, at: Head, highest: int) -> tuple[object, ...]:
    return (at.epoch, unguessable(seal, highest), caller.rights, BUILD)


def key_of(question: FlowQuestion) -> tuple[object, ...]:
    """A question as a key: equal ones are alike in every part, in whatever order its codes were asked for."""
    return tuple(_alike(getattr(question, each.name)) for each in fields(question))


def _alike(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(sorted((name, _alike(held)) for name, held in value.items()))
    return tuple(sorted(value)) if isinstance(value, frozenset) else value
