"""Tables as outsiders know them: what was released of a flow, and where a new table will stand among it (guarantees 1, rule 2)."""

from dataclasses import dataclass, field
from datetime import date

from app.disclosure.table import Row


@dataclass(frozen=True)
class Place:
    """Where a new table will stand: its bulletin (natural key) and the first and last day of its period."""

    bulletin: str
    first: date
    last: date


@dataclass(frozen=True)
class Release:
    """One published table of a flow as outsiders know it: what a new table is audited against.

    `name` is "<document id>@v<n>"; `bulletin` is the natural key, equal for the versions of one bulletin, which are told in the
    order of their versions.  `method` is pool, withhold, round or none, under rule(`k`); `rows` are as published: a withheld
    cell has no value and the status "withheld".  `least` is what each withheld leaf is known to be at least (guarantees 1, rule 4).
    """

    name: str
    bulletin: str
    dimensions: tuple[str, ...]
    first: date
    last: date
    method: str
    k: int
    rows: tuple[Row, ...] = field(repr=False)
    least: int = 0
