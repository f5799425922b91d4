"""Forty hidden documents of each kind, planted once: no byte of an answer, a header or a log line tells of them (guarantees 4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version

import pytest
from alert_world import alert_body
from bodies import bulletin
from canaries import BIRDS, FIRST, FOUND_BY, PUBLIC, STEP, WORD, Cage, Kept, alert_of, answer_of, bird, body_of, bytes_of, paths
from route_oracle import ANSWERS
from serving import settings_for
from stores import STORES, Stores
from world import CALLERS, Answer, carried, peopled

from app.alerts.queries import AlertQuery
from app.bulletins.flows.query import FlowQuery
from app.bulletins.flows.routes import SHOWN
from app.bulletins.queries import ListQuery
from app.core.clock import utc_now
from app.core.conditional import answer_etag
from app.core.paging import binding_of
from app.documents import totals

LOGGED = ("rcm", "bra", "nobody")
"""The callers whose requests are logged with everything that can be."""
UNSEEN = ("sacm", "pan", "bra", "red-analyst", "peer")
"""Callers who may not see one more document of RCM's secretariat."""
ABOUT_ONESELF = ("/metrics", "/v1/me")
NUMBERS = "/v1/log/"
"""What tells whoever checks the log that hidden entries are there and when they came, and nothing else of them."""


def fill(cage: Cage) -> None:
    """What everybody sees, and the canaries around it."""
    for number in range(4):
        body = bulletin(reporting_state="BRA", period=f"{2000 + number}", publisher=f"SEEN-{number}")
        cage.world.do("sacm", "POST", "/v1/bulletins", body)
        cage.plant(range(10 * number, 10 * number + 10))
    cage.seen["bulletin"] = str(cage.world.do("rcm", "POST", "/v1/bulletins", bulletin(period="2012"))["id"])
    seen = {**alert_body(1), "route": alert_of(0)["route"], "first_seen": "2012-01", "last_seen": "2013-12", "tlp": "GREEN"}
    seen["route"] = [{**leg, "place": "Colón"} for leg in seen["route"]]
    cage.seen["alert"] = str(cage.world.do("rcm", "POST", "/v1/alerts", seen)["id"])
    said = {"sighting": {"note": {"es": "visto"}, "where": {"state": "PAN"}}, "proposal": {"changes": {"severity": "critical"}}}
    for kind in ANSWERS:
        body = {**answer_of(kind, 1), **said.get(kind, {})} | ({} if kind == "sighting" else {"explanation": {"es": "Por lo visto."}})
        cage.seen[kind] = str(cage.world.do("sacm", "POST", f"/v1/alerts/{cage.seen['alert']}/{kind}s", body)["id"])


@pytest.fixture(scope="module")
def filled(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cage]:
    """The cage as it is before anything is asked of it."""
    with peopled(settings_for(stores.ready("sqlite"), tmp_path_factory.mktemp("canaries"), log_level="debug")) as world:
        made = Cage(world)
        fill(made)
        yield made


@pytest.fixture(scope="module", params=STORES)
def cage(request: pytest.FixtureRequest, filled: Cage, stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cage]:
    with carried(filled.world, stores.ready(request.param), tmp_path_factory.mktemp("cage") / "backup") as world:
        yield Cage(world, [*filled.canaries], filled.seen)


@dataclass(frozen=True)
class Asked:
    """What came of the questions of every caller, and what was logged of those of a few."""

    answers: dict[tuple[str, str], Answer]
    lines: list[str]


def asked(cage: Cage, chosen: Callable[[int], bool], callers: tuple[str, ...] = tuple(CALLERS)) -> Asked:
    """The answers to the chosen ones of all questions; what is public is asked by nobody and, where there is a key, by one caller."""
    answers, kept, number = {}, Kept(), 0
    for who in callers:
        public = [f"/{path}" for path in PUBLIC] if who in LOGGED else []
        with kept if who in LOGGED else nullcontext():
            for path in (*paths(cage, cage.hidden_from(who)), *public):
                number += 1
                # To whom nothing at all is told a few questions are enough.
                if chosen(number) and (CALLERS[who] or path in public or number % 10 < 2):
                    answers[who, path] = cage.world.ask(who, "GET", path, Accept_Language="es")
    return Asked(answers, kept.lines)


def share_of(cage: Cage) -> Callable[[int], bool]:
    """SQLite is asked two of three questions, PostgreSQL the third; of either all is the long form."""
    sqlite = cage.world.served.node.db.is_sqlite
    return lambda number: (number % 3 != 0) is sqlite


@pytest.fixture(scope="module")
def first(cage: Cage) -> Asked:
    """The answers to a share of the questions of every caller, before anything more is planted."""
    return asked(cage, share_of(cage))


def by_beginning(words: Iterable[str]) -> dict[str, list[str]]:
    """Words by their first letters, of which most of them have the same."""
    found: dict[str, list[str]] = {}
    for word in words:
        found.setdefault(word[:5], []).append(word)
    return found


def said(text: str, words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Which of the words, given by their beginnings, stand in a text: where a beginning does not, none of its words does."""
    for beginning, each in words.items():
        if beginning in text:
            yield from (word for word in each if word in text)


def test_a_word_is_found_by_its_beginning_and_only_where_it_stands_whole():
    words = by_beginning(["kanarie01", "kanarie02", "KANARIE01", "7300", "730000000"])
    assert {beginning: len(each) for beginning, each in words.items()} == {"kanar": 2, "KANAR": 1, "7300": 1, "73000": 1}
    assert list(said("x kanarie02 7300 kanarie", words)) == ["kanarie02", "7300"]
    assert list(said("nothing", words)) == []


def betrayals(cage: Cage, told: Asked) -> list[tuple[str, str, str]]:
    """What tells of a hidden document in these answers."""
    hits = []
    for who in CALLERS:
        assert len(cage.hidden_from(who)) >= 60, who
        betrayed = by_beginning(cage.betrayal(who))
        # An address that one asks is no secret to oneself, but the answer need not repeat it either.
        mine = [(path, bytes_of(answer)) for (asker, path), answer in told.answers.items() if asker == who]
        hits += [(who, path, word) for path, answer in mine for word in said(answer, betrayed)]
    print(f"{len(told.answers)} answers to {len(CALLERS)} callers, {len(cage.canaries)} hidden documents: {len(hits)} hits")
    return hits


def test_no_answer_or_header_tells_of_forty_hidden_documents_of_each_kind(cage: Cage, first: Asked):
    assert len(first.answers) > 400
    assert betrayals(cage, first) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_matrix_long_no_answer_or_header_tells_of_forty_hidden_documents_of_each_kind(cage: Cage):
    assert betrayals(cage, asked(cage, lambda _: True)) == []


def test_what_only_canaries_answer_is_answered_by_as_many_as_one_reads(cage: Cage):
    """A peer reads those of its conference that were not taken back, of twenty all but two; an operator may not even ask."""
    reads = {"analyst": 0, "hnd": 0, "peer": 18, "rcm-peer": 18, "operator": None}
    asked = [(who, query) for who in reads for query in (f"q={BIRDS['alert']}", FOUND_BY[-1])]
    answers = {(who, query): cage.world.ask(who, "GET", f"/v1/alerts?{query}&limit=1").json() for who, query in asked}
    assert {key: page.get("total") for key, page in answers.items()} == {(who, query): reads[who] for who, query in asked}


def test_no_log_line_tells_of_what_was_sent_published_or_refused(cage: Cage, first: Asked):
    with Kept() as kept:
        cage.plant([45])
        wrong = ({"nonsense": WORD.format(45)}, {"period": f"2{WORD.format(45)}"}, {"reporting_state": "ECU"})
        refused = [("/v1/bulletins", {**body_of(45), **each}) for each in wrong]
        misplaced = {"route": [{"seq": 1, "from": "COL", "to": "PAN", "mode": "sea", "place": f"Calle {bird('alert', 45)} 12"}]}
        refused += [("/v1/alerts", {**alert_of(45), **each}) for each in ({"nonsense": bird("alert", 45)}, misplaced)]
        refused += [(f"/v1/alerts/{cage.seen['alert']}/{kind}s", {**answer_of(kind, 45), "tlp": "CLEAR"}) for kind in ANSWERS]
        statuses = [cage.world.ask("rcm", "POST", path, body).status for path, body in refused]
    lines = "\n".join([*first.lines, *kept.lines])
    assert statuses == [422, 422, 403, 422, 422, 422, 422, 422]
    assert lines.count("POST") >= len(refused)
    assert lines.count("GET") > 60
    secret = [WORD.format(45), WORD.format(45).upper(), str(FIRST + STEP * 45), *(bird(kind, 45) for kind in BIRDS)]
    secret += [word for each in cage.canaries for word in each.says if " " not in word]
    secret += [cage.world.served.keys[who].split("_", 2)[2] for who in ("rcm", "bra")]
    assert [word for word in secret if word in lines or word.title() in lines] == []


def test_one_more_hidden_document_of_each_kind_changes_no_byte_of_any_answer(cage: Cage, first: Asked):
    told = {who for who in UNSEEN if CALLERS[who].role in {"secretariat", "peer"}}
    compared = [
        key for key in first.answers if key[0] in UNSEEN and not key[1].startswith((*ABOUT_ONESELF, *([NUMBERS] if key[0] in told else [])))
    ]
    before = {key: first.answers[key].still for key in compared}
    cage.plant([40, 41])  # one that is taken back, and one that stands
    totals._totals.clear()  # else a remembered total hides that a list counts it
    after = {(who, path): cage.world.ask(who, "GET", path, Accept_Language="es").still for who, path in before}
    assert [key for key in before if before[key] != after[key]] == []
    assert len(before) > 150


def test_no_etag_lets_the_number_of_hidden_entries_be_found_by_trying(cage: Cage):
    """All that is hashed beside the highest visible entry is known to its reader: the number itself must not be guessable."""
    epoch = cage.world.ask("nobody", "GET", "/.well-known/istmo.json").json()["epoch"]
    rights, today = ("analyst", "SACM", None, 1), utc_now().date()

    def bound(kind: str, model: object, *kept: str) -> str:
        return binding_of(kind, model.model_dump(exclude={"cursor", "limit", *kept}, mode="json"), rights)

    flows, bulletins = bound("flows", FlowQuery(), "format", *SHOWN), bound("bulletins", ListQuery())
    alerts, shown = bound("alerts", AlertQuery(limit=100)), FlowQuery().model_dump_json(include=set(SHOWN))
    recipes = {
        "/v1/changes": lambda number: ("changes", epoch, number, rights, 0, 100, None, None, today),
        "/v1/snapshot": lambda number: ("snapshot", epoch, number, number, rights, 0, 100, None, None, today),
        "/v1/bulletins": lambda number: (epoch, number, bulletins, None, 100),
        "/v1/flows": lambda number: ("flows", epoch, number, rights, version("istmo"), flows, None, 100, "json", shown, "en"),
        "/v1/alerts": lambda number: (epoch, number, alerts, None, 100, today),
    }
    tags = {path: cage.world.ask("analyst", "GET", path).header("etag") for path in recipes}
    assert all(tag.startswith('W/"') for tag in tags.values())
    assert [path for path, recipe in recipes.items() if tags[path] in {answer_etag(*recipe(number)) for number in range(400)}] == []
