"""Twenty analysts at once beside two writers: who is refused is told when to come again, and every accepted write is there afterwards."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from bodies import bulletin, cells
from serving import TLS, Nodes, Served, serving
from stores import STORES

ANALYSTS, WRITERS, WRITES = 20, 2, 5


def client_of(served: Served, who: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {served.keys[who]}"}
    return httpx.Client(base_url=served.url, headers=headers, timeout=60, trust_env=False, verify=TLS)


def write(served: Served, writer: int, start: threading.Barrier) -> list[str]:
    """The ids of the bulletins that were accepted: each is sent until it is."""
    accepted = []
    with client_of(served, "rcm") as client:
        start.wait(30)
        for at in range(WRITES):
            body = bulletin(definition_code=f"d{writer}", period=f"{2010 + at}", cells=cells(VEN=40 + at, NPL=50 + writer))
            while (answer := client.post("/v1/bulletins", json=body)).status_code == 503:
                time.sleep(0.05)
            assert answer.status_code == 201, answer.text
            accepted.append(answer.json()["id"])
    return accepted


def ask(served: Served, analyst: int, start: threading.Barrier, over: threading.Event) -> list[httpx.Response]:
    """Every answer to questions that no other analyst asks, until the writers have ended."""
    answers = []
    with client_of(served, "analyst") as client:
        start.wait(30)
        while not over.is_set():
            asked = {
                "limit": analyst + 1,
                "period_from": 2010 + len(answers) % 10,
                **({"group_by": "period,definition_code"} if analyst % 2 else {}),
            }
            answers.append(client.get("/v1/flows", params=asked))
            time.sleep(0.1)
    return answers


@pytest.mark.parametrize("kind", STORES)
def test_analysts_at_once_are_answered_or_told_when_to_come_again_and_no_accepted_write_is_lost(kind: str, nodes: Nodes, tmp_path: Path):
    settings, keys = nodes.ready(kind, tmp_path, analyst_threads=1, analyst_queue=2)
    start, over = threading.Barrier(ANALYSTS + WRITERS), threading.Event()
    with serving(settings, keys=keys) as served, ThreadPoolExecutor(ANALYSTS + WRITERS) as pool:
        writers = [pool.submit(write, served, writer, start) for writer in range(WRITERS)]
        analysts = [pool.submit(ask, served, analyst, start, over) for analyst in range(ANALYSTS)]
        try:
            accepted = [each for writer in writers for each in writer.result(60)]
        finally:
            over.set()
        answers = [answer for analyst in analysts for answer in analyst.result(60)]
        told = served.as_("analyst").get("/v1/flows", params={"format": "csv"}).text
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in refused} == {(503, "1")}
    assert len(refused) < len(answers)
    assert len(set(accepted)) == WRITERS * WRITES
    assert {line.split("@v1")[0][-36:] for line in told.splitlines()[1:]} == set(accepted)
    nodes.stores.drop(settings.database_url)
