"""What a second person confirmed is not asked again while it stands unchanged; all else of the new version is (guarantees 2)."""

import alertbook
import httpx
import pytest
from bodies import bulletin, cells, revision
from drafts import alert
from held import decide, waits
from serving import Served
from waitroom import Room

from app.documents.texts import read_texts, unconfirmed
from app.screening.screen import Vocabulary
from app.screening.spans import MOST_FINDINGS
from app.wire.problem import Finding

NAMED = {"es": "Lo cuenta Zapaquilda Ventoquipa en la frontera."}
OTHER = {"es": "Lo cuenta Zapaquilda Ventoquina en la frontera."}
MORE = cells(VEN=420, NPL=213, SOM=31)
BEFORE = {"id": "d", "version": 3, "tlp": "GREEN", "audience": ["RCM"], "title": {"es": "Uno"}, "route": [{"place": "Dos"}]}


@pytest.fixture
def room(served: Served) -> Room:
    return Room(served)


def confirmed(room: Room, item: str) -> str:
    found = [{"pointer": each["pointer"], "offset": each["offset"], "reason": "public-official"} for each in room.seen(item)["findings"]]
    done = room.decide("bea", "confirm", item, {"findings": found})
    assert done.status_code == 200, done.text
    return str(done.json()["published"][0]["href"])


def found_in(room: Room, item: str) -> list[tuple[str, str]]:
    return [(each["pointer"], each["kind"]) for each in room.seen(item)["findings"]]


def found(place: str, kind: str) -> Finding:
    return Finding("text-to-confirm", pointer=place, params={"offset": 0, "length": 3, "kind": kind})


def test_only_a_name_in_the_same_words_at_the_same_place_under_the_same_marking_was_confirmed_before():
    marked = {"tlp": "GREEN", "audience": ["RCM"]}
    texts = {"/b/0/title/es": "Uno", "/b/0/title/pt": "Uno", "/b/0/route/0/place": "Dos", "/b/0/route/1/place": "Dos", "revise": "Uno"}
    named = [found(place, "name") for place in texts]
    counted = found("/b/0/title/es", "numeral")
    left, covered = unconfirmed([*named, counted], texts, BEFORE, marked, ("b", 0))
    assert ([each.pointer for each in left], left[-1], covered) == (
        ["/b/0/title/pt", "/b/0/route/1/place", "revise", "/b/0/title/es"],
        counted,
        (("d", 3),),
    )
    assert unconfirmed([counted], texts, BEFORE, marked, ("b", 0)) == ((counted,), ())
    for before, content in (
        (None, marked),
        (BEFORE, {**marked, "tlp": "CLEAR"}),
        (BEFORE, {**marked, "audience": ["RCM", "SACM"]}),
        ({**BEFORE, "title": {}, "route": []}, marked),
    ):
        assert unconfirmed(named, texts, before, content, ("b", 0)) == (tuple(named), ())


def test_where_as_many_names_stand_as_are_told_of_one_document_a_new_one_behind_them_does_not_pass_with_them():
    said = [f"Lo dice Zapaquilda Ventoquip{chr(97 + number % 26)}{chr(97 + number // 26)}." for number in range(MOST_FINDINGS)]
    crowd, few = " ".join(said), " ".join(said[:-2])
    before = {"id": "d", "version": 1, "tlp": "GREEN", "audience": ["RCM"], "narrative": {"es": crowd}}
    texts = {"/narrative/es": crowd, "/notes/es": NAMED["es"]}
    told = read_texts(texts, Vocabulary())
    assert {each.pointer for each in told} == {"/narrative/es"}
    assert unconfirmed(told, texts, before, before) == (told, ())
    fewer = {**texts, "/narrative/es": few}
    told = read_texts(fewer, Vocabulary())
    left, covered = unconfirmed(told, fewer, {**before, "narrative": {"es": few}}, before)
    assert ([each.pointer for each in left], covered) == (["/notes/es"], (("d", 1),))


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_a_bulletin_is_revised_at_once_where_its_confirmed_text_stays_and_held_for_what_is_new(room: Room):
    pan = room("pan")
    place = confirmed(room, waits(pan.post("/v1/bulletins", json=bulletin(title=NAMED)), "held"))

    def revised(**changes: object) -> httpx.Response:
        newest = pan.get(place)
        return pan.put(place, json=revision(**changes), headers={"If-Match": newest.headers["etag"]})

    second = revised(title=NAMED, cells=MORE)
    assert (second.status_code, second.json()["version"], second.json()["title"]) == (200, 2, NAMED), second.text
    document_id = second.json()["id"]
    with room.served.node.db.read() as session:
        rows = session.connection().exec_driver_sql("SELECT document_id, version FROM audit WHERE outcome = 'confirmed_before'")
        assert [tuple(row) for row in rows] == [(document_id, 1)]
    # Another place, another word, another marking, and a second text: each is asked for; of the second text alone.
    for changes, places in (
        ({"title": {**NAMED, "pt": NAMED["es"]}}, ["/title/pt"]),
        ({"title": OTHER}, ["/title/es"]),
        ({"title": NAMED, "tlp": "CLEAR"}, ["/title/es"]),
        ({"title": NAMED, "narrative": OTHER}, ["/narrative/es"]),
        ({"title": NAMED, "reason": NAMED["es"]}, ["/reason"]),
    ):
        item = waits(revised(**changes), "held")
        assert found_in(room, item) == [(each, "name") for each in places], changes
        assert room.decide("pan", "cancel", item).json()["status"] == "cancelled"
    # What needs no waiting in an item's place is published at once, and the audit says why.
    item = waits(revised(title=OTHER), "held")
    done = room.decide("pan", "put", item, revision(title=NAMED, cells=cells(VEN=430, NPL=213, SOM=31)))
    assert (done.status_code, done.json()["status"]) == (200, "published"), done.text
    assert ("replace_review", "confirmed_before", None) in room.served.audit()
    # Once it was withdrawn nothing is confirmed any more.
    newest = pan.get(place)
    assert pan.post(f"{place}/withdraw", json={"reason": "counted twice"}, headers={"If-Match": newest.headers["etag"]}).status_code == 200
    assert found_in(room, waits(revised(title=NAMED), "held")) == [("/title/es", "name")]


@pytest.mark.parametrize("served", ["postgresql"], indirect=True)
def test_alerts_and_answers_are_revised_at_once_too_but_not_where_the_conference_reviews_all(room: Room):
    pan = room("pan")
    sent = alert(tlp="GREEN", summary=NAMED)
    place = confirmed(room, waits(pan.post("/v1/alerts", json=sent), "held"))
    document = alertbook.told(pan, place)
    second = alertbook.revise(pan, document, tlp="GREEN", summary=NAMED, severity="low")
    assert (second["version"], second["summary"]) == (2, NAMED)
    for kind, form, text in (
        ("sighting", alertbook.sighting, "note"),
        ("opinion", alertbook.opinion, "explanation"),
        ("proposal", alertbook.proposal, "explanation"),
    ):
        body = form(**{text: NAMED})
        made = alertbook.told(pan, confirmed(room, waits(alertbook.answer(pan, second, kind, body), "held")))
        body |= {"mandate": ["art-3"], "reason": "more is known"}
        again = pan.put(alertbook.place_of(made), json=body, headers=alertbook.etag(made))
        assert (again.status_code, again.json().get("version")) == (200, 2), again.text
    assert [row for row in room.served.audit() if row[1] == "confirmed_before"] == [
        (f"revise_{kind}", "confirmed_before", None) for kind in ("alert", "sighting", "opinion", "proposal")
    ]
    decide(room.served, partner_release="after_review")
    third = pan.put(place, json=sent | {"reason": "it grew", "severity": "critical"}, headers=alertbook.etag(second))
    item = waits(third, "held")
    assert [row[:2] for row in room.served.audit()][-2:] == [("revise_alert", "confirmed_before"), ("revise_alert", "held")]
    assert found_in(room, item) == []
