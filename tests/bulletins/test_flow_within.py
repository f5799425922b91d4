"""What is published of one State leaves kept answers about others as they stand; whatever can change an answer is in the next one."""

import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bodies import bulletin, cells, publish, revise, withdraw
from flowbook import statements
from serving import Served, listening

from app.exchange import noticing
from app.exchange.node import open_node

OF_PANAMA = "/v1/flows?reporting_state=PAN&measure=irregular_transit&group_by=period&unit=person"
QUESTIONS = (
    OF_PANAMA,
    "/v1/flows?reporting_state=PAN&limit=3",
    "/v1/flows?measure=irregular_transit&limit=50",
    "/v1/flows?reporting_state=CRI,HND&group_by=nationality,measure,publisher&unit=person&frequency=month",
    "/v1/flows?reporting_state=HND&measure=rescue&limit=100&totals=true",
    "/v1/flows?reporting_state=GTM&format=csv",
    "/v1/flows?limit=100",
)
"""Of one State and measure, of some, of all, and of a State that reports nothing."""


def tag_of(served: Served, path: str = OF_PANAMA, who: str = "analyst") -> str:
    answer = served.as_(who).get(path)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


def stands(served: Served, tag: str, path: str = OF_PANAMA, who: str = "analyst") -> bool:
    answer = served.as_(who).get(path, headers={"If-None-Match": tag})
    assert answer.status_code in {200, 304}, answer.text
    return answer.status_code == 304


def erase(client: httpx.Client, document: dict[str, Any]) -> None:
    etag = f'"{document["id"]}.v{document["version"]}"'
    answer = client.post(f"/v1/bulletins/{document['id']}/erase", json={"reason": "sent by mistake"}, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text


def test_what_is_published_of_another_state_or_measure_changes_nothing_and_costs_no_cells(served: Served):
    pan, rcm = served.as_("pan"), served.as_("rcm")
    publish(pan, period="2022-10")
    tag = tag_of(served)
    other = publish(rcm, reporting_state="CRI", period="2022-10")
    publish(rcm, measure="rescue", period="2022-10")
    revise(rcm, other, reporting_state="CRI", period="2022-10", cells=cells(VEN=90, NPL=80))
    with statements(served.node.db) as seen:
        assert stands(served, tag)
    assert not [each for each in seen if "cell" in each.split()]
    with statements(served.node.db) as seen:
        again = served.as_("analyst").get(OF_PANAMA)
        assert (again.headers["etag"], stands(served, tag)) == (tag, True)
    assert {each.split("FROM ")[1].split()[0] for each in seen} == {"client", "log_head"}


@pytest.mark.parametrize("change", ["publish", "revise", "withdraw", "erase", "hide", "of another measure first"])
def test_whatever_changes_the_answer_is_in_the_next_one(served: Served, change: str):
    pan, rcm = served.as_("pan"), served.as_("rcm")
    first, second = publish(pan, period="2022-10"), publish(pan, period="2022-11")
    tag = tag_of(served)
    changes = {
        "publish": lambda: publish(pan, period="2022-12"),
        "revise": lambda: revise(pan, first, period="2022-10", cells=cells(VEN=500, NPL=213, SOM=31)),
        "withdraw": lambda: withdraw(pan, second),
        "erase": lambda: erase(rcm, first),
        "hide": lambda: revise(pan, first, period="2022-10", tlp="RED", audience=["RCM/secretariat"]),
        "of another measure first": lambda: [publish(pan, measure="rescue", period="2022-10"), publish(pan, period="2022-12")],
    }
    changes[change]()
    assert not stands(served, tag)


def test_what_a_caller_may_not_see_changes_nothing_for_it_and_something_for_who_does(served: Served):
    publish(served.as_("pan"), period="2022-10")
    tags = {who: tag_of(served, who=who) for who in ("analyst", "rcm")}
    publish(served.as_("rcm"), period="2022-11", tlp="RED", audience=["RCM/secretariat"])
    assert {who: stands(served, tag, who=who) for who, tag in tags.items()} == {"analyst": True, "rcm": False}


@pytest.fixture
def forgetful(served: Served) -> Iterator[Served]:
    """A node over the same store that keeps no answer."""
    node = open_node(served.node.settings.model_copy(update={"answer_cache_bytes": 0}))
    with listening(node, judged=False) as url:
        made = Served(node, url, served.keys)
        yield made
        made.close()


def change_something(served: Served, drawn: random.Random, made: list[dict[str, Any]], months: Iterator[str]) -> None:
    """Publish, revise, hide, show, withdraw or erase; what was withdrawn or erased is forgotten."""
    rcm, asked = served.as_("rcm"), drawn.random()
    if len(made) < 3 or asked < 0.4:
        state, measure = drawn.choice(["PAN", "CRI", "HND"]), drawn.choice(["irregular_transit", "rescue"])
        made.append(publish(rcm, reporting_state=state, measure=measure, period=next(months)))
        return
    document = made.pop(drawn.randrange(len(made)))
    same = {name: document[name] for name in ("reporting_state", "measure", "period")}
    if asked < 0.7:
        marking: dict[str, Any] = {"tlp": "RED", "audience": ["RCM/secretariat"]} if asked < 0.5 else {}
        made.append(revise(rcm, document, **same, **marking, cells=cells(VEN=drawn.randrange(50, 900), NPL=213, SOM=31)))
    elif asked < 0.85:
        withdraw(rcm, document)
    else:
        erase(rcm, document)


def test_over_many_changes_each_answer_is_that_of_a_node_that_keeps_none(
    served: Served, forgetful: Served, monkeypatch: pytest.MonkeyPatch
):
    drawn, made = random.Random(2012), list[dict[str, Any]]()
    months = (f"{year}-{month:02}" for year in range(2015, 2024) for month in range(1, 13))
    kept = 0
    for turn in range(20):
        monkeypatch.setattr(noticing, "_TAIL", drawn.choice([1, 2, 3, 256]))
        for _ in range(drawn.choice([1, 2, 4])):
            change_something(served, drawn, made, months)
        for path in QUESTIONS:
            for who in drawn.choice([("analyst",), ("rcm",), ("analyst", "rcm"), ()]):
                with statements(served.node.db) as seen:
                    answer = served.as_(who).get(path)
                kept += not any("JOIN cell" in each or "FROM cell" in each for each in seen)
                fresh = forgetful.as_(who).get(path)
                assert (answer.status_code, answer.content) == (fresh.status_code, fresh.content), (turn, who, path)
    assert kept > 10


def test_the_bodies_are_of_what_the_questions_ask(served: Served):
    # Else all of the above could hold of empty answers.
    publish(served.as_("rcm"), **{name: bulletin()[name] for name in ("reporting_state", "measure", "period")})
    rows = [served.as_("analyst").get(path).text.count("2022-10") for path in QUESTIONS]
    assert [count > 0 for count in rows] == [True, True, True, False, False, False, True]
