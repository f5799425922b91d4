"""Routes by which another node brings what it has: its changes, and the hint that there is something new (contract: Routes, exchange)."""

from typing import Annotated, NoReturn

import orjson
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.access.audit import record
from app.access.once import KeepAnswer, once
from app.access.rules import Peer as PeerCaller
from app.access.rules import attempt_of
from app.core.declared import ONCE
from app.core.http import JsonBody, json_response, takes
from app.core.parsing import parse, read_json
from app.core.problems import Problem
from app.core.query import NoQuery
from app.documents.kinds import Kinds
from app.exchange.node import Node
from app.sync.faults import SyncFault
from app.sync.hinting import take_hint
from app.sync.peers import peer_for
from app.sync.receiving import Brought, Receipt, receive
from app.wire.delivering import Delivered, Delivery
from app.wire.problem import Finding

router = APIRouter(prefix="/v1/changes", tags=["exchange"])

BODIES = (Delivery,)
"""Bodies that are read by hand, after the caller and its rights are known."""

Nothing = Annotated[NoQuery, Query()]
_CODES = {
    "sync-elsewhere": "sync-underway",
    "sync-epoch-over": "log-rewritten",
    "sync-rewritten": "log-rewritten",
}
_OF_ITEMS = "/items/"


@router.post("", operation_id="deliver_changes", response_model=Delivered, openapi_extra=takes(Delivery) | ONCE)
def deliver_changes(request: Request, caller: PeerCaller, raw: JsonBody, query: Nothing) -> Response:
    """Take a page of another node's own changes, by the same checks as what is read from it; the answer is the receipt.

    Repeating it changes nothing.  A proof that leads from another size is refused with that which was last seen (`log-behind`,
    409), a log that does not go on from there with `log-rewritten` (409).

    Raises `peer-not-known` (403), `peer-other-node` (422), `sync-underway` (409).
    """
    del query
    node: Node = request.app.state.node
    kinds: Kinds = request.app.state.kinds
    with node.db.read() as session:
        name = peer_for(session, caller.conference).name

    def work(keep: KeepAnswer | None) -> Response:
        draft = parse(Delivery, _read(raw))
        checkpoint = draft.checkpoint.model_dump()
        brought = Brought(draft.description, checkpoint, draft.items, draft.from_, draft.proof)
        attempt = attempt_of(request)

        def along(session: Session, receipt: Receipt) -> None:
            record(session, attempt, "done", [(f"checkpoint-{checkpoint['size']}", None)])
            if keep:
                keep(session, json_response(_shown(receipt)))

        try:
            return json_response(_shown(receive(node, kinds, name, brought, attempt=attempt, along=along)))
        except SyncFault as fault:
            _refuse(fault)

    days = node.settings.idempotency_days
    return once(request, db=node.db, secrets=node.secrets, keep_days=days, caller=caller, raw=raw, work=work)


@router.post("/hint", operation_id="hint_changes", status_code=202, response_class=Response)
def hint_changes(request: Request, caller: PeerCaller, query: Nothing) -> Response:
    """Hear from another node that it has something new: it is asked at once, also where its failures kept it waiting.

    The hint has no body and its answer none. Many at once are one.

    Raises `peer-not-known` (403).
    """
    del query
    node: Node = request.app.state.node
    with node.db.read() as session:
        name = peer_for(session, caller.conference).name
    take_hint(node, name)
    node.called.set()
    return Response(status_code=202)


def _read(raw: bytes) -> object:
    """The body, strictly read but for the changes in it: each of these is judged by itself, so that one blocks no other."""
    try:
        return read_json(raw)
    except Problem as problem:
        if any(not str(finding.pointer).startswith(_OF_ITEMS) for finding in problem.findings):
            raise
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise Problem("invalid-document", Finding("malformed-json", pointer="", params=place)) from None


def _shown(receipt: Receipt) -> dict[str, object]:
    odd = [
        {"code": each.code, "kind": each.kind or None, "id": each.id or None, "version": each.version} for each in receipt.taken.quarantined
    ]
    taken = {"applied": receipt.taken.applied, "known": receipt.taken.known, "quarantined": odd}
    return {**taken, "checkpoint": receipt.checkpoint, "witness": receipt.witness, "signature": receipt.signature}


def _refuse(fault: SyncFault) -> NoReturn:
    if fault.code == "sync-behind":
        raise Problem("log-behind", size=fault.figures["size"])
    raise Problem(_CODES.get(fault.code, "peer-other-node"))
