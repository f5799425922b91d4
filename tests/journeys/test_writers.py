"""Eight writers and three readers that follow the cursor: nothing lost, nothing repeated, nothing out of order."""

import random
import threading
import time

import httpx
import pytest
from bodies import bulletin, cells
from serving import TLS, Served


def write(served: Served, writer: int, number: int, failures: list[str]) -> None:
    chance = random.Random(writer)
    headers = {"Authorization": f"Bearer {served.keys['rcm']}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60, trust_env=False, verify=TLS) as client:
        for at in range(number):
            time.sleep(chance.random() * 0.005)
            body = bulletin(
                definition_code=f"d{writer % 4}", publisher=f"W{writer}-{at // 12:03}", period=f"{2000 + at % 12}", cells=cells(VEN=40 + at)
            )
            while (answer := client.post("/v1/bulletins", json=body)).status_code == 503:
                time.sleep(0.05)
            if answer.status_code != 201:
                failures.append(answer.text)


def follow(served: Served, stop: threading.Event, seen: list[tuple[str, int]], numbers: list[int]) -> None:
    headers = {"Authorization": f"Bearer {served.keys['sacm']}"}
    cursor = None
    with httpx.Client(base_url=served.url, headers=headers, timeout=60, trust_env=False, verify=TLS) as client:
        while True:
            ended = stop.is_set()
            answer = client.get("/v1/changes", params={"limit": 50, **({"cursor": cursor} if cursor else {})})
            if answer.status_code == 503:
                continue
            page = answer.json()
            seen += [(item["id"], item["version"]) for item in page["items"]]
            numbers += [item["seq"] for item in page["items"]]
            cursor = page["next_cursor"]
            if ended and not page["has_more"] and not page["items"]:
                return
            time.sleep(0.05)


def run(served: Served, number: int) -> None:
    failures: list[str] = []
    stop = threading.Event()
    readers = [([], []) for _ in range(3)]
    following = [threading.Thread(target=follow, args=(served, stop, *lists)) for lists in readers]
    writing = [threading.Thread(target=write, args=(served, writer, number, failures)) for writer in range(8)]
    for thread in [*following, *writing]:
        thread.start()
    for thread in writing:
        thread.join()
    stop.set()
    for thread in following:
        thread.join()
    assert failures == []
    for seen, numbers in readers:
        assert len(seen) == len(set(seen)) == 8 * number
        assert numbers == list(range(1, 8 * number + 1))


def test_eight_writers_and_three_readers_lose_repeat_and_reorder_nothing(served: Served):
    run(served, 12)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_writers_long_eight_times_five_hundred(served: Served):
    started = time.monotonic()
    run(served, 500)
    print(
        f"8 writers x 500, 3 readers, {served.node.db.url.get_backend_name()}: 0 lost, 0 repeated, 0 out of order, {time.monotonic() - started:.0f} s"
    )
