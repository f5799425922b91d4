"""Public keys of other nodes: learned when a node is added, later ones by what known ones endorse; none is ever forgotten."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.db import insert_new
from app.exchange.models import PeerKey
from app.exchange.signatures import PublicKey, kid_of


def foreign_keys(session: Session, node: str | None = None) -> list[PublicKey]:
    """All that was learned of one node, or of every one, by purpose, the oldest first; old keys check what they once signed."""
    asked = select(PeerKey).order_by(PeerKey.purpose, PeerKey.valid_from, PeerKey.kid)
    rows = session.scalars(asked if node is None else asked.where(PeerKey.node == node))
    return [PublicKey(row.kid, row.purpose, row.public, row.valid_from, row.valid_to) for row in rows]


def learn(session: Session, node: str, keys: Iterable[PublicKey]) -> None:
    """Keep a node's public keys; of one that is known already only its end is taken.

    Whether a key is to be believed is the caller's question.  Raises ValueError for an id that is not its key's, and for a known one
    with another key, node or purpose.
    """
    for key in keys:
        if key.kid != kid_of(key.public):
            raise ValueError("an id that is not its key's")
        row = {"kid": key.kid, "node": node, "purpose": key.purpose, "public": key.public}
        if insert_new(session, PeerKey, {**row, "valid_from": key.valid_from, "valid_to": key.valid_to}):
            continue
        known = session.execute(select(PeerKey.node, PeerKey.purpose, PeerKey.public).where(PeerKey.kid == key.kid)).one()
        if tuple(known) != (node, key.purpose, key.public):
            raise ValueError("a known id with another key, node or purpose")
        session.execute(update(PeerKey).where(PeerKey.kid == key.kid).values(valid_to=key.valid_to))
