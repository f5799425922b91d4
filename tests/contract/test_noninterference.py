"""Two truths, one publication: where the published rows are equal, the node's store and every answer are equal to the byte (guarantees 1, rule 10)."""

import random
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import time_machine
from bodies import Body, bulletin
from direct import Direct
from serving import listening, serving, settings_for
from sqlalchemy import MetaData, create_engine, select
from stores import STORES, Stores, alchemy_url, fold_write_ahead_log

from app.exchange.node import open_node

NOW = "2024-03-11T12:00:00Z"
FIRST, SECOND, THIRD = (f"018e2d5c-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))
# Somalia and Eritrea change places below k; the sums over both, and over women and men, stay as they are.
TRUTHS = [((4, 3), (3, 2, 1, 4)), ((3, 4), (2, 3, 2, 3))]


def bodies(truth: tuple[tuple[int, ...], tuple[int, ...]]) -> list[Body]:
    """A pooled table, a table by two dimensions, and a rounded one whose small counts all stay below the base."""
    pooled, crossed = truth
    som, eri = pooled
    by_sex = dict(zip((("SOM", "F"), ("SOM", "M"), ("ERI", "F"), ("ERI", "M")), crossed, strict=True)) | {
        ("NPL", "F"): 70,
        ("NPL", "M"): 130,
        ("VEN", "F"): 900,
        ("VEN", "M"): 700,
    }
    cells = [{"nationality": nationality, "sex": sex, "value": value} for (nationality, sex), value in by_sex.items()]
    alone = [{"nationality": code, "value": value} for code, value in {"SOM": som, "ERI": eri, "NPL": 213, "VEN": 400}.items()]
    return [
        bulletin(id=FIRST, cells=alone),
        bulletin(id=SECOND, cells=cells, period="2022-11"),
        bulletin(id=THIRD, cells=[{"sex": "F", "value": 50}, {"sex": "M", "value": 60}], period="2022-12"),
    ]


@pytest.fixture(params=STORES)
def two_stores(request: pytest.FixtureRequest, stores: Stores, tmp_path: Path) -> tuple[list[str], dict[str, str]]:
    """Two copies of one node's store, with the same keys beside them, and the keys of its clients."""
    base = stores.ready(request.param)
    with serving(settings_for(base, tmp_path)) as served:
        keys = dict(served.keys)
        served.node.db.dispose()
    return [copy_of(base, stores, tmp_path, number) for number in (1, 2)], keys


def copy_of(url: str, stores: Stores, folder: Path, number: int) -> str:
    if url.startswith("sqlite"):
        fold_write_ahead_log(url)
        shutil.copyfile(url.removeprefix("sqlite:///"), folder / f"copy{number}.db")
        return f"sqlite:///{folder}/copy{number}.db"
    name = url.split("/")[3].split("?", maxsplit=1)[0]
    with psycopg.connect(stores.postgresql, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        connection.execute(f"CREATE DATABASE {name}_{number} TEMPLATE {name}")
    return alchemy_url(stores.postgresql, f"{name}_{number}")


def foresee(monkeypatch: pytest.MonkeyPatch) -> None:
    """The node's own chance, the same in every run: salts, ids, request ids."""
    chance = random.Random(5)
    for name, made in {
        "token_bytes": chance.randbytes,
        "token_hex": lambda count: chance.randbytes(count).hex(),
        "randbits": chance.getrandbits,
    }.items():
        monkeypatch.setattr(secrets, name, made)


def told(url: str, keys: dict[str, str], folder: Path, truth: Any, ask: Callable[[str, dict[str, str]], Any]) -> Any:
    """What a node tells after this truth was published, checked and refused, and everything that its store holds."""
    node = open_node(settings_for(url, folder))
    with listening(node) as address:
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {keys['pan']}"}, timeout=60, transport=Direct()) as sender:
            for number, body in enumerate(bodies(truth)):
                method = "round" if number == 2 else None
                params = {"protect": method} if method else {}
                assert sender.post("/v1/bulletins/check", json=body, params=params).status_code == 200
                answer = sender.post("/v1/bulletins", json=body, params=params, headers={"Idempotency-Key": f"key-{number}"})
                assert answer.status_code == 201, answer.text
                refused = sender.post(
                    "/v1/bulletins", json={**body, "period": f"2023-0{number + 1}", "id": None}, params={"protect": "none"}
                )
                assert refused.status_code in (422, 201)
        answers = ask(address, keys)
        node.read_audit.flush()
    return answers, contents(url)


def contents(url: str) -> list[str]:
    """Every row of every table; but for the fingerprint of a body, which a key outside the store makes (guarantees 1, rule 1).

    The audit of reads is written in batches, so that its numbers hang on the clock: rows count, not their numbers.
    """
    engine = create_engine(url)
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        found = [
            f"{table.name} {tuple(row)!r}"
            for table in metadata.sorted_tables
            for row in connection.execute(select(*(column for column in table.c if str(column) not in APART)))
        ]
    engine.dispose()
    return sorted(found)


def all_answers(address: str, keys: dict[str, str]) -> dict[tuple[str, str], tuple[int, bytes, list[tuple[str, str]]]]:
    """Every GET route of the description, asked by five clients about every document and period."""
    found = {}
    description = httpx.get(f"{address}/openapi.json", timeout=60, trust_env=False).json()
    for who in ("pan", "sacm", "analyst", "peer", "operator"):
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {keys[who]}"}, timeout=60, transport=Direct()) as client:
            for path in paths(description):
                answer = client.get(path)
                found[who, path] = (answer.status_code, answer.content, sorted(answer.headers.items()))
    return found


def paths(description: Any) -> list[str]:
    found = []
    for path, item in description["paths"].items():
        if "get" not in item or path in ("/metrics", "/openapi.json", "/v1/audit") or path.startswith("/docs"):
            continue
        for document in (FIRST, SECOND, THIRD) if "{document_id}" in path else ("",):
            filled = path.replace("{document_id}", document).replace("{number}", "1").replace("{code}", "RCM").replace("{name}", "sex")
            found.append(re.sub(r"\{[^}]+\}", "x", filled))
    found += [f"/v1/flows?{query}" for query in FLOWS]
    return found


APART = ("idempotency_answer.fingerprint", "audit.id")

FLOWS = (
    "totals=true",
    "nationality=SOM",
    "nationality=ERI,SOM&group_by=nationality",
    "group_by=period,nationality",
    "group_by=sex",
    "totals=true&format=csv",
    "group_by=nationality&format=ndjson",
    "extra_continental=true&group_by=period",
)


def test_two_truths_that_publish_alike_leave_the_same_store_and_the_same_answers(
    two_stores: tuple[list[str], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    urls, keys = two_stores
    seen = []
    for url, truth in zip(urls, TRUTHS, strict=True):
        with monkeypatch.context() as patched, time_machine.travel(NOW, tick=False):
            foresee(patched)
            seen.append(told(url, keys, tmp_path, truth, all_answers))
    (answers, store), (others, other_store) = seen
    assert len(answers) > 150
    assert sum(status == 200 for status, _, _ in answers.values()) > 60
    assert [key for key in answers if answers[key] != others[key]] == []
    assert [pair for pair in zip(store, other_store, strict=True) if pair[0] != pair[1]] == []
