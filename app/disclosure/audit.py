"""The audit: the last look at finished rows, and the only place where a `ProtectedTable` comes into being.

It reads published rows only and takes nothing else from the methods, so that a broken method stops here, and the certificate is worked
out from what everyone may see.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.disclosure.base import base_of, ranges
from app.disclosure.certificate import Json, alone_of, certificate_of
from app.disclosure.joint import Beside, beside
from app.disclosure.joint_certificate import Joint
from app.disclosure.judge import Leak, Witnesses, judge
from app.disclosure.lattice import AREA_DIMENSIONS
from app.disclosure.program import Budget, Program
from app.disclosure.release import Place, Release
from app.disclosure.scheme import AREA_TOTALS, AREAS, OTHER, RESTS, TOTAL, TOTALS, Scheme
from app.disclosure.space import Space
from app.disclosure.system import System, alone
from app.disclosure.table import _SEAL, Key, ProtectedTable, Row, row_order
from app.disclosure.told import Told
from app.disclosure.view import View
from app.wire.problem import Finding

POLICY: Final = "rule(k)"


class UnsafeTableError(AssertionError):
    """A method of ours produced rows that break the rule: a fault of the program, never of the sender.

    The text names the rule that was broken and holds neither cell nor count.
    """


@dataclass(frozen=True)
class Leaks:
    """Rows that tell too much: the counts, and the system that proves it."""

    found: list[Leak] = field(repr=False)
    system: System = field(repr=False)
    view: View = field(repr=False)
    beside: Beside | None


@dataclass(frozen=True)
class _Proof:
    """What a certificate is made of, and what the sender is warned of."""

    spaces: list[Space]
    systems: list[Json] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Context:
    """What rows are audited under and beside."""

    k: int
    scheme: Scheme
    place: Place
    releases: Sequence[Release]
    budget: Budget


def audit(rows: tuple[Row, ...], *, dimensions: tuple[str, ...], method: str, context: Context) -> ProtectedTable | Leaks:
    """Proven rows, sealed, in row order; or what they tell by themselves or beside released tables.

    Every published count is 0 or at least k, and so is what a total keeps beside its published parts; every other count of the
    lattice is 0, at least k or open to k whole numbers in a row.  After 'pool' by nationality also: nothing null, the rows add up
    to `_T`, and no area total tells what the area put into `_O`.  After 'round': every count is as uncertain as its leaves.

    Raises UnsafeTableError where a rule that a method keeps by construction does not hold (guarantees 1, rules 1 to 4),
    UnsolvedError where nothing was proved.
    """
    known = _checked(rows, dimensions, context)
    shown, withheld = len(known), len(rows) - len(known)
    if method == "pool" and len(dimensions) == 1:
        _require(withheld == 0, "pooling leaves nothing null")
        flat = {key[0]: value for key, value in known.items()}
        _check_pools(flat, context.scheme)
        shown, withheld = _pool_figures(flat.keys(), context.scheme)
    ordered = tuple(sorted(rows, key=lambda each: row_order(each.key)))
    proof = _judged(ordered, dimensions, method, context)
    if isinstance(proof, Leaks):
        return proof
    certificate = certificate_of(method, context.k, proof.spaces, proof.systems)
    return ProtectedTable(
        dimensions, ordered, method, POLICY, context.k, shown + withheld, shown, withheld, certificate, tuple(proof.warnings), _SEAL
    )


def _checked(rows: tuple[Row, ...], dimensions: tuple[str, ...], context: Context) -> dict[Key, int]:
    """The counts that are shown, after the rules that need no system."""
    cells = {each.key: each.value for each in rows}
    _require(
        len(cells) == len(rows) and {len(key) for key in cells} <= {len(dimensions)}, "a cell is there once, with a code per dimension"
    )
    known = {key: value for key, value in cells.items() if value is not None}
    _require(not any(_unsafe(value, context.k) for value in known.values()), "a count is 0 or at least k")
    remainders = _remainders(known, dimensions, context.scheme)
    _require(not any(_unsafe(value, context.k) for value in remainders), "a remainder is 0 or at least k")
    return known


def _judged(rows: tuple[Row, ...], dimensions: tuple[str, ...], method: str, context: Context) -> Leaks | _Proof:
    """What the rows tell too narrowly; else the proof that they do not."""
    if not any(TOTALS.isdisjoint(each.key) for each in rows):
        # A nil report: one cell, which is 0, and so is every count that the releases beside it have.
        nil = View.of((), dimensions, context.scheme.areas)
        return _beside_others(nil, rows, 0, context, _Proof([nil.space]))
    view = View.of(rows, dimensions, context.scheme.areas)
    _check_sums(view)
    proof = _Proof([view.space])
    if method == "round":
        _check_rounded(view, context.k)
        return _beside_others(view, rows, base_of(context.k), context, proof)
    for least, system in enumerate(proving(view, context.budget)):
        leaks, program, witnesses = _judgement(system, view, context, None)
        if leaks:
            return leaks
        if not all(each.value is not None for each in rows):
            told = Told(view.space, view.shown, view.values, 0, least)
            proof.systems.append(alone_of(told, system, context.k, program, witnesses, [each.key for each in rows]))
    return _beside_others(view, rows, 0, context, proof)


def _beside_others(view: View, rows: tuple[Row, ...], base: int, context: Context, proof: _Proof) -> Leaks | _Proof:
    told = Told(view.space, view.shown, view.values, base)
    for each in beside(told, context.place, context.releases, context.scheme.areas, context.budget, context.k):
        joint = each.system_of(view.shown)
        if joint is not None:
            leaks, program, witnesses = _judgement(joint, view, context, each)
            if leaks:
                return leaks
            made = Joint(each.kind, each.names, each.readings, _listed(each, rows, context), joint)
            proof.systems.append(made.certificate(max(context.k, joint.k), program, witnesses))
            proof.spaces.extend(reading.told.space for reading in each.readings)
        elif each.kind != "cover" and each.is_contradicted(view.shown):
            proof.warnings.append(Finding("linked-totals-differ", params={"tables": list(each.names)}))
    return proof


def _listed(each: Beside, rows: tuple[Row, ...], context: Context) -> list[list[Key]]:
    """The cells of the tables of a reading as their documents list them, the new one last."""
    by_name = {release.name: release.rows for release in context.releases}
    return [[row.key for row in table] for table in (*(by_name[name] for name in each.names), rows)]


def proving(view: View, budget: Budget) -> Iterator[System]:
    """The systems of a table by itself: as it stands, and as a sender that never writes a zero would have it (rule 4).

    The second is judged wherever it is possible, so that the choice does not depend on what the sender wrote.
    """
    yield alone(view.space, view.shown, view.values)
    present = alone(view.space, view.shown, view.values, least=1)
    if not view.shown.all() and Program(present, budget).is_possible():
        yield present


def _judgement(system: System, view: View, context: Context, beside: Beside | None) -> tuple[Leaks | None, Program, Witnesses]:
    # From the beginning: what a method found on its way obeys cells that it withheld in the end, and a certificate would tell them.
    program = Program(system, context.budget)
    leaks, witnesses = judge(system, context.k, program)
    return (Leaks(leaks, system, view, beside) if leaks else None), program, witnesses


def _unsafe(value: int, k: int) -> bool:
    return value != 0 and value < k


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise UnsafeTableError(rule)


def _remainders(known: Mapping[Key, int], dimensions: tuple[str, ...], scheme: Scheme) -> Iterator[int]:
    """What each published total keeps when its published parts are taken off, for each way of dividing it."""
    parts: dict[tuple[Key, int, str], int] = {}
    for key, value in known.items():
        for place, name in enumerate(dimensions):
            for total, division in _totals_above(key[place], scheme if name in AREA_DIMENSIONS else None):
                above = (*key[:place], total, *key[place + 1 :])
                parts[above, place, division] = parts.get((above, place, division), 0) + value
    for (above, _, _), value in parts.items():
        if above in known:
            yield known[above] - value


def _totals_above(code: str, scheme: Scheme | None) -> Iterator[tuple[str, str]]:
    if code == TOTAL:
        return
    if code in AREA_TOTALS:
        yield TOTAL, "by area"
        return
    yield TOTAL, "by code"
    area = scheme.area_of(code) if scheme else None
    yield (f"_{area}", "by code") if area else (TOTAL, "by area")


def _check_sums(view: View) -> None:
    """A count whose finest parts are all shown is their sum."""
    leaves = view.space.leaf_cells
    whole = view.shown & (view.space.sums @ (~view.shown[leaves]).astype(np.int64) == 0)
    sums = view.space.sums @ view.values[leaves]
    _require(np.array_equal(sums[whole], view.values[whole]), "a count is the sum of its parts")


def _check_rounded(view: View, k: int) -> None:
    """Every cell is shown and adds up, and is open to k whole numbers by its leaves alone, at least k, or 0 throughout."""
    _require(bool(view.shown.all()), "rounding leaves nothing null")
    leaves = view.values[view.space.leaf_cells]
    _require(np.array_equal(view.space.sums @ leaves, view.values), "rounded cells add up")
    low, high = (view.space.sums @ end for end in ranges(leaves, base_of(k)))
    _require(bool(((low >= k) | (high - low >= k - 1)).all()), "a rounded count is open to k whole numbers or at least k")


def _check_pools(flat: Mapping[str, int], scheme: Scheme) -> None:
    parts = {code: value for code, value in flat.items() if code not in TOTALS}
    _require(0 not in parts.values(), "nobody is shown as 0 while others are pooled")
    _require(flat.get(TOTAL) == sum(parts.values()), "the rows add up to the total")
    for area in AREAS:
        mine = [value for code, value in parts.items() if scheme.area_of(code) == area]
        provable = bool(mine) and (f"_O{area}" in parts or OTHER not in parts)
        _require(flat.get(f"_{area}") == (sum(mine) if provable else None), "an area total stands where the other rows prove it")


def _pool_figures(published: AbstractSet[str], scheme: Scheme) -> tuple[int, int]:
    """Cells shown and cells withheld after pooling: a pool is no cell, it stands for every cell that may be in it."""
    pools = {*RESTS, OTHER}
    shown = published - pools
    hidden = {code for code in scheme.members - pools - shown if not published.isdisjoint((scheme.rest_of(code), OTHER))}
    lost = AREA_TOTALS - shown if OTHER in published else set()
    return len(shown), len(hidden | lost)
