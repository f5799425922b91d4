"""Who may do what with a waiting item: whoever may not see it learns nothing, and nobody confirms what is their own (guarantees 2)."""

import unicodedata
from typing import Any

from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.problems import Problem
from app.directory.service import newest_decision
from app.exchange import waiting
from app.exchange.node import Node
from app.exchange.waiting import Item
from app.exchange.waiting_list import seen
from app.wire.ids import is_uuid7


def one(session: Session, node: Node, caller: Caller, item_id: str) -> tuple[Item, dict[str, Any] | None]:
    """An item that the caller may see, and what is sealed in it; none where that is gone or its key is lost.

    Raises `not-found`, the same for what is another office's, what is above the client's ceiling and what does not exist.
    """
    item = seen(session, caller, item_id) if is_uuid7(item_id) else None
    content = waiting.read(node.secrets, item) if item else None
    if item is None:
        raise Problem("not-found")
    return item, content


def is_alone(session: Session, caller: Caller, item: Item) -> bool:
    """Whether a caller confirms what is its own, which only a conference of one officer allows (policy `single_officer`).

    Raises `person-missing` (403) where nobody answers for the client, or for one of the same office that wrote the item, and
    `same-person` (403) where it is the client or the person of a writer.
    """
    fault = _fault(caller, item)
    if fault and not newest_decision(session, item.origin).single_officer:
        raise Problem(fault)
    return fault is not None


def _fault(caller: Caller, item: Item) -> str | None:
    writers = waiting.writers_of(item)
    person = _folded(caller.person)
    if any(each["client"] == caller.client_id or (person and _folded(each["person"]) == person) for each in writers):
        return "same-person"
    unknown = any(each["office"] == caller.office and not _folded(each["person"]) for each in writers)
    return "person-missing" if unknown or not person else None


def _folded(person: str | None) -> str:
    """A person's name as it is compared: however it is written, in capitals or with other spaces."""
    return " ".join(unicodedata.normalize("NFKC", person or "").casefold().split())
