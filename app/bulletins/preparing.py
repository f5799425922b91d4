"""Preparing bulletins: each judged and protected outside any transaction, against all that its flow has released (house.md: the journey of a bulletin)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.access.callers import Caller
from app.bulletins.declare import Declaration
from app.bulletins.document import content_of, population_shown_pct, salted, same_content, with_certificate
from app.bulletins.door import Door, through
from app.bulletins.markings import Linked, Marking, linked, other_markings
from app.bulletins.protection import Ahead, protected, refusal
from app.bulletins.ready import Ready
from app.bulletins.released import Background, Existing, background, document_of, release_name
from app.bulletins.telling import tellable
from app.bulletins.warnings import warnings_of
from app.core.problems import Problem
from app.directory.allow_list import vocabulary_of
from app.directory.service import Policy, k_for, policy_of
from app.disclosure.table import ProtectedTable
from app.documents.figures import figures_of
from app.documents.rights import audience_for
from app.documents.texts import Covered, read_texts, texts_of, unconfirmed
from app.documents.waiting import Wait, wait_for
from app.exchange.log import is_known
from app.exchange.node import Node
from app.screening.screen import Vocabulary
from app.wire.codes import Outcome, Protect
from app.wire.ids import uuid7
from app.wire.problem import Finding
from app.wire.strict_json import pointer

_CONTENT = 422
_MOST_FINDINGS = 100
REASON_OPTION = "revise"
"""The option in which a file says why it revises what stands."""


@dataclass(frozen=True)
class Submission:
    """One bulletin that a caller sends: its declaration, the asked protection, and the reason where it may or must revise.

    `target` is the bulletin that a PUT names; without one the natural key decides, and `reason` allows a revision (files).
    `issuer` is the office whose it is already, where another one sends it anew; else it is the caller's.
    """

    declaration: Declaration
    protect: Protect | None = None
    reason: str | None = None
    target: str | None = None
    etag_version: int | None = None
    leave_out_small: bool = False
    issuer: str | None = None


@dataclass(frozen=True)
class Prepared:
    """A submission that may be published: its protected form, the version that it will be, and the stamp of what it was judged against.

    `warnings` and `shown_pct` are told to the sender alone; `to_confirm` is what of its texts another person must confirm first,
    `covered` the version before where its confirmation covers some of them.
    """

    submission: Submission
    table: ProtectedTable = field(repr=False)
    ready: Ready = field(repr=False)
    wait: Wait
    marking: Marking
    shown_pct: int = field(repr=False)
    warnings: tuple[Finding, ...] = field(repr=False)
    to_confirm: tuple[Finding, ...] = field(repr=False)
    covered: Covered = ()


Progress = Callable[[int, int, str], None]
"""Told after each item: how many are done, of how many, and the period."""


def silent(_done: int, _of: int, _period: str) -> None:
    """Tell nobody."""


def prepare(
    node: Node, caller: Caller, submissions: Sequence[Submission], progress: Progress = silent
) -> tuple[list[Prepared], list[Submission]]:
    """Judge and protect in order, each item seeing the earlier ones as released; no transaction is open meanwhile.

    Returns what may be published, and the submissions left out because their total is too small (only where they ask for it).
    """
    _refuse_repeated(submissions)
    done, ahead = _Done(is_alone=len(submissions) == 1), Ahead()
    for number, submission in enumerate(submissions, 1):
        declaration = submission.declaration
        try:
            item = _prepare_one(node, caller, submission, ahead)
        except Problem as problem:
            done.refuse(submission, problem)
            continue
        ahead.add(declaration, item.table, release_name(item.ready.document_id, item.ready.version), item.ready.flow_k)
        done.prepared.append(item)
        progress(number, len(submissions), declaration.period.code)
    done.refused += [refusal([finding]) for finding in other_markings([item.marking for item in done.prepared])]
    done.require_all()
    return done.prepared, done.left_out


@dataclass
class _Done:
    """What became of the items so far."""

    is_alone: bool
    prepared: list[Prepared] = field(default_factory=list)
    left_out: list[Submission] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)

    def refuse(self, submission: Submission, problem: Problem) -> None:
        """Leave an item out where it asks for that, else keep its refusal; raise what no item can be named for."""
        if submission.leave_out_small and problem.code == "total-too-small":
            self.left_out.append(submission)
        elif self.is_alone or not problem.findings:
            raise problem
        else:
            self.refused.append(problem)

    def require_all(self) -> None:
        """Raise one refusal that names every failing item."""
        if self.refused:
            raise self.refused[0] if self.is_alone else _merged(self.refused)


def _refuse_repeated(submissions: Sequence[Submission]) -> None:
    seen = set[str]()
    for declaration in (submission.declaration for submission in submissions):
        if declaration.natural_key in seen:
            raise refusal([Finding("bulletin-repeated", pointer=pointer(*declaration.at, "period"))])
        seen.add(declaration.natural_key)


def _merged(problems: Sequence[Problem]) -> Problem:
    """One refusal that names every failing item; a conflict stands before a fault of content (contract: Order of judgement)."""
    first = min(problems, key=lambda problem: problem.status)
    alike = {problem.code for problem in problems} == {first.code}
    findings = [finding for problem in problems for finding in problem.findings][:_MOST_FINDINGS]
    return Problem(first.code if alike or first.status != _CONTENT else "invalid-content", *findings, headers=None, **first.params)


@dataclass(frozen=True)
class _Seen:
    """What one read of the store says about an item."""

    policy: Policy
    audience: Sequence[str]
    behind: Background
    beside: tuple[Linked, ...]
    known: dict[str, Any] | None = field(repr=False)
    id_taken: bool
    vocabulary: Vocabulary


def _see(node: Node, caller: Caller, declaration: Declaration, ahead: Ahead) -> _Seen:
    draft, flow_key, natural_key = declaration.draft, declaration.flow_key, declaration.natural_key
    with node.db.read() as session:
        behind = background(session, flow_key, natural_key, declaration.counted, ahead.near(declaration))
        return _Seen(
            policy_of(session, declaration.conference),
            audience_for(session, caller, draft.audience, draft.tlp, declaration.at),
            behind,
            linked(session, caller, flow_key, natural_key, declaration.counted),
            document_of(session, behind.existing) if behind.existing else None,
            draft.id is not None and is_known(session, draft.id),
            vocabulary_of(session),
        )


def _prepare_one(node: Node, caller: Caller, submission: Submission, ahead: Ahead) -> Prepared:
    declaration = submission.declaration
    seen = _see(node, caller, declaration, ahead)
    before = seen.behind.existing
    _require_target(submission, before)
    behind = ahead.seen_from(declaration, seen.behind)
    flow_k = behind.k or seen.policy.k  # a flow keeps the k of its first publication, whatever is decided later (guarantees 1)
    k = k_for(flow_k, declaration.table.dimensions)
    door = Door(behind, _method(submission, seen.policy), k, node.secrets, node.settings.protection_budget_s)
    table = (seen.known and _as_before(declaration, door, seen.known, seen.audience)) or _table_or_conflict(submission, door)
    content = content_of(declaration, table, seen.audience)
    outcome = _outcome(submission, before, seen.known, content)
    _require_outcome(declaration, outcome, seen)
    found = () if outcome is Outcome.UNCHANGED else _read(submission, table, k, seen.vocabulary)
    to_confirm, covered = unconfirmed(found, _texts(submission), seen.known, content, declaration.at)
    ready = _ready(submission, outcome, content, salted(tellable(table, behind)), replace(behind, k=flow_k))
    known_ids = {ready.document_id, *(each.document_id for each in seen.beside if each.visible)}
    return Prepared(
        submission,
        table,
        ready,
        _wait(submission, caller, outcome, seen.policy, to_confirm),
        Marking(declaration, tuple(seen.audience), seen.beside, stands=outcome is Outcome.UNCHANGED),
        population_shown_pct(declaration.table, table),
        warnings_of(declaration, table, door, known_ids),
        to_confirm,
        covered,
    )


def _read(submission: Submission, table: ProtectedTable, k: int, vocabulary: Vocabulary) -> tuple[Finding, ...]:
    """What of a bulletin's texts another person must confirm; they are held against what was counted as well as what is shown of it."""
    texts, counted = _texts(submission), submission.declaration.table
    if not texts:
        return ()
    keys = [(counted.dimensions, counted.leaves), (table.dimensions, [row.key for row in table.rows])]
    pairs = {pair for names, rows in keys for key in rows for pair in zip(names, key, strict=True)}
    labels = [point.label for point in submission.declaration.draft.route_points]
    published = [row.value for row in table.rows if row.value is not None]
    return read_texts(texts, vocabulary, figures_of(k, pairs, labels, published, is_bulletin=True))


def _texts(submission: Submission) -> dict[str, str]:
    """What a bulletin says in words; the reason of a file is an option beside it."""
    texts = texts_of(submission.declaration.draft, submission.declaration.at)
    return texts | ({REASON_OPTION: submission.reason} if submission.reason and submission.target is None else {})


def _ready(submission: Submission, outcome: Outcome, content: dict[str, object], certificate: str, behind: Background) -> Ready:
    declaration, before = submission.declaration, behind.existing
    document_id, version = _identity(submission, before, outcome)
    return Ready(
        flow_key=declaration.flow_key,
        natural_key=declaration.natural_key,
        family=declaration.period.family,
        flow_k=behind.k or 0,
        reach=behind.reach,
        stamp=behind.stamp,
        existing=before,
        outcome=outcome,
        document_id=document_id,
        version=version,
        content=with_certificate(content, certificate),
        certificate=certificate,
        reason=submission.reason,
    )


def _wait(submission: Submission, caller: Caller, outcome: Outcome, policy: Policy, to_confirm: Sequence[Finding]) -> Wait:
    """What it waits for; where nothing is published there is nothing to wait for."""
    if outcome is Outcome.UNCHANGED:
        return Wait()
    office = submission.issuer or str(caller.office)
    return wait_for(office, policy.partner_release, submission.declaration.draft.publish_at, to_confirm)


def _require_outcome(declaration: Declaration, outcome: Outcome, seen: _Seen) -> None:
    if outcome is Outcome.REVISED and seen.policy.delta_below_k != "publish":
        raise _not_yet(declaration)
    if outcome is Outcome.CREATED and seen.id_taken:
        raise Problem("id-in-use", Finding("id-in-use", pointer=pointer(*declaration.at, "id")))


def _identity(submission: Submission, before: Existing | None, outcome: Outcome) -> tuple[str, int]:
    """Id and version under which an item will stand: later items of a batch and its certificate name it by them."""
    if before is None:
        return submission.declaration.draft.id or uuid7(), 1
    return before.document_id, before.version + (outcome is not Outcome.UNCHANGED)


def _method(submission: Submission, policy: Policy) -> Protect | None:
    """The protection that the sender or else the conference's policy asks for; None is the contract's default."""
    decided = None if policy.protect == "contract" else Protect(policy.protect)
    return submission.protect or decided


def _not_yet(declaration: Declaration) -> Problem:
    """What a policy asks for and no review can give yet is refused, never passed over."""
    return Problem("not-supported-yet", Finding("not-supported-yet", pointer=pointer(*declaration.at, "cells")))


def _require_target(submission: Submission, before: Existing | None) -> None:
    if submission.target is None:
        return
    if before is None or before.document_id != submission.target:
        raise refusal([Finding("natural-key-differs", pointer=pointer(*submission.declaration.at, "period"))])
    if submission.etag_version is not None and before.version != submission.etag_version:
        raise Problem("precondition-failed")
    if before.figure_status == "final" and submission.declaration.draft.figure_status.value == "provisional":
        raise refusal([Finding("figure-status-back", pointer=pointer(*submission.declaration.at, "figure_status"))])


def _table_or_conflict(submission: Submission, door: Door) -> ProtectedTable:
    # A conflict is judged before the content (contract: Order of judgement); only an equal protected form is none.
    try:
        return protected(submission.declaration, door)
    except Problem:
        if door.behind.existing and submission.reason is None:
            raise _conflict(submission, door.behind.existing) from None
        raise


def _as_before(declaration: Declaration, door: Door, known: dict[str, Any], audience: Sequence[str]) -> ProtectedTable | None:
    """The table as its newest version drew it, where that is what stands already: versions draw afresh, what is sent again does not."""
    own = [release for release in door.behind.releases if release.bulletin == declaration.natural_key]
    earlier = door.behind.releases[: door.behind.releases.index(own[-1])] if own else ()
    drawn = through(declaration, declaration.table, replace(door, behind=replace(door.behind, releases=earlier)))
    return drawn if isinstance(drawn, ProtectedTable) and same_content(known, content_of(declaration, drawn, audience)) else None


def _outcome(submission: Submission, before: Existing | None, known: dict[str, Any] | None, content: dict[str, object]) -> Outcome:
    if before is None:
        return Outcome.CREATED
    if known is not None and same_content(known, content):
        return Outcome.UNCHANGED
    if submission.reason is None:
        raise _conflict(submission, before)
    return Outcome.REVISED


def _conflict(submission: Submission, before: Existing) -> Problem:
    link, place = f"/v1/bulletins/{before.document_id}", pointer(*submission.declaration.at, "period")
    finding = Finding("bulletin-exists", pointer=place, params={"bulletin": link})
    return Problem("bulletin-exists", finding, bulletin=link, headers={"Link": f'<{link}>; rel="related"'})
