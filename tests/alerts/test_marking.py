"""Who sees an alert and what was answered to it, while their marking changes: by list, id, version and feed (contract: Who sees a document).

The expectations are worked out by hand from the contract for the clients of `serving.CLIENTS`.
"""

from collections.abc import Mapping

import httpx
import pytest
from alertbook import (
    EVERYONE,
    NOBODYS,
    Json,
    answer,
    faults_of,
    feed,
    ids,
    made,
    place_of,
    publish,
    readers,
    revise,
    seen,
    sighting,
    stored,
    told,
)
from bodies import publish as publish_bulletin
from drafts import alert
from serving import Served

# GREEN: "every authenticated client".
STEPS = (
    ({"tlp": "GREEN"}, EVERYONE),
    # RED: "the offices named"; always the origin's secretariat; a peer what any office of its conference may see; an operator envelopes.
    ({"tlp": "RED", "audience": ["RCM/PAN", "SACM/secretariat"]}, {"operator", "rcm", "pan", "sacm", "peer"}),
    # AMBER: secretariats, partners and, where their ceiling allows, analysts of the audience; the others' ceiling is GREEN.
    ({"tlp": "AMBER", "audience": ["SACM"]}, {"operator", "rcm", "sacm", "bra", "amber-analyst", "peer"}),
)
P1, R2, R3, H2, H3 = (1, "publish"), (2, "revise"), (3, "revise"), (2, "hide"), (3, "hide")
FOLLOWED: Mapping[str, tuple[list[tuple[int, str]], ...]] = {
    **dict.fromkeys(("operator", "rcm", "sacm", "peer"), ([P1], [R2], [R3])),
    "pan": ([P1], [R2], [H3]),
    # They lose it and gain it again.
    **dict.fromkeys(("bra", "amber-analyst"), ([P1], [H2], [R3])),
    **dict.fromkeys(("hnd", "analyst"), ([P1], [H2], [])),
}
"""What the feed tells of the alert after each step to who follows it."""
FEED: Mapping[str, list[tuple[int, str]]] = {
    **{who: [P1, R2, R3] for who in ("operator", "rcm", "sacm", "peer")},
    # Its office is named in version 2 alone: version 1 is as strict as version 3.
    "pan": [H3],
    # Version 1 comes back with version 3; version 2 stays hidden.
    **{who: [P1, H2, R3] for who in ("bra", "amber-analyst")},
    **{who: [H2] for who in ("hnd", "analyst")},
}
"""What the feed tells of it in the end from its start."""
VERSIONS: Mapping[str, list[int]] = {
    **{key: [1, 2, 3] for key in ("operator", "rcm", "sacm", "peer")},
    **{key: [1, 3] for key in ("bra", "amber-analyst")},
    **{key: [] for key in ("pan", "hnd", "analyst")},
}
"""What is left of the three versions in the end."""


def told_of(served: Served, who: str, *documents: Json) -> list[list[tuple[int, str]]]:
    """What the whole feed tells of each of these documents."""
    items = feed(served.as_(who))
    return [[(version, op) for named, version, op in items if named == document["id"]] for document in documents]


def since(served: Served, who: str, cursor: str) -> tuple[list[tuple[str, int, str]], str]:
    """What the feed tells since a cursor, and the next one."""
    page = told(served.as_(who), "/v1/changes", **({"cursor": cursor} if cursor else {}))
    for item in page["items"]:
        # Who loses a document learns its id and version and nothing else; an operator gets no bodies; numbers are for who runs and exchanges.
        hidden = item["op"] == "hide"
        assert (item["origin"] is None, item["digest"] is None) == (hidden, hidden)
        assert (item["document"] is None) == (hidden or who == "operator")
        assert ("seq" in item) == (who in {"operator", "rcm", "sacm", "peer"})
    return [(item["id"], item["version"], item["op"]) for item in page["items"]], page["next_cursor"]


def versions_of(served: Served, who: str, document: Json) -> list[int]:
    got = served.as_(who).get(f"/v1/{document['kind']}s/{document['id']}/versions")
    return [item["version"] for item in got.json()["items"]] if got.status_code == 200 else []


def test_readers_lose_and_gain_an_alert_over_its_versions_as_the_contract_says_and_what_is_answered_with_it(served: Served):
    """GREEN to RED to AMBER, with a GREEN sighting of the other conference on it: "a sighting is visible only with its alert"."""
    document = publish(served.as_("rcm"), **STEPS[0][0])
    noticed = seen(served.as_("sacm"), document)
    path, cursors = f"/v1/alerts/{document['id']}", dict.fromkeys(EVERYONE, "")
    for step, (marking, entitled) in enumerate(STEPS):
        if step:
            document = revise(served.as_("rcm"), document, **marking)
        assert readers(served, path) == set(entitled)
        for who in EVERYONE:
            assert ids(served.as_(who)) == [document["id"]] * (who in entitled), (who, step)
            items, cursors[who] = since(served, who, cursors[who])
            # A hidden alert takes its answers along without a word of their own.
            expected = [(document["id"], *change) for change in FOLLOWED[who][step]] + [(noticed["id"], *P1)] * (step == 0)
            assert items == expected, (who, step)
    for who in EVERYONE:
        sees = who in STEPS[2][1]
        assert told_of(served, who, document, noticed) == [FEED[who], [P1] * sees], who
        assert versions_of(served, who, document) == VERSIONS[who], who
    assert readers(served, f"{path}/versions/2") == {who for who in EVERYONE if 2 in VERSIONS[who]}
    assert readers(served, place_of(noticed)) == set(STEPS[2][1])
    for who, part in (("pan", ""), ("hnd", "/versions"), ("analyst", "/versions/1")):
        assert served.as_(who).get(f"{place_of(noticed)}{part}").status_code == served.as_(who).get(f"{path}/sightings").status_code == 404
    assert ids(served.as_("bra"), f"{path}/sightings") == [noticed["id"]]


def test_a_sighting_is_marked_by_itself_within_its_alert(shared: Served):
    """The other conference's sighting on a GREEN alert: GREEN, then RED for its own secretariat, then AMBER for the alert's conference."""
    document = publish(shared.as_("rcm"), tlp="GREEN")
    noticed = seen(shared.as_("sacm"), document)
    writer, path = shared.as_("sacm"), f"/v1/sightings/{noticed['id']}"
    red, amber = {"tlp": "RED", "audience": ["SACM/secretariat"]}, {"tlp": "AMBER", "audience": ["RCM"]}
    entitled = ({"operator", "sacm", "peer"}, {"operator", "sacm", "peer", "rcm", "pan", "hnd"})
    for number, marking in enumerate((red, amber), 1):
        headers = {"If-Match": f'"{noticed["id"]}.v{number}"'}
        made(writer.put(path, json=sighting(reason="reconsidered", **marking), headers=headers), 200)
        assert readers(shared, path) == entitled[number - 1]
        listed = ids(shared.as_("rcm"), f"/v1/alerts/{document['id']}/sightings")
        assert listed == [noticed["id"]] * ("rcm" in entitled[number - 1])
    full, again, lost = [[P1, R2, R3]], [[P1, H2, R3]], [[H2]]
    by_hand = dict.fromkeys(("operator", "sacm", "peer"), full) | dict.fromkeys(("rcm", "pan", "hnd"), again)
    for who in EVERYONE:
        assert told_of(shared, who, noticed) == by_hand.get(who, lost), who
    assert [versions_of(shared, who, noticed) for who in ("sacm", "peer", "hnd", "bra")] == [[1, 2, 3], [1, 2, 3], [1, 3], []]
    assert readers(shared, f"{path}/versions/2", ("sacm", "rcm", "analyst")) == {"sacm"}


@pytest.fixture(scope="module")
def marked(shared: Served) -> dict[str, str]:
    """Ids of alerts by their marking, all of the RCM's secretariat but one."""
    wanted: dict[str, Json] = {
        "clear": {"tlp": "CLEAR"},
        "green": {"tlp": "GREEN"},
        "both": {"tlp": "AMBER"},
        "rcm": {"tlp": "AMBER", "audience": ["RCM"]},
        "sacm": {"tlp": "AMBER", "audience": ["SACM"]},
        "strict": {"tlp": "AMBER+STRICT"},
        "red": {"tlp": "RED", "audience": ["RCM/PAN", "SACM/secretariat"]},
        "own": {"tlp": "RED", "audience": []},
    }
    made_ids = {name: publish(shared.as_("rcm"), **marking)["id"] for name, marking in wanted.items()}
    bulletin = publish_bulletin(shared.as_("rcm"), tlp="GREEN")["id"]
    return made_ids | {"bulletin": bulletin, "pan": publish(shared.as_("pan"), tlp="RED", audience=["RCM/PAN"])["id"]}


LINKS = [
    ({"tlp": "GREEN"}, ["clear", "green", "bulletin"], ["both", "rcm", "strict", "red", "own", "pan"]),
    ({"tlp": "CLEAR"}, ["clear"], ["green", "bulletin", "both"]),
    ({"tlp": "AMBER"}, ["clear", "green", "both"], ["rcm", "sacm", "strict", "red"]),
    ({"tlp": "AMBER", "audience": ["RCM"]}, ["both", "rcm"], ["sacm", "strict", "red", "pan"]),
    # An office of a conference is within it, and no conference within its office.
    ({"tlp": "AMBER", "audience": ["RCM/PAN", "RCM/HND"]}, ["both", "rcm"], ["sacm", "red"]),
    ({"tlp": "AMBER", "audience": []}, ["both", "rcm", "green"], ["strict", "own", "red"]),
    ({"tlp": "AMBER+STRICT", "audience": ["RCM"]}, ["strict", "both", "rcm"], ["red", "own"]),
    # The secretariat of its origin sees the one for the other conference anyway.
    ({"tlp": "AMBER+STRICT"}, ["strict", "both", "sacm"], ["rcm", "own"]),
    ({"tlp": "RED", "audience": ["RCM/PAN"]}, ["red", "rcm", "pan", "green"], ["strict", "own", "sacm"]),
    ({"tlp": "RED", "audience": ["RCM/PAN", "SACM/secretariat"]}, ["red", "both"], ["rcm", "own", "pan"]),
    ({"tlp": "RED", "audience": []}, ["own", "red", "pan", "strict", "rcm", "sacm"], []),
]


@pytest.mark.parametrize(("marking", "covered", "stricter"), LINKS, ids=[str(tuple(row[0].values())) for row in LINKS])
def test_an_alert_names_only_documents_that_all_its_readers_may_see(
    shared: Served, marked: dict[str, str], marking: Json, covered: list[str], stricter: list[str]
):
    """ "A document may name only documents no stricter than itself": those that are stricter are named by their place, all at once."""
    # A link that no office knows is refused in any case, so that nothing is written.
    named = [marked[name] for name in (*covered, *stricter)] + [NOBODYS]
    refused = shared.as_("rcm").post("/v1/alerts", json=alert(**marking, related=named))
    places = [(f"/related/{len(covered) + index}", "link-stricter") for index in range(len(stricter))]
    assert faults_of(refused) == (422, "invalid-content", [*places, (f"/related/{len(named) - 1}", "link-unknown")])


def test_what_its_sender_may_not_see_cannot_be_named_and_answers_as_what_does_not_exist(shared: Served, marked: dict[str, str]):
    secret = {"tlp": "RED", "audience": ["SACM/BRA"]}
    named = [marked[name] for name in ("rcm", "strict", "red", "own", "pan", "both", "green")]
    refused = shared.as_("bra").post("/v1/alerts", json=alert(**secret, related=[*named, NOBODYS]))
    assert faults_of(refused)[2] == [(f"/related/{place}", "link-unknown") for place in (0, 1, 2, 3, 4, 7)]
    details = {error["detail"] for error in refused.json()["errors"]}
    assert len(details) == 1


def test_an_answer_is_no_less_strict_than_its_alert(shared: Served, marked: dict[str, str]):
    both, sacm = {"id": marked["both"]}, {"id": marked["sacm"]}
    before = stored(shared)
    for about, marking in (
        (both, {"tlp": "GREEN"}),
        (both, {"tlp": "CLEAR", "audience": ["SACM"]}),
        (sacm, {"tlp": "AMBER", "audience": ["RCM", "SACM"]}),
        (sacm, {"tlp": "RED", "audience": ["SACM/secretariat", "RCM/PAN"]}),
        ({"id": marked["red"]}, {"tlp": "AMBER", "audience": ["SACM"]}),
    ):
        refused = answer(shared.as_("sacm"), about, "sighting", sighting(**marking))
        assert faults_of(refused) == (422, "invalid-content", [("/tlp", "link-stricter")]), marking
    assert stored(shared) == before


def test_a_revision_that_loosens_an_alert_may_not_take_a_stricter_link_along(shared: Served):
    red = {"tlp": "RED", "audience": ["RCM/PAN"]}
    named = publish(shared.as_("rcm"), **red)
    document = publish(shared.as_("rcm"), **red, related=[named["id"]])
    assert told(shared.as_("pan"), f"/v1/alerts/{document['id']}")["related"] == [named["id"]]
    path, headers = f"/v1/alerts/{document['id']}", {"If-Match": f'"{document["id"]}.v1"'}
    body = alert(tlp="GREEN", related=[named["id"]], reason="for all")
    before = stored(shared)
    assert faults_of(shared.as_("rcm").put(path, json=body, headers=headers))[2] == [("/related/0", "link-stricter")]
    assert stored(shared) == before
    assert made(shared.as_("rcm").put(path, json=body | {"related": []}, headers=headers), 200)["related"] == []


def test_the_office_that_issued_an_alert_may_see_what_its_secretariat_makes_it_name(shared: Served):
    """Who issued an alert always sees it: what a revision of it by the secretariat names, that office must see too."""
    pans = publish(shared.as_("pan"), tlp="RED", audience=["RCM/HND"])
    secret = publish(shared.as_("rcm"), tlp="RED", audience=["RCM/HND"])
    assert readers(shared, f"/v1/alerts/{secret['id']}") == {"operator", "rcm", "hnd"}
    body = alert(tlp="RED", audience=["RCM/HND"], related=[secret["id"]], reason="see also")
    revised = shared.as_("rcm").put(f"/v1/alerts/{pans['id']}", json=body, headers={"If-Match": f'"{pans["id"]}.v1"'})
    assert secret["id"] not in shared.as_("pan").get(f"/v1/alerts/{pans['id']}").text
    assert faults_of(revised)[2] == [("/related/0", "link-stricter")]


def test_an_answer_whose_alert_was_hidden_is_as_strict_as_its_alert_where_it_is_named(shared: Served):
    """A sighting is seen only with its alert: a GREEN one on a RED alert is nothing that a GREEN alert may name."""
    document = publish(shared.as_("rcm"), tlp="GREEN")
    noticed = seen(shared.as_("rcm"), document)
    revise(shared.as_("rcm"), document, tlp="RED", audience=["RCM/secretariat"])
    assert readers(shared, f"/v1/sightings/{noticed['id']}") == {"operator", "rcm"}
    named = shared.as_("rcm").post("/v1/alerts", json=alert(tlp="GREEN", related=[noticed["id"]]))
    assert faults_of(named)[2] == [("/related/0", "link-stricter")]


def test_an_alert_that_comes_back_in_the_feed_brings_its_answers_by_their_lists(served: Served):
    """A hidden alert takes its answers along without a word of their own; whoever follows by cursor reads them again from the lists."""
    document = publish(served.as_("rcm"), tlp="GREEN")
    noticed = seen(served.as_("sacm"), document)
    reader, held = served.as_("analyst"), {}
    cursor = pull(reader, None, held)
    assert held == {document["id"]: 1, noticed["id"]: 1}
    hidden = revise(served.as_("rcm"), document, tlp="RED", audience=["RCM/secretariat"])
    cursor = pull(reader, cursor, held)
    assert held == {}
    revise(served.as_("rcm"), hidden, tlp="GREEN")
    pull(reader, cursor, held)
    fresh: dict[str, int] = {}
    pull(reader, None, fresh)
    assert held == fresh == {document["id"]: 3}
    assert ids(reader, f"/v1/alerts/{document['id']}/sightings") == [noticed["id"]]


def pull(client: httpx.Client, cursor: str | None, held: dict[str, int]) -> str:
    """Pull the feed once from where it was, and keep what it gives: with what is hidden goes what was answered to it."""
    page = told(client, "/v1/changes", **({"cursor": cursor} if cursor else {}))
    for item in page["items"]:
        held[item["id"]] = item["version"]
        if item["op"] == "hide":
            # The only answers here are those to the only alert.
            held.clear()
    return page["next_cursor"]


def test_a_feed_of_one_kind_tells_of_that_kind_alone(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    noticed = seen(shared.as_("sacm"), document)
    named = {document["id"], noticed["id"]}
    told_by = {
        "kind=alert": {document["id"]}, "kind=sighting": {noticed["id"]}, "kind=opinion": set(), "origin=SACM": {noticed["id"]},
        "origin=RCM": {document["id"]}, "kind=alert&origin=SACM": set(),
    }  # fmt: skip
    for asked, wanted in told_by.items():
        items = told(shared.as_("analyst"), f"/v1/changes?{asked}&limit=500")["items"]
        assert {item["id"] for item in items} & named == wanted, asked
