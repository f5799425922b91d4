"""B045: one instant in five offsets is one instant in both databases, for what waits and for what is asked."""

from datetime import UTC, datetime, timedelta, timezone

from bodies import bulletin
from serving import Served

OTHER = timezone(timedelta(hours=-6))
OFFSETS = ("00:30:00-06:00", "01:30:00-05:00", "02:30:00-04:00", "03:30:00-03:00", "06:30:00Z")


def test_b045_one_instant_in_five_offsets_is_one_instant_and_a_filter_in_either_offset_finds_the_same(served: Served):
    pan, day = served.as_("pan"), str((datetime.now(UTC) + timedelta(days=30)).date())
    told = []
    for month, offset in enumerate(OFFSETS, 1):
        answer = pan.post("/v1/bulletins", json=bulletin(period=f"2024-{month:02}", publish_at=f"{day}T{offset}"))
        item = pan.get(answer.headers["location"]).json()
        told += [
            answer.json()["due"],
            item["due"],
            next(each["due"] for each in pan.get("/v1/reviews").json()["items"] if each["id"] == item["id"]),
        ]
    assert set(told) == {f"{day}T06:30:00.000000Z"}
    for odd in (f"{day}T00:30:00", day):
        refused = pan.post("/v1/bulletins", json=bulletin(period="2024-06", publish_at=odd))
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/publish_at")
    past = "2024-03-11T06:30:00Z"
    made = [pan.post("/v1/bulletins", json=bulletin(period=f"2023-0{month}", publish_at=past)).json() for month in (1, 2)]
    instant = datetime.fromisoformat(made[0]["published_at"])
    found = []
    for written in (instant.isoformat(), instant.astimezone(tz=OTHER).isoformat()):
        listed = pan.get("/v1/bulletins", params={"published_after": written}).json()["items"]
        found.append([each["period"] for each in listed])
    assert found == [["2023-02"], ["2023-02"]]
