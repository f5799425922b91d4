"""What is sent in the place of bulletins that wait: judged as sending it anew would be, in the form that was sent first (contract: reviews)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from app.access.callers import Caller
from app.bulletins.declare import Declaration, declare, declare_all
from app.bulletins.edge import right_to_write, rights_to_write
from app.bulletins.holding import waiting_of
from app.bulletins.preparing import Submission, prepare
from app.core.paging import page_size
from app.core.parsing import parse
from app.exchange.node import Node
from app.exchange.waiting import Waiting
from app.wire.bulletin import BatchItems, BulletinDraft, BulletinRevision
from app.wire.codes import Protect


def resubmit(node: Node, caller: Caller, payload: Mapping[str, Any], body: object) -> Waiting:
    """What is kept in the place of bulletins that wait; the office whose they are stays, and so do their ids.

    Raises what publishing the body would raise, but for the item that waits itself.
    """
    submissions = _batch(node, caller, body) if payload["form"] == "batch" else [_single(node, caller, payload, body)]
    options = payload["options"]
    protect = Protect(options["protect"]) if options["protect"] else None
    ids = {item["natural_key"]: item["document_id"] for item in payload["items"]}
    asked = [
        replace(
            each,
            declaration=_named(each.declaration, ids),
            protect=protect,
            reason=each.reason or options["reason"],
            leave_out_small=options["leave_out_small"],
            issuer=payload["issuer"],
        )
        for each in submissions
    ]
    prepared, _ = prepare(node, caller, asked)
    return waiting_of(caller, prepared)


def _single(node: Node, caller: Caller, payload: Mapping[str, Any], body: object) -> Submission:
    conference, target = right_to_write(node, caller, body), payload["options"]["target"]
    if target is None:
        return Submission(declare(parse(BulletinDraft, body), conference))
    revision = parse(BulletinRevision, body)
    return Submission(declare(revision, conference), reason=revision.reason, target=target)


def _batch(node: Node, caller: Caller, body: object) -> Sequence[Submission]:
    items = body.get("bulletins") if isinstance(body, dict) else None
    rights = rights_to_write(node, caller, items if isinstance(items, list) else [], "bulletins")
    page_size(len(rights) or 1, node.settings.batch_limit)
    sent = parse(BatchItems, body).bulletins
    drafts = [partial(parse, BulletinDraft, item, at=("bulletins", at)) for at, item in enumerate(sent)]
    return [Submission(each) for each in declare_all(drafts, rights, "bulletins")]


def _named(declaration: Declaration, ids: Mapping[str, str]) -> Declaration:
    """A declaration under the id that it would have got; one that is named otherwise by its sender stays so."""
    only = next(iter(ids.values())) if len(ids) == 1 else None
    kept = declaration.draft.id or ids.get(declaration.natural_key, only if not declaration.at else None)
    return replace(declaration, draft=declaration.draft.model_copy(update={"id": kept}))
