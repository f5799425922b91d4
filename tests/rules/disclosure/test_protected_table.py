import copy
import dataclasses
import pickle
from pathlib import Path

import pytest
from flow_places import budget, stands

import app.disclosure
from app.disclosure import ProtectedTable, Row
from app.disclosure.audit import Context, audit

ROWS = (Row(("_T",), 40, None, is_total=True), Row(("SOM",), 40, None, is_total=False), Row(("_AFR",), 40, None, is_total=True))


@pytest.fixture
def proven(small):
    context = Context(5, small, stands(("nationality",)), (), budget())
    return audit(ROWS, dimensions=("nationality",), method="pool", context=context)


def test_the_audit_makes_one_with_its_rows_in_order(proven):
    assert [row.key for row in proven.rows] == [("SOM",), ("_AFR",), ("_T",)]
    assert (proven.method, proven.policy, proven.k, proven.dimensions) == ("pool", "rule(k)", 5, ("nationality",))


@pytest.mark.parametrize("seal", [None, object(), True, "seal"])
def test_nobody_else_can_make_one(seal):
    with pytest.raises(TypeError):
        ProtectedTable(("nationality",), ROWS, "pool", "rule(k)", 5, 3, 3, 0, "", (), seal)


def test_nobody_can_make_one_without_a_seal():
    with pytest.raises(TypeError):
        ProtectedTable(("nationality",), ROWS, "pool", "rule(k)", 5, 3, 3, 0, "", ())


@pytest.mark.parametrize(
    "trick",
    [
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda proven: dataclasses.replace(proven, rows=()),
        lambda proven: dataclasses.replace(proven, rows=(), seal=None),
        lambda proven: setattr(proven, "rows", ()),
        lambda proven: delattr(proven, "rows"),
        lambda proven: ProtectedTable(**vars(proven)),
        lambda proven: type("Forged", (type(proven),), {"__post_init__": lambda *_: None}),
    ],
    ids=["copy", "deepcopy", "pickle", "replace", "replace with a seal", "set", "delete", "again", "subclass"],
)
def test_no_trick_makes_another_of_one(proven, trick):
    with pytest.raises((TypeError, ValueError, dataclasses.FrozenInstanceError)):
        trick(proven)
    assert len(proven.rows) == 3


def test_only_the_audit_holds_the_seal():
    home = Path(app.disclosure.__file__).parents[1]
    holders = {path.name for path in home.rglob("*.py") if "_SEAL" in path.read_text(encoding="utf-8")}
    assert holders == {"table.py", "audit.py"}
    assert not hasattr(app.disclosure, "_SEAL")
