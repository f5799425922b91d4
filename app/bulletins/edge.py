"""What the routes of bulletins share: the gate before protection, rights over a body and a target, answers."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import orjson
from fastapi import Depends, Request, Response

from app.access.callers import Caller
from app.access.once import KeepAnswer
from app.bulletins.preparing import Prepared
from app.bulletins.released import owner_of
from app.bulletins.rights import require_writer
from app.bulletins.service import Keep
from app.bulletins.writing import Published
from app.core.clock import utc_now
from app.core.conditional import document_etag
from app.core.gate import Gate
from app.core.http import json_response
from app.core.language import spoken
from app.core.problems import Problem, as_json
from app.documents.edge import waiting_answer
from app.documents.rights import may_write_for
from app.exchange.node import Node
from app.wire.codes import Outcome
from app.wire.ids import is_uuid7
from app.wire.problem import Finding


async def _passage(request: Request) -> AsyncIterator[None]:
    gate: Gate = request.app.state.protection
    async with gate.passage():
        yield


Passage = Annotated[None, Depends(_passage, scope="function")]
"""A slot of the protection's own thread limit, held while the endpoint works."""


def right_to_write(node: Node, caller: Caller, body: object, at: tuple[object, ...] = ()) -> str:
    """The conference for which a caller may publish this body; raises the 403 of `app.bulletins.rights`."""
    with node.db.read() as session:
        return require_writer(session, caller, body, node.settings.authored, at)


def rights_to_write(node: Node, caller: Caller, bodies: Sequence[object], under: str) -> list[str]:
    """The conference of each body of a batch, judged in one read; raises the 403 of the first that may not be."""
    with node.db.read() as session:
        return [require_writer(session, caller, body, node.settings.authored, (under, at)) for at, body in enumerate(bodies)]


def right_to_change(node: Node, caller: Caller, document_id: str) -> str:
    """The ETag of a bulletin that the caller may change.

    Raises `not-found` for what it may not see and for what does not exist, `not-origin` (403) for another conference's bulletin,
    `not-your-state` (403) for another State's.
    """
    if not is_uuid7(document_id):
        raise Problem("not-found")
    with node.db.read() as session:
        owner = owner_of(session, caller, document_id)
        if owner is None:
            raise Problem("not-found")
        if owner.origin != caller.conference:
            raise Problem("not-origin")
        if not may_write_for(session, caller, owner.reporting_state, utc_now().date()):
            raise Problem("not-your-state")
    return document_etag(document_id, owner.version)


def kept(keep: KeepAnswer | None) -> Keep | None:
    """Keep the first answer of a write, without what depends on unprotected counts."""
    if keep is None:
        return None
    return lambda session, results: keep(session, answer(results[0]))


def answer(result: Published, language: str | None = None) -> Response:
    """The answer to a write of one bulletin: the document with its `outcome`.

    In its sender's language, where one is given, also how much of the population it shows, and the warnings.  202 where it waits.
    """
    if result.kept is not None:
        return waiting_answer(result.kept, findings_of(result), language)
    document = dict(result.document or {})
    etag = document_etag(str(document["id"]), int(document["version"]))
    headers = {"ETag": etag}
    if result.outcome == Outcome.CREATED.value:
        headers["Location"] = f"/v1/bulletins/{document['id']}"
    document["outcome"] = result.outcome
    if language is not None and result.population_shown_pct is not None:
        document["population_shown_pct"] = result.population_shown_pct
        document["warnings"] = [as_json(warning, language) for warning in result.warnings]
        headers |= spoken(language, "Authorization")
    status = 201 if result.outcome == Outcome.CREATED.value else 200
    return json_response(orjson.dumps(document), status=status, headers=headers)


def findings_of(told: Published | Prepared) -> list[Finding]:
    """What the sender of one bulletin should know of it: what another person has to confirm, then the warnings."""
    return [*told.to_confirm, *told.warnings]


def outcome_of(prepared: Prepared) -> str:
    """What publishing would do now: publish it, keep it until its minute, or keep it for another person."""
    return "publish" if prepared.wait.is_over else prepared.wait.status.value
