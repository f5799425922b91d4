"""What the bulletins behind an answer say of themselves: who published the figures first, under which licence, their digests, their places."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import marks_of
from app.bulletins.flows.answering import Answered, answering, declares
from app.bulletins.flows.question import FlowQuestion
from app.core.db import Database, Patience
from app.exchange.log import documents

_READ: Final = 200
_PLACES: Final = "route_point"


@dataclass(frozen=True)
class Source:
    """A version of a bulletin, `id@vN`: its publisher, digest and moment, the source that it names, and the names of its places."""

    bulletin: str
    publisher: str
    digest: str
    published_at: str
    named: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)


def sources_of(db: Database, caller: Caller, answered: Sequence[Answered], patience: Patience | None = None) -> list[Source]:
    """The sources of an answer, in its order, in short reads; of what was hidden or withdrawn meanwhile nothing is told."""
    found: list[Source] = []
    for start in range(0, len(answered), _READ):
        with db.read(patience) as session:
            found += sources_in(session, caller, answered[start : start + _READ])
    return found


def sources_in(session: Session, caller: Caller, answered: Sequence[Answered]) -> list[Source]:
    """The same in one read."""
    seen = marks_of(session, caller, [document_id for document_id, _, _ in answered])
    stored = documents(session, [(document_id, version) for document_id, version, _ in answered if document_id in seen])
    told = (stored.get((document_id, version)) for document_id, version, _ in answered)
    return [_source(orjson.loads(each.text)) for each in told if each is not None and each.text is not None and not each.withdrawn]


def places_in(session: Session, caller: Caller, question: FlowQuestion) -> dict[str, str]:
    """The names of places on routes, as the bulletins that answer name them; the latest period has the last word."""
    answer = answering(caller, question)
    order = (answer.c.period_start, answer.c.period_end, answer.c.document_id)
    asked = select(answer.c.document_id, answer.c.version).where(declares(answer.c.dimensions, _PLACES)).order_by(*order)
    pairs = [(row.document_id, row.version) for row in session.execute(asked)]
    stored = documents(session, pairs) if pairs else {}
    texts = (stored[pair].text for pair in pairs if pair in stored)
    return places_of(_source(orjson.loads(text)) for text in texts if text is not None)


def places_of(sources: Iterable[Source]) -> dict[str, str]:
    """The names of places on routes; the latest source has the last word."""
    return {code: label for source in sources for code, label in source.places.items()}


def newest_of(sources: Iterable[Source]) -> str | None:
    """When the latest of the bulletins was published; none where there is none."""
    return max((source.published_at for source in sources), default=None)


def _source(document: Mapping[str, Any]) -> Source:
    places = {place["code"]: place["label"] for place in document.get("route_points", ())}
    named = {name: value for name, value in (document.get("source") or {}).items() if value is not None}
    bulletin = f"{document['id']}@v{document['version']}"
    return Source(bulletin, document["publisher"], document["digest"], document["published_at"], named, places)
