"""What a file left out, told again to who repeats its request: kept nowhere, for it depends on unprotected counts (guarantees 1)."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulletins.declare import declare
from app.bulletins.files import FileBulletins
from app.bulletins.models import Bulletin

Json = dict[str, Any]


def with_left_out(session: Session, kept: Json, file: FileBulletins) -> Json:
    """A kept answer to a file with its left out bulletins at their places, worked out from the file that is sent again.

    As it was kept where a bulletin that it names is no more.
    """
    receipts: list[Json] = kept["bulletins"]
    if len(receipts) == len(file.bulletins):
        return kept
    key_of = _natural_keys(session, [receipt["id"] for receipt in receipts])
    if len(key_of) < len(receipts):
        return kept
    published = {key_of[receipt["id"]]: receipt for receipt in receipts}
    return kept | {"bulletins": list(_in_order(file, published))}


def _in_order(file: FileBulletins, published: dict[str, Json]) -> Iterator[Json]:
    for number, bulletin in enumerate(file.bulletins):
        declaration = declare(bulletin.draft(number), "")
        left_out = {"id": None, "version": None, "period": declaration.period.code, "outcome": "left_out"}
        yield published.get(declaration.natural_key, left_out)


def _natural_keys(session: Session, ids: list[str]) -> dict[str, str]:
    asked = select(Bulletin.document_id, Bulletin.natural_key).where(Bulletin.document_id.in_(ids)).distinct()
    return {row.document_id: row.natural_key for row in session.execute(asked)}
