"""Figures as they stood: `as_of` answers what the same question answered then, of what this node had and still may show."""

import random
from datetime import datetime, timedelta

import pytest
from bodies import cells, publish, revise
from flow_oracle import Oracle
from flowbook import ANALYST, SECRETARIAT, ask, bulletin, pooled
from stores import STORES
from storybook import later, taken_back, write
from twins import twins

from app.access.visibility import mark_gone
from app.bulletins.projection import forget_one, project
from app.core.clock import rfc3339, utc_now
from app.directory.dimensions import DIMENSIONS
from app.exchange.log import NewEntry, append, entries, erase
from app.wire.codes import Op

PATH = "/v1/flows"
PERIODS = ("2022-09", "2022-10", "2022-Q4")
QUESTIONS = (
    {},
    {"nationality": "SOM,_AFR", "totals": True},
    {"sex": "F"},
    {"group_by": "publisher,period,nationality"},
    {"group_by": "publisher,period", "nationality": "SOM,HTI"},
    {"extra_continental": True, "group_by": "publisher,period"},
)


@pytest.fixture(params=STORES)
def pair(request, nodes, tmp_path):
    with twins(nodes, request.param, tmp_path) as made:
        made.meet()
        yield made


def told(page):
    return [dict(zip(page.columns, row, strict=True)) for row in page.rows]


def counts(draw):
    return {code: draw.randint(0, 90) for code in draw.sample(["SOM", "ERI", "NPL", "HTI", "VEN", "XXA"], 3)}


def drawn(draw, taken):
    """A new bulletin of a place that no other has: pooled, by nationality, or by sex too; of three periods and two publishers."""
    dimensions = draw.choice([("nationality",), ("nationality",), ("nationality", "sex")])
    period, publisher = draw.choice(PERIODS), draw.choice(["PAN-SNM", "PAN-B"])
    if (dimensions, period, publisher) in taken:
        return None
    taken.add((dimensions, period, publisher))
    tlp = draw.choice(["GREEN", "GREEN", "AMBER"])
    return {**bulletin(period, dimensions, [], publisher=publisher, tlp=tlp), **content(draw, dimensions, period)}


def content(draw, dimensions, period):
    if dimensions == ("nationality",) and draw.random() < 0.5:
        shown = {"SOM": draw.randint(20, 60), "_OAFR": draw.randint(0, 9), "_O": draw.randint(5, 20)}
        made = pooled(period, shown | {"_T": sum(shown.values())})
    else:
        leaves = counts(draw)
        made = bulletin(
            period, dimensions, leaves if len(dimensions) == 1 else {(code, draw.choice("FM")): value for code, value in leaves.items()}
        )
    return {name: made[name] for name in ("cells", "disclosure")}


def step(draw, standing, taken):
    """One thing that happens: most often a revision; now and then a withdrawal, or a new version after one."""
    known = draw.choice(sorted(standing)) if standing and draw.random() < 0.6 else None
    if known is None:
        return drawn(draw, taken)
    document = standing[known]
    if document["status"] == "withdrawn":
        body = document["before"]
        return later({**body, "version": document["version"]}, **content(draw, tuple(body["dimensions"]), body["period"]))
    if draw.random() < 0.1:
        return {**taken_back(document), "before": document}
    tlp = draw.choice([document["tlp"], document["tlp"], "GREEN", "AMBER"])
    return later(document, tlp=tlp, **content(draw, tuple(document["dimensions"]), document["period"]))


def stood(history, instant, caller):
    """What the oracle knows of an instant: the newest version of each document then, still readable and visible to this caller."""
    newest = {}
    for at, document in history:
        if at <= instant:
            newest[document["id"]] = document
    last = {document["id"]: document for _, document in history}
    gone = {document["id"]: document["version"] for _, document in history if document["status"] == "withdrawn"}
    return [
        each
        for each in newest.values()
        if each["version"] > gone.get(each["id"], 0) and (caller is SECRETARIAT or {each["tlp"], last[each["id"]]["tlp"]} == {"GREEN"})
    ]


def test_any_instant_answers_what_was_answered_then_of_what_still_may_be_shown(served):
    compared = lived(served, seed=10, steps=12)
    assert compared > 8


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_any_instant_of_long_histories_answers_as_it_did(nodes, tmp_path):
    """SUITE=any_instant: long histories of both stores."""
    for kind in STORES:
        for seed in range(1, 6):
            with nodes.serving(kind, tmp_path / f"{kind}{seed}") as served:
                print(f"{kind} seed {seed}: {lived(served, seed=seed, steps=120)} answers of 240 equal to what was answered then")


def lived(served, seed, steps):
    """Let things happen and ask after each of them, then ask all again of each instant; how many answers nothing has changed since."""
    draw, standing, taken, history, kept = random.Random(seed), {}, set(), [], []
    while len(history) < steps:
        document = step(draw, standing, taken)
        if document is not None:
            standing[document["id"]] = document
            instant = write(served, {name: value for name, value in document.items() if name != "before"})
            history.append((instant, document))
            for asked, caller in zip(draw.sample(QUESTIONS, 2), draw.sample((ANALYST, SECRETARIAT), 2), strict=True):
                kept.append((instant, asked, caller, answered(served, caller, asked)))
    unchanged = 0
    for instant, asked, caller, before in kept:
        answering, now = stood(history, instant, caller), answered(served, caller, {**asked, "as_of": rfc3339(instant)})
        if "group_by" not in asked:
            found = {(row["bulletin"][:36], tuple(row[name] for name in DIMENSIONS), row["lower"], row["upper"]) for row in now}
            assert found == Oracle(answering, **asked).rows(), (instant, asked)
        if {(each["id"], each["version"]) for each in answering} == answered_then(history, instant, caller):
            unchanged += 1
            assert now == before, (instant, asked)
    for asked in QUESTIONS:
        assert answered(served, ANALYST, asked) == answered(served, ANALYST, {**asked, "as_of": rfc3339(utc_now())})
    return unchanged


def answered(served, caller, asked):
    with served.node.db.read() as session:
        return told(ask(session, caller, **asked))


def answered_then(history, instant, caller):
    """(id, version) of what answered at an instant: as `stood`, had nothing happened since."""
    return {(each["id"], each["version"]) for each in stood([(at, each) for at, each in history if at <= instant], instant, caller)}


def recorded(served):
    """When each version came into the log, in its order."""
    with served.node.db.read() as session:
        return [datetime.fromisoformat(entry.recorded_at) for entry in entries(session)]


def shown(served, caller=ANALYST, **asked):
    with served.node.db.read() as session:
        return [row["value"] for row in told(ask(session, caller, nationality="SOM", **asked))]


def test_a_version_stands_from_its_own_microsecond_to_the_one_before_the_next(served):
    first = bulletin(counts={"SOM": 31})
    write(served, first)
    write(served, later(first, cells=[{"nationality": "SOM", "value": 33}]))
    one, two = recorded(served)
    tick = timedelta(microseconds=1)
    found = [shown(served, as_of=rfc3339(at)) for at in (one - tick, one, two - tick, two)]
    assert found == [[], [31], [31], [33]]
    assert shown(served, as_of="2022-10-31") == []


def test_of_versions_that_came_together_only_the_last_was_ever_answered(served):
    first = bulletin(counts={"SOM": 31})
    second = later(first, cells=[{"nationality": "SOM", "value": 33}])
    with served.node.db.write() as session:
        project(session, first)
        project(session, second)
        append(session, served.node.signer, [NewEntry(Op.PUBLISH, first), NewEntry(Op.REVISE, second)])
    (at,) = set(recorded(served))
    assert [shown(served, as_of=rfc3339(at + timedelta(microseconds=more))) for more in (-1, 0)] == [[], [33]]


def test_what_was_hidden_withdrawn_or_erased_since_does_not_come_back(served):
    made = [bulletin(counts={"SOM": 31 + at}, publisher=f"PAN-{at}") for at in range(5)]
    then = rfc3339(write(served, *made))
    assert shown(served, as_of=then) == [31, 32, 33, 34, 35]
    write(served, later(made[0], tlp="AMBER"))
    write(served, taken_back(made[1]))
    again = taken_back(made[2])
    write(served, again)
    write(served, later({**made[2], "version": 2}, cells=[{"nationality": "SOM", "value": 99}]))
    with served.node.db.write() as session:
        erase(session, served.node.signer, made[3]["id"])
        forget_one(session, made[3]["id"])
        mark_gone(session, made[3]["id"], 2)
    assert (shown(served, as_of=then), shown(served, SECRETARIAT, as_of=then)) == ([35], [31, 35])
    assert shown(served) == [99, 35]
    with served.node.db.read() as session:
        (before,) = told(ask(session, SECRETARIAT, nationality="SOM", publisher="PAN-0", as_of=then))
    assert before["bulletin"] == f"{made[0]['id']}@v1"


def test_who_saw_only_the_later_version_gets_nothing_for_the_time_of_the_stricter_one(served):
    first = bulletin(counts={"SOM": 31}, tlp="AMBER")
    then = rfc3339(write(served, first))
    write(served, later(first, tlp="GREEN", cells=[{"nationality": "SOM", "value": 33}]))
    assert (shown(served, as_of=then), shown(served, SECRETARIAT, as_of=then), shown(served)) == ([], [31], [33])


def test_pages_exports_and_fresh_answers_keep_to_their_moment(served):
    made = [bulletin(period, counts={"SOM": 31, "NPL": 20}) for period in ("2022-08", "2022-09", "2022-10")]
    then = rfc3339(write(served, *made))
    reader = served.as_("analyst")
    asked = {"as_of": then, "limit": 2}
    first = reader.get(PATH, params=asked)
    kept = {form: reader.get(PATH, params={"as_of": then, "format": form}) for form in ("json", "csv")}
    assert (first.json()["total"], len(kept["csv"].text.splitlines())) == (6, 7)
    for each in made:
        write(
            served,
            later(each, cells=[{"nationality": "SOM", "value": 1}, {"nationality": "HTI", "value": 2}, {"nationality": "VEN", "value": 3}]),
        )
    second = reader.get(PATH, params={**asked, "cursor": first.json()["next_cursor"]}).json()
    last = reader.get(PATH, params={**asked, "cursor": second["next_cursor"]}).json()
    whole = reader.get(PATH, params={"as_of": then})
    assert whole.json()["items"] == first.json()["items"] + second["items"] + last["items"] == kept["json"].json()["items"]
    assert reader.get(PATH, params={"as_of": then, "format": "csv"}).content == kept["csv"].content
    assert reader.get(PATH).json()["total"] == 9
    # A cursor goes on in its own moment alone.
    assert reader.get(PATH, params={"limit": 2, "cursor": first.json()["next_cursor"]}).json()["code"] == "cursor-invalid"
    again = reader.get(PATH, params={"as_of": then}, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.headers["etag"]) == (304, whole.headers["etag"])
    write(served, bulletin("2022-11", tlp="RED", issuer="RCM/HND"))
    assert reader.get(PATH, params={"as_of": then}).headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2999-01-01", "as-of-future"),
        ("2999-01-01T00:00:00Z", "as-of-future"),
        *((text, "as-of-invalid") for text in ("yesterday", "2022-13-01", "2022-10", "2022-10-01T10:00:00", "2022-10-01T25:00:00Z")),
    ],
)
def test_a_moment_that_is_none_or_still_to_come_is_refused(standing, text, code):
    answer = standing.as_("analyst").get(PATH, params={"as_of": text})
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["pointer"], fault["code"]) == (422, "as_of", code)
    assert text not in answer.text


def test_what_another_node_published_counts_from_when_this_one_had_it(pair):
    """Who cites what a node said on a day finds it said so again: RCM's bulletin stood at RCM's own before SACM's node had it."""
    rcm, sacm = pair.rcm, pair.sacm
    first = publish(rcm.as_("pan"), cells=cells(VEN=400, NPL=213, SOM=31))
    published = rfc3339(utc_now())
    pair.pull(sacm)
    had = rfc3339(utc_now())
    revise(rcm.as_("pan"), first, cells=cells(VEN=400, NPL=213, SOM=44))
    revised = rfc3339(utc_now())
    pair.pull(sacm)
    asked = [(served, at) for served in (rcm, sacm) for at in (published, had, revised, None)]
    found = [shown_by(served, **({"as_of": at} if at else {})) for served, at in asked]
    assert found == [[31], [31], [44], [44], [], [31], [31], [44]]


def shown_by(served, **asked):
    answer = served.as_("analyst").get(PATH, params={"nationality": "SOM", **asked})
    return [item["value"] for item in answer.json()["items"]]
