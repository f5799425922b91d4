"""The way of a declaration to the one door of the pure room, with all that it needs there (guarantees 1)."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from app.bulletins.declare import Declaration
from app.bulletins.document import period_key, population_shown_pct
from app.bulletins.released import Background
from app.core.secrets import Secrets
from app.directory.codes import nationalities
from app.disclosure.draw import Draw
from app.disclosure.program import Budget
from app.disclosure.protect import protect
from app.disclosure.release import Place
from app.disclosure.scheme import Scheme
from app.disclosure.table import Key, Leaf, ProtectedTable, Table
from app.wire.codes import Protect
from app.wire.problem import Finding

UNKNOWN: Final = "–"  # noqa: RUF001 - a dash in a sentence
"""What stands in a sentence in place of a share that nobody can tell."""


@cache
def scheme() -> Scheme:
    """The nationality scheme of the vocabularies: every nationality that has an area."""
    return Scheme({code: one.area for code, one in nationalities().items() if one.area and not code.startswith("_")})


@dataclass(frozen=True)
class Door:
    """What the protection of a table needs beside the table: its background, the method, k, the node's secrets, seconds of work."""

    behind: Background
    method: Protect | None
    k: int
    secrets: Secrets
    budget_s: float


def through(declaration: Declaration, table: Table, door: Door) -> ProtectedTable | tuple[Finding, ...]:
    """What may be published of a table at the place of a declaration; findings that name no place of a body."""
    period = declaration.period
    draw = Draw(door.secrets.hmac_key("disclosure"), declaration.flow_key, period_key(period.first, period.last))
    return protect(
        table,
        scheme=scheme(),
        method=door.method.value if door.method else None,
        k=door.k,
        draw=draw,
        place=Place(declaration.natural_key, declaration.counted.first, declaration.counted.last),
        releases=door.behind.releases,
        budget=Budget(door.budget_s),
    )


def shown_by(declaration: Declaration, table: Table, door: Door) -> int | str:
    """Share of the counted that another form of a declaration would show as it was counted, in whole percent, or a dash."""
    outcome = through(declaration, table, door)
    return population_shown_pct(table, outcome) if isinstance(outcome, ProtectedTable) else UNKNOWN


def shown_pooled(declaration: Declaration, door: Door) -> int | str:
    """Share that the table by nationality alone would show under a nationality, small counts pooled."""
    if "nationality" not in declaration.table.dimensions or not declaration.table.complete:
        return UNKNOWN
    place = declaration.table.dimensions.index("nationality")
    counts: dict[Key, int] = {}
    for key, leaf in declaration.table.leaves.items():
        counts[key[place],] = counts.get((key[place],), 0) + (leaf.value or 0)
    pooled = Table(("nationality",), {key: Leaf(value, None) for key, value in counts.items()}, {})
    return shown_by(replace(declaration, table=pooled), pooled, replace(door, method=Protect.POOL))
