"""Public bug reports about neighbouring systems that share alerts, each with the outcome that is expected of ours."""

import csv
import io
import json

from alertbook import NOBODYS, Json, answer, etag, faults_of, feed, ids, made, publish, readers, revise, seen, still, stored, told
from drafts import alert
from serving import Served

JSON = {"Content-Type": "application/json"}
COLOURS = ("CLEAR", "GREEN", "AMBER+STRICT", "AMBER", "RED")


def test_b007_one_colour_at_every_moment_and_who_may_not_read_red_loses_it_at_once(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    path, cursor, pulled = f"/v1/alerts/{document['id']}", None, []
    steps = ({"tlp": "GREEN"}, {"tlp": "RED", "audience": ["RCM/secretariat"]}, {"tlp": "AMBER", "audience": ["RCM", "SACM"]})
    for number, marking in enumerate(steps):
        if number:
            document = revise(shared.as_("rcm"), document, **marking)
        page = told(shared.as_("peer"), "/v1/changes", **({"cursor": cursor} if cursor else {}))
        cursor = page["next_cursor"]
        pulled.append(
            [(item["op"], item["document"] and item["document"]["tlp"]) for item in page["items"] if item["id"] == document["id"]]
        )
        entitled = {"GREEN": {"operator", "rcm", "hnd", "analyst"}, "RED": {"operator", "rcm"}, "AMBER": {"operator", "rcm", "hnd"}}
        assert readers(shared, path, ("operator", "rcm", "hnd", "analyst")) == entitled[marking["tlp"]]
        for who in entitled[marking["tlp"]]:
            assert [colour for colour in COLOURS if f'"{colour}"' in shared.as_(who).get(path).text] == [marking["tlp"]], who
    assert pulled == [[("publish", "GREEN")], [("hide", None)], [("revise", "AMBER")]]


def test_b007_two_colours_in_one_request_are_refused(shared: Served):
    document, writer = publish(shared.as_("rcm"), tlp="GREEN"), shared.as_("rcm")
    before = stored(shared)
    twice = json.dumps(alert(tlp="RED", reason="x")).replace('"tlp": "RED"', '"tlp": "RED", "tlp": "GREEN"')
    revised = writer.put(f"/v1/alerts/{document['id']}", content=twice, headers=JSON | etag(document))
    batch = writer.post("/v1/alerts/batch", content=f'{{"alerts": [{{}}, {twice}]}}', headers=JSON)
    sighting = writer.post(f"/v1/alerts/{document['id']}/sightings", content='{"tlp": "RED", "tlp": "GREEN"}', headers=JSON)
    for refused, place in ((writer.post("/v1/alerts", content=twice, headers=JSON), "/tlp"), (revised, "/tlp"), (batch, "/alerts/1/tlp"), (sighting, "/tlp")):  # fmt: skip
        assert faults_of(refused) == (422, "invalid-document", [(place, "repeated-key")])
    for colours in (["RED", "GREEN"], "RED,GREEN", "RED GREEN", None, ""):
        refused = writer.post("/v1/alerts", json=alert() | {"tlp": colours})
        assert (refused.status_code, {place for place, _ in faults_of(refused)[2]}) == (422, {"/tlp"}), colours
    assert stored(shared) == before
    assert told(writer, f"/v1/alerts/{document['id']}")["tlp"] == "GREEN"


def test_b013_a_note_for_one_party_on_an_open_alert_is_not_there_for_others_in_any_way(shared: Served):
    document = publish(shared.as_("sacm"), tlp="GREEN")
    note = seen(shared.as_("sacm"), document, tlp="RED", audience=["RCM/secretariat"])
    path, reader = f"/v1/alerts/{document['id']}", shared.as_("analyst")
    assert told(reader, path)["id"] == document["id"]
    # By id: the same answer as for an id that does not exist.
    assert readers(shared, f"/v1/sightings/{note['id']}") == {"operator", "rcm", "sacm", "peer"}
    for part in ("/versions", "/versions/1"):
        hidden, unknown = (reader.get(f"/v1/sightings/{each}{part}") for each in (note["id"], NOBODYS))
        assert (hidden.status_code, still(hidden)) == (404, still(unknown))
    # By a reference to it, of someone who may write.
    for named in (note["id"], NOBODYS):
        refused = shared.as_("bra").post("/v1/alerts", json=alert(tlp="GREEN", related=[named]))
        assert faults_of(refused) == (422, "invalid-content", [("/related/0", "link-unknown")])
    # By the list of notes and their number, by the export, by the feed.
    assert told(reader, f"{path}/sightings") == {"items": [], "next_cursor": None, "total": 0}
    everywhere = (path, f"{path}/versions", f"{path}/related", "/v1/alerts", "/v1/alerts?format=csv", "/v1/alerts?format=ndjson", "/v1/alerts/facets", "/v1/changes")  # fmt: skip
    for asked in everywhere:
        answered = reader.get(asked)
        assert answered.status_code == 200
        assert note["id"] not in answered.text + str(answered.headers), asked
    assert [change for change in feed(reader) if change[0] in {document["id"], note["id"]}] == [(document["id"], 1, "publish")]
    assert ids(shared.as_("rcm"), f"{path}/sightings") == [note["id"]]


def test_b015_a_partner_s_audience_is_judged_on_the_alert_that_would_come_of_it(shared: Served):
    writer, kept = shared.as_("pan"), ["RCM"]
    document = publish(writer, audience=kept)
    path, before = f"/v1/alerts/{document['id']}", stored(shared)
    # Only the audience, and that beside every colour that it may be sent with; the default colour is AMBER.
    for audience in (["SACM"], ["RCM", "SACM/secretariat"], [], None):
        for colour in ({}, {"tlp": "AMBER+STRICT"}, {"tlp": "RED"}):
            body = {**alert(reason="wider"), "audience": audience, **colour}
            refused = writer.put(path, json=body, headers=etag(document))
            wanted = (422, "audience-not-yours", [("/audience", "audience-not-yours")])
            assert faults_of(refused) == wanted, (audience, colour)
    # An audience that is named outright is judged even where the colour does not restrict.
    for audience in (["SACM"], []):
        refused = writer.put(path, json=alert(reason="x", tlp="GREEN", audience=audience), headers=etag(document))
        assert faults_of(refused)[2] == [("/audience", "audience-not-yours")]
    # By way of a proposal it is no other.
    for changes in ({"audience": ["SACM"]}, {"audience": ["RCM", "SACM"]}):
        offered = made(answer(writer, document, "proposal", {"changes": changes, "explanation": {"en": "x"}, "audience": kept}))
        accepted = writer.post(f"/v1/proposals/{offered['id']}/accept", json={})
        assert {code for _, code in faults_of(accepted)[2]} == {"audience-not-yours"}
    assert {name: count for name, count in stored(shared).items() if name.startswith("alert") and name != "alert_answer"} == {
        name: count for name, count in before.items() if name.startswith("alert") and name != "alert_answer"
    }
    assert told(writer, path)["audience"] == kept
    assert readers(shared, path, ("rcm", "pan", "hnd", "sacm", "bra", "analyst")) == {"rcm", "pan", "hnd"}


def test_b015_an_audience_without_its_colour_never_loosens_an_alert(shared: Served):
    document = publish(shared.as_("pan"), tlp="GREEN")
    body = alert(reason="only for us", audience=["RCM/HND"])
    assert made(shared.as_("pan").put(f"/v1/alerts/{document['id']}", json=body, headers=etag(document)), 200)["tlp"] == "AMBER"
    assert readers(shared, f"/v1/alerts/{document['id']}", ("rcm", "hnd", "sacm", "analyst")) == {"rcm", "hnd"}


def held(text: str, form: str) -> list[Json]:
    """The alerts of a file, without the line that says what was left out."""
    if form == "ndjson":
        return [line for line in map(json.loads, text.splitlines()) if "id" in line]
    rows = csv.reader(io.StringIO(text))
    columns = next(rows)
    return [dict(zip(columns, row, strict=True)) for row in rows if not row[0].startswith("#")]


def test_b017_every_format_holds_the_same_alerts_and_none_the_id_of_one_that_was_left_out(served: Served):
    writer = served.as_("rcm")
    later_red = publish(writer, tlp="GREEN")
    green = publish(writer, tlp="GREEN", related=[later_red["id"]])
    amber = publish(writer, tlp="AMBER", related=[green["id"]])
    red = revise(writer, later_red, tlp="RED", audience=["RCM/secretariat", "SACM/secretariat"])
    left = {amber["id"], red["id"]}
    page = told(writer, tlp="GREEN")
    assert ([item["id"] for item in page["items"]], page["left_out"]) == ([green["id"]], ["tlp"])
    for form in ("csv", "ndjson"):
        file = writer.get("/v1/alerts", params={"format": form, "tlp": "GREEN"})
        assert [item["id"] for item in held(file.text, form)] == [green["id"]]
        assert not [each for each in left if each in file.text]
        assert file.headers["istmo-left-out"] == "tlp"
        assert file.text.splitlines()[-1] == ("# left out: tlp" if form == "csv" else '{"left_out":["tlp"]}')
        # Nothing was left out by the filter of who asks for the strictest of all or for everything.
        whole = writer.get("/v1/alerts", params={"format": form})
        assert [item["id"] for item in held(whole.text, form)] == [green["id"], amber["id"], red["id"]]
        assert "istmo-left-out" not in whole.headers
        assert "left" not in whole.text.splitlines()[-1]


def test_b017_to_who_may_not_see_what_is_stricter_nothing_was_left_out(served: Served):
    green = publish(served.as_("rcm"), tlp="GREEN")
    asked = [f"/v1/alerts?tlp=GREEN{form}" for form in ("", "&format=csv", "&format=ndjson")]
    before = [still(served.as_("analyst").get(path)) for path in asked]
    publish(served.as_("rcm"), tlp="AMBER", related=[green["id"]])
    assert [still(served.as_("analyst").get(path)) for path in asked] == before
    assert "left_out" not in told(served.as_("analyst"), tlp="GREEN")
    assert told(served.as_("amber-analyst"), tlp="GREEN")["left_out"] == ["tlp"]
