"""The verbs of alerts: publish, revise, withdraw; only the origin makes versions (contract: alerts)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.alerts.declare import Declaration
from app.alerts.derived import reference
from app.alerts.holding import First, Sent, first_waiting, next_waiting
from app.alerts.models import Alert, AlertReference
from app.alerts.projection import project
from app.alerts.rights import Standing, link_faults
from app.alerts.writing import Keep, Written, document_of, into_log, keep_waiting, locked, readers_of, with_retries
from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory.allow_list import vocabulary_of
from app.directory.service import policy_of
from app.documents.figures import figures_for_a_reason, figures_of
from app.documents.rights import audience_for
from app.documents.texts import CONFIRMED_BEFORE, Covered, read_reason, read_texts, texts_of, unconfirmed
from app.documents.versions import said, stamped, withdrawal_of
from app.documents.waiting import Wait, embargo, embargo_faults, together, wait_for
from app.exchange.decided import drop_withdrawn
from app.exchange.log import is_known
from app.exchange.node import Node
from app.exchange.waiting import Waiting
from app.screening.screen import Vocabulary
from app.wire.codes import TLP, Op, Outcome, Status
from app.wire.ids import uuid7
from app.wire.problem import Finding
from app.wire.strict_json import pointer

_MOST_FINDINGS = 100
_OWN = frozenset({"reference", "credits"})
"""What the node adds to a version, by which two are not compared."""


@dataclass(frozen=True)
class Judged:
    """An alert that may be published: its content with the audience that it will have, and what of its texts another person confirms first.

    `office` wrote it, and `partner_release` is what its conference decided for its national offices; `covered` is the version before
    where its confirmation covers some of the texts.
    """

    declaration: Declaration
    content: dict[str, Any] = field(repr=False)
    office: str
    partner_release: str
    k: int
    to_confirm: tuple[Finding, ...] = field(default=(), repr=False)
    covered: Covered = ()

    @property
    def wait(self) -> Wait:
        """What it waits for."""
        return wait_for(self.office, self.partner_release, self.declaration.draft.publish_at, self.to_confirm)


def publish(
    node: Node, caller: Caller, declarations: Sequence[Declaration], *, attempt: Attempt, keep: Keep | None = None
) -> list[Written]:
    """Publish alerts together or not at all; the answer comes after the commit.

    Where one of them has to wait for its minute or for another person, all of them do, and nothing is published.

    Raises `id-in-use` (409), `code-repeated`, `audience-not-yours`, `link-unknown`, `link-stricter`, `retention-past`, `embargo-too-long`
    and `personal-data` (422).
    """
    return with_retries(partial(_publish, node, caller, declarations, attempt, keep))


def _publish(node: Node, caller: Caller, declarations: Sequence[Declaration], attempt: Attempt, keep: Keep | None) -> list[Written]:
    judged = judge_all(node, caller, declarations)
    first = [First(each.declaration.draft.id or uuid7(), each.content) for each in judged]
    with node.db.write() as session:
        if together(each.wait for each in judged).is_over:
            written = write_first(session, node, first, str(caller.office), attempt)
        else:
            written = keep_waiting(session, node, caller, waiting_of(caller, judged, first), attempt)
        if keep:
            keep(session, written)
    return written


def judge_all(node: Node, caller: Caller, declarations: Sequence[Declaration], office: str | None = None) -> list[Judged]:
    """Alerts judged and read, every failing one named; `office` wrote them first, where another one sends them anew."""
    with node.db.read() as session:
        judged = _each_judged([partial(judge, session, caller, each, office=office) for each in declarations])
        _require_ids(session, declarations)
        vocabulary = vocabulary_of(session)
    return _each_judged([partial(read, each, vocabulary) for each in judged])


def _each_judged(judgements: Sequence[Callable[[], Judged]]) -> list[Judged]:
    """All of a batch judged, every failing item named."""
    judged: list[Judged] = []
    refused: list[Problem] = []
    for judgement in judgements:
        try:
            judged.append(judgement())
        except Problem as problem:
            refused.append(problem)
    if refused:
        findings = [finding for problem in refused for finding in problem.findings][:_MOST_FINDINGS]
        alike = len({problem.code for problem in refused}) == 1
        raise Problem(refused[0].code, *findings) if alike else Problem("invalid-content", *findings)
    return judged


def judge(session: Session, caller: Caller, declaration: Declaration, issuer: str | None = None, *, office: str | None = None) -> Judged:
    """What of a declaration the store must be asked for: policy, audience, links, the day on which it ends.

    `issuer` is the office whose alert it is already, `office` the one that writes; without them it is the caller's.

    Raises what `publish` raises, with the pointers of every fault of the links.
    """
    draft, at = declaration.draft, declaration.at
    policy = policy_of(session, declaration.conference)
    first_day = (embargo(draft.publish_at) or utc_now()).date()
    faults = embargo_faults(draft.publish_at, pointer(*at, "publish_at"))
    if draft.retention_until and date.fromisoformat(draft.retention_until) < first_day:
        faults.append(Finding("retention-past", pointer=pointer(*at, "retention_until")))
    if faults:
        raise Problem("invalid-document", *faults)
    content = declaration.content(audience_for(session, caller, draft.audience, draft.tlp, at))
    require_links(session, caller, content, issuer or str(caller.office), at)
    return Judged(declaration, content, office or str(caller.office), policy.partner_release, policy.k)


def require_links(session: Session, caller: Caller, content: Mapping[str, Any], issuer: str, at: tuple[object, ...] = ()) -> None:
    """Let an alert pass that names no document which its writer may not see, or which is marked more strictly."""
    tlp = TLP(content["tlp"])
    named = [(pointer(*at, "related", number), document_id) for number, document_id in enumerate(content["related"])]
    readers = readers_of(tlp, content["audience"], content["origin"], issuer)
    faults = list(link_faults(session, caller, named, tlp, readers))
    if faults:
        raise Problem("invalid-content", *faults[:_MOST_FINDINGS])


def read(judged: Judged, vocabulary: Vocabulary) -> Judged:
    """The same, its texts read; no transaction is open.  Raises `personal-data`."""
    declaration = judged.declaration
    figures = figures_of(judged.k, [("nationality", code) for code in judged.content["nationalities"]])
    return replace(judged, to_confirm=read_texts(texts_of(declaration.draft, declaration.at), vocabulary, figures))


def waiting_of(caller: Caller, judged: Sequence[Judged], first: Sequence[First]) -> Waiting:
    """New alerts that were judged together, as they wait."""
    findings = [finding for each in judged for finding in each.to_confirm]
    form = "batch" if judged[0].declaration.at else "alert"
    return first_waiting(Sent(form, caller, judged[0].office, together(each.wait for each in judged), findings), "alert", first)


def revision_of(caller: Caller, judged: Judged, seen: Standing, content: dict[str, Any]) -> Waiting:
    """A new version of an alert, as it waits."""
    sent = Sent("revision", caller, judged.office, judged.wait, judged.to_confirm, judged.covered)
    return next_waiting(sent, "alert", seen, content)


def _require_ids(session: Session, declarations: Sequence[Declaration]) -> None:
    seen = set[str]()
    for declaration in declarations:
        wanted = declaration.draft.id
        if wanted is None:
            continue
        place = pointer(*declaration.at, "id")
        if wanted in seen:
            raise Problem("invalid-document", Finding("code-repeated", pointer=place, params={"first": "id"}))
        if is_known(session, wanted):
            raise Problem("id-in-use", Finding("id-in-use", pointer=place))
        seen.add(wanted)


def write_first(
    session: Session, node: Node, first: Sequence[First], issuer: str, attempt: Attempt, created_at: datetime | None = None
) -> list[Written]:
    """Write the first versions of alerts inside the caller's transaction, each under the reference that it will bear."""
    now, versions = utc_now(), []
    for each in first:
        named = {"reference": _reference(session, node, each.content["origin"], now.year, each.document_id)}
        content, created = each.content | named, created_at or now
        version = stamped(content, document_id=each.document_id, version=1, issuer=issuer, created_at=created, now=now)
        versions.append((Op.PUBLISH, version))
    return into_log(session, node, attempt, project, versions)


def _reference(session: Session, node: Node, conference: str, year: int, document_id: str) -> str:
    key, attempt = node.secrets.hmac_key("fingerprint"), 0
    while True:
        wanted = reference(key, conference, year, document_id, attempt)
        if session.scalar(select(AlertReference.document_id).where(AlertReference.reference == wanted)) in {None, document_id}:
            return wanted
        attempt += 1


def revise(
    node: Node, caller: Caller, declaration: Declaration, seen: Standing, reason: str, *, attempt: Attempt, keep: Keep | None = None
) -> Written:
    """Publish a whole new version of an alert with its reason, against the one that was seen; reinstates a withdrawn one.

    A version that says what the newest one says already is `unchanged`.  Raises what `publish` raises, `precondition-failed`, and `review-waiting`
    (409) where it has to wait and another one waits already.
    """
    judged, known = judge_next(node, caller, declaration, seen)
    if _says(known) == _says(judged.content):
        return unchanged(node, attempt, known, keep)
    content = judged.content | {"reason": reason}
    if not judged.wait.is_over:
        return _hold_next(node, caller, seen, revision_of(caller, judged, seen, content), attempt, keep)
    return _new_version(node, seen, known, content, judged.covered, attempt=attempt, keep=keep)


def judge_next(
    node: Node, caller: Caller, declaration: Declaration, seen: Standing, office: str | None = None
) -> tuple[Judged, dict[str, Any]]:
    """A new version of an alert, judged and read, and the version that was seen; what stands already is not read anew."""
    with node.db.read() as session:
        judged = judge(session, caller, declaration, seen.issuer, office=office)
        known, vocabulary = document_of(session, seen.document_id, seen.version), vocabulary_of(session)
    if _says(known) == _says(judged.content):
        return judged, known
    read_now, draft = read(judged, vocabulary), declaration.draft
    left, covered = unconfirmed(read_now.to_confirm, texts_of(draft, declaration.at), known, judged.content, declaration.at)
    return replace(read_now, to_confirm=left, covered=covered), known


def _hold_next(node: Node, caller: Caller, seen: Standing, waiting: Waiting, attempt: Attempt, keep: Keep | None) -> Written:
    with node.db.write() as session:
        locked(session, Alert, seen)
        written = keep_waiting(session, node, caller, waiting, attempt)
        if keep:
            keep(session, written)
    return written[0]


def _says(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said(document).items() if name not in _OWN}


def unchanged(node: Node, attempt: Attempt, known: dict[str, Any], keep: Keep | None) -> Written:
    """The answer to a write that would change nothing: nothing is written but its audit row."""
    written = Written(Outcome.UNCHANGED.value, known)
    with node.db.write() as session:
        record(session, attempt, written.outcome, [(known["id"], known["version"])])
        if keep:
            keep(session, [written])
    return written


def _new_version(
    node: Node,
    seen: Standing,
    known: Mapping[str, Any],
    content: dict[str, Any],
    covered: Covered,
    *,
    attempt: Attempt,
    keep: Keep | None,
) -> Written:
    """Write the next version of an alert; its reference, its first instant and the office whose alert it is stay."""
    with node.db.write() as session:
        locked(session, Alert, seen)
        record(session, attempt, CONFIRMED_BEFORE, covered)
        written = write_version(session, node, seen, known, content, attempt)
        if keep:
            keep(session, written)
    return written[0]


def write_version(
    session: Session, node: Node, seen: Standing, known: Mapping[str, Any], content: dict[str, Any], attempt: Attempt
) -> list[Written]:
    """Write the next version inside the caller's transaction, which holds the document's lock."""
    stays = {"reference": known["reference"], "created_at": known["created_at"]}
    now = utc_now()
    version = stamped(content, document_id=seen.document_id, version=seen.version + 1, issuer=seen.issuer, created_at=now, now=now)
    return into_log(session, node, attempt, project, [(Op.REVISE, version | stays)])


def withdraw(node: Node, seen: Standing, reason: str, *, attempt: Attempt, keep: Keep | None = None) -> Written:
    """Take an alert back with a reason: a new version without a body; its earlier bodies are never served again.

    A new version of it that waits is cancelled.

    Raises `precondition-failed` where another version came meanwhile, `already-withdrawn` (409) and `personal-data`.
    """
    with node.db.write() as session:
        # Before the document's lock, as a release takes them; and after it, for what was kept meanwhile.
        drop_withdrawn(session, node.secrets, seen.document_id, attempt)
        locked(session, Alert, seen)
        drop_withdrawn(session, node.secrets, seen.document_id, attempt)
        if seen.status == Status.WITHDRAWN.value:
            raise Problem("already-withdrawn")
        known = document_of(session, seen.document_id, seen.version)
        read_reason(session, reason, figures_for_a_reason(known, policy_of(session, seen.origin).k))
        taken_back = withdrawal_of(known, version=seen.version + 1, issuer=seen.issuer, reason=reason, now=utc_now())
        written = into_log(session, node, attempt, project, [(Op.WITHDRAW, taken_back | {"reference": known["reference"]})])
        if keep:
            keep(session, written)
    return written[0]
