"""Nobody but its office and its secretariat can tell that something waits: not by a byte, a refusal, a number or a key (guarantees 2, contract: Life)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from alert_world import alert_body
from bodies import bulletin, cells
from canaries import Cage, Canary, paths
from held import decide
from route_oracle import ANSWERS, Filed
from serving import Nodes, serving
from stores import STORES
from visibility_oracle import Document, Marking
from world import CALLERS, MORE, World

from app.documents import totals

Json = dict[str, Any]
NAMED = {"es": "Lo entregó Zapaquilda Ventoquipa"}
WAITS = ("pending", "held")
APART = ("/v1/reviews", "/v1/audit", "/v1/me", "/metrics")
"""What tells of them, the operator's book of all that is done, and what tells of every request."""
MATCHING = (
    *("bulletins?reporting_state=PAN&period_from=2022-11", "flows?reporting_state=PAN&totals=true", "flows?group_by=period&measure=rescue"),
    *("alerts?network_code=MILANO-1", "alerts?q=milano", "alerts?passes=PAN", "changes?limit=500", "log/entries?limit=1000"),
)
"""Questions that what waits would answer, were it published."""


LISTED = ("/v1/bulletins?limit=100", "/v1/alerts?limit=100", "/v1/changes?limit=500")
CALLER_NAMES = tuple(CALLERS)


def waiting_for(who: str, count: int) -> int:
    """What the list of reviews tells: how many to Panama's office and to its secretariat, none to other writers, nothing to the rest."""
    client = CALLERS[who]
    if client is None:
        return 401
    return (count if who in ("pan", "rcm") else 0) if client.role in {"secretariat", "partner"} else 403


def wanted(kind: str, status: str) -> str:
    """The id that a waiting document asks for."""
    return f"019aa4f0-6f80-7c3e-9a51-2d0c6a5f{('bulletin', 'alert', *ANSWERS).index(kind)}{WAITS.index(status)}11"


def alert(**more: Any) -> Json:
    return alert_body(1, **{"tlp": "GREEN", **more})


def answer_body(kind: str, number: str = "1") -> Json:
    return {
        "sighting": {"where": {"state": "PAN", "place": "Yaviza"}, "seen_from": "2018-02", "certainty": "probable"},
        "opinion": {"opinion": "agree", "explanation": {"es": "De acuerdo."}},
        "proposal": {"changes": {"network_code": f"MILANO-{number}"}, "explanation": {"es": "Es la misma red."}},
    }[kind]


@dataclass
class Town:
    """A node with documents that everybody sees, and what was answered on it with all that is drawn by chance named in its order."""

    world: World
    seen: Json = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def settle(self) -> None:
        """Publish one document of each kind: a bulletin, alerts of both conferences, answers to that of the other one."""
        do, ids = self.world.do, (f"018e2d5c-0000-7000-8000-0000000000{number}" for number in range(10, 99))
        self.seen["bulletin"] = do("pan", "POST", "/v1/bulletins", bulletin(id=next(ids)))
        for name, who in (("own", "pan"), ("alert", "sacm"), ("other", "sacm")):
            self.seen[name] = do(who, "POST", "/v1/alerts", alert(id=next(ids)))
        for kind in ANSWERS:
            self.seen[kind] = do(
                "rcm", "POST", f"/v1/alerts/{self.seen['alert']['id']}/{kind}s", answer_body(kind, "2") | {"id": next(ids)}
            )

    def keep(self, status: str) -> int:
        """Let one item of each kind wait, all of them of Panama's office; how many."""
        held = status == "held"
        month, text = (2, NAMED) if held else (1, {"es": "Sin novedad."})
        about, mine = (self.seen[name] for name in (("other", "bulletin") if held else ("alert", "own")))
        revised = bulletin(narrative=text, reason="late") if held else alert(reason="more", network_code="MILANO-1")
        one, two, three = (
            bulletin(measure="rescue", period=period, narrative=text, id=chosen)
            for period, chosen in ((f"2022-1{month}", wanted("bulletin", status)), (f"2023-0{month}", None), (f"2023-1{month}", None))
        )
        warned = alert(network_code="MILANO-1", title={"es": "Red Milano"}, summary=text, id=wanted("alert", status))
        said, path = {"sighting": "note"}, f"/v1/alerts/{about['id']}"
        sent: list[tuple[str, str, Json, Json]] = [
            ("POST", "/v1/bulletins", one, {}),
            ("POST", "/v1/bulletins/batch", {"bulletins": [two, three]}, {}),
            ("POST", "/v1/alerts", warned, {}),
            ("POST", "/v1/alerts/batch", {"alerts": [alert(summary=text), alert()]}, {}),
            ("PUT", f"/v1/{mine['kind']}s/{mine['id']}", revised, {"If_Match": f'"{mine["id"]}.v1"'}),
        ]
        sent += [
            ("POST", f"{path}/{kind}s", answer_body(kind) | {"id": wanted(kind, status), said.get(kind, "explanation"): text}, {})
            for kind in ANSWERS
        ]
        for method, place, body, headers in sent:
            got = self.world.ask("pan", method, place, body, Idempotency_Key=status, **headers)
            assert (got.status, got.json()["outcome"]) == (202, status), (place, got.body)
        return len(sent)

    def told(self, who: str, method: str, path: str, body: object = None, **headers: str) -> object:
        """An answer in which ids bear the names in whose order they came, and times, salts, seals and their lengths are left out."""
        got = self.world.ask(who, method, path, body, **headers)
        text = got.body.decode()
        for pattern in (r'"(?:salt|digest|value|request_id|next_cursor)":"[^"]*"', r"\d{4}-\d\d-\d\dT[\d:.]+Z", r"[0-9a-f]{64}"):
            text = re.sub(pattern, "", text)
        kept = [(name, value) for name, value in got.headers if name in {"location", "etag", "link", "idempotency-replayed"}]
        shown = f"{got.status} {[pair for pair in kept if not pair[1].startswith('W/')]} {text}"
        return re.sub(
            r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda hit: self.names.setdefault(hit[0], f"id {len(self.names)}"), shown
        )


@pytest.fixture(params=STORES)
def towns(request: pytest.FixtureRequest, nodes: Nodes, tmp_path: Path) -> Iterator[tuple[Town, Town]]:
    """Two nodes of one beginning, with the same keys and documents, on which whatever a national office sends waits half an hour."""
    with ExitStack() as stack:
        yield tuple(stack.enter_context(town(nodes, request.param, tmp_path / name)) for name in ("full", "empty"))  # type: ignore[misc]


@contextmanager
def town(nodes: Nodes, kind: str, folder: Path) -> Iterator[Town]:
    folder.mkdir()
    settings, keys = nodes.ready(kind, folder)
    with serving(settings, keys=keys) as served:
        made = Town(World(served))
        made.settle()
        decide(served, partner_release="after_minutes:30")
        yield made
        made.world.hang_up(*CALLERS)
    nodes.stores.drop(settings.database_url)


def questions(town: Town) -> list[str]:
    """Every GET route about what is seen and what waits, and every list in all its forms."""
    marking = Marking("GREEN", ("RCM", "SACM"))
    ids = {kind: wanted(kind, "held") for kind in ("bulletin", "alert", *ANSWERS)}
    hidden = [
        Canary(Filed(Document(each, "RCM", "RCM/PAN", None, (marking,), None), frozenset(), 0, kind), (), (each, "", "RCM-2026-0003"))
        for kind, each in ids.items()
    ]
    cage = Cage(town.world, seen={name: each["id"] for name, each in town.seen.items()})
    asked = [*paths(cage, hidden), *(f"/v1/{each}" for each in MATCHING)]
    return [path for path in dict.fromkeys(asked) if not path.startswith(APART)]


def shares(asked: Sequence[str], *, whole: bool) -> list[tuple[str, str]]:
    """Who asks what: all of it, or each question of one caller, and what would be answered of what waits of two who write.

    Who has read a document is asked last, for questions are reads.
    """
    pairs = [
        (who, path)
        for number, who in enumerate(CALLERS)
        if who not in MORE
        for at, path in enumerate(asked)
        if whole or (at + number) % 17 == 0 or (who in {"sacm", "hnd"} and path.removeprefix("/v1/") in MATCHING)
    ]
    return sorted(pairs, key=lambda pair: pair[1].endswith("/readers"))


def answers(town: Town, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], object]:
    told = {}
    for who, path in asked:
        if path.endswith("/readers"):
            town.world.served.node.read_audit.flush()
        told[who, path] = town.world.ask(who, "GET", path, Accept_Language="es").still
    return told


def attempts(town: Town) -> Iterator[tuple[str, str, str, Json, Json]]:
    """What others send that has anything in common with what waits: its id, its place, its document, its key."""
    seen, bulletins, alerts = town.seen, "/v1/bulletins", "/v1/alerts"
    tag = {name: {"If_Match": f'"{each["id"]}.v1"'} for name, each in seen.items()}
    for status, month, about in (("pending", 1, "alert"), ("held", 2, "other")):
        same = {"Idempotency_Key": status}
        rescue = {"measure": "rescue", "period": f"2022-1{month}"}
        yield "hnd", "POST", bulletins, bulletin(**rescue), same
        yield "hnd", "POST", f"{bulletins}/check", bulletin(**rescue, reporting_state="HND", id=wanted("bulletin", status)), {}
        yield "hnd", "POST", bulletins, bulletin(**rescue, reporting_state="HND", id=wanted("bulletin", status)), same
        yield "rcm", "POST", f"{bulletins}/check", bulletin(**rescue), {}
        yield "rcm", "POST", bulletins, bulletin(**rescue), same
        batch = [bulletin(measure="rescue", period=f"2023-{each:02}") for each in (month, 10 + month)]
        yield "rcm", "POST", f"{bulletins}/batch", {"bulletins": batch}, {}
        yield "bra", "POST", alerts, alert(id=wanted("alert", status), network_code="MILANO-1", tlp="GREEN"), same
        for who, kind in (("rcm", "sighting"), ("hnd", "opinion"), ("sacm", "proposal"), ("hnd", "proposal")):
            yield who, "POST", f"{alerts}/{seen[about]['id']}/{kind}s", answer_body(kind) | {"id": wanted(kind, status)}, same
    for name, kind in (("own", "alert"), ("bulletin", "bulletin")):
        place, body = f"/v1/{kind}s/{seen[name]['id']}", {"alert": alert, "bulletin": bulletin}[kind](reason="more")
        body |= {"severity": "low"} if kind == "alert" else {"cells": cells(VEN=500)}
        for who in ("sacm", "hnd", "rcm"):
            yield who, "POST", f"{place}/erase", {"reason": "x"}, {"If_Match": f'"{seen[name]["id"]}.v9"'}
            yield who, "PUT", place, body, tag[name]
        yield "rcm", "POST", f"{place}/withdraw", {"reason": "twice"}, {"If_Match": f'"{seen[name]["id"]}.v2"'}
        yield "rcm", "POST", f"{place}/erase", {"reason": "twice"}, {"If_Match": f'"{seen[name]["id"]}.v3"'}


def require_unseen(full: Town, *, whole: bool) -> int:
    """Ask before and after one item of each kind waits; how many do."""
    asked = shares(questions(full), whole=whole)
    before = answers(full, asked)
    count = sum(full.keep(status) for status in WAITS)
    full.world.served.node.read_audit.flush()
    # As of another process: nothing that one remembers hides what would be told.
    totals._totals.clear()
    with serving(full.world.served.node.settings, keys=full.world.served.keys) as served:
        again = Town(World(served), full.seen)
        after = answers(again, asked)
        again.world.hang_up(*CALLERS)
    print(f"{len(asked)} answers before and after {count} items")
    assert [key for key in asked if before[key] != after[key]] == []
    return count


def test_nobody_can_tell_that_something_waits_by_what_is_read_or_by_what_is_written(towns: tuple[Town, Town]):
    full = towns[0]
    count, callers = require_unseen(full, whole=False), [who for who in CALLERS if who not in MORE]
    for who in callers:
        listed = full.world.ask(who, "GET", "/v1/reviews")
        assert (listed.json().get("total") if listed.status == 200 else listed.status) == waiting_for(who, count), who
    for each in towns:
        decide(each.world.served, partner_release="at_once")
    done = [[each.told(*sent[:4], **sent[4]) for sent in attempts(each)] for each in towns]
    different = [(sent[:3], *told) for sent, *told in zip(attempts(full), *done, strict=True) if told[0] != told[1]]
    assert different == [], "\n".join(map(str, different))
    told = [[each.told(who, "GET", path) for who in ("rcm", "sacm", "bra", "peer") for path in LISTED] for each in towns]
    assert told[0] == told[1]
    statuses = Counter(str(each).split()[0] for each in done[0])
    print(f"{len(done[0])} writes of others: {dict(statuses)}")
    assert statuses["201"] >= 14


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_matrix_long_no_byte_of_any_answer_to_anybody_changes_where_something_waits(towns: tuple[Town, Town]):
    require_unseen(towns[0], whole=True)
