"""Hidden documents in which every free part is a canary, the questions by which they might be found, and what would betray them."""

import base64
import io
import itertools
import logging
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow.parquet
from asking import ABSENT
from bodies import cells
from route_oracle import ANSWERS, RIGHTS, Filed, form
from visibility_oracle import Document, Marking
from world import CALLERS, Answer, World

Json = dict[str, Any]
WORD = "kanarie{:02}"
FIRST, STEP = 730_000_000, 7919
"""Values that no other figure here is made of."""
NETWORK, BIRDS = "ZEISIG-{:02}", {"alert": "zeisig", "sighting": "stieglitz", "proposal": "haenfling", "opinion": "dompfaff"}
"""Words of alerts and of what is answered to them; a search for one looks for part of a word too, so that it finds all of its kind."""


def bird(kind: str, number: int) -> str:
    """The word of one document: a place may have no digits, so its number is told in letters."""
    return BIRDS[kind] + "".join(chr(ord("a") + int(digit)) for digit in f"{number:02}")


@dataclass(frozen=True)
class Canary:
    """A hidden document: what stands in its body, and what else names it."""

    filed: Filed
    says: tuple[str, ...]
    bears: tuple[str, ...]


@dataclass
class Cage:
    """The canaries of a world, and by kind the documents that everybody sees."""

    world: World
    canaries: list[Canary] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    def hidden_from(self, who: str) -> list[Canary]:
        """All that a caller may not see; of what an operator sees the body is hidden from it."""
        client = CALLERS[who]
        if client and client.role == "operator":
            return self.canaries
        return [each for each in self.canaries if client is None or form(client, each.filed, each.filed.newest) is None]

    def betrayal(self, who: str) -> set[str]:
        """Whatever would betray what is hidden from a caller."""
        operator = who == "operator"
        return {word for each in self.hidden_from(who) for word in (each.says if operator else (*each.says, *each.bears))}

    def _keep(
        self, kind: str, number: int, document: Json, says: Iterable[str], bears: Iterable[str], parent: Document | None = None
    ) -> None:
        """Note a document in its newest version; they are all marked as strictly, version by version."""
        conference, tlp = home_of(number)[0], colour_of(number)
        marking = Marking(tlp, (f"{conference}/secretariat",))
        versions = int(document["version"])
        known = Document(document["id"], conference, f"{conference}/secretariat", None, (marking,) * versions, parent)
        withdrawals = frozenset({versions} if document["status"] == "withdrawn" else ())
        self.canaries.append(Canary(Filed(known, withdrawals, number, kind), tuple(says), (document["id"], *bears)))

    def plant(self, numbers: Sequence[int]) -> None:
        """A bulletin and an alert a number, with a sighting and a proposal; every fifth is revised, every tenth also withdrawn."""
        for conference in ("RCM", "SACM"):
            mine = [number for number in numbers if home_of(number)[0] == conference]
            if mine:
                self._bulletins(conference.lower(), mine)
                self._alerts(conference.lower(), mine)

    def _made(self, who: str, path: str, batch: str, bodies: list[Json]) -> list[Json]:
        return self.world.do(who, "POST", f"{path}/batch", {batch: bodies})[batch]

    def _bulletins(self, who: str, numbers: list[int]) -> None:
        receipts = self._made(who, "/v1/bulletins", "bulletins", [body_of(number) for number in numbers])
        for number, receipt in zip(numbers, receipts, strict=True):
            word, value = WORD.format(number), FIRST + STEP * number
            body = {**body_of(number), "cells": cells(VEN=value + 1), "reason": f"why {word}"}
            document = self._changed(who, f"/v1/bulletins/{receipt['id']}", number, receipt, body, f"gone {word}")
            says = (f"{word} a", f"about {word}", f"{word} office", word.upper(), str(value), str(value + 1), f'"{word}"')
            self._keep("bulletin", number, document, says, (word,))

    def _alerts(self, who: str, numbers: list[int]) -> None:
        receipts = self._made(who, "/v1/alerts", "alerts", [alert_of(number) for number in numbers])
        for number, receipt in zip(numbers, receipts, strict=True):
            path, word = f"/v1/alerts/{receipt['id']}", bird("alert", number)
            kinds = ("sighting", "proposal", *(("opinion",) if number % 10 < 2 else ()))
            made = {kind: self.world.do(who, "POST", f"{path}/{kind}s", answer_of(kind, number)) for kind in kinds}
            body = {**alert_of(number), "reason": f"why {word}", "severity": "critical"}
            document = self._changed(who, path, number, receipt, body, f"gone {word}")
            says = (f"{word} b", f"told of {word}", f"{word.title()}dorf", NETWORK.format(number))
            self._keep("alert", number, document, says, (word, receipt["reference"]))
            alert = self.canaries[-1].filed.document
            for kind, answer in made.items():
                mine = bird(kind, number)
                self._keep(kind, number, answer, (mine, mine.title(), mine.upper()), (), alert)

    def _changed(self, who: str, path: str, number: int, document: Json, body: Json, reason: str) -> Json:
        document = {"status": "published", **document}
        if number % 5 == 0:
            document = self.world.do(who, "PUT", path, body, document)
        if number % 10 == 0:
            document = self.world.do(who, "POST", f"{path}/withdraw", {"reason": reason}, document)
        return document


def home_of(number: int) -> tuple[str, str]:
    """The conference of a canary and the State that it tells of."""
    return (("RCM", "CRI"), ("SACM", "ECU"))[number % 4 // 2]


def colour_of(number: int) -> str:
    return ("RED", "AMBER+STRICT")[number % 2]


def marked(number: int) -> Json:
    """Only its own secretariat may see it."""
    return {"tlp": colour_of(number), "audience": [f"{home_of(number)[0]}/secretariat"]}


def body_of(number: int) -> Json:
    """A bulletin of which every free part is a canary."""
    word = WORD.format(number)
    return {
        "reporting_state": home_of(number)[1], "publisher": word.upper(), "period": f"{1950 + number}", "measure": "irregular_transit",
        "unit": "person", "cells": cells(VEN=FIRST + STEP * number), "definition_code": word, "title": {"es": f"{word} a"},
        "narrative": {"en": f"about {word}"}, "source": {"name": f"{word} office"}, **marked(number),
    }  # fmt: skip


def alert_of(number: int) -> Json:
    """An alert that is near to every other one here, with canaries in all that is its own."""
    word = bird("alert", number)
    return {
        "title": {"es": f"{word} b"}, "summary": {"en": f"told of {word}"}, "network_code": NETWORK.format(number), "severity": "high",
        "source_reliability": "A", "information_credibility": 2, "first_seen": "2012-01", "last_seen": "2013-12", "nationalities": ["VEN"],
        "route": [{"seq": 1, "from": "COL", "to": "PAN", "mode": "sea", "place": f"{word.title()}dorf"}], "modus_operandi": ["safe_house"],
        **marked(number),
    }  # fmt: skip


def answer_of(kind: str, number: int) -> Json:
    """A sighting, an opinion or a proposal, marked as its alert is."""
    word = bird(kind, number)
    if kind == "sighting":
        place = {"state": "PAN", "place": f"{word.title()}dorf"}
        return {"where": place, "seen_from": "2012-05", "certainty": "probable", "note": {"es": f"visto {word}"}}
    if kind == "opinion":
        return {"opinion": "agree", "explanation": {"es": f"creo {word}"}}
    return {"changes": {"network_code": f"{word.upper()}-1"}, "explanation": {"es": f"propone {word}"}}


LISTS = {
    "bulletins": ("limit=1", "tlp=RED", "tlp=AMBER%2BSTRICT", "status=withdrawn", "origin=RCM", "origin=SACM", "reporting_state=CRI", "period_to=1999"),
    "changes": ("limit=1", "origin=RCM", "origin=SACM", "kind=bulletin", "kind=alert", "kind=proposal"),
    "snapshot": ("limit=1", "origin=RCM", "kind=bulletin"),
    "flows": ("limit=1", "totals=true", "format=csv", "format=csv&limit=2", "group_by=publisher", "group_by=definition_code", "group_by=period", "group_by=nationality", "reporting_state=CRI,ECU", "period_to=1999&group_by=reporting_state", "format=ndjson&labels=both", "format=xlsx", "format=parquet"),
    "flows/datapackage": ("lang=pt", "reporting_state=CRI,ECU", "group_by=publisher", "period_to=1999"),
    "flows/facets": ("facets=publisher,definition_code", "reporting_state=CRI,ECU", "lang=pt"),
    "flows/revisions": ("limit=1", "unrevised=true", "format=csv", "unrevised=true&format=csv", "reporting_state=CRI,ECU", "period_to=1999&totals=true"),
    "flows/revisions/lags": ("format=csv", "reporting_state=CRI,ECU", "period_to=1999"),
    "flows/coverage": ("limit=1", "format=csv", "reporting_state=CRI,ECU", "period_to=1999"),
    "alerts": ("limit=1", "limit=1&sort=-severity", "tlp=RED", "tlp=AMBER%2BSTRICT", "status=withdrawn", "passes=PAN&active_from=2012-05", "format=csv", "format=ndjson"),
    "alerts/facets": ("tlp=RED", "q=zeisig"),
}  # fmt: skip
FOUND_BY = (f"q={bird('alert', 12)}+b", "q=zeisig", "network_code=" + ",".join(NETWORK.format(number) for number in range(40)))
"""Questions that nothing but canaries answers."""
LOG = ("entries?limit=1000", "proofs/inclusion?number=20", "proofs/consistency?from=9")
PUBLIC = ("", "livez", "version", "openapi.json", "docs", ".well-known/istmo.json")


def paths(cage: Cage, hidden: Sequence[Canary]) -> Iterator[str]:
    """Every GET route, lists in all their forms; documents that are seen and, of each kind, the first that is hidden."""
    ids = {f"{kind}s": [cage.seen[kind], *[each.filed.document.id for each in hidden if each.filed.kind == kind][:1]] for kind in ("bulletin", "alert", *ANSWERS)}  # fmt: skip
    names = {"code": ("RCM", "SACM"), "name": ("measure", "publisher"), "client_id": ("nobodysclient",), "review_id": (ABSENT,)}
    for route, roles in RIGHTS.items():
        method, path = route.split(" ")
        if method == "GET" and roles != {"public"}:
            fields = re.findall(r"\{(\w+)\}", path)
            kind = path.split("/")[2] if "document_id" in fields else ""
            choices = names | {"document_id": ids.get(kind, ()), "number": ("1", "3") if kind in {"alerts", "bulletins"} else ("1",)}
            for values in itertools.product(*(choices[name] for name in fields)):
                yield path.format(**dict(zip(fields, values, strict=True)))
    yield from (f"/v1/{place}?{query}" for place, queries in LISTS.items() for query in queries)
    yield from (f"/v1/log/{asked}" for asked in LOG)
    references = ",".join(each.bears[2] for each in hidden if each.filed.kind == "alert")
    yield from (f"/v1/alerts?{query}" for query in (*FOUND_BY, *([f"reference={references}"] if references else [])))


def bytes_of(answer: Answer) -> str:
    """All that came, and what lies in the opaque parts of it once they are read as base64."""
    bodies = [answer.body.decode("utf-8", "replace"), *_inside(answer.body)]
    text = "\n".join([*(f"{name}: {value}" for name, value in answer.headers), *bodies])
    sealed = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in re.findall(r"[\w-]{20,}", text) if len(part) % 4 != 1]
    return "\n".join([text, *(part.decode("latin-1") for part in sealed)])


def _inside(body: bytes) -> Iterator[str]:
    """What is compressed: the files of a workbook or package, the columns of Parquet."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as opened:
            yield from (opened.read(name).decode("utf-8", "replace") for name in opened.namelist())
    if body.startswith(b"PAR1"):
        yield str(pyarrow.parquet.read_table(io.BytesIO(body)).to_pydict())


class Kept(logging.Handler):
    """Every line that is logged, with its fields."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {getattr(record, 'fields', '')} {record.exc_info}")

    def __enter__(self) -> Self:
        self._before = [(logging.getLogger(name), logging.getLogger(name).level) for name in ("", "istmo")]
        logging.getLogger().addHandler(self)
        for logger, _ in self._before:
            logger.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
        for logger, level in self._before:
            logger.setLevel(level)
