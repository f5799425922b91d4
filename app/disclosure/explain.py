"""From a proof to a sentence: the equation of the sender's own table that tells a count (guarantees 1, rule 9)."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import numpy as np

from app.disclosure.judge import Leak
from app.disclosure.program import Vertex
from app.disclosure.scheme import TOTAL
from app.disclosure.space import Space, Whole
from app.disclosure.system import NOTHING, System
from app.disclosure.table import Key

_NEAR: Final = 1e-6
_FINEST: Final = 60
_MOST_TERMS: Final = 12


@dataclass(frozen=True)
class Term:
    """One published cell of an equation, how often it counts, and its value (persons or events)."""

    factor: Fraction
    cell: Key
    value: int = field(repr=False)


@dataclass(frozen=True)
class Equation:
    """What tells a count: `cell` is equal to or at most the sum of the terms; None: what a total keeps beside its published parts."""

    cell: Key | None
    sign: str
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        """The equation as an officer writes it: `SOM F = SOM total 12 - SOM M 9`. `total` is the word in es, pt and en."""
        shown = self.terms[:_MOST_TERMS]
        text = "".join(_signed(term, first=not number) for number, term in enumerate(shown)) or "0"
        text += " ..." if len(self.terms) > _MOST_TERMS else ""
        return text if self.cell is None else f"{words(self.cell)} {self.sign} {text}"


def words(cell: Key) -> str:
    """A cell in a sender's words: its codes, and `total` once for what is summed."""
    plain = [code for code in cell if code != TOTAL]
    return " ".join(plain if len(plain) == len(cell) else [*plain, "total"])


def equation(system: System, leak: Leak, space: Space, cell: Key) -> Equation:
    """The tighter of the two bounds of a leak in terms of the new table's published cells.

    Terms of other tables are left out: whoever reads the sentence need not be allowed to see them.
    """
    short = _from_one_family(system, space, cell)
    if short:
        return short
    exact = leak.low == leak.high
    lower = _terms(system, leak.low_vertex, space, 1)
    upper = _terms(system, leak.high_vertex, space, -1)
    chosen = min((upper, lower), key=len) if exact else upper
    return Equation(cell, "=" if exact else "<=", chosen)


def _from_one_family(system: System, space: Space, cell: Key) -> Equation | None:
    """The shortest sentence: a published total less its other published parts."""
    at = space.place[cell]
    told = system.known[: len(space.cells)] != NOTHING
    found = []
    for total, parts in space.families:
        others = parts[parts != at]
        if len(others) < len(parts) and told[total] and told[others].all():
            terms = [_term(system, space, total, 1), *(_term(system, space, int(part), -1) for part in others)]
            found.append(Equation(cell, "=", tuple(terms)))
    return min(found, key=lambda each: len(each.terms), default=None)


def _term(system: System, space: Space, cell: int, factor: int) -> Term:
    return Term(Fraction(factor), space.cells[cell], int(system.known[cell]))


def remainder(space: Space, values: Whole, total: int, parts: Whole) -> Equation:
    """The equation of a total that keeps too little beside its published parts (rule 3)."""
    terms = [Term(Fraction(1), space.cells[total], int(values[total]))]
    terms += [Term(Fraction(-1), space.cells[part], int(values[part])) for part in parts]
    return Equation(None, "=", tuple(terms))


def _terms(system: System, vertex: Vertex, space: Space, sign: int) -> tuple[Term, ...]:
    factors: dict[int, Fraction] = {}
    for place, multipliers in ((system.row_of, vertex.rows), (system.column_of, vertex.columns)):
        for at in np.flatnonzero((np.abs(multipliers) > _NEAR) & (place != NOTHING)).tolist():
            cell = int(place[at])
            factors[cell] = factors.get(cell, Fraction(0)) + sign * Fraction(float(multipliers[at])).limit_denominator(_FINEST)
    found = (Term(factor, space.cells[cell], int(system.known[cell])) for cell, factor in factors.items() if factor)
    return tuple(sorted(found, key=_reading_order))


def _reading_order(term: Term) -> tuple[bool, int, Key]:
    return term.factor < 0, -term.cell.count(TOTAL), term.cell


def _signed(term: Term, *, first: bool) -> str:
    sign = ("-" if first else " - ") if term.factor < 0 else ("" if first else " + ")
    times = "" if abs(term.factor) == 1 else f"{abs(term.factor)} x "
    return f"{sign}{times}{words(term.cell)} {term.value}"
