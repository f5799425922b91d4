"""Nothing that was found in a text is left anywhere, whatever became of it: store, log, answers, metrics, audit, backup (guarantees 2)."""

import base64
import io
import itertools
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from bodies import bulletin, cells, publish
from bringing import ADDED, carried
from crooked import fresh_id, item_of, resealed
from logging_kept import logging_kept
from serving import Nodes, Served
from sqlalchemy import inspect, text
from stores import STORES
from twins import ALERT, twins

from app.access.audit import Attempt
from app.access.clients import NewClient, create
from app.core.logs import configure
from app.exchange.backup import back_up
from app.main import KINDS
from app.reviews.releasing import purge, release_due
from app.sync.receiving import receive
from app.wire.codes import Role

Json = dict[str, Any]
HARD = {
    "email": ("escriba a zoraida.queso@correo.example", "zoraida"),
    "passport": ("pasaporte XKQ7391846", "kq7391846"),
    "phone": ("llame al +507 6473-8291", "6473-8291"),
    "small-count": ("One of the two Eritrean women", "eritrean women"),
}
"""What identifies a person, and the part of it that is looked for."""
LETTER = ". ".join(sent for sent, _ in HARD.values())
TOLD = tuple(sought for _, sought in HARD.values())
COUNTED = {"cells": cells(VEN=400, NPL=213, SOM=31, ERI=2)}
GONE = ("Rechazuela", "Cancelanda", "Caducanda", "Mudanza", "Lotanda", "Alertina", "Testigona", "Opinanda")
OUT = ("Confirmanda", "Pendientona")
"""Parts of names: of whom nothing is published, and of whom it is, for another person has said that it may."""
STANDS = ("table log_entry", "backup tables/log_entry.ndjson")
"""Where what is published stands, beside the file that holds the table."""


def named(word: str) -> dict[str, str]:
    return {"es": f"Cifras que entregó Zapaquilda {word}"}


@dataclass
class Searched:
    """A node, its log, and all that it has answered to those who may not read what waits, and to its senders."""

    served: Served
    log: io.StringIO
    folder: Path
    said: list[str] = field(default_factory=list)

    def send(self, who: str, method: str, path: str, status: int, **how: Any) -> httpx.Response:
        """One request, whose answer is kept to be searched."""
        answer = self.served.as_(who).request(method, f"/v1{path}", **how)
        assert answer.status_code == status, (method, path, answer.text)
        self.said.append(f"{answer.text} {answer.headers}")
        return answer

    def held(self, path: str, body: Json, key: str | None = None) -> str:
        """The address of what waits."""
        answer = self.send("pan", "POST", path, 202, json=body, headers={"Idempotency-Key": key} if key else None)
        assert answer.json()["outcome"] == "held"
        return answer.headers["location"].removeprefix("/v1")

    def decide(self, who: str, verb: str, place: str, body: Json | None = None, status: int = 200) -> httpx.Response:
        seen = self.served.as_(who).get(f"/v1{place}")
        method, path = ("PUT", place) if verb == "put" else ("POST", f"{place}/{verb}")
        return self.send(who, method, path, status, json=body, headers={"If-Match": seen.headers["etag"], "Idempotency-Key": place})

    def reasons(self, place: str) -> Json:
        found = self.served.as_("bea").get(f"/v1{place}").json()["findings"]
        return {"findings": [{"pointer": each["pointer"], "offset": each["offset"], "reason": "public-official"} for each in found]}

    def _rows(self) -> Iterator[tuple[str, bytes]]:
        with self.served.node.db.read() as session:
            for name in inspect(session.connection()).get_table_names():
                rows = [tuple(row) for row in session.execute(text(f'SELECT * FROM "{name}"'))]
                raw = [bytes(value) for row in rows for value in row if isinstance(value, bytes | memoryview)]
                yield f"table {name}", b"\n".join([repr(rows).encode(), *raw])

    def places(self) -> Iterator[tuple[str, bytes]]:
        """All that is left of what was sent, by where it is."""
        yield from self._rows()
        url = self.served.node.settings.database_url
        if url.startswith("sqlite"):
            for end in ("", "-wal"):
                yield f"file{end}", Path(url.removeprefix("sqlite:///") + end).read_bytes()
        copy = self.folder / "copy"
        back_up(self.served.node.db, self.served.node.secrets, copy)
        with zipfile.ZipFile(copy) as archive:
            yield from ((f"backup {name}", archive.read(name)) for name in archive.namelist())
        copy.unlink()
        yield "log", self.log.getvalue().encode()
        yield "answers", "\n".join(self.said).encode()
        for path in ("/metrics", "/v1/audit", "/v1/audit?limit=1000&outcome=refused", "/v1/reviews?status=published"):
            yield path, self.served.as_("rcm" if "reviews" in path else "operator").get(path).content
        yield "temporary files", b"".join(each.read_bytes() for each in (self.folder / "spool").rglob("*") if each.is_file())

    def left(self, words: Sequence[str]) -> list[tuple[str, str]]:
        """Where any of these words is left, in whichever case, or in base64."""
        return [
            (place, word)
            for place, value in self.places()
            for lower in (value.lower(),)
            for word in words
            if word.lower().encode() in lower or any(form in value for form in encoded(word))
        ]


def encoded(word: str) -> list[bytes]:
    """What of a word's base64 does not depend on what stands beside it, at each of the three places where it may begin.

    All of it, or four letters would be left of a short word, which any sealed text holds by chance.
    """
    sought = word.encode()
    forms = (base64.b64encode(b"\0" * before + sought)[-(-8 * before // 6) : 8 * (before + len(sought)) // 6] for before in range(3))
    return list(forms)


def test_a_word_is_found_in_base64_wherever_it_begins_and_by_nothing_short():
    for before, after in itertools.product((b"", b"x", b"\xff\xff", b"abc", b"\xff" * 4), (b"", b"\xff", b"y" * 2, b"\0" * 3)):
        text = base64.b64encode(before + b"zoraida" + after)
        assert any(form in text for form in encoded("zoraida")), (before, after)
    assert min(map(len, encoded("zoraida"))) >= 8
    assert not any(form in base64.b64encode(b"zoraidx" * 30) for form in encoded("zoraida"))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the process logs."""
    with logging_kept():
        stream = io.StringIO()
        configure("debug", "json", stream)
        yield stream


@pytest.fixture
def searched(served: Served, log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Searched:
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spool"))
    with served.node.db.write() as session:
        second = create(session, NewClient(Role.SECRETARIAT, "RCM", person="Bea Inventada")).api_key
    served.keys = {**served.keys, "bea": second}
    return Searched(served, log, tmp_path)


def refuse(node: Searched) -> int:
    """Send what identifies a person by every way in, in texts and where codes, names and keys are expected; how many were refused."""
    before = len(node.said)
    about, bad = {**ALERT, "nationalities": ["ERI"]}, {"es": LETTER}
    note = node.send("rcm", "POST", "/bulletins", 201, json=bulletin(**COUNTED)).json()
    alert = node.send("rcm", "POST", "/alerts", 201, json=about).json()
    under = f"/alerts/{alert['id']}"
    seen = node.send("rcm", "POST", f"{under}/sightings", 201, json=sighting()).json()
    offered = {"changes": {"severity": "low"}, "explanation": {"es": "Cedió."}}
    proposal = node.send("rcm", "POST", f"{under}/proposals", 201, json=offered).json()
    places = [(f"/{each['kind']}s/{each['id']}", each) for each in (note, alert, seen, proposal)]
    new = {"period": "2022-11", **COUNTED}
    sent: list[tuple[str, str, Json]] = [
        *(("POST", "/bulletins/check", bulletin(**new, title={"en": each})) for each, _ in HARD.values()),
        *(("POST", "/bulletins", bulletin(**new, **part)) for part in ({"title": bad}, {"narrative": bad}, {"source": {"name": LETTER}})),
        ("POST", "/bulletins/batch", {"bulletins": [bulletin(**new), bulletin(period="2022-12", title=bad)]}),
        ("PUT", places[0][0], bulletin(reason=LETTER, cells=cells(VEN=900, ERI=2))),
        *(("POST", "/alerts", {**about, **part}) for part in ({"title": bad}, {"summary": bad}, {"network_code": LETTER})),
        ("POST", "/alerts/batch", {"alerts": [about, {**about, "recommendation": bad}]}),
        ("PUT", places[1][0], {**about, "severity": "low", "reason": LETTER}),
        *(("POST", f"{under}/sightings", sighting(**part)) for part in ({"note": bad}, {"where": {"state": "PAN", "place": LETTER}})),
        ("PUT", places[2][0], sighting(certainty="certain", reason=LETTER)),
        ("POST", f"{under}/opinions", {"opinion": "agree", "explanation": bad}),
        ("POST", f"{under}/proposals", {**offered, "explanation": bad}),
        *(("POST", f"{place}/{verb}", {"reason": LETTER}) for place, _ in places for verb in ("withdraw", "erase")),
        *(("POST", f"{places[3][0]}/{verb}", {"reason": LETTER}) for verb in ("accept", "decline")),
        # Where no text is expected.
        *(("POST", "/bulletins/check", bulletin(**new) | part) for part in ({"measure": LETTER}, {"id": LETTER})),
        ("POST", "/bulletins/check", bulletin(period="2022-11", cells=[{"nationality": LETTER, "value": 9}])),
        ("POST", "/alerts", {**about, "first_seen": LETTER, "severity": LETTER}),
    ]
    etags = {place: {"If-Match": f'"{each["id"]}.v1"'} for place, each in places}
    for number, (method, path, body) in enumerate(sent):
        tag = next((each for place, each in etags.items() if path == place or path.startswith((f"{place}/withdraw", f"{place}/erase"))), {})
        node.send("rcm", method, path, 422, json=body, headers={"Idempotency-Key": f"{number}", **tag})
    push_wrong_files(node)
    # A name that nobody knows is told again to its sender, as a place and cut: to nobody else, and nowhere is it kept.
    assert node.served.as_("rcm").post("/v1/bulletins/check", json=bulletin(**new) | {LETTER: 1}).status_code == 422
    assert node.served.as_("rcm").get("/v1/bulletins", params={LETTER: LETTER}).status_code == 422
    node.send("rcm", "GET", "/alerts", 422, params={"severity": LETTER})
    node.send("rcm", "GET", f"/bulletins/{HARD['email'][0]}", 404)
    node.send("rcm", "GET", f"/reviews/{HARD['passport'][0]}", 404)
    return len(node.said) - before


def push_wrong_files(node: Searched) -> None:
    """The same in a file: its name, its options and its columns."""
    for file, more in (
        (f"{HARD['email'][0]}.csv", {}),
        ("a.csv", {"revise": LETTER}),
        ("c.csv", {"measure": LETTER}),
    ):
        for row in ("2022-11,VEN,400", f"2022-11,{LETTER},400", f"{LETTER},VEN,400"):
            options = {"state": "PAN", "measure": "irregular_transit", "unit": "person", **more}
            rows = f"period,nationality,value\n{row}\n".encode()
            node.send("rcm", "POST", "/bulletins/files", 422, params=options, files={"file": (file, rows)})


def sighting(**more: Any) -> Json:
    return {"where": {"state": "PAN"}, "seen_from": "2018-02", "certainty": "probable", **more}


def keep(node: Searched) -> dict[str, str]:
    """Let a text of each name wait, shown to whoever may read it; their addresses by name."""
    about = node.send("rcm", "POST", "/alerts", 201, json=ALERT).json()["id"]
    due = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    waits = {
        word: node.held(
            "/bulletins", bulletin(period=f"2021-{month:02}", narrative=named(word), publish_at=due if word == OUT[1] else None), word
        )
        for month, word in enumerate((*GONE[:4], *OUT), 1)
    }
    batch = {"bulletins": [bulletin(period="2020-01"), bulletin(period="2020-02", title=named("Lotanda"))]}
    waits["Lotanda"] = node.held("/bulletins/batch", batch)
    waits["Alertina"] = node.held("/alerts", {**ALERT, "summary": named("Alertina")}, "a")
    waits["Testigona"] = node.held(f"/alerts/{about}/sightings", sighting(note=named("Testigona")))
    waits["Opinanda"] = node.held(f"/alerts/{about}/opinions", {"opinion": "agree", "explanation": named("Opinanda")})
    # Sent again, and looked at before it is sent.
    node.send(
        "pan", "POST", "/bulletins", 202, json=bulletin(period="2021-01", narrative=named(GONE[0])), headers={"Idempotency-Key": GONE[0]}
    )
    node.send("pan", "POST", "/bulletins", 409, json=bulletin(period="2021-01", narrative=named(GONE[0])))
    for word, place in waits.items():
        seen = {who: node.served.as_(who).get(f"/v1{place}") for who in ("pan", "rcm")}
        assert all(word in answer.text for answer in seen.values())
        node.send("hnd", "GET", place, 404)
        node.send("bea", "POST", f"{place}/confirm", 422, json={"findings": []}, headers={"If-Match": seen["rcm"].headers["etag"]})
    return waits


def decide(node: Searched, waits: dict[str, str]) -> None:
    """Let become of each what its name says."""
    rejected = ("Rechazuela", "Lotanda", "Alertina", "Testigona")
    node.decide("bea", "reject", waits["Rechazuela"], {"reason": LETTER}, 422)
    node.decide("pan", "put", waits["Mudanza"], bulletin(period="2021-04", narrative={"es": LETTER}), 422)
    for word in rejected:
        node.decide("bea", "reject", waits[word], {"reason": "personal-data"})
    for word in ("Cancelanda", "Opinanda"):
        node.decide("pan", "cancel", waits[word])
    assert node.decide("pan", "put", waits["Mudanza"], bulletin(period="2021-04")).json()["status"] == "published"
    for word, status in zip(OUT, ("published", "pending"), strict=True):
        assert node.decide("bea", "confirm", waits[word], node.reasons(waits[word])).json()["status"] == status
    for later, work, done in ((timedelta(hours=2), release_due, 1), (timedelta(days=15), lambda here, _: purge(here), 1)):
        with time_machine.travel(datetime.now(UTC) + later):
            assert work(node.served.node, KINDS) == done


def test_of_what_was_refused_or_not_confirmed_nothing_is_left_and_what_was_stands_with_what_is_published(searched: Searched):
    sent = refuse(searched)
    assert searched.left(TOLD) == []
    waits = keep(searched)
    assert searched.left((*TOLD, *GONE, *OUT)) == []
    decide(searched, waits)
    assert searched.left((*TOLD, *GONE)) == []
    stands = [each for each in searched.left(OUT) if not each[0].startswith("file")]
    assert sorted(stands) == sorted((place, word) for place in STANDS for word in OUT)
    print(f"{sent} ways refused, {len(waits)} texts held; what was confirmed stands in {', '.join(STANDS)}")


@pytest.mark.parametrize("kind", STORES)
def test_of_what_a_peer_publishes_of_somebody_its_place_is_left_and_no_word(nodes: Nodes, kind: str, log: io.StringIO, tmp_path: Path):
    with twins(nodes, kind, tmp_path) as pair:
        pair.meet()
        bare = {name: value for name, value in publish(pair.rcm.as_("rcm")).items() if name not in ADDED}
        alert = {name: value for name, value in pair.rcm.as_("rcm").post("/v1/alerts", json=ALERT).json().items() if name not in ADDED}
        bad = {"es": LETTER}
        brought = [
            *(
                resealed(pair.rcm, bare, id=fresh_id(), **part)
                for part in ({"title": bad}, {"source": {"name": LETTER}}, {"later_field": LETTER})
            ),
            *(
                resealed(pair.rcm, alert, id=fresh_id(), reference=f"RCM-2026-0000{at}", **part)
                for at, part in enumerate(({"summary": bad}, {"title": bad}))
            ),
            {**resealed(pair.rcm, bare, id=fresh_id()), "narrative": bad},
        ]
        items = [item_of(each, seq) for seq, each in enumerate(brought, 1)]
        done = receive(pair.sacm.node, KINDS, "rcm", replace(carried(pair.rcm), items=items), attempt=Attempt("test"))
        told = [doubt.code for doubt in done.taken.quarantined]
        assert told == ["sync-personal-data"] * 5 + ["sync-digest"]
        node = Searched(pair.sacm, log, tmp_path)
        for who, path in (("operator", "/peers"), ("operator", "/audit"), ("sacm", "/changes"), ("peer", "/log/entries")):
            node.send(who, "GET", path, 200)
        assert node.left(TOLD) == []
