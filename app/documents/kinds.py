"""What the movers of documents do with one kind; `app.main.KINDS` is the table that they are handed (house.md)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.access.callers import Caller
from app.documents.erasing import Along, Forget
from app.exchange.node import Node
from app.exchange.waiting import Waiting

Project = Callable[[Session, Sequence[Mapping[str, Any]]], None]
"""Writes what lists and access ask for of one version each of several documents, the newest of its document so far."""

Release = Callable[[Session, Node, Mapping[str, Any], Attempt], Sequence[tuple[str, int]]]
"""Publishes what waited, from its payload, inside the caller's transaction; ids and versions of what came of it.

Raises `review-stale` (409) where what it was judged against has changed since: nothing is published then.
"""

Resubmit = Callable[[Node, Caller, Mapping[str, Any], object], Waiting]
"""Judges what is to stand in an item's place, in the form that was sent first, as sending it anew would; takes the item's payload and the body."""


@dataclass(frozen=True)
class Kind:
    """One kind of document: its schema, how its projections are written and dropped, whose it may be, what ends with it."""

    project: Project
    forget: Callable[[Session], None]
    forget_one: Forget
    model: type[BaseModel]
    understands: Callable[[Mapping[str, Any]], bool] = lambda _document: True
    is_of_origin: Callable[[Session, Mapping[str, Any]], bool] = lambda _session, _document: True
    along: Along | None = None
    places_of: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, str]] = lambda _documents: {}
    holders: Callable[[Session, Collection[str]], Mapping[str, str]] = lambda _session, _places: {}
    """By id what only one document may stand for, and which document does."""
    withdrawn_as: tuple[str, ...] = ()
    """Fields that the version which takes one back bears beside the common ones."""
    release: Release | None = None
    resubmit: Resubmit | None = None


Kinds = Mapping[str, Kind]
