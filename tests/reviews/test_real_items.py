"""What the kinds themselves let wait, decided in the room of reviews: published whole, at its minute by the running worker, or never."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bodies import bulletin
from serving import Served
from waitroom import Room

from app.main import worker_of

NAMED = {"es": "Cifras que entregó Zapaquilda Ventoquipa"}


@pytest.fixture
def room(served: Served) -> Room:
    return Room(served)


def later(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


def waiting(answer) -> str:
    assert answer.status_code == 202, answer.text
    return answer.headers["location"].rsplit("/", 1)[-1]


def reasons(room: Room, item: str) -> dict[str, object]:
    return {
        "findings": [
            {"pointer": each["pointer"], "offset": each["offset"], "reason": "published-source"} for each in room.seen(item)["findings"]
        ]
    }


def test_a_batch_of_which_one_names_somebody_waits_whole_and_is_published_whole_by_a_second_person(room: Room):
    bodies = [bulletin(period="2021-01"), bulletin(period="2021-02", title=NAMED), bulletin(period="2021-03")]
    item = waiting(room("pan").post("/v1/bulletins/batch", json={"bulletins": bodies}))
    seen = room.seen(item, "bea")
    assert [each["period"] for each in seen["documents"]] == ["2021-01", "2021-02", "2021-03"]
    (found,) = seen["findings"]
    assert found["pointer"] == "/bulletins/1/title/es"
    for who in ("hnd", "sacm", "south", "analyst", "peer", "operator"):
        assert room(who).get(f"/v1/reviews/{item}").status_code in {403, 404}
    assert room.periods() == []
    done = room.decide("bea", "confirm", item, reasons(room, item))
    assert done.json()["status"] == "published", done.text
    assert sorted(room.periods()) == ["2021-01", "2021-02", "2021-03"]
    assert [room("pan").get(each["href"]).json()["period"] for each in done.json()["published"]] == ["2021-01", "2021-02", "2021-03"]


def test_the_running_worker_publishes_within_seconds_of_the_minute_and_not_before(room: Room):
    worker = worker_of(room.served.node)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        due = datetime.now(UTC) + timedelta(seconds=3)
        item = waiting(room("pan").post("/v1/bulletins", json=bulletin(publish_at=due.isoformat())))
        deadline = time.monotonic() + 40
        while room.seen(item)["status"] == "pending" and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        worker.stop()
        thread.join()
    (document,) = room("rcm").get("/v1/bulletins").json()["items"]
    assert datetime.fromisoformat(document["published_at"]) >= due
    print(f"published {(datetime.fromisoformat(document['published_at']) - due).total_seconds():.1f} s after its minute")


def test_of_what_was_rejected_no_word_is_left_in_store_log_or_answers(room: Room, caplog: pytest.LogCaptureFixture):
    item = waiting(room("pan").post("/v1/bulletins", json=bulletin(title=NAMED), headers={"Idempotency-Key": "k"}))
    said = [room.decide("bea", "confirm", item, {"findings": []}), room.decide("bea", "reject", item, {"reason": "personal-data"})]
    assert [each.status_code for each in said] == [422, 200]
    assert not any("ventoquipa" in each.text.lower() for each in said)
    assert "ventoquipa" not in caplog.text.lower()
    assert b"ventoquipa" not in everything(room.served).lower()


def everything(served: Served) -> bytes:
    """All that the store holds: the file with its log, or every row of every table."""
    db = served.node.db
    if db.is_sqlite:
        file = Path(str(db.url.database))
        return b"".join(each.read_bytes() for each in file.parent.iterdir() if each.name.startswith(file.name))
    with db.read() as session:
        tables = [row[0] for row in session.connection().exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        rows = [str(row) for table in tables for row in session.connection().exec_driver_sql(f"SELECT t::text FROM {table} t")]
    return "\n".join(rows).encode()
