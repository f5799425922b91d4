"""No count of a sender is in a representation: a log or a trace-back that prints an object prints none (guarantees 1, rule 1)."""

import dataclasses
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bodies import Body, bulletin
from pydantic import BaseModel
from serving import Served, serving, settings_for

from app.bulletins import files, preparing, protection
from app.bulletins.declare import Declaration
from app.wire.bulletin import Batch, BatchItems

COUNT, TOTAL = "86413579", "57291863"
"""A count, and a wrong total of it, that stand nowhere else in the process."""


@dataclass
class Sight:
    """The classes of ours that were alive while something was judged, and those of which an object printed a canary."""

    alive: set[str] = field(default_factory=set)
    telling: set[str] = field(default_factory=set)

    def look(self) -> None:
        for thing in printing():
            self.alive.add(type(thing).__name__)
            if COUNT in (shown := repr(thing)) or TOTAL in shown:
                self.telling.add(type(thing).__name__)


def printing() -> Iterator[object]:
    """Every living object of ours that prints what it holds: dataclasses, wire models, refusals."""
    for thing in gc.get_objects():
        kind = type(thing)
        if str(kind.__module__).startswith("app.") and (dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel | BaseException)):
            yield thing


@pytest.fixture
def sight(monkeypatch: pytest.MonkeyPatch) -> Sight:
    """Looks at all that is alive when rows were read, when a table was protected and before it is published, and at a refusal."""
    seen = Sight()
    gc.collect()  # what an earlier test published prints as it was published

    def looking(module: object, name: str) -> None:
        whole: Callable[..., Any] = getattr(module, name)

        def looked(*given: Any, **named: Any) -> Any:
            given = tuple(list(each) if isinstance(each, Iterator) else each for each in given)
            result = whole(*given, **named)
            seen.look()
            return result

        monkeypatch.setattr(module, name, looked)

    for module, name in ((files, "read_figures"), (preparing, "content_of"), (protection, "refusal")):
        looking(module, name)
    return seen


@pytest.fixture
def one_node(stores, tmp_path: Path) -> Iterator[Served]:
    """What is printed does not depend on the store."""
    with serving(settings_for(stores.ready("sqlite"), tmp_path)) as served:
        yield served


CELLS = [{"nationality": "VEN", "value": int(COUNT)}, {"nationality": "SOM", "value": 3}, {"nationality": "ERI", "value": 4}]
WRONG = [*CELLS, {"nationality": "_T", "value": int(TOTAL)}]
BEFORE = {"BulletinDraft", "Cell", "Declaration", "Table", "Leaf", "Submission"}


def test_while_a_bulletin_is_judged_nothing_that_is_alive_prints_a_count(one_node: Served, sight: Sight):
    answer = one_node.as_("pan").post("/v1/bulletins", json=bulletin(cells=CELLS))
    assert answer.status_code == 201
    assert sight.alive > BEFORE
    assert sight.telling == set()
    assert {each.name for each in dataclasses.fields(Declaration) if not each.repr} == {"draft", "table"}


def test_while_a_batch_is_judged_nothing_that_is_alive_prints_a_count(one_node: Served, sight: Sight):
    items: list[Body] = [bulletin(cells=CELLS), bulletin(period="2022-11", cells=CELLS)]
    assert one_node.as_("pan").post("/v1/bulletins/batch", json={"bulletins": items}).status_code == 201
    assert {*BEFORE, "Prepared", "Ahead"} < sight.alive
    assert sight.telling == set()
    assert COUNT not in repr([model.model_validate({"bulletins": items}) for model in (BatchItems, Batch)])


def test_while_a_file_is_judged_nothing_that_is_alive_prints_a_count(one_node: Served, sight: Sight):
    rows = "".join(f"2022-10,{cell['nationality']},{cell['value']}\n" for cell in CELLS)
    asked = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}
    upload = {"file": ("x.csv", f"period,nationality,value\n{rows}".encode())}
    assert one_node.as_("pan").post("/v1/bulletins/files", params=asked, files=upload).status_code == 201
    assert {*BEFORE, "Upload", "FileBulletin", "FileBulletins", "TidyFile", "TidyRow"} < sight.alive
    assert sight.telling == set()


def test_a_refusal_that_names_a_wrong_total_prints_neither_it_nor_the_sum(one_node: Served, sight: Sight):
    answer = one_node.as_("pan").post("/v1/bulletins", json=bulletin(cells=WRONG))
    assert (answer.status_code, answer.json()["code"]) == (422, "total-mismatch")
    assert TOTAL in answer.json()["detail"]  # its sender is told
    assert {*BEFORE, "Finding", "Problem"} < sight.alive
    assert sight.telling == set()
