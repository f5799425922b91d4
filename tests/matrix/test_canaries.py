"""Forty hidden documents, planted once: no byte of an answer, a header or a log line tells of them (guarantees 4)."""

import base64
import itertools
import logging
import re
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from bodies import cells, publish, revise, withdraw
from route_oracle import RIGHTS, Filed, form
from serving import serving, settings_for
from stores import STORES, Stores
from visibility_oracle import Document, Marking
from world import CALLERS, MORE, Answer, World

from app.access.clients import create
from app.bulletins.queries import FlowQuery, ListQuery
from app.core.conditional import answer_etag
from app.core.paging import binding_of

WORD = "kanarie{:02}"
ASKED = (("flows", FlowQuery, {"cursor", "limit", "format"}), ("bulletins", ListQuery, {"cursor", "limit"}))
FIRST, STEP = 730_000_000, 7919
"""Values that no other figure here is made of."""


def body_of(number: int, state: str, conference: str) -> dict[str, object]:
    """A document of which every free part is a canary; only its own secretariat may see it."""
    word = WORD.format(number)
    return {
        "reporting_state": state, "publisher": word.upper(), "period": f"{1950 + number}", "cells": cells(VEN=FIRST + STEP * number),
        "definition_code": word, "title": {"es": f"{word} a"}, "narrative": {"en": f"about {word}"}, "source": {"name": f"{word} office"},
        "tlp": ("RED", "AMBER+STRICT")[number % 2], "audience": [f"{conference}/secretariat"],
    }  # fmt: skip


def plant(world: World, number: int) -> None:
    """One hidden document; every fourth is revised, every eighth also withdrawn, with reasons that are canaries too."""
    conference, state = (("RCM", "CRI"), ("SACM", "ECU"))[number % 4 // 2]
    client, word = world.served.as_(conference.lower()), WORD.format(number)
    body = body_of(number, state, conference)
    made = publish(client, **body)
    versions = 1
    if number % 4 == 0:
        made, versions = revise(client, made, reason=f"why {word}", **{**body, "cells": cells(VEN=FIRST + STEP * number + 1)}), 2
    if number % 8 == 0:
        withdraw(client, made, f"gone {word}")
        versions = 3
    marking = Marking(str(body["tlp"]), (f"{conference}/secretariat",))
    document = Document(made["id"], conference, f"{conference}/secretariat", state, (marking,) * versions)
    world.filed.append(Filed(document, frozenset({3} if versions == 3 else ()), FIRST + STEP * number))


@pytest.fixture(scope="module", params=STORES)
def world(request: pytest.FixtureRequest, stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    settings = settings_for(stores.ready(request.param), tmp_path_factory.mktemp("canaries"), log_level="debug")
    with serving(settings) as served:
        with served.node.db.write() as session:
            served.keys = {**served.keys, **{name: create(session, wanted).api_key for name, wanted in MORE.items()}}
        made = World(served)
        seen = publish(served.as_("rcm"), period="2012")
        for number in range(40):
            if number % 10 == 0:
                publish(served.as_("sacm"), reporting_state="BRA", period=f"{2000 + number}", publisher=f"SEEN-{number}")
            plant(made, number)
        withdraw(served.as_("pan"), publish(served.as_("pan"), period="2013"))
        made.seen = seen["id"]
        yield made
        made.hang_up(*CALLERS)


def paths(world: World, hidden: list[Filed]) -> Iterator[str]:
    """Every GET route, lists in all their forms; documents that are seen and some that are hidden."""
    ids = [world.seen, *(each.document.id for each in hidden)]
    names = {
        "code": ("RCM", "SACM"),
        "name": ("measure", "publisher"),
        "client_id": ("nobodysclient",),
        "document_id": ids,
        "number": ("1", "2", "3"),
    }
    for route in RIGHTS:
        method, path = route.split(" ")
        if method == "GET":
            fields = re.findall(r"\{(\w+)\}", path)
            for values in itertools.product(*(names[name] for name in fields)):
                yield path.format(**dict(zip(fields, values, strict=True)))
    for query in (
        "limit=1",
        "tlp=RED",
        "tlp=AMBER%2BSTRICT",
        "status=withdrawn",
        "origin=RCM",
        "origin=SACM",
        "reporting_state=CRI",
        "period_to=1999",
    ):
        yield f"/v1/bulletins?{query}"
    for query in ("limit=1", "kind=bulletin", "origin=RCM", "origin=SACM"):
        yield f"/v1/changes?{query}"
    for query in ("limit=1", "totals=true", "format=csv", "format=csv&limit=2", "group_by=publisher", "group_by=definition_code", "group_by=period", "group_by=nationality", "reporting_state=CRI,ECU", "period_to=1999&group_by=reporting_state"):  # fmt: skip
        yield f"/v1/flows?{query}"


def hidden_from(world: World, who: str) -> list[Filed]:
    client = CALLERS[who]
    return [each for each in world.filed if client is None or form(client, each, each.newest) is None]


def secrets_of(each: Filed, *, envelope: bool) -> list[str]:
    """What would betray a document: to an operator, who sees its envelope with its reason, only what stands in the body."""
    number = (each.value - FIRST) // STEP
    word = WORD.format(number)
    of_body = [f"{word} a", f"about {word}", f"{word} office", word.upper(), str(each.value), str(each.value + 1), f'"{word}"']
    return of_body if envelope else [*of_body, word, each.document.id]


def bytes_of(answer: Answer) -> str:
    """All that came, and what lies in the opaque parts of it once they are read as base64."""
    text = "\n".join([f"{name}: {value}" for name, value in answer.headers] + [answer.body.decode("utf-8", "replace")])
    sealed = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in re.findall(r"[\w-]{20,}", text) if len(part) % 4 != 1]
    return "\n".join([text, *(part.decode("latin-1") for part in sealed)])


def share_of(world: World) -> slice:
    """One database is asked every other question, the other one the rest; of either all is the long form."""
    return slice(STORES.index("postgresql" if "postgresql" in world.served.node.settings.database_url else "sqlite"), None, len(STORES))


def betrayals(world: World, share: slice) -> list[tuple[str, str, str]]:
    """What tells of a hidden document in the answers to a share of the questions of every caller."""
    hits, asked = [], 0
    for who, client in CALLERS.items():
        operator = client is not None and client.role == "operator"
        hidden = world.filed if operator else hidden_from(world, who)
        assert len(hidden) >= 20, who
        betrayed = re.compile("|".join(re.escape(text) for each in hidden for text in secrets_of(each, envelope=operator)))
        for path in list(paths(world, hidden[:2]))[share]:
            answer = world.ask(who, "GET", path, Accept_Language="es")
            asked += 1
            # An address that one asks is no secret to oneself, but the answer need not repeat it either.
            hits += [(who, path, hit.group()) for hit in betrayed.finditer(bytes_of(answer))]
    assert asked > 800 // (share.step or 1)
    print(f"{asked} answers to {len(CALLERS)} callers, 40 hidden documents: {len(hits)} hits")
    return hits


def test_no_answer_or_header_tells_of_forty_hidden_documents(world: World):
    assert betrayals(world, share_of(world)) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_matrix_long_no_answer_or_header_tells_of_forty_hidden_documents(world: World):
    assert betrayals(world, slice(None)) == []


def test_no_log_line_tells_of_what_was_sent_published_or_refused(world: World, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="istmo"):
        plant(world, 44)
        refused = [
            {**body_of(44, "CRI", "RCM"), **wrong}
            for wrong in ({"nonsense": WORD.format(44)}, {"period": f"2{WORD.format(44)}"}, {"reporting_state": "ECU"})
        ]
        statuses = [world.ask("rcm", "POST", "/v1/bulletins", body).status for body in refused]
        statuses += [world.ask(who, "GET", path).status for who in ("rcm", "bra", "nobody") for path in paths(world, world.filed[-1:])]
    lines = "\n".join(f"{record.getMessage()} {getattr(record, 'fields', '')} {record.exc_info}" for record in caplog.records)
    assert statuses[:3] == [422, 422, 403]
    assert lines.count("POST") >= len(refused)
    secret = [
        WORD.format(44),
        WORD.format(44).upper(),
        str(FIRST + STEP * 44),
        *(world.served.keys[who].split("_", 2)[2] for who in ("rcm", "bra")),
    ]
    assert [word for word in secret if word in lines] == []


def test_one_more_hidden_document_changes_no_byte_of_any_answer(world: World):
    unseen = ("nobody", "sacm", "pan", "bra", "red-analyst", "peer")[share_of(world)]
    counting = ("/metrics", "/v1/me")

    def answers() -> dict[tuple[str, str], tuple[object, ...]]:
        asked = [(who, path) for who in unseen for path in paths(world, hidden_from(world, who)[:1]) if not path.startswith(counting)]
        return {(who, path): world.ask(who, "GET", path).still for who, path in asked}

    before = answers()
    plant(world, 40)
    after = answers()
    assert [key for key in before if before[key] != after[key]] == []
    assert len(before) > 150


def test_no_etag_lets_the_number_of_hidden_entries_be_found_by_trying(world: World):
    """All that is hashed beside the highest visible entry is known to its reader: the number itself must not be guessable."""
    epoch = world.ask("nobody", "GET", "/.well-known/istmo.json").json()["epoch"]
    rights = ("analyst", "SACM", None, 1)
    flows, bulletins = (binding_of(name, model().model_dump(exclude=kept, mode="json"), rights) for name, model, kept in ASKED)
    recipes = {
        "/v1/changes": lambda number: ("changes", epoch, number, rights, 0, 100, None, None),
        "/v1/bulletins": lambda number: (epoch, number, bulletins, None, 100),
        "/v1/flows": lambda number: ("flows", epoch, number, flows, None, 100, "json", version("istmo")),
    }
    tags = {path: world.ask("analyst", "GET", path).header("etag") for path in recipes}
    assert all(tag.startswith('W/"') for tag in tags.values())
    assert [path for path, recipe in recipes.items() if tags[path] in {answer_etag(*recipe(number)) for number in range(200)}] == []
