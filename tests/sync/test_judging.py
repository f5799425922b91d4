"""Pages that are judged in another process are judged as they are here; where that one ends, the work goes on here (guarantees 3)."""

import gc
import select
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bodies import publish
from bringing import ADDED
from crooked import fresh_id, item_of, resealed
from pydantic import BaseModel
from twins import Twins, texts

from app.access.audit import Attempt
from app.directory.allow_list import vocabulary_of
from app.exchange.foreign import foreign_keys
from app.main import KINDS
from app.sync import checking, judging
from app.sync.applying import take
from app.sync.checking import Doubtful, Item, Rules, judged, judged_all
from app.sync.judging import Judge
from app.sync.pulling import _set_aside


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.fixture
def page(pair: Twins) -> list[Any]:
    """Three bulletins, one of them forged and one that names a person, an erasure, and what is no item."""
    for month in range(1, 4):
        publish(pair.rcm.as_("rcm"), period=f"2022-{month:02}")
    good, forged, named = pair.rcm.as_("peer").get("/v1/changes").json()["items"]
    forged["document"]["title"] = {"es": "Otro"}
    named["document"]["contact"] = "juana.ruiz@correo.example"
    # Numbers that no bulletin holds, and that both processes must read as one.
    odd = {**good, "document": {**good["document"], "more": [10.0**20, -0.5, "ñ"]}}
    return [good, forged, named, odd, {"kind": "", "id": good["id"], "version": 9, "op": "erase", "origin": "RCM"}, 7, {"kind": None}]


@pytest.fixture
def thawed() -> Iterator[None]:
    """A process that has set nothing aside for good, as these tests do at their start."""
    gc.unfreeze()
    yield
    gc.freeze()


@pytest.fixture
def rules(pair: Twins) -> Rules:
    with pair.sacm.node.db.read() as session:
        return Rules(("RCM",), {key.kid: key for key in foreign_keys(session, "RCM")}, ("SACM",), vocabulary_of(session))


def test_another_process_judges_as_this_one_does_and_ends_with_it(page: list[Any], rules: Rules, monkeypatch: pytest.MonkeyPatch):
    here = [judged(each, rules) for each in page]
    assert [each.code if isinstance(each, Doubtful) else each.op for each in here] == [
        *("publish", "sync-digest", "sync-digest", "sync-text-gate", "erase", "sync-item-form", "sync-item-form"),
    ]
    monkeypatch.setattr(judging, "_FEW", len(page) + 1)
    with Judge(rules) as judge:
        assert judge.changes(page) == here
        assert judge._beside is None
        assert judge.changes(page) == here
        beside = judge._beside
        assert beside is not None
        assert beside.poll() is None
        assert judge.changes(page[:1]) == here[:1]
        assert judge._beside is beside
    assert beside.poll() is not None


def test_where_the_other_process_is_killed_or_cannot_be_told_a_page_is_judged_here(
    page: list[Any], rules: Rules, monkeypatch: pytest.MonkeyPatch
):
    here = [judged(each, rules) for each in page]
    monkeypatch.setattr(judging, "_FEW", 0)
    with Judge(rules) as judge:
        assert judge.changes(page) == here
        assert judge._beside is not None
        judge._beside.kill()
        judge._beside.wait()
        assert judge.changes(page) == here
        assert judge._beside is None
    deep = {"kind": "bulletin", "document": nested(5_000)}
    with Judge(rules) as judge:
        assert [each.code for each in judge.changes([deep]) if isinstance(each, Doubtful)] == ["sync-item-form"]
        assert all(isinstance(each, Item) for each in judge.changes(page[:1]))


def test_what_several_changes_of_a_page_say_is_judged_of_each(pair: Twins, rules: Rules):
    told = publish(pair.rcm.as_("rcm"))
    bare = {name: value for name, value in told.items() if name not in ADDED}
    said = [
        resealed(pair.rcm, bare, id=fresh_id(), title={"es": title}) for title in ("Escriba a juana.ruiz@correo.example", "Ingresos") * 2
    ]
    items = [item_of(each, 1) for each in said]
    items[3]["document"] = {**said[3], "title": {"es": "Escriba a juana.ruiz@correo.example"}}
    found = judged_all(items, rules)
    assert [each.code if isinstance(each, Doubtful) else each.id for each in found] == [
        *("sync-personal-data", said[1]["id"], "sync-personal-data", "sync-digest"),
    ]
    assert [each.text for each in found if isinstance(each, Doubtful)] == [None, None, None]
    assert found == [judged(each, rules) for each in items]


def test_the_form_of_a_kind_is_looked_at_where_it_is_told_and_counts_as_much_as_if_it_was_looked_at_later(
    pair: Twins, rules: Rules, monkeypatch: pytest.MonkeyPatch
):
    told = publish(pair.rcm.as_("rcm"))
    bare = {name: value for name, value in told.items() if name not in ADDED}
    odd = [
        resealed(pair.rcm, bare, id=fresh_id(), **more)
        for more in ({"period": None}, {"more": "later", "period": "2022-11"}, {"kind": "forecast"})
    ]
    items = [item_of(each, 1) for each in (bare, *odd)]
    found = judged_all(items, replace(rules, models={name: kind.model for name, kind in KINDS.items()}))
    assert [each.is_formed for each in found if isinstance(each, Item)] == [True, False, True, False]
    assert [each._replace(is_formed=False) for each in found if isinstance(each, Item)] == judged_all(items, rules)
    looked: list[object] = []
    right = checking.is_formed

    def look(document: dict[str, Any], model: type[BaseModel]) -> bool:
        looked.append(document["id"])
        return right(document, model)

    monkeypatch.setattr("app.sync.replaying.is_formed", look)
    with pair.sacm.node.db.write() as session:
        taken = take(session, pair.sacm.node, KINDS, "rcm", found, conferences=["RCM"], attempt=Attempt("test"))
    assert [(doubt.code, doubt.id) for doubt in taken.quarantined] == [
        ("sync-not-understood", odd[0]["id"]),
        ("sync-not-understood", odd[2]["id"]),
    ]
    # Of a kind that is not known here no form is.
    assert looked == [odd[0]["id"]]


def test_of_a_long_log_the_other_process_is_started_ahead_and_pages_are_judged_here_until_it_is_there(
    page: list[Any], rules: Rules, monkeypatch: pytest.MonkeyPatch
):
    here = [judged(each, rules) for each in page]
    monkeypatch.setattr(judging, "_FEW", 10)
    with Judge(rules, coming=10) as judge:
        assert judge._beside is None
    with Judge(rules, coming=11) as judge:
        beside = judge._beside
        assert beside is not None
        assert beside.stdout is not None
        assert select.select([beside.stdout], [], [], 120)[0]
        assert judge.changes(page) == here
        assert judge._beside is beside
        assert judge._is_there
    assert beside.poll() is not None
    monkeypatch.setattr(judging, "_CHILD", "import sys; sys.stdin.read()")
    with Judge(rules, coming=11) as judge:
        beside = judge._beside
        assert beside is not None
        assert judge.changes(page) == here
        assert judge._beside is beside
        assert not judge._is_there
        beside.kill()
        beside.wait()
        assert judge.changes(page) == here
        assert judge._beside is None


def test_a_folder_that_is_called_as_ours_is_not_taken_for_it(
    page: list[Any], rules: Rules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(judging, "_FEW", 0)
    with Judge(rules) as judge:
        judge.changes(page)
        assert judge._beside is not None


@pytest.mark.usefixtures("thawed")
def test_a_pull_of_many_pages_brings_the_same_by_another_process(pair: Twins, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.sync.pulling.PAGE", 2)
    monkeypatch.setattr(judging, "_FEW", 1)
    started, set_aside, before = [], [], gc.get_threshold()
    right = judging._started

    def begun(rules: Rules) -> subprocess.Popen[bytes]:
        set_aside.append((gc.get_freeze_count(), gc.get_threshold()))
        started.append(right(rules))
        return started[-1]

    monkeypatch.setattr(judging, "_started", begun)
    told = [publish(pair.rcm.as_("rcm"), period=f"2022-{month:02}")["id"] for month in range(1, 8)]
    assert pair.pull(pair.sacm).applied == 7
    assert [document_id for document_id, _ in texts(pair.sacm, "RCM")] == told
    assert len(started) == 1
    assert started[0].poll() is not None
    # While pages come, what was there before is not looked through for garbage, and what comes seldom; afterwards all is as it was.
    frozen, threshold = set_aside[0]
    assert frozen > 0
    assert threshold == (10_000, 5, 5) != before
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, before)


@pytest.mark.usefixtures("thawed")
def test_what_a_process_set_aside_at_its_start_stays_so_and_grows_by_no_pull():
    gc.freeze()
    kept, loose = gc.get_freeze_count(), [[each] for each in range(1_000)]
    for _ in range(2):
        with _set_aside():
            # What is let go meanwhile is counted no more.
            assert kept - 500 < gc.get_freeze_count() < kept + len(loose)
    assert kept - 500 < gc.get_freeze_count() < kept + len(loose)
