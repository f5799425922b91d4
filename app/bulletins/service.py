"""The verbs of bulletins: prepare (outside any transaction), publish, revise, withdraw (house.md: the journey of a bulletin)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.bulletins.certificates import keep_certificate
from app.bulletins.declare import Declaration
from app.bulletins.document import content_of, population_shown_pct, salted, same_content, stamped, with_certificate, withdrawal_of
from app.bulletins.door import Door, through
from app.bulletins.markings import Marking, linked, other_markings
from app.bulletins.projection import project
from app.bulletins.protection import Ahead, protected, refusal
from app.bulletins.released import Existing, Span, background, existing, lock_flow, locked, release_name, stamp_of
from app.bulletins.rights import audience_for
from app.bulletins.warnings import warnings_of
from app.core.clock import utc_now
from app.core.db import busy
from app.core.problems import Problem
from app.directory.service import Policy, k_for, policy_of
from app.disclosure.table import ProtectedTable
from app.exchange.log import NewEntry, append, documents, is_known
from app.exchange.node import Node
from app.wire.codes import Op, Outcome, Protect, Role, Status
from app.wire.ids import uuid7
from app.wire.problem import Finding
from app.wire.strict_json import pointer

_TRIES = 3
_CONTENT = 422
_MOST_FINDINGS = 100


@dataclass(frozen=True)
class Submission:
    """One bulletin that a caller sends: its declaration, the asked protection, and the reason where it may or must revise.

    `target` is the bulletin that a PUT names; without one the natural key decides, and `reason` allows a revision (files).
    """

    declaration: Declaration
    protect: Protect | None = None
    reason: str | None = None
    target: str | None = None
    etag_version: int | None = None
    leave_out_small: bool = False


@dataclass(frozen=True)
class Prepared:
    """A submission that may be published: its protected form, the version that it will be, and the stamp of what it was judged against.

    `flow_k` is the k of its flow, `warnings` and `shown_pct` are told to the sender alone.
    """

    submission: Submission
    table: ProtectedTable = field(repr=False)
    content: dict[str, object] = field(repr=False)
    certificate: str = field(repr=False)
    outcome: Outcome
    existing: Existing | None
    document_id: str
    version: int
    flow_k: int
    reach: Span
    stamp: frozenset[tuple[str, int]]
    marking: Marking
    shown_pct: int = field(repr=False)
    warnings: tuple[Finding, ...] = field(repr=False)


@dataclass(frozen=True)
class Published:
    """What became of a submission: the document as the log holds it; none where a period was left out."""

    outcome: str
    period: str
    document: dict[str, Any] | None
    population_shown_pct: int | None = None
    warnings: tuple[Finding, ...] = field(default=(), repr=False)


class _StaleError(Exception):
    """What a table was judged against has changed since: judge it anew."""


Keep = Callable[[Session, list[Published]], None]
"""What the edge does in the transaction of the write itself: keep the answer under its Idempotency-Key."""
Progress = Callable[[int, int, str], None]


def _silent(_done: int, _of: int, _period: str) -> None:
    """Tell nobody."""


def publish(
    node: Node,
    caller: Caller,
    submissions: Sequence[Submission],
    *,
    attempt: Attempt,
    keep: Keep | None = None,
    progress: Progress = _silent,
) -> list[Published]:
    """Publish bulletins together or not at all; the answer comes after the commit.

    Raises `bulletin-exists` (409), `bulletin-repeated`, the content's codes (422) and `busy` (503) where what they were judged
    against kept changing.
    """
    for _ in range(_TRIES):
        prepared, left_out = prepare(node, caller, submissions, progress)
        try:
            with node.db.write() as session:
                written = _write(session, node, caller, prepared, attempt)
                results = _in_order(submissions, written, left_out)
                if keep:
                    keep(session, results)
        except (_StaleError, IntegrityError):
            continue
        return results
    raise busy()


def check(node: Node, caller: Caller, submission: Submission) -> Prepared:
    """Judge a bulletin as `publish` would, and store nothing (contract: POST /bulletins/check)."""
    prepared, _ = prepare(node, caller, [submission])
    return prepared[0]


def prepare(
    node: Node, caller: Caller, submissions: Sequence[Submission], progress: Progress = _silent
) -> tuple[list[Prepared], list[Submission]]:
    """Judge and protect in order, each item seeing the earlier ones as released; no transaction is open meanwhile.

    Returns what may be published, and the submissions left out because their total is too small (only where they ask for it).
    """
    prepared: list[Prepared] = []
    left_out: list[Submission] = []
    refused: list[Problem] = []
    ahead, seen = Ahead(), set[str]()
    for number, submission in enumerate(submissions, 1):
        declaration = submission.declaration
        if declaration.natural_key in seen:
            raise refusal([Finding("bulletin-repeated", pointer=pointer(*declaration.at, "period"))])
        seen.add(declaration.natural_key)
        try:
            item = _prepare_one(node, caller, submission, ahead)
        except Problem as problem:
            if submission.leave_out_small and problem.code == "total-too-small":
                left_out.append(submission)
            elif len(submissions) == 1 or not problem.findings:
                raise
            else:
                refused.append(problem)
            continue
        ahead.add(declaration, item.table, release_name(item.document_id, item.version), item.flow_k)
        prepared.append(item)
        progress(number, len(submissions), declaration.period.code)
    refused += [refusal([finding]) for finding in other_markings([item.marking for item in prepared])]
    if refused:
        raise refused[0] if len(submissions) == 1 else _merged(refused)
    return prepared, left_out


def _merged(problems: Sequence[Problem]) -> Problem:
    """One refusal that names every failing item; a conflict stands before a fault of content (contract: Order of judgement)."""
    first = min(problems, key=lambda problem: problem.status)
    alike = {problem.code for problem in problems} == {first.code}
    findings = [finding for problem in problems for finding in problem.findings][:_MOST_FINDINGS]
    return Problem(first.code if alike or first.status != _CONTENT else "invalid-content", *findings, headers=None, **first.params)


def _prepare_one(node: Node, caller: Caller, submission: Submission, ahead: Ahead) -> Prepared:
    declaration = submission.declaration
    with node.db.read() as session:
        policy = policy_of(session, declaration.conference)
        audience = audience_for(session, caller, declaration.draft.audience, declaration.draft.tlp, declaration.at)
        behind = background(session, declaration.flow_key, declaration.natural_key, declaration.counted, ahead.near(declaration))
        beside = linked(session, caller, declaration.flow_key, declaration.natural_key, declaration.counted)
        known = _document(session, behind.existing) if behind.existing else None
        id_taken = declaration.draft.id is not None and is_known(session, declaration.draft.id)
    if caller.role is Role.PARTNER and policy.partner_release != "at_once":
        raise _not_yet(declaration)
    before = behind.existing
    _require_target(submission, before)
    behind = ahead.seen_from(declaration, behind)
    flow_k = behind.k or policy.k  # a flow keeps the k of its first publication, whatever is decided later (guarantees 1)
    k = k_for(flow_k, declaration.table.dimensions)
    door = Door(behind, _method(submission, policy), k, node.secrets, node.settings.protection_budget_s)
    table = (known and _as_before(declaration, door, known, audience)) or _table_or_conflict(submission, door)
    content = content_of(declaration, table, audience)
    outcome = _outcome(submission, before, known, content)
    if outcome is Outcome.REVISED and policy.delta_below_k != "publish":
        raise _not_yet(declaration)
    if outcome is Outcome.CREATED and id_taken:
        raise Problem("id-in-use", Finding("id-in-use", pointer=pointer(*declaration.at, "id")))
    document_id, version = _identity(submission, before, outcome)
    certificate = salted(table.certificate)
    return Prepared(
        submission,
        table,
        with_certificate(content, certificate),
        certificate,
        outcome,
        before,
        document_id,
        version,
        flow_k,
        behind.reach,
        behind.stamp,
        Marking(declaration, tuple(audience), beside, stands=outcome is Outcome.UNCHANGED),
        population_shown_pct(declaration.table, table),
        warnings_of(declaration, table, door, {document_id, *(each.document_id for each in beside if each.visible)}),
    )


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
    return Problem("not-supported-yet", Finding("not-supported-yet", pointer=pointer(*declaration.at)))


def _document(session: Session, version: Existing) -> dict[str, Any]:
    """The document of a version as the log holds it."""
    pair = (version.document_id, version.version)
    document: dict[str, Any] = orjson.loads(documents(session, [pair])[pair].text or "{}")
    return document


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


def _write(session: Session, node: Node, caller: Caller, prepared: Sequence[Prepared], attempt: Attempt) -> list[Published]:
    entries: list[NewEntry] = []
    results: list[Published] = []
    for item in sorted(prepared, key=lambda each: each.submission.declaration.flow_key):
        _lock_and_compare(session, item)
    for item in prepared:
        if item.outcome is Outcome.UNCHANGED and item.existing:
            results.append(_published(item, _document(session, item.existing)))
            continue
        document = _version(item, str(caller.office))
        project(session, document)
        keep_certificate(session, item.document_id, item.version, item.certificate)
        entries.append(NewEntry(Op.REVISE if item.outcome is Outcome.REVISED else Op.PUBLISH, document))
        results.append(_published(item, document))
    # The head row is taken last and held until the commit: numbers come out in the order of commits.
    appended = {entry.document["id"]: entry.document for entry in append(session, node.signer, entries)}
    results = [_sealed(result, appended) for result in results]
    for result in results:
        record(session, attempt, result.outcome, [(result.document["id"], result.document["version"])] if result.document else ())
    return results


def _lock_and_compare(session: Session, item: Prepared) -> None:
    declaration = item.submission.declaration
    flow = lock_flow(session, declaration.flow_key, item.flow_k, declaration.period.family)
    stamp = stamp_of(session, declaration.flow_key, item.reach)
    if flow.k != item.flow_k or stamp != item.stamp or existing(session, declaration.natural_key) != item.existing:
        raise _StaleError


def _version(item: Prepared, issuer: str) -> dict[str, object]:
    now = utc_now()
    document = stamped(item.content, document_id=item.document_id, version=item.version, issuer=issuer, created_at=now, now=now)
    return document | {"reason": item.submission.reason} if item.existing else document


def _published(item: Prepared, document: dict[str, Any]) -> Published:
    return Published(item.outcome.value, item.submission.declaration.period.code, document, item.shown_pct, item.warnings)


def _sealed(result: Published, appended: dict[object, dict[str, object]]) -> Published:
    if result.document is None or result.outcome == Outcome.UNCHANGED.value:
        return result
    return replace(result, document=appended[result.document["id"]])


def _in_order(submissions: Sequence[Submission], written: list[Published], left_out: Sequence[Submission]) -> list[Published]:
    waiting = iter(written)
    skipped = {id(submission) for submission in left_out}
    return [
        Published("left_out", submission.declaration.period.code, None) if id(submission) in skipped else next(waiting)
        for submission in submissions
    ]


def withdraw(
    node: Node, caller: Caller, document_id: str, *, version: int, reason: str, attempt: Attempt, keep: Keep | None = None
) -> Published:
    """Take a bulletin back with a reason: a new version without a body; its earlier bodies are never served again.

    Raises `precondition-failed` where another version came meanwhile and `already-withdrawn` (409).
    """
    with node.db.write() as session:
        found = locked(session, document_id)
        if found is None or found.version != version:
            raise Problem("precondition-failed")
        if found.status == Status.WITHDRAWN.value:
            raise Problem("already-withdrawn")
        known = _document(session, found)
        document = withdrawal_of(known, version=version + 1, issuer=str(caller.office), reason=reason, now=utc_now())
        project(session, document)
        appended = append(session, node.signer, [NewEntry(Op.WITHDRAW, document)])[0]
        result = Published("withdrawn", str(known.get("period")), dict(appended.document))
        record(session, attempt, "withdrawn", [(document_id, version + 1)])
        if keep:
            keep(session, [result])
    return result
