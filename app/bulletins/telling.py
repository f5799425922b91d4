"""What of a certificate may be told: no proof beside a version whose rows nobody is served any more (guarantees 1)."""

from collections.abc import Iterable
from typing import Any

import orjson

from app.bulletins.released import Background
from app.disclosure.grid import UNNAMED
from app.disclosure.table import ProtectedTable
from app.wire.canonical import canonical

Json = dict[str, Any]


def tellable(table: ProtectedTable, behind: Background) -> str:
    """The certificate of a table that is about to be published, without what it proves beside withdrawn and erased versions.

    The table was audited beside these too, but a proof would tell their rows, so that nobody could be given the rest.
    """
    whole: Json = orjson.loads(table.certificate)
    systems = [each for each in whole["systems"] if behind.gone.isdisjoint(each["tables"])]
    if len(systems) == len(whole["systems"]):
        return table.certificate
    areas = _areas(whole["areas"], systems, set(_codes(table, behind, {name for each in systems for name in each["tables"]})))
    return canonical(whole | {"systems": systems, "areas": areas}).decode()


def _areas(areas: Json, systems: list[Json], codes: set[tuple[str, str]]) -> Json:
    """The areas of the codes that are still told, and of those whom no table names where several tables are."""
    if any(len(each["tables"]) > 1 for each in systems):
        codes = codes | {(name, code) for name in areas for code in UNNAMED}
    kept = {name: {code: area for code, area in each.items() if (name, code) in codes} for name, each in areas.items()}
    return {name: each for name, each in kept.items() if each}


def _codes(table: ProtectedTable, behind: Background, named: Iterable[str]) -> Iterable[tuple[str, str]]:
    """The codes, each with its dimension, of the new table and of the released ones that are still named."""
    shown = [release for release in behind.releases if release.name in named]
    for dimensions, rows in ((table.dimensions, table.rows), *((each.dimensions, each.rows) for each in shown)):
        yield from ((name, code) for row in rows for name, code in zip(dimensions, row.key, strict=True))
