"""Routes of the log itself: its checkpoint, entries, proofs and witnesses, for who checks or witnesses it (contract: Routes)."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.audit import record
from app.access.once import KeepAnswer, once
from app.access.rules import LogReader, Peer, attempt_of
from app.core.clock import rfc3339
from app.core.declared import ONCE
from app.core.http import JsonBody, json_response, takes
from app.core.paging import binding_of, page_size
from app.core.parsing import parse, read_json
from app.core.query import NoQuery, PageQuery
from app.core.query import Query as Parameters
from app.exchange import log, proofs, witnesses
from app.exchange.node import Node
from app.wire.log import Checkpoint, ConsistencyProof, InclusionProof, LogPage, WitnessDraft, WitnessPage, WitnessReceipt
from app.wire.output import LARGEST_COUNT

router = APIRouter(prefix="/v1/log", tags=["exchange"])

BODIES = (WitnessDraft,)
"""Bodies that are read by hand, after the caller and its rights are known."""

_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
Nothing = Annotated[NoQuery, Query()]
Pages = Annotated[PageQuery, Query()]


class EntriesQuery(Parameters):
    """Which entries are asked for; without a number, from the first."""

    after: int = Field(0, ge=0, le=LARGEST_COUNT, description="entries above this number: `next_after` of the page before")
    limit: int = Field(100, ge=1, le=1000, description="entries on a page; above the maximum is refused, never cut")


class InclusionQuery(Parameters):
    """Which entry is to be found again in which tree."""

    number: int = Field(ge=1, le=LARGEST_COUNT, description="the entry")
    size: int | None = Field(None, ge=1, le=LARGEST_COUNT, description="leaves of the tree; by default all")


class ConsistencyQuery(Parameters):
    """Which two trees are to be compared."""

    from_: int = Field(alias="from", ge=0, le=LARGEST_COUNT, description="leaves of the earlier tree")
    to: int | None = Field(None, ge=0, le=LARGEST_COUNT, description="leaves of the later tree; by default all")


@router.get("/checkpoint", operation_id="get_checkpoint", response_model=Checkpoint)
def get_checkpoint(request: Request, caller: LogReader, query: Nothing) -> Response:
    """The signed checkpoint of the log as it is now: its epoch, how many entries it has, and the root of the tree over them."""
    del caller, query
    node: Node = request.app.state.node
    with node.db.read() as session:
        return json_response(witnesses.standing(session).encode(), headers=_PRIVATE)


@router.get("/entries", operation_id="list_log_entries", response_model=LogPage)
def list_log_entries(request: Request, caller: LogReader, query: Annotated[EntriesQuery, Query()]) -> Response:
    """The entries of the log by number, each with its leaf and time; which document it is about is told only to who may see that.

    Whoever reads this learns that hidden entries exist and when they were recorded, and nothing else of them.
    """
    node: Node = request.app.state.node
    limit = page_size(query.limit, node.settings.page_limit)
    with node.db.read() as session:
        total = log.head(session).size
        items = proofs.told(session, caller, query.after, limit)
    last = query.after + len(items)
    return json_response({"items": items, "next_after": last if items and last < total else None, "total": total}, headers=_PRIVATE)


@router.get("/proofs/inclusion", operation_id="prove_inclusion", response_model=InclusionProof)
def prove_inclusion(request: Request, caller: LogReader, query: Annotated[InclusionQuery, Query()]) -> Response:
    """The proof that an entry is in the log: the hashes that lead from its leaf to the root of the log at a size."""
    del caller
    node: Node = request.app.state.node
    with node.db.read() as session:
        found = proofs.inclusion(session, query.number, query.size)
    said = {"number": found.number, "size": found.size, "leaf": found.leaf.hex(), "root": found.root.hex()}
    return json_response({**said, "proof": _texts(found.proof)}, headers=_PRIVATE)


@router.get("/proofs/consistency", operation_id="prove_consistency", response_model=ConsistencyProof)
def prove_consistency(request: Request, caller: LogReader, query: Annotated[ConsistencyQuery, Query()]) -> Response:
    """The proof that the log only grew: the hashes by which its root at one size and at a later one are both found."""
    del caller
    node: Node = request.app.state.node
    with node.db.read() as session:
        found = proofs.consistency(session, query.from_, query.to)
    roots = {"first_root": found.first_root.hex(), "second_root": found.second_root.hex()}
    return json_response({"from": found.first, "to": found.second, **roots, "proof": _texts(found.proof)}, headers=_PRIVATE)


def _texts(hashes: Sequence[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


@router.get("/witnesses", operation_id="list_witnesses", response_model=WitnessPage)
def list_witnesses(request: Request, caller: LogReader, query: Pages) -> Response:
    """Checkpoints that were counter-signed, the newest first: this node's by others, and others' by this one."""
    node: Node = request.app.state.node
    limit = page_size(query.limit, node.settings.page_limit)
    binding = binding_of("witnesses", caller.rights)
    before = node.cursor_seal.open(query.cursor, binding)[0] if query.cursor else None
    with node.db.read() as session:
        rows, total = witnesses.listed(session, int(str(before)) if before is not None else None, limit + 1)
    shown = rows[:limit]
    cursor = node.cursor_seal.seal([shown[-1][0]], binding) if len(rows) > limit else None
    headers = dict(_PRIVATE)
    if cursor:
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    return json_response({"items": [item for _, item in shown], "next_cursor": cursor, "total": total}, headers=headers)


@router.post(
    "/witnesses", operation_id="add_witness", status_code=201, response_model=WitnessReceipt, openapi_extra=takes(WitnessDraft) | ONCE
)
def add_witness(request: Request, caller: Peer, raw: JsonBody, query: Nothing) -> Response:
    """Keep the signature of another node that it saw a checkpoint of this one; of one size the first is kept.

    Raises `checkpoint-unknown` for a checkpoint that this node did not make, `signature-invalid` where no known key of the witness
    made the signature (422).
    """
    del query
    node: Node = request.app.state.node

    def work(keep: KeepAnswer | None) -> Response:
        draft = parse(WitnessDraft, read_json(raw))
        checkpoint, signature = draft.checkpoint.model_dump(), draft.signature.model_dump()
        with node.db.read() as session:
            witnesses.require_own(session, checkpoint)
            witnesses.require_witness(session, checkpoint, draft.witness, signature)
        with node.db.write() as session:
            kept = witnesses.keep(session, checkpoint, draft.witness, signature)
            record(session, attempt_of(request), "done", [(f"checkpoint-{kept.size}", None)])
            response = json_response({"witness": kept.witness, "size": kept.size, "kept_at": rfc3339(kept.kept_at)}, status=201)
            if keep:
                keep(session, response)
        return response

    settings = node.settings
    return once(request, db=node.db, secrets=node.secrets, keep_days=settings.idempotency_days, caller=caller, raw=raw, work=work)
