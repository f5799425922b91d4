"""Checkpoints and who witnessed them: what one node stated of its log, signed again by another that saw it (guarantees 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.core.clock import rfc3339, utc_now
from app.core.db import insert_new
from app.core.problems import Problem
from app.exchange.foreign import foreign_keys
from app.exchange.keys import CHECKPOINT, Signer, checkpoint, public_keys
from app.exchange.models import LogHead, Witness
from app.exchange.proofs import root_at
from app.exchange.signatures import PublicKey, verify_signature
from app.wire.canonical import CHECKPOINT_CONTEXT, WITNESS_CONTEXT, canonical
from app.wire.problem import Finding


@dataclass(frozen=True)
class Kept:
    """That a witness of the log at a size is kept, and since when."""

    witness: str
    size: int
    kept_at: datetime


def standing(session: Session) -> str:
    """The signed checkpoint of this node's log as it is now, in its canonical text."""
    return str(session.execute(select(LogHead.checkpoint).where(LogHead.id == 1)).scalar_one())


def checkpoint_at(session: Session, signer: Signer, size: int) -> str:
    """The signed checkpoint of this node's log at a size that it had, in its canonical text; raises NoResultFound for any other."""
    head = session.execute(select(LogHead.node, LogHead.epoch, LogHead.size).where(LogHead.id == 1)).one()
    return standing(session) if size == head.size else checkpoint(signer, head.node, head.epoch, size, root_at(session, size))


def is_signed(checkpoint: Mapping[str, Any], keys: Sequence[PublicKey]) -> bool:
    """Whether a checkpoint bears the signature of one of these keys that is for checkpoints."""
    stated = {name: value for name, value in checkpoint.items() if name != "signature"}
    return _stands(keys, checkpoint.get("signature"), CHECKPOINT_CONTEXT, stated)


def counter_signed(signer: Signer, checkpoint: Mapping[str, Any]) -> dict[str, str]:
    """This node's signature that it saw a checkpoint of another's log."""
    return signer.sign(CHECKPOINT, WITNESS_CONTEXT, canonical(dict(checkpoint)))


def require_own(session: Session, checkpoint: Mapping[str, Any]) -> None:
    """Let a checkpoint pass that this node made of its log as it is; raises `checkpoint-unknown` (422)."""
    head = session.execute(select(LogHead.node, LogHead.epoch, LogHead.size).where(LogHead.id == 1)).one()
    is_own = is_signed(checkpoint, public_keys(session))
    rules = (
        ("node", lambda: checkpoint["node"] == head.node),
        ("epoch", lambda: checkpoint["epoch"] == head.epoch),
        ("size", lambda: checkpoint["size"] <= head.size),
        ("root", lambda: checkpoint["root"] == root_at(session, checkpoint["size"]).hex()),
        ("signature", lambda: is_own),
    )
    for name, holds in rules:
        if not holds():
            raise Problem("checkpoint-unknown", Finding("checkpoint-unknown", pointer=f"/checkpoint/{name}"))


def require_witness(session: Session, checkpoint: Mapping[str, Any], witness: str, signature: object) -> None:
    """Let the signature of a known node pass that it saw a checkpoint; raises `signature-invalid` (422)."""
    if not is_witness(session, checkpoint, witness, signature):
        raise Problem("signature-invalid", Finding("signature-invalid", pointer="/signature"))


def is_witness(session: Session, checkpoint: Mapping[str, Any], witness: str, signature: object) -> bool:
    """Whether a known node signed that it saw a checkpoint."""
    return _stands(foreign_keys(session, witness), signature, WITNESS_CONTEXT, checkpoint)


def _stands(keys: Sequence[PublicKey], signature: object, context: bytes, value: Mapping[str, Any]) -> bool:
    payload = canonical(dict(value))
    return any(known.purpose == CHECKPOINT and verify_signature(known.public, signature, context, payload) for known in keys)


def keep(session: Session, checkpoint: Mapping[str, Any], witness: str, signature: Mapping[str, str]) -> Kept:
    """Keep that a node saw a checkpoint, this node's or another's; what is kept already of that log at that size stays.

    The signatures are judged by the caller.
    """
    named = {"node": checkpoint["node"], "epoch": checkpoint["epoch"], "size": checkpoint["size"], "witness": witness}
    texts = {"checkpoint": canonical(dict(checkpoint)).decode(), "signature": canonical(dict(signature)).decode()}
    insert_new(session, Witness, {**named, **texts, "root": checkpoint["root"], "kept_at": utc_now()})
    kept_at = session.execute(select(Witness.kept_at).filter_by(**named)).scalar_one()
    return Kept(witness, named["size"], kept_at)


def epochs_of(session: Session, node: str) -> set[str]:
    """The epochs of a node's log of which a witness is kept."""
    return set(session.scalars(select(Witness.epoch).where(Witness.node == node).distinct()))


def newest_by(session: Session, witness: str, epoch: str) -> Kept | None:
    """The most of a log, as it is since its last restore, that a node is known to have witnessed; none where it never did."""
    asked = select(Witness.size, Witness.kept_at).where(Witness.witness == witness, Witness.epoch == epoch)
    row = session.execute(asked.order_by(Witness.size.desc()).limit(1)).first()
    return Kept(witness, row.size, row.kept_at) if row else None


def between(session: Session, own: str, other: str, limit: int) -> list[dict[str, object]]:
    """What others witnessed of this node's log, and this node of another's: of each the newest ones, the newest first."""
    found: list[dict[str, object]] = []
    for chosen in (Witness.node == own, and_(Witness.node == other, Witness.witness == own)):
        found += [_shown(row) for row in session.scalars(select(Witness).where(chosen).order_by(Witness.id.desc()).limit(limit))]
    return found


def listed(session: Session, before: int | None, limit: int) -> tuple[list[tuple[int, dict[str, object]]], int]:
    """Witnesses below a place, the newest first, each with its place; and how many there are."""
    asked = select(Witness).order_by(Witness.id.desc()).limit(limit)
    rows = session.scalars(asked if before is None else asked.where(Witness.id < before))
    return [(row.id, _shown(row)) for row in rows], session.scalar(select(func.count()).select_from(Witness)) or 0


def _shown(row: Witness) -> dict[str, object]:
    signed = {"checkpoint": orjson.Fragment(row.checkpoint), "witness": row.witness, "signature": orjson.Fragment(row.signature)}
    return {**signed, "kept_at": rfc3339(row.kept_at)}
