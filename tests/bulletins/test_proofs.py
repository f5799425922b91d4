"""Certificates of stored bulletins, checked as an outsider does: what is lost, changed or proves nothing is named."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from bodies import Body, publish, withdraw
from serving import Served
from sqlalchemy import text

from app.bulletins.proofs import certificate_faults, faults_of
from app.exchange.log import Entry, entries

ROWS = {
    ("NPL", "F"): None, ("NPL", "M"): None, ("NPL", "_T"): 244, ("SOM", "F"): None, ("SOM", "M"): None, ("SOM", "_T"): None,
    ("_AFR", "F"): None, ("_AFR", "M"): None, ("_AFR", "_T"): None, ("_ASI", "F"): None, ("_ASI", "M"): None, ("_ASI", "_T"): 244,
    ("_T", "F"): 34, ("_T", "M"): 222, ("_T", "_T"): 256,
}  # fmt: skip
"""Somalia's 3 women and 9 men withheld beside Nepal's 31 and 213: SOM is 256 - 244 = 12, its women are 0 to 12, and so are its men."""
POINTS = [[34 - women, 210 + women, women, 12 - women] for women in (0, 4, 8, 12, 1, 2, 3, 5, 6, 7, 9, 10, 11)]
"""Every table that agrees with the rows: Nepal's women and men, Somalia's women and men."""


def document_of(entry: Entry) -> Body:
    cells = []
    for key, value in ROWS.items():
        cell: Body = {"nationality": key[0], "sex": key[1], "value": value}
        cells.append(cell if value is not None else cell | {"value_status": "withheld"})
    told = {"policy": "rule(k)", "k": 5, "method": "withhold"}
    days = {"period_start": "2022-10-01", "period_end": "2022-10-31"}
    return {"id": entry.id, "version": 1, **days, "dimensions": ["nationality", "sex"], "cells": cells, "disclosure": told}


def certificate(points: list[list[int]]) -> str:
    # SOM and _AFR in all are 256 - 244 = 12, which is at least 5: total less NPL and total less _ASI say so.
    bounds = [{"table": 0, "cell": cell, "scale": 1, "rows": [[1, 0, 14], [-1, 0, 2]]} for cell in (5, 8)]
    # NPL F and _ASI F are at least 34 - 12, NPL M and _ASI M at least 222 - 12.
    bounds += [{"table": 0, "cell": cell, "scale": 1, "rows": [[1, 0, 12], [1, 0, 2], [-1, 0, 14]]} for cell in (0, 9)]
    bounds += [{"table": 0, "cell": cell, "scale": 1, "rows": [[1, 0, 13], [1, 0, 2], [-1, 0, 14]]} for cell in (1, 10)]
    alone = {"kind": "alone", "tables": ["this"], "least": [0], "points": points, "steps": [], "bounds": bounds}
    areas = {"nationality": {"NPL": "ASI", "SOM": "AFR"}}
    made = {"policy": "rule(k)", "k": 5, "method": "withhold", "table": "this", "areas": areas, "systems": [alone]}
    return json.dumps(made)


@pytest.fixture
def entry(served: Served) -> Iterator[Entry]:
    """An entry of the log whose certificate a test may put beside it."""
    publish(served.as_("pan"))
    with served.node.db.read() as session:
        yield next(iter(entries(session)))


def plant(served: Served, entry: Entry, made: str | None) -> None:
    with served.node.db.write() as session:
        session.execute(text("DELETE FROM certificate"))
        if made is not None:
            values = {"id": entry.id, "text": made}
            session.execute(text("INSERT INTO certificate (document_id, version, text) VALUES (:id, 1, :text)"), values)


def found(served: Served, entry: Entry, stated: str | None) -> list[tuple[int | None, str, object]]:
    document = document_of(entry)
    document["disclosure"]["certificate"] = stated
    with served.node.db.read() as session:
        return [(fault.number, fault.code, fault.figures.get("faults")) for fault in faults_of(session, entry, document)]


def digest(made: str) -> str:
    return hashlib.sha256(made.encode()).hexdigest()


def test_a_certificate_that_proves_its_table_has_no_fault(served: Served, entry: Entry):
    made = certificate(POINTS)
    plant(served, entry, made)
    assert found(served, entry, digest(made)) == []


def test_a_certificate_whose_points_leave_a_count_narrow_is_named_with_what_it_lacks(served: Served, entry: Entry):
    """Somalia's women as 0, 4, 8 and 12 alone are no five whole numbers in a row, nor are its men and those of its area."""
    made = certificate(POINTS[:4])
    plant(served, entry, made)
    assert found(served, entry, digest(made)) == [(1, "certificate-wrong", ["alone: 4 counts are not proved"])]


def test_a_certificate_that_was_changed_or_lost_is_named(served: Served, entry: Entry):
    made = certificate(POINTS)
    plant(served, entry, made + " ")
    assert found(served, entry, digest(made)) == [(1, "certificate-differs", None)]
    assert found(served, entry, None) == [(1, "certificate-differs", None)]
    plant(served, entry, None)
    assert found(served, entry, digest(made)) == [(1, "certificate-missing", None)]
    assert found(served, entry, None) == []


def test_what_a_certificate_names_must_be_there_and_what_is_none_is_told(served: Served, entry: Entry):
    named = json.loads(certificate(POINTS))
    named["systems"].append(named["systems"][0] | {"tables": ["this", f"{entry.id}@v9"]})
    for made, said in ((json.dumps(named), [f"{entry.id}@v9 is missing"]), ("{}", ["KeyError"]), ("no json", ["JSONDecodeError"])):
        plant(served, entry, made)
        assert found(served, entry, digest(made)) == [(1, "certificate-wrong", said)]


def test_the_whole_log_is_walked_and_what_has_no_certificate_is_passed_over(served: Served):
    first, second = publish(served.as_("pan")), publish(served.as_("pan"), period="2022-11")
    withdraw(served.as_("pan"), first)
    with served.node.db.read() as session:
        assert list(certificate_faults(session)) == []
        last = list(entries(session))[1]
    plant(served, replace(last, id=second["id"]), "{}")
    with served.node.db.read() as session:
        assert ("certificate-differs", 2) in [(fault.code, fault.number) for fault in certificate_faults(session)]
