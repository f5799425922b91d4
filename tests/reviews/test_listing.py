"""The list of what waits: by pages, exact, of one's own office or conference; above a client's ceiling nothing is read or decided."""

from waitroom import SECOND, Room

from app.access.clients import NewClient, create
from app.wire.codes import TLP, Role


def test_the_list_is_paged_filtered_counted_and_changes_with_what_is_in_it_alone(room: Room):
    items = [room.hold(period=f"2021-{month:02}") for month in (1, 2)] + [room.hold(period="2021-03", found=[], in_s=3600)]
    first = room("rcm").get("/v1/reviews", params={"limit": 2})
    assert ([each["id"] for each in first.json()["items"]], first.json()["total"]) == (items[:2], 3)
    assert 'rel="next"' in first.headers["link"]
    rest = room("rcm").get("/v1/reviews", params={"limit": 2, "cursor": first.json()["next_cursor"]}).json()
    assert ([each["id"] for each in rest["items"]], rest["next_cursor"], rest["total"]) == (items[2:], None, 3)
    assert "documents" not in first.text

    def ids(**asked: str) -> list[str]:
        return [each["id"] for each in room("rcm").get("/v1/reviews", params=asked).json()["items"]]

    assert [ids(status="held"), ids(status="pending"), ids(status="held,pending"), ids(kind="alert")] == [items[:2], items[2:], items, []]
    odd = room("rcm").get("/v1/reviews", params={"status": "hold"})
    assert (odd.status_code, odd.json()["errors"][0]["pointer"]) == (422, "status")
    whole, others = room("rcm").get("/v1/reviews"), room("pan").get("/v1/reviews")
    tags = {who: {"If-None-Match": answer.headers["etag"]} for who, answer in (("rcm", whole), ("pan", others))}
    assert [room(who).get("/v1/reviews", headers=tag).status_code for who, tag in tags.items()] == [304, 304]
    assert (others.json()["items"], others.json()["total"]) == ([], 0)
    assert room.decide("bea", "confirm", items[0], SECOND).status_code == 200
    assert [room(who).get("/v1/reviews", headers=tag).status_code for who, tag in tags.items()] == [200, 304]


def test_what_is_marked_above_a_clients_ceiling_is_not_there_for_it(room: Room):
    with room.served.node.db.write() as session:
        low = create(session, NewClient(Role.SECRETARIAT, "RCM", ceiling=TLP.GREEN, person="Eva Inventada")).api_key
    room.served.keys = {**room.served.keys, "low": low}
    item = room.hold(tlp="AMBER")
    for answer in (room("low").get(f"/v1/reviews/{item}"), room.decide("low", "confirm", item, SECOND), room.decide("low", "cancel", item)):
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (room("low").get("/v1/reviews").json()["items"], room("low").get("/v1/reviews").json()["total"]) == ([], 0)
    assert room.decide("bea", "confirm", item, SECOND).status_code == 200
    assert room("low").get(f"/v1/reviews/{item}").status_code == 404  # also when its text is gone
    reads = [row for row in room.served.audit() if row[:2] == ("get_review", "read")]
    assert room.seen(room.hold(period="2022-11", tlp="AMBER"))["status"] == "held"
    assert len([row for row in room.served.audit() if row[:2] == ("get_review", "read")]) == len(reads) + 1
