"""What a bulletin becomes in the tables beside the log, row by row: by hand, and of a page as of each document by itself."""

from typing import Any

from flowbook import bulletin, pooled, publish
from sqlalchemy import delete, event, text

from app.access.models import DocumentAccess
from app.bulletins.models import Bulletin, Cell, Flow, Hideout, PublishedTable
from app.bulletins.projection import project_all
from app.core.db import Database, table_of
from app.directory.dimensions import DIMENSIONS

BY_AGE = [
    {"nationality": "SOM", "age": "Y0T17", "value": 12},
    {"nationality": "SOM", "age": "_T", "value": None, "value_status": "suppressed"},
    {"nationality": "_OAFR", "age": "_T", "value": 40},
    {"nationality": "_T", "age": "_T", "value": 61},
]


def rows(db: Database, columns: str, table: str) -> list[tuple[Any, ...]]:
    with db.read() as session:
        return sorted((tuple(row) for row in session.execute(text(f"SELECT {columns} FROM {table}"))), key=repr)


def placed(**codes: str) -> tuple[str, ...]:
    """By hand: `_T` wherever a cell names no code."""
    return tuple(codes.get(name, "_T") for name in DIMENSIONS)


def test_a_cell_stands_in_every_dimension_whichever_its_table_declares(db: Database):
    total = bulletin(dimensions=(), counts=[{"value": 7}])
    crossed = bulletin("2022-11", dimensions=("nationality", "age"), counts=BY_AGE)
    # A code that no dimension of its table declares counts as well: another release may send it.
    loose = bulletin("2022-12", counts=[{"nationality": "NPL", "value": 5}, {"nationality": "_T", "sex": "F", "value": 3}])
    with db.write() as session:
        project_all(session, [total, crossed, loose])
    named = ", ".join(("b.period", 'c."row"', "c.value", "c.value_status", "c.is_total", "c.area", *(f"c.{name}" for name in DIMENSIONS)))
    assert rows(db, named, "cell AS c JOIN bulletin AS b ON b.id = c.bulletin_id") == sorted(
        [
            ("2022-10", 1, 7, None, False, "---", *placed()),
            ("2022-11", 1, 12, None, False, "AFR", *placed(nationality="SOM", age="Y0T17")),
            ("2022-11", 2, None, "suppressed", True, "AFR", *placed(nationality="SOM")),
            ("2022-11", 3, 40, None, True, "AFR", *placed(nationality="_OAFR")),
            ("2022-11", 4, 61, None, True, "---", *placed()),
            ("2022-12", 1, 5, None, False, "ASI", *placed(nationality="NPL")),
            ("2022-12", 2, 3, None, True, "---", *placed(sex="F")),
        ],
        key=repr,
    )
    ledger = dict(rows(db, "period_start, rows", "published_table"))
    assert sorted(ledger.values()) == sorted(
        [
            "[[[],7,null]]",
            '[[["SOM","Y0T17"],12,null],[["SOM","_T"],null,"suppressed"],[["_OAFR","_T"],40,null],[["_T","_T"],61,null]]',
            '[[["NPL"],5,null],[["_T"],3,null]]',
        ]
    )


def test_the_rest_of_an_area_is_where_its_unnamed_are_else_the_rest_of_all(db: Database):
    found: dict[str, dict[str, tuple[str, int]]] = {}
    shown = {
        "2022-01": {"SOM": 31, "_OAFR": 12, "_O": 9, "_T": 52},
        "2022-02": {"SOM": 31},
    }
    withheld = [{"nationality": "_O", "value": None, "value_status": "suppressed"}, {"nationality": "_T", "value": 80}]
    crossed = [
        {"nationality": "_O", "sex": "_T", "value": 10},
        {"nationality": "_T", "sex": "_T", "value": 30},
        {"nationality": "_O", "sex": "F", "value": 4},
    ]
    with db.write() as session:
        pages = [pooled(period, counts) for period, counts in shown.items()]
        pages += [bulletin("2022-03", counts=withheld, method="pool")]
        pages += [bulletin("2022-04", dimensions=("nationality", "sex"), counts=crossed, method="pool"), bulletin("2022-05")]
        project_all(session, pages)
    for period, area, rest, value in rows(
        db, "b.period, h.area, h.rest, h.value", "hideout AS h JOIN bulletin AS b ON b.id = h.bulletin_id"
    ):
        found.setdefault(period, {})[area] = rest, value
    others = ("AMN", "AMS", "ASI", "CAR", "EUR", "OCE", "---")
    assert found == {
        "2022-01": {"AFR": ("_OAFR", 12), **dict.fromkeys(others, ("_O", 9))},
        "2022-02": dict.fromkeys(("AFR", *others), ("_O", 0)),
        "2022-03": dict.fromkeys(("AFR", *others), ("_O", 80)),
        "2022-04": dict.fromkeys(("AFR", *others), ("_O", 10)),
    }


def written(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row, without the numbers that the store gave: cells and hideouts by document and version in their place."""
    found = {}
    for model in (Bulletin, Cell, Hideout, Flow, PublishedTable, DocumentAccess):
        table = table_of(model)
        columns = [f't."{each.name}"' for each in table.columns if each.name not in {"id", "bulletin_id"}]
        of = " JOIN bulletin AS b ON b.id = t.bulletin_id" if "bulletin_id" in table.c else ""
        columns += ["b.document_id", "b.version"] if of else []
        found[table.name] = rows(db, ", ".join(columns), f"{table.name} AS t{of}")
    return found


def test_a_page_writes_the_rows_that_its_documents_write_one_by_one(db: Database):
    first = bulletin("2022-10", counts={"SOM": 31, "NPL": 20})
    page = [
        bulletin("2022-11", dimensions=("nationality", "age"), counts=BY_AGE, tlp="AMBER", audience=["SACM"]),
        pooled("2022-12", {"SOM": 31, "_OAFR": 12, "_O": 9, "_T": 52}, publisher="PAN-X"),
        bulletin("2023-W04", dimensions=(), counts=[{"value": 9}], reporting_state="CRI"),
        {**first, "version": 2, "published_at": "2023-02-01T00:00:00Z", "cells": [{"nationality": "SOM", "value": 33}]},
        bulletin("2022-09", disclosure={"k": 9, "method": "none"}),
    ]
    publish(db, first)
    publish(db, *page)
    singly = written(db)
    assert {name: len(each) for name, each in singly.items()} == {
        "bulletin": 6,
        "cell": 20,
        "hideout": 8,
        "flow": 2,
        "published_table": 6,
        "document_access": 8,
    }
    with db.write() as session:
        for model in (Cell, Hideout, Bulletin, Flow, PublishedTable, DocumentAccess):
            session.execute(delete(model))
        project_all(session, [first])
        project_all(session, page)
    assert written(db) == singly


def test_a_version_that_is_superseded_is_found_by_its_document_among_however_many(db: Database):
    first = bulletin("2022-10", counts={"SOM": 31, "NPL": 20})
    publish(db, first, *(bulletin(f"{year}-{month:02}") for year in range(2010, 2020) for month in range(1, 13)))
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "

    def note(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("UPDATE bulletin SET superseded_at"):
            beside = cursor.connection.cursor()  # type: ignore[attr-defined]
            beside.execute(explain + statement, parameters)
            plans.append("\n".join(str(row[-1]) for row in beside.fetchall()))

    event.listen(db.writer, "before_cursor_execute", note)
    publish(db, {**first, "version": 2, "published_at": "2023-02-01T00:00:00Z"})
    assert len(plans) == 1
    # By no index of the newest of all documents: of so few it is as quick, and a plan is kept while they become many.
    assert "_newest_" not in plans[0]
    assert ("(document_id=?)" if db.is_sqlite else "uq_bulletin_document_id_version") in plans[0]
    assert rows(db, "version, superseded_at IS NULL", f"bulletin WHERE document_id = '{first['id']}'") == [(1, False), (2, True)]
