"""Each rule of access dropped alone: the matrix is red, first where that rule governs (guarantees 4)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import about_alerts
import about_all
import about_bulletins
import alert_plants
import plants
import pytest
from about_all import Mismatch
from alert_world import OPEN
from asking import Matrix, one_of_each, story, third
from conftest import Worlds
from plants import REMARKED, Plant
from serving import Served, listening
from world import CALLERS, World

from app.access import visibility
from app.bulletins.flows import settling
from app.documents import totals
from app.exchange import noticing
from app.exchange.node import open_node
from app.main import rebuild

Ask = Callable[[Matrix], Iterator[Mismatch]]


def forget_what_was_counted() -> None:
    """A process remembers numbers that follow from what it was asked: with a fault planted they are others."""
    totals._totals.clear()
    noticing._highest.clear()
    visibility._matching.cache_clear()
    settling._matched.cache_clear()


@pytest.fixture(scope="module")
def world(worlds: Worlds) -> Iterator[World]:
    """The world of the matrix, asked of a node beside it whose answers nobody holds against the API description."""
    right = worlds("sqlite")
    # It keeps no answers: one that a fault made would be given again where the rule is kept.
    node = open_node(right.served.node.settings.model_copy(update={"answer_cache_bytes": 0}))
    with listening(node, judged=False) as url:
        made = right.served_by(Served(node, url, right.served.keys))
        yield made
        rebuilt_where_marked(made)
        made.hang_up(*CALLERS)


MARKED: set[str] = set()
"""The fault by which the markings of the store were made, if one did."""


def rebuilt_where_marked(world: World, plant: Plant | None = None) -> None:
    """The markings as a fault makes them, or as they should be where none does."""
    if plant or MARKED:
        MARKED.clear()
        rebuild(world.served.node)
        MARKED.update({plant.__name__} if plant else ())


def documents(matrix: Matrix) -> Iterator[Mismatch]:
    """A few that differ: one of each story of each conference."""
    seen = {
        (each.document.origin, each.document.issuer, story(each)[:20], each.newest, each.withdrawals): each for each in matrix.world.filed
    }
    return about_bulletins.documents(matrix, list(seen.values()))


def one_alert(matrix: Matrix) -> Iterator[Mismatch]:
    """One that everybody sees, with answers that not everybody does."""
    return about_alerts.alerts(matrix, [matrix.world.alerts[OPEN]])


def alerts(matrix: Matrix) -> Iterator[Mismatch]:
    """One of each story."""
    return about_alerts.alerts(matrix, list({story(each): each for each in matrix.world.alerts}.values()))


def answers(matrix: Matrix) -> Iterator[Mismatch]:
    """What was answered to alerts of each story."""
    return about_alerts.answers(matrix, list({(story(each), each.decision is None): each for each in matrix.world.answers}.values()))


def by(part: Callable[..., Iterator[Mismatch]]) -> Ask:
    """A part of the lists for each caller."""
    return lambda matrix: (found for who, client in matrix.asking for found in part(matrix, who, client))


@dataclass(frozen=True)
class Found:
    """What the matrix asks where a fault is planted, who asks, and the route, and the part of it, that differs first."""

    ask: Ask
    who: str
    route: str
    about: str = ""


BULLETINS, BULLETIN = "/v1/bulletins", "/v1/bulletins/{document_id}"
LISTED, TOLD = f"GET {BULLETINS}", "GET /v1/changes"
ALERTS, ALERT = "GET /v1/alerts", "GET /v1/alerts/{document_id}"
lists, listed, facets, files = about_bulletins.lists, by(about_alerts.listed), by(about_alerts.facets), by(about_alerts.files)
PLANTED: dict[Plant, Found] = {
    plants.no_ceiling: Found(lists, "low-sacm", LISTED),
    plants.amber_for_all: Found(lists, "sacm", LISTED),
    plants.red_as_amber: Found(lists, "hnd", LISTED),
    plants.strict_as_amber: Found(lists, "bra", LISTED),
    plants.nobody_named_is_everybody: Found(lists, "sacm", LISTED),
    plants.secretariat_not_always: Found(lists, "rcm", LISTED),
    plants.reporting_state_not_always: Found(lists, "hnd", LISTED),
    plants.peer_of_both: Found(lists, "peer", LISTED),
    plants.old_marking_alone: Found(documents, "analyst", f"GET {BULLETIN}/versions"),
    plants.new_marking_alone: Found(documents, "analyst", f"GET {BULLETIN}/versions"),
    plants.operator_reads: Found(lists, "operator", LISTED),
    plants.withdrawn_served: Found(documents, "analyst", f"GET {BULLETIN}/versions"),
    plants.total_of_all: Found(lists, "analyst", LISTED),
    plants.sums_of_all: Found(lists, "analyst", "GET /v1/flows"),
    plants.facets_of_all: Found(lists, "analyst", "GET /v1/flows/facets"),
    plants.coverage_of_all: Found(lists, "analyst", "GET /v1/flows/coverage"),
    plants.certificate_of_the_hidden: Found(documents, "analyst", f"GET {BULLETIN}/certificate"),
    plants.report_of_others: Found(documents, "hnd", f"GET {BULLETIN}/disclosure-report"),
    plants.feed_by_old_marking: Found(about_all.feed, "sacm", TOLD),
    plants.hidden_told_to_all: Found(about_all.feed, "analyst", TOLD),
    plants.numbers_told_to_all: Found(about_all.feed, "analyst", TOLD),
    plants.feed_of_withdrawn: Found(about_all.feed, "hnd", TOLD),
    plants.anyone_is_an_analyst: Found(lists, "nobody", LISTED),
    plants.flows_for_any_role: Found(lists, "operator", "GET /v1/flows"),
    plants.overseen_by_any_role: Found(about_all.others, "pan", "GET /v1/peers"),
    plants.operated_by_any_role: Found(about_all.others, "pan", "POST /v1/conferences/{code}/presidencies"),
    plants.written_by_any_role: Found(about_bulletins.publishing, "analyst", f"POST {BULLETINS}"),
    plants.here_behind_a_proxy: Found(about_all.machines, "nobody", "GET /metrics"),
    plants.any_state: Found(about_bulletins.publishing, "pan", f"POST {BULLETINS}"),
    plants.any_states_document: Found(documents, "pan", f"POST {BULLETIN}/withdraw"),
    plants.any_origin: Found(documents, "sacm", f"PUT {BULLETIN}"),
    plants.in_any_name: Found(about_bulletins.publishing, "rcm", f"POST {BULLETINS}"),
    plants.hidden_is_forbidden: Found(documents, "bra", f"PUT {BULLETIN}"),
    plants.any_policy: Found(about_all.others, "sacm", "PUT /v1/conferences/{code}/policy"),
    alert_plants.no_parent_rule: Found(answers, "analyst", "GET /v1/sightings/{document_id}", "own GREEN"),
    alert_plants.parent_by_any_version: Found(answers, "analyst", "GET /v1/sightings/{document_id}", "own GREEN"),
    alert_plants.parent_may_be_gone: Found(about_all.feed, "hnd", TOLD),
    alert_plants.last_day_ignored: Found(listed, "analyst", ALERTS, "everything"),
    alert_plants.facets_over_all: Found(facets, "analyst", f"{ALERTS}/facets"),
    alert_plants.related_over_all: Found(one_alert, "analyst", f"{ALERT}/related"),
    alert_plants.search_counted_over_all: Found(listed, "analyst", ALERTS, "&q="),
    alert_plants.search_for_any_role: Found(listed, "operator", ALERTS, "&q="),
    alert_plants.left_out_of_all: Found(listed, "analyst", ALERTS, "&origin=SACM&tlp=GREEN"),
    alert_plants.files_over_all: Found(files, "analyst", ALERTS, "csv"),
    alert_plants.files_counted_over_all: Found(files, "analyst", ALERTS, "csv"),
    alert_plants.files_with_what_stays_here: Found(files, "analyst", ALERTS, "csv"),
    alert_plants.flows_near_over_all: Found(one_alert, "analyst", f"{ALERT}/flows"),
    alert_plants.counts_over_all: Found(one_alert, "analyst", f"{ALERT}/opinions"),
    alert_plants.answers_listed_of_the_hidden: Found(alerts, "analyst", f"{ALERT}/sightings", "own AMBER"),
    alert_plants.any_kind: Found(answers, "analyst", "GET /v1/proposals/{document_id}"),
    alert_plants.decision_of_the_hidden: Found(answers, "analyst", "GET /v1/proposals/{document_id}/decision"),
    alert_plants.decided_by_anyone: Found(answers, "hnd", "POST /v1/proposals/{document_id}/accept"),
    alert_plants.any_office: Found(answers, "hnd", "PUT /v1/sightings/{document_id}"),
    alert_plants.any_alert: Found(one_alert, "rcm", "PUT /v1/alerts/{document_id}"),
    alert_plants.erased_by_anyone: Found(one_alert, "rcm", "POST /v1/alerts/{document_id}/erase"),
    alert_plants.in_any_name: Found(about_alerts.publishing, "rcm", "POST /v1/alerts"),
}


SHORT: tuple[Ask, ...] = (
    *(about_all.feed, about_bulletins.publishing, about_alerts.publishing, about_all.others, lists, about_alerts.lists),
    lambda matrix: about_alerts.answers(matrix, matrix.world.answers),
    lambda matrix: about_alerts.alerts(matrix, matrix.world.alerts),
    lambda matrix: about_bulletins.documents(matrix, matrix.world.filed),
)
"""All that the short form of the matrix asks of its two databases together."""


@contextmanager
def planted(world: World, plant: Plant) -> Iterator[None]:
    """A fault, planted for as long as the block lasts."""
    if plant not in REMARKED:
        rebuilt_where_marked(world)
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        if plant in REMARKED:
            rebuilt_where_marked(world, plant)
        forget_what_was_counted()
        yield
    forget_what_was_counted()


def named(plant: Plant) -> str:
    return f"{plant.__module__.removesuffix('plants')}{plant.__name__}"


@pytest.mark.parametrize("plant", PLANTED, ids=named)
def test_a_rule_that_is_dropped_is_found_by_the_matrix(world: World, plant: Plant):
    wanted = PLANTED[plant]
    with planted(world, plant):
        found = next(wanted.ask(Matrix(world, (wanted.who,), one_of_each)), None)
    print(f"{plant.__name__}: {str(found)[:300]}")
    assert found is not None
    assert (found.who, found.route, found.about[: len(wanted.about)]) == (wanted.who, wanted.route, wanted.about)


@pytest.mark.long
@pytest.mark.parametrize("plant", PLANTED, ids=named)
def test_matrix_long_what_is_asked_in_the_short_form_finds_every_fault(world: World, plant: Plant):
    """The test above asks a caller to whom the fault matters; here all are asked, and of all that is alike once, as the short form does."""
    matrix = Matrix(world, choose=third(0, 1, 2))
    with planted(world, plant):
        found = next((mismatch for ask in SHORT for mismatch in ask(matrix)), None)
    print(f"{plant.__name__}, after {matrix.asked} cells: {str(found)[:200]}")
    assert found is not None


def test_where_every_rule_is_kept_the_same_callers_find_nothing(world: World):
    rebuilt_where_marked(world)
    found: list[Mismatch] = []
    for who, asks in {
        "hnd": (lists, about_all.machines),
        "analyst": (documents, alerts, answers, listed, facets, files, about_all.feed),
    }.items():
        matrix = Matrix(world, (who,), one_of_each)
        found += [mismatch for ask in asks for mismatch in ask(matrix)]
    assert [str(mismatch) for mismatch in found] == []
