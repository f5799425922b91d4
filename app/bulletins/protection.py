"""The content of a bulletin, judged and protected against what its flow has released (house.md: the journey of a bulletin)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.bulletins.declare import Declaration
from app.bulletins.door import UNKNOWN, Door, through
from app.bulletins.released import Background
from app.core.problems import Problem
from app.directory.dimensions import resolve
from app.disclosure.release import Release
from app.disclosure.table import ProtectedTable
from app.wire.period import Period, partial_overlap
from app.wire.problem import Finding
from app.wire.strict_json import pointer

_MOST_FINDINGS = 100
_HAS_ALTERNATIVES = frozenset({"cannot-be-protected", "cannot-be-proved", "table-too-large", "method-not-available"})


@dataclass
class Ahead:
    """What the earlier items of a batch will have released, so that each item sees them as released (guarantees 1, rule 11)."""

    releases: dict[str, list[Release]] = field(default_factory=dict)
    periods: dict[str, list[Period]] = field(default_factory=dict)
    flows: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, declaration: Declaration, table: ProtectedTable, name: str, flow_k: int) -> None:
        """Count an item as released under the name of its version."""
        period, key = declaration.period, declaration.flow_key
        # As the ledger will have it: what is masked at source goes out as withheld.
        rows = tuple(replace(each, status="withheld") if each.status == "masked" else each for each in table.rows)
        counted = declaration.counted
        released = Release(name, declaration.natural_key, table.dimensions, counted.first, counted.last, table.method, table.k, rows)
        self.releases.setdefault(key, []).append(released)
        self.periods.setdefault(key, []).append(counted)
        self.flows.setdefault(key, (flow_k, period.family))

    def near(self, declaration: Declaration) -> Sequence[Period]:
        """Periods of an item's flow that the earlier items of its batch will have released."""
        return self.periods.get(declaration.flow_key, ())

    def seen_from(self, declaration: Declaration, behind: Background) -> Background:
        """The background of an item with the earlier items of its batch in it."""
        key, (first, last) = declaration.flow_key, behind.reach
        k, family = self.flows.get(key, (behind.k, behind.family))
        stored = {each.name for each in behind.releases}
        ahead = [each for each in self.releases.get(key, ()) if each.first <= last and each.last >= first and each.name not in stored]
        near = [(each.code, each.first, each.last) for each in self.near(declaration)]
        return replace(
            behind,
            k=k if behind.k is None else behind.k,
            family=family if behind.family is None else behind.family,
            releases=(*behind.releases, *ahead),
            periods=(*behind.periods, *near),
        )


def protected(declaration: Declaration, door: Door) -> ProtectedTable:
    """The table as it may be published, or `Problem` `invalid-content` with what stands against it.

    Codes: `period-family`, and those of `app.disclosure.protect` (`total-mismatch`, `total-too-small`, `table-too-large`,
    `cannot-be-protected`, `cannot-be-proved`, `method-not-available`), with pointers into the sender's body.
    """
    _refuse_other_calendar(declaration, door.behind)
    outcome = through(declaration, declaration.table, door)
    if not isinstance(outcome, ProtectedTable):
        raise refusal(_located(declaration, _helped(finding, door)) for finding in outcome)
    return outcome


def _helped(finding: Finding, door: Door) -> Finding:
    """A refusal with what its sentence needs to help: the leaking equation, seconds, what safe forms would show (guarantees 1, rule 9)."""
    if finding.code not in _HAS_ALTERNATIVES:
        return finding
    safe = finding.params.get("alternatives")
    shown = [f"protect={method} {share} %" for method, share in safe.items()] if isinstance(safe, Mapping) else []
    return replace(finding, params={"equation": UNKNOWN, "seconds": f"{door.budget_s:g}", **finding.params, "alternatives": shown})


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
    released = [(f"{each.first}/{each.last}", each.first, each.last) for each in behind.releases]
    for code, first, last in (*behind.periods, *released):
        # What was withdrawn is known none the less: no system could tell what two periods say that overlap in part.
        if any(partial_overlap(each, Period(code, first, last, period.family, period.frequency)) for each in (period, declaration.counted)):
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
