"""What the sender of an alert declares, judged by its form and its codes, before anything is read or stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.alerts.content import content_of, handling_code
from app.alerts.currencies import currencies
from app.alerts.faults import Faults
from app.alerts.pseudonyms import fault_of
from app.alerts.route import judge_route
from app.alerts.seen import first_day, last_day
from app.core.parsing import parse
from app.core.problems import Problem
from app.directory import codes
from app.documents.lengths import MOST_TEXT, is_too_much
from app.documents.texts import texts_of
from app.wire.alert import AlertDraft, Fee
from app.wire.problem import Finding
from app.wire.strict_json import pointer

_MOST_FINDINGS: Final = 100
STATELESS: Final = "XXA"
VOCABULARIES: Final[Mapping[str, str]] = {
    "modus_operandi": "modus_operandi",
    "document_fraud": "document_fraud",
    "transport": "transport",
    "recruitment": "recruitment",
    "payment": "payment",
    "roles": "network_role",
    "risks": "risk",
    "linked_crimes": "linked_crime",
}
"""The lists of codes of an alert, each with the vocabulary that its codes are of."""


@dataclass(frozen=True)
class Declaration:
    """An alert whose form is right: what was sent, whose it is, and its place in the body."""

    draft: AlertDraft = field(repr=False)
    conference: str
    at: tuple[object, ...] = ()

    def content(self, audience: Sequence[str]) -> dict[str, Any]:
        """The alert's content in its published form (`app.alerts.content`)."""
        return content_of(self.draft, self.conference, audience)


def declare(draft: AlertDraft, conference: str, at: Sequence[object] = ()) -> Declaration:
    """The declaration that a draft makes; `at` is its place in the body.

    Raises `Problem` `invalid-document` with every fault of its form, each with its pointer (`findings_of`).
    """
    found = findings_of(draft, at)
    if found:
        raise Problem("invalid-document", *found)
    return Declaration(draft, conference, tuple(at))


def findings_of(draft: AlertDraft, at: Sequence[object] = ()) -> list[Finding]:
    """Every fault of an alert that can be seen without a database (up to 100), each with its pointer.

    Codes: `text-missing`, `text-too-long`, `code-unknown`, `code-repeated`, `network-code-name`, `network-code-form`, `days-reversed`,
    `fee-reversed`, `place-address`, `place-building`, `place-coordinates`, `area-elsewhere`, `leg-not-joined`, `leg-number-missing`.
    """
    faults = Faults(at)
    _judge_texts(draft, faults)
    _judge_days(draft, faults)
    _judge_codes(draft, faults)
    judge_route(draft.route, faults)
    if draft.fee:
        _judge_fee(draft.fee, faults)
    return faults.found


def _judge_texts(draft: AlertDraft, faults: Faults) -> None:
    for name in ("title", "summary", "recommendation"):
        texts = getattr(draft, name)
        if texts is not None and not any(texts.model_dump().values()):
            faults.add("text-missing", name)
    fault = fault_of(draft.network_code) if draft.network_code else None
    if fault:
        faults.add(fault, "network_code")
    if is_too_much(texts_of(draft)):
        faults.add("text-too-long", limit=MOST_TEXT)


def _judge_days(draft: AlertDraft, faults: Faults) -> None:
    if draft.last_seen and last_day(draft.last_seen) < first_day(draft.first_seen):
        faults.add("days-reversed", "last_seen")
    if draft.review_by and draft.retention_until and draft.retention_until < draft.review_by:
        faults.add("days-reversed", "retention_until")


def _judge_codes(draft: AlertDraft, faults: Faults) -> None:
    for name, vocabulary in VOCABULARIES.items():
        _judge_list(name, getattr(draft, name), list(codes.vocabulary(vocabulary).terms), faults)
    canonical = [codes.resolve_state(text) or text for text in draft.nationalities]
    _judge_list("nationalities", canonical, [*sorted(codes.states()), STATELESS], faults)
    _judge_list("handling", [handling_code(text) for text in draft.handling], list(codes.vocabulary("handling").terms), faults)
    _judge_list("related", draft.related, None, faults)
    bands = codes.vocabulary("persons_band").terms
    if draft.persons_band is not None and draft.persons_band not in bands:
        faults.unknown(draft.persons_band, list(bands), "persons_band")


def _judge_list(name: str, listed: Sequence[str], known: Sequence[str] | None, faults: Faults) -> None:
    for index, first in _repeated(listed):
        faults.add("code-repeated", name, index, first=pointer(*faults.at, name, first))
    for index, code in enumerate(listed):
        if known is not None and code not in known:
            faults.unknown(code, known, name, index)


def _repeated(listed: Sequence[str]) -> Iterator[tuple[int, int]]:
    first_at: dict[str, int] = {}
    for index, code in enumerate(listed):
        if first_at.setdefault(code, index) != index:
            yield index, first_at[code]


def _judge_fee(fee: Fee, faults: Faults) -> None:
    if fee.currency not in currencies():
        faults.unknown(fee.currency, sorted(currencies()), "fee", "currency")
    if fee.min > fee.max:
        faults.add("fee-reversed", "fee", "max")


def declare_all(sent: Sequence[object], conferences: Sequence[str]) -> list[Declaration]:
    """Declarations of a batch, each at its place under `alerts`; raises one `invalid-document` that names every failing one."""
    declared: list[Declaration] = []
    findings: list[Finding] = []
    for at, (item, conference) in enumerate(zip(sent, conferences, strict=True)):
        try:
            declared.append(declare(parse(AlertDraft, item, at=("alerts", at)), conference, ("alerts", at)))
        except Problem as problem:
            findings += problem.findings
    if findings:
        raise Problem("invalid-document", *findings[:_MOST_FINDINGS])
    return declared
