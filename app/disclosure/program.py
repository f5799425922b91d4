"""Linear and whole-number programmes over a system, by HiGHS: one thread, warm starts; an unsolved one proves nothing."""

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from app.disclosure.space import Whole
from app.disclosure.system import MOST, System, is_met

_BIG: Final = 10**6
"""What stands for "no upper limit" inside the solver, or twice the sum of all that is told: larger numbers cost it precision."""
WHOLE: Final = 1e-3
"""How far from a whole number a solver's result may lie to be tried as one; whole vectors are verified without any tolerance."""

_DUAL, _PRIMAL = 1, 4
_INFINITE: Final = float(highspy.kHighsInf)

Real = NDArray[np.float64]
Target = tuple[NDArray[np.generic], int]
"""A cost, and the value that it is held to."""


class UnsolvedError(Exception):
    """A programme that has no solution, or none that the solver could prove: never to be read as "safe"."""


class ImpossibleError(UnsolvedError):
    """Nothing obeys the system: the published rows contradict each other under this reading."""


class OutOfTimeError(UnsolvedError):
    """The budget of an audit is used up."""


class Budget:
    """Seconds that an audit may take, from now on (guarantees 1, rule 11)."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count."""
        self._clock, self._end = clock, clock() + seconds

    def require(self) -> None:
        """Raise `OutOfTimeError` when it is used up."""
        if self._clock() > self._end:
            raise OutOfTimeError

    @property
    def left(self) -> float:
        """Seconds left, never below a small positive number."""
        return max(0.01, self._end - self._clock())


@dataclass(frozen=True)
class Vertex:
    """An optimum: the point, and the multipliers of rows and columns that prove it the best."""

    x: Real = field(repr=False)
    rows: Real = field(repr=False)
    columns: Real = field(repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether every unknown is a whole number."""
        return bool(np.abs(self.x - np.rint(self.x)).max(initial=0.0) < WHOLE)


class Program:
    """One system in the solver; fixed columns are kept out of it, and their multipliers are worked out beside it."""

    def __init__(self, system: System, budget: Budget) -> None:
        """Hand the system to the solver."""
        self.system, self.budget, self._has_point = system, budget, False
        free = system.least < system.most
        self._free, self._fixed = np.flatnonzero(free), np.flatnonzero(~free)
        self._base: Whole = np.where(free, 0, system.least)
        rows = csr_array(system.rows)
        self._fixed_rows = csr_array(rows[:, self._fixed].T)
        self._columns = np.arange(len(self._free), dtype=np.int32)
        self._height = rows.shape[0]
        offset = rows @ self._base
        # No count needs to be larger than all that is told together: a lower cap would make rows contradict each other.
        told = np.concatenate([(system.high - offset)[system.high < MOST], system.low - offset, system.least])
        self._most: Whole = np.minimum(system.most, max(_BIG, 2 * int(np.abs(told).sum())))
        self._solver = _solver(
            csc_array(rows[:, self._free]), system.least[self._free], self._most[self._free], system.low - offset, system.high - offset
        )

    def best(self, cost: NDArray[np.generic], *, equal: Target | None = None, box: tuple[Whole, Whole] | None = None) -> Vertex:
        """The point with the least cost over real numbers, within a box of columns and with another cost at a given value.

        Raises `ImpossibleError` where there is none.
        """
        self.budget.require()
        priced = np.asarray(cost, dtype=np.float64)
        if not len(self._free):
            return self._only_point(priced)
        # After another cost the last point still obeys the rows; at the start, and after other bounds, none is known to.
        is_inside = self._has_point and equal is None and box is None
        self._solver.setOptionValue("simplex_strategy", _PRIMAL if is_inside else _DUAL)
        self._has_point = equal is None and box is None
        with self._narrowed(equal, box):
            self._solver.changeColsCost(len(self._free), self._columns, priced[self._free])
            self._run()
            solution = self._solver.getSolution()
        x = self._base.astype(np.float64)
        x[self._free] = solution.col_value
        multipliers = np.asarray(solution.row_dual, dtype=np.float64)[: self._height]
        reduced = np.zeros(len(x))
        reduced[self._free] = solution.col_dual
        # Fixed columns are not in the programme, and yet they prove things.
        reduced[self._fixed] = priced[self._fixed] - self._fixed_rows @ multipliers
        return Vertex(x, multipliers, reduced)

    def is_possible(self) -> bool:
        """Whether any whole point obeys the system; raises `UnsolvedError` where the solver cannot tell."""
        nothing = np.zeros(len(self._base))
        if not self.system.exact_vertices:
            return self.whole(nothing) is not None
        try:
            self.best(nothing)
        except ImpossibleError:
            return False
        return True

    def whole(self, cost: NDArray[np.generic], *, equal: int | None = None, box: tuple[Whole, Whole] | None = None) -> Whole | None:
        """The whole point with the least cost, or any with cost `equal`, within a box of columns; None where there is none.

        Raises `UnsolvedError` where the solver can tell neither.
        """
        self.budget.require()
        priced = np.asarray(cost, dtype=np.float64)
        if not len(self._free):
            return self._base.copy() if equal is None or int(priced @ self._base) == equal else None
        solver, target = self._solver, None if equal is None else (priced, equal)
        with self._narrowed(target, box):
            solver.changeColsCost(len(self._free), self._columns, priced[self._free] * (equal is None))
            solver.changeColsIntegrality(len(self._free), self._columns, np.full(len(self._free), highspy.HighsVarType.kInteger))
            try:
                return self._whole_point(target)
            finally:
                solver.changeColsIntegrality(len(self._free), self._columns, np.full(len(self._free), highspy.HighsVarType.kContinuous))

    @contextmanager
    def _narrowed(self, equal: Target | None, box: tuple[Whole, Whole] | None) -> Iterator[None]:
        """For a while, one more row and closer bounds."""
        solver = self._solver
        if box is not None:
            self._bound(*box)
        if equal is not None:
            priced, value = np.asarray(equal[0], dtype=np.float64), equal[1]
            at = np.flatnonzero(priced[self._free]).astype(np.int32)
            rest = value - float(priced @ self._base)
            solver.addRow(rest, rest, len(at), at, priced[self._free][at])
        try:
            yield
        finally:
            if equal is not None:
                solver.deleteRows(1, np.array([self._height], dtype=np.int32))
            if box is not None:
                self._bound(self.system.least, self._most)

    def _bound(self, least: Whole, most: Whole) -> None:
        free = self._free
        self._solver.changeColsBounds(len(free), self._columns, least[free].astype(float), most[free].astype(float))

    def _whole_point(self, target: Target | None) -> Whole | None:
        status = self._status()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise UnsolvedError(str(status))
        x = self._base.copy()
        x[self._free] = np.rint(self._solver.getSolution().col_value).astype(np.int64)
        # The solver's "whole" has a tolerance; ours has none.
        if not is_met(self.system, x) or (target is not None and int(np.asarray(target[0], dtype=np.int64) @ x) != target[1]):
            message = "a rounded point breaks a rule"
            raise UnsolvedError(message)
        return x

    def _only_point(self, priced: Real) -> Vertex:
        if not is_met(self.system, self._base):
            message = "no unknown is left and the rows contradict each other"
            raise ImpossibleError(message)
        return Vertex(self._base.astype(np.float64), np.zeros(self._height), priced)

    def _run(self) -> None:
        status = self._status()
        if status == highspy.HighsModelStatus.kUnknown:
            # A warm start goes astray now and then: begin anew before giving up.
            self._solver.clearSolver()
            self._solver.setOptionValue("simplex_strategy", _DUAL)
            status = self._status()
        if status == highspy.HighsModelStatus.kInfeasible:
            raise ImpossibleError
        if status != highspy.HighsModelStatus.kOptimal:
            self.budget.require()
            raise UnsolvedError(str(status))

    def _status(self) -> highspy.HighsModelStatus:
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + self.budget.left)
        self._solver.run()
        return self._solver.getModelStatus()


def _without_banner() -> None:
    """Let the solver say its name once, to nobody: it prints to the process's own standard output, which belongs to the commands."""
    libc = ctypes.CDLL(None)
    libc.fflush(None)
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()
        libc.fflush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


_without_banner()


def _solver(columns: csc_array, least: Whole, most: Whole, low: Whole, high: Whole) -> highspy.Highs:
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off"), ("random_seed", 0), ("mip_rel_gap", 0.0)):
        solver.setOptionValue(option, value)
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = columns.shape[1], columns.shape[0]
    program.col_cost_ = np.zeros(columns.shape[1])
    program.col_lower_, program.col_upper_ = least.astype(float), most.astype(float)
    program.row_lower_, program.row_upper_ = low.astype(float), np.where(high >= MOST, _INFINITE, high.astype(float))
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = columns.indptr, columns.indices
    program.a_matrix_.value_ = columns.data.astype(float)
    solver.passModel(program)
    return solver
