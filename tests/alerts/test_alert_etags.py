"""What is fresh: the ETags of the lists about alerts change with what the caller may see, and with nothing else (contract: Reads)."""

import time_machine
from alertbook import Json, publish, revise, seen, sighting, thinks, told, withdraw
from alertbook import etag as etag_of
from serving import Served

from app.exchange import noticing

RED = {"tlp": "RED", "audience": ["RCM/secretariat"]}


def tag(served: Served, who: str, path: str) -> str:
    """The ETag of an answer."""
    answered = served.as_(who).get(path)
    assert answered.status_code == 200, answered.text
    return answered.headers["etag"]


def tags(served: Served, who: str, *paths: str) -> dict[str, str]:
    return {path: tag(served, who, path) for path in paths}


def differing(before: dict[str, str], now: dict[str, str]) -> set[str]:
    return {path for path in before if before[path] != now[path]}


LISTS = ("/v1/alerts?nationality=NPL", "/v1/alerts/facets")


def test_what_a_reader_has_is_not_sent_again(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    noticed = seen(shared.as_("sacm"), document)
    reader = shared.as_("analyst")
    own = (f"/v1/alerts/{document['id']}", f"/v1/alerts/{document['id']}/versions/1", f"/v1/sightings/{noticed['id']}", of(document))
    for path in (*own, *LISTS, "/v1/alerts?format=ndjson", "/v1/changes"):
        etag = tag(shared, "analyst", path)
        for sent in (f'"other", {etag}', "*"):
            again = reader.get(path, headers={"If-None-Match": sent})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag), (path, sent)


def test_list_and_facets_change_with_a_visible_alert_and_never_with_a_hidden_one(served: Served):
    first = publish(served.as_("rcm"), tlp="GREEN")
    at_first = tags(served, "analyst", *LISTS, "/v1/changes")
    hidden = publish(served.as_("rcm"), **RED)
    revise(served.as_("rcm"), hidden, **RED, severity="low")
    withdraw(served.as_("rcm"), publish(served.as_("rcm"), tlp="AMBER"))
    assert tags(served, "analyst", *at_first) == at_first
    # Shown, revised, hidden, shown again, taken back: each is another answer.
    known = [at_first]
    for change in (
        lambda: publish(served.as_("sacm"), tlp="GREEN"),
        lambda: revise(served.as_("rcm"), first, tlp="GREEN", severity="low"),
        lambda: revise(served.as_("rcm"), {**first, "version": 2}, **RED),
        lambda: revise(served.as_("rcm"), {**first, "version": 3}, tlp="GREEN"),
        lambda: withdraw(served.as_("rcm"), {**first, "version": 4}),
    ):
        change()
        known.append(tags(served, "analyst", *at_first))
        assert differing(known[-2], known[-1]) == set(at_first)
    assert len({each[LISTS[0]] for each in known}) == len(known)
    assert told(served.as_("analyst"))["total"] == 2


def test_every_reader_and_every_question_has_its_own(served: Served):
    publish(served.as_("rcm"), tlp="GREEN")
    asked = ("/v1/alerts", "/v1/alerts?tlp=GREEN", "/v1/alerts?limit=5", "/v1/alerts?format=csv", "/v1/alerts/facets?tlp=GREEN")
    assert len({tag(served, who, path) for path in asked for who in ("rcm", "pan", "analyst")}) == 3 * len(asked)
    spoken = {served.as_("rcm").get("/v1/alerts/facets", headers={"Accept-Language": each}).headers["etag"] for each in ("es", "en")}
    assert len(spoken) == 2


def test_a_list_is_another_one_when_a_last_day_is_over(served: Served):
    with time_machine.travel("2027-03-10T23:59:50Z", tick=False):
        publish(served.as_("rcm"), tlp="GREEN", retention_until="2027-03-10")
        before = tags(served, "analyst", *LISTS, "/v1/changes", "/v1/alerts?format=ndjson")
    with time_machine.travel("2027-03-11T00:00:00Z", tick=False):
        now = tags(served, "analyst", *before)
        assert differing(before, now) == set(before)
        assert told(served.as_("analyst"))["total"] == 0


def of(document: Json, kind: str = "sighting") -> str:
    return f"/v1/alerts/{document['id']}/{kind}s"


def test_what_was_answered_while_its_alert_was_hidden_makes_another_list_of_answers_when_both_are_shown(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    empty = tag(shared, "analyst", of(document))
    hidden = revise(shared.as_("rcm"), document, **RED)
    # No less strict than its alert is then.
    noticed = seen(shared.as_("rcm"), hidden, **RED)
    shown = revise(shared.as_("rcm"), hidden, tlp="GREEN")
    assert told(shared.as_("analyst"), of(document))["total"] == 0
    body = sighting(tlp="GREEN", reason="for all")
    assert shared.as_("rcm").put(f"/v1/sightings/{noticed['id']}", json=body, headers=etag_of(noticed)).status_code == 200
    with_it = tag(shared, "analyst", of(document))
    assert (with_it != empty, told(shared.as_("analyst"), of(document))["total"]) == (True, 1)
    # Hidden and shown once more with its alert: a new state of the same list.
    revise(shared.as_("rcm"), revise(shared.as_("rcm"), shown, **RED), tlp="GREEN")
    assert tag(shared, "analyst", of(document)) not in {empty, with_it}
    assert told(shared.as_("analyst"), of(document))["total"] == 1


def test_an_answer_that_came_while_its_alert_was_hidden_is_in_another_list_when_the_alert_is_shown(shared: Served):
    first = publish(shared.as_("rcm"), tlp="GREEN")
    thinks(shared.as_("rcm"), first)
    before = tags(shared, "analyst", of(first), of(first, "opinion"))
    tightened = revise(shared.as_("rcm"), first, tlp="AMBER+STRICT")
    thinks(shared.as_("sacm"), tightened, "neutral", tlp="AMBER+STRICT", audience=["RCM", "SACM"])
    loosened = revise(shared.as_("rcm"), tightened, tlp="GREEN")
    seen(shared.as_("bra"), loosened)
    now = tags(shared, "analyst", of(first), of(first, "opinion"))
    assert differing(before, now) == set(before)
    assert told(shared.as_("analyst"), of(first, "opinion"))["counts"]["neutral"] == 0
    assert told(shared.as_("sacm"), of(first, "opinion"))["counts"]["neutral"] == 1


def test_a_hidden_answer_changes_no_list_of_who_may_not_see_it_not_when_its_alert_changes_either(shared: Served):
    """Two nodes' worth in one: of two alerts alike one has hidden answers; whatever happens to both, their reader learns the same of both."""
    bare = publish(shared.as_("rcm"), tlp="GREEN")
    lists = (of(bare), of(bare, "opinion"), of(bare, "proposal"), "/v1/bulletins")
    before = tags(shared, "analyst", *lists)
    bare = revise(shared.as_("rcm"), bare, tlp="GREEN", severity="low")
    without = differing(before, tags(shared, "analyst", *lists))
    # The same again, with answers that the analyst may not see.
    for kind in (seen, thinks):
        kind(shared.as_("rcm"), bare, **RED)
    before = tags(shared, "analyst", *lists)
    revise(shared.as_("rcm"), bare, tlp="GREEN", severity="critical")
    assert differing(before, tags(shared, "analyst", *lists)) == without


def test_a_hidden_answer_changes_no_list_when_a_node_starts_again(shared: Served):
    """What a node remembers between two questions is gone with a restart: the answer is the same."""
    bare = publish(shared.as_("rcm"), tlp="GREEN")
    lists = (of(bare), of(bare, "opinion"), "/v1/bulletins", "/v1/alerts", "/v1/changes")
    before = tags(shared, "analyst", *lists)
    seen(shared.as_("rcm"), bare, **RED)
    noticing._highest.clear()
    assert differing(before, tags(shared, "analyst", *lists)) == set()
