"""Withholding: exact counts stay, small ones and their company do not (guarantees 1, rules 3, 5, 7 and 8).

Every count below k is withheld, zeros too: all of them look alike.  Then the judgement looks at what the rest tells.  Where it tells a
count too narrowly, one published cell of the proof is withheld too, drawn by keyed chance that leans to small ones.  From the start
decoys are withheld as well: any count but the grand total, with a small chance, so that every input that fits the published rows
could have led to them, and a reader of this source code learns no more than the rows say.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np

from app.disclosure.draw import Draw
from app.disclosure.judge import Leak, Witnesses, judge
from app.disclosure.program import Budget, Program, UnsolvedError
from app.disclosure.scheme import TOTAL
from app.disclosure.space import Mask, Space, Whole
from app.disclosure.system import System, alone

DECOY_CHANCE: Final = 0.05
DECOY_PERSONS: Final = 0.25
_MARGIN: Final = 0.1
"""A margin is a decoy this many times as rarely as a leaf: many leaves hang on it."""
_SHARP: Final = 3.0

Against = Callable[[Mask], System | None]
"""What a mask of the new table's shown cells says together with a table released before; None where the two contradict each other."""


class Pattern:
    """Which cells of a table are shown; it only ever loses cells, twins together, and never the grand total."""

    def __init__(
        self,
        space: Space,
        values: Whole,
        known: Mask,
        k: int,
        draw: Draw,
        withheld_before: Mask,
        version: int = 1,
        untold: Mask | None = None,
    ) -> None:
        """Begin with the counts that are at least k, less what was ever withheld, less decoys of this version of the bulletin.

        `untold` are sums that will not stand among the rows, though what they would be the sum of may.
        """
        self._untold: Mask = np.zeros(len(space.cells), dtype=bool) if untold is None else untold
        self.space, self.values, self.draw, self.k = space, values, draw, k
        self.grand = space.place[(TOTAL,) * len(space.dimensions)]
        self.shown: Mask = known & (values >= k) & ~withheld_before
        # Decoys of its own for each version: what the first one showed would else be known to be no decoy of the second.
        purpose = "decoy" if version == 1 else f"decoy of version {version}"
        for cell in np.flatnonzero(self.shown).tolist():
            chance = min(DECOY_CHANCE, DECOY_PERSONS / int(values[cell])) * (1.0 if space.leaf_of[cell] >= 0 else _MARGIN)
            if cell != self.grand and draw.fraction(purpose, self._name(cell)) < chance:
                self.shown[cell] = False
        # What is the grand total under another name must be known itself: a gap is none the less a gap for standing alone.
        alike = space.twins == space.twins[self.grand]
        self.shown[self.grand] = known[alike].all() and not withheld_before[self.grand]
        self._level_twins()

    def take_company(self, candidates: Sequence[int], beside: int) -> None:
        """Withhold one of these shown cells beside a cell that is told, drawn by key, leaning to the smallest.

        Raises `UnsolvedError` where none of them may be withheld.
        """
        free = [int(cell) for cell in candidates if cell != self.grand and self.space.twins[cell] != self.space.twins[self.grand]]
        if not free:
            message = "only the grand total could be withheld"
            raise UnsolvedError(message)
        # A draw of its own for each cell that needs company: else one unlucky large count would be taken every time.
        purpose = f"company of {self._name(beside)}"
        # A race in which the small lead and anyone may win: always the smallest would betray that the others are larger.
        chosen = min(free, key=lambda cell: (self.draw.fraction(purpose, self._name(cell)) * float(self.values[cell]) ** _SHARP, cell))
        self.shown[self.space.twins == self.space.twins[chosen]] = False

    def clear_remainders(self) -> None:
        """Withhold until no total keeps 1..k-1 beside its published parts (rule 3)."""
        while broken := small_remainder(self.space, self.shown, self.values, self.k):
            total, told = broken
            self.take_company(told.tolist() or [total], total)

    def _level_twins(self) -> None:
        hidden = np.zeros(len(self.shown), dtype=bool)
        hidden[self.space.twins[~self.shown & ~self._untold]] = True
        # The grand total's twins are shown with it: it is never withheld.
        hidden[self.space.twins[self.grand]] = not self.shown[self.grand]
        self.shown = ~hidden[self.space.twins] & ~self._untold

    def _name(self, cell: int) -> str:
        return "|".join(self.space.cells[self.space.twins[cell]])


def small_remainder(space: Space, shown: Mask, values: Whole, k: int) -> tuple[int, Whole] | None:
    """A published total that keeps 1..k-1 beside its published parts, and these; None where there is none (rule 3)."""
    for total, parts in space.families:
        if shown[total]:
            told = parts[shown[parts]]
            if 0 < values[total] - values[told].sum() < k:
                return total, told
    return None


def withhold(pattern: Pattern, budget: Budget, against: Sequence[Against] = ()) -> None:
    """Withhold until the table passes by itself and beside every table released before.

    Raises `UnsolvedError` where that cannot be proved, `OutOfTimeError` where it cannot be proved in time.
    """
    readings = [
        _Reading(lambda shown: alone(pattern.space, shown, pattern.values), leaves_last=False),
        _Reading(partial(_without_zeros, pattern, budget), leaves_last=False),
        *(_Reading(system_of, leaves_last=True) for system_of in against),
    ]
    while True:
        before = pattern.shown.copy()
        for reading in readings:
            reading.clean(pattern, budget)
        if (before == pattern.shown).all():
            return


class _Reading:
    """One system over a pattern, and what is known of it since the last round."""

    def __init__(self, system_of: Against, *, leaves_last: bool) -> None:
        self._system_of, self._leaves_last = system_of, leaves_last
        self._witnesses: Witnesses | None = None
        self._clean = b""

    def clean(self, pattern: Pattern, budget: Budget) -> None:
        """Withhold until this system tells no count too narrowly; nothing is judged twice for the same mask."""
        while self._clean != pattern.shown.tobytes():
            pattern.clear_remainders()
            system = self._system_of(pattern.shown)
            leaks = [] if system is None else self._leaks(system, pattern.k, budget)
            if not leaks:
                self._clean = pattern.shown.tobytes()
            _repair(pattern, leaks, leaves_last=self._leaves_last)

    def _leaks(self, system: System, k: int, budget: Budget) -> list[Leak]:
        # Fewer published rows allow more tables; a least change may still have fallen, so each witness is tried anew.
        known = self._witnesses.still_good(system) if self._witnesses else None
        leaks, self._witnesses = judge(system, k, Program(system, budget), known)
        return leaks


def _without_zeros(pattern: Pattern, budget: Budget, shown: Mask) -> System | None:
    """The table as a sender would have it who never writes a zero, wherever the rows allow that (rule 4).

    It is judged whether or not this sender wrote one: else the pattern would tell.
    """
    present = alone(pattern.space, shown, pattern.values, least=1)
    return present if Program(present, budget).is_possible() else None


def _repair(pattern: Pattern, leaks: Sequence[Leak], *, leaves_last: bool) -> None:
    for leak in leaks:
        if not leak.proof:
            message = "nothing of the new table proves it"
            raise UnsolvedError(message)
        if not pattern.shown[list(leak.proof)].all():
            continue  # this round has broken the proof already
        margins = [cell for cell in leak.proof if pattern.space.leaf_of[cell] < 0 and cell != pattern.grand]
        # Beside other tables leaves go last: withholding them cascades (measured: shown fell from 65 to 19 %).
        pattern.take_company(margins if leaves_last and margins else leak.proof, leak.cell % len(pattern.shown))
