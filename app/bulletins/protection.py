"""The content of a bulletin, judged and protected against what its flow has released (house.md: the journey of a bulletin)."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache

from app.bulletins.declare import Declaration
from app.bulletins.document import period_key
from app.bulletins.released import Background, Release
from app.core.problems import Problem
from app.core.secrets import Secrets
from app.directory.codes import nationalities
from app.directory.dimensions import resolve
from app.disclosure.draw import Draw
from app.disclosure.linked import betrayed_pools
from app.disclosure.protect import protect
from app.disclosure.scheme import Scheme
from app.disclosure.table import ProtectedTable
from app.wire.codes import Protect
from app.wire.period import Period, partial_overlap
from app.wire.problem import Finding
from app.wire.strict_json import pointer

_MOST_FINDINGS = 100


@cache
def scheme() -> Scheme:
    """The nationality scheme of the vocabularies: every nationality that has an area."""
    return Scheme({code: one.area for code, one in nationalities().items() if one.area and not code.startswith("_")})


@dataclass
class Ahead:
    """What the earlier items of a batch will have released, so that each item sees them as released (guarantees 1, rule 11)."""

    releases: dict[str, list[Release]] = field(default_factory=dict)
    periods: dict[str, list[Period]] = field(default_factory=dict)
    flows: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, declaration: Declaration, table: ProtectedTable, k: int) -> None:
        """Count an item as released."""
        period, key = declaration.period, declaration.flow_key
        self.releases.setdefault(key, []).append(Release(period.first, period.last, table.dimensions, table.rows))
        self.periods.setdefault(key, []).append(period)
        self.flows.setdefault(key, (k, period.family))

    def seen_from(self, declaration: Declaration, behind: Background) -> Background:
        """The background of an item with the earlier items of its batch in it."""
        key, period = declaration.flow_key, declaration.period
        k, family = self.flows.get(key, (behind.k, behind.family))
        same = [each for each in self.releases.get(key, []) if (each.first, each.last) == (period.first, period.last)]
        near = [(each.code, each.first, each.last) for each in self.periods.get(key, [])]
        return replace(
            behind,
            k=k if behind.k is None else behind.k,
            family=family if behind.family is None else behind.family,
            tables=(*behind.tables, *same),
            periods=(*behind.periods, *near),
        )


def protected(declaration: Declaration, behind: Background, *, method: Protect | None, k: int, secrets: Secrets) -> ProtectedTable:
    """The table as it may be published, or `Problem` `invalid-content` with what stands against it.

    Codes: `period-family`, and those of `app.disclosure.protect` (`total-mismatch`, `total-too-small`, `cannot-be-protected`,
    `method-not-available`), with pointers into the sender's body.
    """
    _refuse_other_calendar(declaration, behind)
    period = declaration.period
    draw = Draw(secrets.hmac_key("disclosure"), declaration.flow_key, period_key(period.first, period.last))
    same_dimensions = [release.rows for release in behind.tables if release.dimensions == ("nationality",)]
    method_name = method.value if method else None
    outcome = protect(declaration.table, scheme=scheme(), method=method_name, k=k, draw=draw, before=same_dimensions)
    if not isinstance(outcome, ProtectedTable):
        raise refusal(_located(declaration, finding) for finding in outcome)
    others = [(release.dimensions, release.rows) for release in behind.tables]
    betrayed = betrayed_pools(outcome, others, scheme())
    if betrayed:
        raise refusal([Finding("cannot-be-protected", pointer=pointer(*declaration.at, "cells"), params={"cells": betrayed, "k": k})])
    return outcome


def refusal(findings: Iterable[Finding]) -> Problem:
    """The problem of a content that cannot be published; a single finding gives it its code."""
    found = list(findings)[:_MOST_FINDINGS]
    alike = len({finding.code for finding in found}) == 1
    params = {name: value for name, value in found[0].params.items() if name != "headers"}
    return Problem(found[0].code if alike else "invalid-content", *found, headers=None, **params)


def _refuse_other_calendar(declaration: Declaration, behind: Background) -> None:
    period, place = declaration.period, pointer(*declaration.at, "period")
    if behind.family is not None and behind.family != period.family:
        raise refusal([Finding("period-family", pointer=place, params={"family": behind.family, "other": behind.family})])
    for code, first, last in behind.periods:
        if partial_overlap(period, Period(code, first, last, period.family, period.frequency)):
            raise refusal([Finding("period-family", pointer=place, params={"family": behind.family, "other": code})])


def _located(declaration: Declaration, finding: Finding) -> Finding:
    if finding.pointer is not None:
        return finding
    if finding.code == "method-not-available":
        return replace(finding, pointer="protect")
    path: tuple[object, ...] = ("cells",)
    if finding.code == "total-mismatch":
        path = ("cells", _index_of(declaration, str(finding.params["cell"])), "value")
    return replace(finding, pointer=pointer(*declaration.at, *path))


def _index_of(declaration: Declaration, cell: str) -> int:
    dimensions = declaration.table.dimensions
    for index, sent in enumerate(declaration.draft.cells):
        codes = [resolve(name, getattr(sent, name) or "") for name in dimensions]
        if " ".join(f"{name}={code}" for name, code in zip(dimensions, codes, strict=True)) == cell:
            return index
    return 0
