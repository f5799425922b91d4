"""What a page costs, on both sides, and that what is projected together is what is projected one by one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from bodies import cells, publish, revise, withdraw
from crooked import crooked
from serving import Served
from sqlalchemy import event, text, update
from test_pull import ALERT, SIGHTING
from twins import Twins, held

from app.core.parents import lost
from app.main import rebuild
from app.sync import pulling
from app.sync.models import Peer

WITH_VERSION = {"cell": ("bulletin", "bulletin_id"), "hideout": ("bulletin", "bulletin_id"), "alert_term": ("alert", "alert_id")}
TABLES = ("flow", "published_table", "bulletin", "alert", "alert_reference", "alert_answer", "document_access", *WITH_VERSION)
SHAPE = ("id", "bulletin_id", "alert_id")


@contextmanager
def told(served: Served) -> Iterator[list[str]]:
    """(verb and table) of every statement at a node, but those that begin a transaction."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        words = statement.split()
        if words[0] != "BEGIN":
            place = {"SELECT": "FROM", "DELETE": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE"}[words[0]]
            said.append(f"{words[0]} {words[words.index(place) + 1]}")

    served.node.read_audit.flush()
    engines = (served.node.db.reader, served.node.db.writer)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    served.node.db.watchers.append(glanced := lambda statement: note(None, None, statement))
    yield said
    served.node.db.watchers.remove(glanced)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def projected(served: Served) -> dict[str, list[tuple[object, ...]]]:
    """What every table beside the log says of documents: rows without the numbers that the store gave them."""
    found = {}
    with served.node.db.read() as session:
        assert lost(session.connection()) == {}
        for table in TABLES:
            parent, column = WITH_VERSION.get(table, ("", ""))
            asked = (
                f"SELECT p.document_id, p.version, t.* FROM {table} t JOIN {parent} p ON p.id = t.{column}"
                if parent
                else f"SELECT t.* FROM {table} t"
            )
            rows = session.execute(text(asked)).mappings()
            found[table] = sorted((tuple(value for name, value in row.items() if name not in SHAPE) for row in rows), key=repr)
    return found


def test_an_idle_poll_costs_one_small_statement_beside_who_asks_and_a_row_of_contact(pair: Twins):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    pair.pull(pair.sacm)
    with told(pair.rcm) as there, told(pair.sacm) as here:
        pair.pull(pair.sacm)
    assert there == ["SELECT client", "SELECT log_head"]
    assert here == ["SELECT peer", "UPDATE peer"]


def test_a_page_costs_as_many_statements_whatever_is_on_it_and_known_keys_are_not_written_again(pair: Twins):
    costs = []
    for months in (("2020-01",), ("2021-01", "2021-02", "2021-03", "2021-04")):
        for month in months:
            publish(pair.rcm.as_("rcm"), period=month)
        with told(pair.sacm) as here:
            assert pair.pull(pair.sacm).applied == len(months)
        costs.append(here)
    assert costs[0] == costs[1]
    assert {verb for verb in costs[1] if "peer_key" in verb} == {"SELECT peer_key"}


def test_what_is_revised_on_the_page_that_brings_it_costs_as_many_statements_however_many_are(pair: Twins):
    costs = []
    for months in (("2020-01",), ("2021-01", "2021-02", "2021-03")):
        for month in months:
            document = publish(pair.rcm.as_("rcm"), period=month)
            for value in (401, 402):
                document = revise(pair.rcm.as_("rcm"), document, period=month, cells=cells(VEN=value, NPL=213))
            assert document["version"] == 3
        with told(pair.sacm) as here:
            assert pair.pull(pair.sacm).applied == 3 * len(months)
        costs.append(here)
    assert costs[0] == costs[1]
    assert costs[0].count("INSERT flow") == 3
    assert projected(pair.sacm) == projected(pair.rcm)


def test_a_page_projects_what_its_origin_projected_one_by_one_and_so_does_a_rebuild(pair: Twins):
    first = publish(pair.rcm.as_("rcm"))
    publish(pair.rcm.as_("rcm"), period="2022-11", cells=[], nil_report=True)
    gone = publish(pair.rcm.as_("rcm"), period="2022-12", tlp="AMBER", audience=["SACM"])
    alert = pair.rcm.as_("rcm").post("/v1/alerts", json=ALERT).json()
    sighting = pair.rcm.as_("rcm").post(f"/v1/alerts/{alert['id']}/sightings", json=SIGHTING).json()
    pair.pull(pair.sacm)
    revise(pair.rcm.as_("rcm"), first, cells=cells(VEN=401, NPL=213, SOM=31))
    etag = {"If-Match": f'"{alert["id"]}.v1"'}
    changed = {**ALERT, "nationalities": ["SOM", "ERI"], "reason": "seen again"}
    assert pair.rcm.as_("rcm").put(f"/v1/alerts/{alert['id']}", json=changed, headers=etag).status_code == 200
    withdraw(pair.rcm.as_("rcm"), gone)
    assert sighting["version"] == 1
    pair.pull(pair.sacm)
    there = projected(pair.rcm)
    assert [len(there[table]) for table in ("bulletin", "alert", "alert_answer")] == [5, 2, 1]
    assert projected(pair.sacm) == there
    rebuild(pair.sacm.node)
    assert projected(pair.sacm) == there


def test_the_next_page_is_on_its_way_while_this_one_is_written(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.sync.pulling.PAGE", 2)
    # Each page is written by itself, so that it is known how many writes there are.
    monkeypatch.setattr("app.sync.pulling._TOGETHER", 1)
    for month in range(1, 6):
        publish(pair.rcm.as_("rcm"), period=f"2021-{month:02}")
    asked, waited = threading.Semaphore(0), list[bool]()
    take: Callable[..., object] = pulling.take

    def count(path: str, query: dict[str, str], honest: dict[str, object]) -> dict[str, object]:
        if path == "/v1/changes" and "cursor" in query:
            asked.release()
        return honest

    def wait(*given: object, **named: object) -> object:
        # After the last page none is asked for.
        waited.append(len(waited) == 2 or asked.acquire(timeout=20))
        return take(*given, **named)

    monkeypatch.setattr(pulling, "take", wait)
    with crooked(pair.rcm, count) as url:
        with pair.sacm.node.db.write() as session:
            session.execute(update(Peer).values(url=url))
        pair.pull(pair.sacm)
    assert waited == [True, True, True]
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")


def test_pages_that_wait_are_written_at_once_with_the_cursor_of_the_last(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.sync.pulling.PAGE", 2)
    for month in range(1, 8):
        publish(pair.rcm.as_("rcm"), period=f"2021-{month:02}")
    begun, sizes = threading.Semaphore(0), list[int]()
    take, changes = pulling.take, pulling.Judge.changes

    def judge(self: pulling.Judge, items: list[object]) -> object:
        begun.release()
        return changes(self, items)

    def wait(session: object, node: object, kinds: object, peer: str, judged: list[object], **named: object) -> object:
        # The fourth page is begun: the second and the third wait by now.
        assert sizes or all(begun.acquire(timeout=20) for _ in range(4))
        sizes.append(len(judged))
        return take(session, node, kinds, peer, judged, **named)

    monkeypatch.setattr(pulling, "take", wait)
    monkeypatch.setattr(pulling.Judge, "changes", judge)
    done = pair.pull(pair.sacm)
    assert (done.pages, done.applied, sum(sizes)) == (4, 7, 7)
    assert sizes in ([2, 5], [2, 4, 1])
    assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
    assert projected(pair.sacm) == projected(pair.rcm)
    assert pair.pull(pair.sacm).applied == 0


def test_postgresql_looks_at_its_tables_again_while_a_long_log_is_copied(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.core.planner._MARKS", (2,))
    for month in ("2021-01", "2021-02", "2021-03"):
        publish(pair.rcm.as_("rcm"), period=month)
    pair.pull(pair.sacm)
    if not pair.sacm.node.db.is_sqlite:
        known = text("SELECT relname, reltuples FROM pg_class WHERE relname IN ('log_entry', 'bulletin', 'cell') ORDER BY relname")
        with pair.sacm.node.db.read() as session:
            rows = session.execute(text("SELECT count(*) FROM cell")).scalar_one()
            assert [tuple(row) for row in session.execute(known)] == [("bulletin", 3), ("cell", rows), ("log_entry", 3)]
