"""How answers about the flows are served: what is kept is as fresh and as private as what is worked out, and nothing long outstays its reader."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from bodies import publish
from flowbook import statements
from serving import Served
from sqlalchemy import text

from app.core.db import Database, Patience
from app.core.gate import Share
from app.core.kept import Kept
from app.core.problems import Problem

PATH = "/v1/flows"
LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000000) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


def asked(served: Served, who: str, **params: object):
    with statements(served.node.db) as seen:
        answer = served.as_(who).get(PATH, params=params)
    told = {name: value for name, value in answer.headers.items() if name not in {"date", "istmo-request-id", "x-request-id"}}
    return answer.content, told, sum("FROM cell" in each or "JOIN cell" in each for each in seen)


def test_an_answer_is_worked_out_once_and_again_when_something_visible_changes(served: Served):
    pan, rcm = served.as_("pan"), served.as_("rcm")
    publish(pan, period="2022-10")
    question = {"group_by": "period", "unit": "person", "limit": 1}
    for params in ({"limit": 2}, question, {"format": "csv", "limit": 2}):
        first = asked(served, "analyst", **params)
        again = asked(served, "analyst", **params)
        assert again[:2] == first[:2]
        assert (first[2] > 0, again[2]) == (True, 0)
    # Other rights, another entry: nothing is shared over either.
    assert asked(served, "rcm", **question)[2] > 0
    publish(rcm, reporting_state="CRI", period="2022-09", tlp="RED", audience=[])
    hidden = asked(served, "analyst", **question)
    assert (hidden[0], hidden[2]) == (asked(served, "analyst", **question)[0], 0)
    publish(pan, period="2022-11")
    assert asked(served, "analyst", limit=2)[2] > 0
    reads = [row for row in served.audit() if row[0] == "list_flows"]
    assert len(reads) == 5


def test_a_count_is_not_made_anew_for_the_next_page(served: Served):
    publish(served.as_("pan"), period="2022-10")
    page = served.as_("analyst").get(PATH, params={"limit": 1}).json()
    _, _, reads = asked(served, "analyst", limit=1, cursor=page["next_cursor"])
    assert reads == 1


def test_what_is_kept_stays_within_its_bytes_and_the_longest_unused_goes():
    kept = Kept(800)
    for number in range(8):
        kept.put(number, str(number), 100)
    assert kept.get(0, str) == "0"
    kept.put(8, "8", 100)
    assert (kept.get(1, str), kept.get(0, str), kept.held) == (None, "0", 800)
    kept.put(0, "x", 101)
    assert kept.get(0, str) == "0"
    kept.put(0, "y", 50)
    assert (kept.get(0, str), kept.held, kept.get(0, int)) == ("y", 750, None)
    Kept(0).put(1, "1", 1)
    assert (kept.hits, kept.misses) == (4, 2)


def ended(db: Database, patience: Patience) -> Problem:
    with pytest.raises(Problem) as refused, db.read(patience) as session:
        session.execute(text(LONG["sqlite" if db.is_sqlite else "postgresql"])).all()
    return refused.value


def test_a_statement_of_a_patient_read_ends_in_time_and_the_connection_serves_the_next(db: Database):
    begun = time.monotonic()
    refused = ended(db, Patience(0.3))
    assert (refused.code, refused.status, refused.params) == ("query-too-long", 422, {"seconds": "0.3"})
    assert time.monotonic() - begun < 20
    with db.read() as session:
        assert session.scalar(text("SELECT 1")) == 1
    assert db.reader.pool.checkedout() == 0  # type: ignore[attr-defined]


def shared(job: Callable[[Share], object]) -> object:
    async def run() -> object:
        return await job(Share(1, 0, 60))  # type: ignore[misc]

    return asyncio.run(run())


async def stays() -> dict[str, str]:
    await asyncio.sleep(60)
    return {"type": "http.disconnect"}


async def leaves() -> dict[str, str]:
    await asyncio.sleep(0.2)
    return {"type": "http.disconnect"}


def test_what_a_reader_who_left_had_asked_ends(db: Database):
    begun = time.monotonic()

    async def left(share: Share) -> Problem:
        return await share.work(leaves, lambda patience: ended(db, patience))

    assert shared(left).code == "query-too-long"  # type: ignore[attr-defined]
    assert time.monotonic() - begun < 20
    assert db.reader.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_more_questions_than_the_share_takes_are_told_to_come_again():
    begun, go_on = threading.Event(), threading.Event()

    def holding(_: Patience) -> str:
        begun.set()
        go_on.wait(20)
        return "done"

    async def crowded(share: Share) -> tuple[str, str]:
        first = asyncio.create_task(share.work(stays, holding))
        await asyncio.to_thread(begun.wait, 20)
        try:
            with pytest.raises(Problem) as refused:
                await share.work(stays, lambda _: "never")
        finally:
            go_on.set()
        return refused.value.headers["Retry-After"], await first

    assert shared(crowded) == ("1", "done")


def test_a_download_that_is_given_up_leaves_no_part_and_no_read_open():
    closed = []

    def parts():
        try:
            while True:
                yield b"part"
        finally:
            closed.append(True)

    async def given_up(share: Share) -> None:
        made = share.parts(parts())
        assert await anext(made) == b"part"
        await made.aclose()

    shared(given_up)
    assert closed == [True]
