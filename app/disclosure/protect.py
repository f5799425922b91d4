"""The one door between what a sender declares and what may be published of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.disclosure.audit import Context, Leaks, UnsafeTableError, audit
from app.disclosure.draw import Draw
from app.disclosure.explain import equation
from app.disclosure.job import Job
from app.disclosure.lattice import margins
from app.disclosure.methods import METHODS, Made
from app.disclosure.program import Budget, UnsolvedError
from app.disclosure.release import Place, Release
from app.disclosure.scheme import NATIONALITY, Scheme
from app.disclosure.share import share_shown
from app.disclosure.table import ProtectedTable, Table
from app.wire.problem import Finding

_REPAIRED: Final = frozenset({"pool", "withhold"})
"""Methods that repair what tells too much; the others take a table as it is or refuse it."""


_OFFERED: Final = ("pool", "withhold", "round")
_SECONDS_FOR_AN_OFFER: Final = 2.0


def protect(
    table: Table,
    *,
    scheme: Scheme,
    method: str | None,
    k: int,
    draw: Draw,
    place: Place,
    releases: Sequence[Release],
    budget: Budget,
) -> ProtectedTable | tuple[Finding, ...]:
    """What may be published of a table, or why nothing may be.

    `method` None is the contract's default: 'pool' where nationality is the only dimension and every count is known, else
    'withhold'.  `releases` are all tables ever released of the flow whose periods meet this one, withdrawn ones too, and those that stand
    beside it in a longer released period.

    Findings: `total-mismatch` {submitted, summed, cell}; `total-too-small` {k}; `table-too-large` {cells, limit};
    `cannot-be-protected` {cells, k} and, where there is one, {equation}: counts of the sender's own table, for its eyes only;
    `cannot-be-proved` {method}; `method-not-available` {method}; the last four with {alternatives}: methods
    that would do, each with the whole percent of the population that it shows.  Source: guarantees 1, rules 1, 5, 8, 9 and 11.
    """
    totals, mismatches = margins(table, scheme.areas)
    if mismatches:
        return tuple(each.finding(table.dimensions) for each in mismatches)
    job = Job(table, totals, scheme, k, draw, place, releases, budget)
    if job.grand is not None and 0 < job.grand < k:
        return (Finding("total-too-small", params={"k": k}),)
    chosen = (method or _default(table)) if table.leaves else "none"
    outcome = _tried(chosen, job)
    if isinstance(outcome, ProtectedTable):
        return outcome
    return tuple(_with_alternatives(finding, chosen, job) for finding in outcome)


def _tried(method: str, job: Job) -> ProtectedTable | tuple[Finding, ...]:
    try:
        made = METHODS[method](job)
        return _audited(made, job) if isinstance(made, Made) else (made,)
    except UnsolvedError:
        return (Finding("cannot-be-proved", params={"method": method}),)


def _with_alternatives(finding: Finding, refused: str, job: Job) -> Finding:
    """The refusal with what the other methods would publish: each with the whole percent of the population that it shows."""
    safe = {method: shown for method in _OFFERED if method != refused and (shown := _shown_by(method, job))}
    return replace(finding, params={**finding.params, "alternatives": safe}) if safe else finding


def _shown_by(method: str, job: Job) -> int:
    if not job.table.leaves or (method == "pool" and NATIONALITY not in job.table.dimensions):
        return 0
    outcome = _tried(method, replace(job, budget=Budget(_SECONDS_FOR_AN_OFFER)))
    leaves = {key: leaf.value for key, leaf in job.table.leaves.items() if leaf.value is not None}
    return share_shown(outcome.rows, leaves, method) if isinstance(outcome, ProtectedTable) and outcome.method == method else 0


def _default(table: Table) -> str:
    return "pool" if table.dimensions == (NATIONALITY,) and table.complete else "withhold"


def _audited(made: Made, job: Job) -> ProtectedTable | tuple[Finding, ...]:
    context = Context(job.k, job.scheme, job.place, job.releases, job.budget)
    verdict = audit(made.rows, dimensions=job.table.dimensions, method=made.method, context=context)
    if isinstance(verdict, ProtectedTable):
        return verdict
    if made.method in _REPAIRED:
        message = "a method left what it should have repaired"
        raise UnsafeTableError(message)
    return (_told(verdict, job),)


def _told(leaks: Leaks, job: Job) -> Finding:
    """The refusal of a table that tells too much: how many counts, and the equation of one of them."""
    params: dict[str, object] = {"cells": len(leaks.found), "k": job.k}
    own = next((leak for leak in leaks.found if leak.cell < len(leaks.view.space.cells)), None)
    if own is not None and leaks.beside is None:
        params["equation"] = str(equation(leaks.system, own, leaks.view.space, leaks.view.space.cells[own.cell]))
    return Finding("cannot-be-protected", params=params)
