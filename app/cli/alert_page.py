"""An alert as people read it: marking and handling first and on every page, what it says, what was answered, what is related."""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.cli.output import coded, heading, language, plain, words_of
from app.cli.tables import text_in
from app.client import ANSWERS
from app.wire.codes import TLP, Crossing

Json = Mapping[str, Any]
Word = Callable[[str, object], str]
"""The label of a code of a vocabulary in the reader's language; nothing where there is none."""

_FACTS: Mapping[str, str] = {
    "severity": "severity",
    "case_status": "case_status",
    "network_code": "",
    "source_reliability": "source_reliability",
    "information_credibility": "information_credibility",
    "confidence": "",
    "first_seen": "",
    "last_seen": "",
    "nationalities": "nationality",
    "persons_band": "persons_band",
    "modus_operandi": "modus_operandi",
    "document_fraud": "document_fraud",
    "transport": "transport",
    "recruitment": "recruitment",
    "payment": "payment",
    "roles": "network_role",
    "risks": "risk",
    "linked_crimes": "linked_crime",
}
"""What an alert says in codes, in the order of the page, with the vocabulary of each."""
_IDENTITY = ("id", "version", "issuer", "published_at", "reason", "mandate", "review_by", "retention_until")
_RESTRICTED = TLP.AMBER.rank


def page_lines(told: Json, word: Word) -> Iterator[str]:
    """The lines of an alert with what belongs to it: `alert`, a page of each kind of answer, `related`."""
    alert = told["alert"]
    yield f"{alert.get('reference', '')}  {text_in(alert.get('title')) or coded(alert.get('status'))}"
    yield ""
    yield from _told_in_words(alert)
    yield from _facts(alert, _FACTS, word)
    yield from _route(alert.get("route") or (), word)
    yield from _fee(alert.get("fee") or {}, word)
    yield from _facts(alert, dict.fromkeys(_IDENTITY, ""), word)
    yield from _links(alert)
    for kind, lines in (("sightings", _sighting), ("opinions", _opinion), ("proposals", _proposal)):
        if kind in told:
            yield from _answers(kind, told[kind], alert, lines, word)
    if "related" in told:
        yield from _related(told["related"])


def _told_in_words(alert: Json) -> Iterator[str]:
    for name in ("summary", "recommendation"):
        if alert.get(name):
            yield (f"{heading(name)}: " if name != "summary" else "") + text_in(alert[name])
            yield ""
    if "title" not in alert:
        yield words_of("alerts-envelope")
        yield ""


def _links(alert: Json) -> Iterator[str]:
    if alert.get("related"):
        yield f"{heading('linked')}: {'; '.join(map(str, alert['related']))}"
    yield from (f"{heading('credits')}: {each.get('office')} ({each.get('proposal')})" for each in alert.get("credits") or ())


def marking_of(told: Json, word: Word) -> str:
    """The marking of a page: of all that stands on it the strictest, with every handling code."""
    alert, shown = told["alert"], [told["alert"], *_beside(told)]
    # The alert's own comes first, so that its audience is told where nothing is stricter.
    strictest = max(shown, key=_rank)
    handling = dict.fromkeys(code for document in shown for code in document.get("handling") or ())
    return _marking({**strictest, "origin": strictest.get("origin", alert.get("origin")), "handling": list(handling)}, word)


def paged(lines: Iterable[str], marking: str, width: int, height: int) -> Iterator[str]:
    """Lines wrapped and parted into pages, the marking on top of each and at the very end."""
    top = list(_wrapped(marking, width))
    body = [each for line in lines for each in _wrapped(line, width)]
    # So few that a screen shows a whole marking wherever it is stopped, above the line that asks for the next command.
    room = max(height - 2 * len(top) - 2, 1)
    for start in range(0, len(body), room):
        yield from ["", *top, ""][0 if start else 1 :]
        yield from body[start : start + room]
    yield from ["", *top]


def _wrapped(line: str, width: int) -> Iterator[str]:
    for piece in line.expandtabs(4).split("\n"):
        text = plain(piece)
        indent = " " * (len(text) - len(text.lstrip()))
        yield from textwrap.wrap(text, max(width, 20), subsequent_indent=f"{indent}  " if indent else "", break_on_hyphens=False) or [""]


def _beside(told: Json) -> Iterator[Json]:
    for kind in ANSWERS:
        yield from told.get(kind, {}).get("items") or ()
    yield from told.get("related") or ()


def _rank(document: Json) -> int:
    try:
        return TLP(str(document.get("tlp"))).rank
    except ValueError:
        return TLP.RED.rank


def _marking(document: Json, word: Word) -> str:
    parts = [f"TLP:{document.get('tlp')}"]
    if _rank(document) >= _RESTRICTED:
        parts.append(words_of("alerts-for", audience=list(document.get("audience") or [document.get("origin")])))
    return " · ".join([*parts, *(_named("handling", code, word) for code in document.get("handling") or ())])


def _named(vocabulary: str, code: object, word: Word) -> str:
    """A code in words, with the code beside them where it is another."""
    label = word(vocabulary, code) if vocabulary else ""
    same = label.lower() == str(code).replace("_", " ").replace("-", " ").lower()
    return (label if same else f"{label} ({code})") if label else str(code)


def _facts(alert: Json, names: Mapping[str, str], word: Word) -> Iterator[str]:
    for name, vocabulary in names.items():
        value = alert.get(name)
        if value not in (None, [], ""):
            several = value if isinstance(value, list) else [value]
            yield f"{heading(name)}: {'; '.join(_named(vocabulary, each, word) for each in several)}"


def _route(legs: Sequence[Json], word: Word) -> Iterator[str]:
    if legs:
        yield f"{heading('route')}:"
    for leg in legs:
        states = " > ".join(_named("nationality", leg.get(end), word) for end in ("from", "to"))
        place = ", ".join(str(leg[name]) for name in ("place", "area") if leg.get(name))
        known = leg.get("crossing") not in (None, Crossing.UNKNOWN)
        crossing = f"{heading('crossing')}: {_named('crossing', leg['crossing'], word)}" if known else ""
        yield f"  {leg.get('seq')}. {'; '.join(filter(None, [states, place, _named('leg_mode', leg.get('mode'), word), crossing]))}"


def _fee(fee: Json, word: Word) -> Iterator[str]:
    if fee:
        price = "–".join(dict.fromkeys(str(fee.get(end)) for end in ("min", "max")))  # noqa: RUF001 - from one price to another
        scope = [_named("fee_scope", fee.get("scope"), word), fee.get("scope_note")]
        price = f"{price} {fee.get('currency')}"
        yield f"{heading('fee')}: {'; '.join(filter(None, [price, *scope]))}"


def _answers(kind: str, page: Json, alert: Json, lines: Callable[[Json, Word], Iterator[str]], word: Word) -> Iterator[str]:
    items, total = _shown(kind, page)
    steps = _steps(page, word)
    number = str(total) if len(items) == total else words_of("page-whole", shown=len(items), total=total)
    yield ""
    yield f"{heading(kind)}: {number}" + (f" ({steps})" if steps else "")
    decisions = page.get("decisions") or {}
    for served in items:
        yield from _answer({**served, "decision": decisions.get(served.get("id"))}, alert, lines, word)


def _shown(kind: str, page: Json) -> tuple[list[Json], int]:
    items = page.get("items") or []
    if kind != "opinions":
        return items, page.get("total") or 0
    # A refusal of a proposal is an opinion too, and told beside the proposal; counted are those that still say how far one agrees.
    return [item for item in items if item.get("opinion") and not item.get("decides")], sum((page.get("counts") or {}).values())


def _steps(page: Json, word: Word) -> str:
    counts = page.get("counts") or {}
    return "; ".join(f"{_named('opinion', step, word)} {number}" for step, number in counts.items() if number)


def _answer(item: Json, alert: Json, lines: Callable[[Json, Word], Iterator[str]], word: Word) -> Iterator[str]:
    first, *rest = lines(item, word) if item.get("status") != "withdrawn" else [coded("withdrawn")]
    yield f"  {item.get('issuer')}  {first}"
    # Its own marking is told where it is another than the alert's, which stands on the page.
    if any(item.get(name) != alert.get(name) for name in ("tlp", "audience", "handling")):
        yield f"    {_marking(item, word)}"
    yield from (f"    {each}" for line in rest for each in line.split("\n"))


def _sighting(item: Json, word: Word) -> Iterator[str]:
    where = item.get("where") or {}
    place = ", ".join(
        [_named("nationality", where["state"], word), *(where[name] for name in ("place", "area") if where.get(name))] if where else []
    )
    when = "–".join(dict.fromkeys(item[name] for name in ("seen_from", "seen_to") if item.get(name)))  # noqa: RUF001 - a span
    yield "  ".join(filter(None, [when, place, _named("certainty", item["certainty"], word) if item.get("certainty") else ""]))
    yield from _said(item.get("note"))


def _opinion(item: Json, word: Word) -> Iterator[str]:
    yield _named("opinion", item["opinion"], word)
    yield from _said(item.get("explanation"))


def _proposal(item: Json, _word: Word) -> Iterator[str]:
    decision = item.get("decision") or {}
    fields = ", ".join(heading(name) for name in item.get("changes") or ())
    yield "  ".join(filter(None, [coded(decision["decision"]) if decision.get("decision") else "", fields, str(item.get("id", ""))]))
    yield from _said(item.get("explanation"))
    yield from [f"{heading('reason')}: {decision['reason']}"] if decision.get("reason") else []


def _said(texts: object) -> Iterator[str]:
    text = text_in(texts)
    yield from [text] if text else []


def _related(items: Sequence[Json]) -> Iterator[str]:
    yield ""
    yield f"{heading('related')}: {len(items)}"
    for item in items:
        named = [
            item.get("reference"),
            f"TLP:{item.get('tlp')}",
            words_of("alerts-score", score=item.get("score")),
            text_in(item.get("title")),
        ]
        yield f"  {'  '.join(str(each) for each in named if each)}"
        yield from (f"    {reason.get('words')}" for reason in item.get("reasons") or ())


def words_in(terms: Iterable[Json]) -> dict[str, str]:
    """The labels of a vocabulary's terms in the reader's language, by code."""
    return {str(term.get("code")): str((term.get("labels") or {}).get(language()) or "") for term in terms}
