"""A node's store with thirteen years of weekly bulletins, for the bench: 750,000 published cells in about a minute.

Of each series some weeks are published by the product, their counts drawn after the months of the sample of Mexico.  Every other
week is one of those tables again, all its counts times a whole number (so that its margins still add up), sealed anew and taken over
by the code that takes a peer's documents, which writes log and projections as publishing does.  PostgreSQL gets a copy of all rows.

    python bench/filling.py FOLDER [--weeks N]

fills FOLDER/istmo.db and leaves the keys of its clients in FOLDER/keys.json; a folder that is filled already is left as it is.
"""

import argparse
import csv
import hashlib
import io
import json
import random
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import orjson
import psycopg
from alerts import settle
from run import UNTHROTTLED
from sqlalchemy import make_url, select
from sync import LOAD, item_of

from app.access.callers import Caller
from app.access.clients import NewClient, create
from app.bulletins.declare import declare
from app.bulletins.models import Bulletin, Cell, Hideout
from app.bulletins.service import Submission, publish
from app.cli.node import prepare_store
from app.cli.sampling import sample
from app.core import schema
from app.core.db import Base
from app.core.secrets import Secrets
from app.directory.codes import nationalities
from app.exchange.log import entries
from app.exchange.node import open_node
from app.main import KINDS
from app.settings import Settings
from app.sync.applying import take
from app.wire.bulletin import BulletinDraft
from app.wire.codes import TLP, Role
from app.wire.ids import uuid7

STATES = {"RCM": ("PAN", "CRI", "HND", "GTM", "NIC", "MEX"), "SACM": ("COL", "ECU", "PER", "BRA", "CHL")}
MEASURES = ("irregular_entry", "irregular_transit", "refusal_of_entry")
CELLS, WEEKS, LAST = 750_000, 678, date(2024, 12, 23)
"""So many cells in the weeks from 2012-W01 to that which begins on this Monday."""

REAL, PAGE = 6, 500
LIKE_REAL = ("reporting_state", "publisher", "measure", "origin")
CLIENTS = {"analyst": NewClient(Role.ANALYST, "RCM"), "secretariat": NewClient(Role.SECRETARIAT, "RCM")}


def weeks(count):
    """The last so many weeks, the newest first, as a period names them."""
    days = (LAST - timedelta(weeks=back) for back in range(count))
    return [f"{day.isocalendar().year}-W{day.isocalendar().week:02}" for day in days]


def sampled():
    """What Mexico counted in each month, by nationality."""
    months = defaultdict(dict)
    for row in csv.DictReader(io.StringIO(sample("mexico_by_nationality.csv").decode())):
        if row["nationality_iso3"] in nationalities():
            months[row["period"]][row["nationality_iso3"]] = int(row["count"])
    return list(months.values())


def draft(drawn, month, state, measure, period, **others):
    """A week of a made-up series after a real month: its nationalities, each with about a quarter of its count."""
    counts = {code: round(count * drawn.lognormvariate(-1.4, 0.4)) for code, count in month.items() if code != state}
    cells = [{"nationality": code, "value": count} for code, count in counts.items() if count]
    return {"reporting_state": state, "measure": measure, "unit": "person", "period": period, "cells": cells, **others}


def published(node, drawn, wanted):
    """The documents of the first weeks of each series, which the product judged, protected and published."""
    months = sampled()
    for conference, states in STATES.items():
        caller = Caller("bench", Role.SECRETARIAT, conference, None, TLP.RED.rank, None)
        for state in states:
            for measure in MEASURES:
                bodies = [draft(drawn, drawn.choice(months), state, measure, week) for week in wanted[:REAL]]
                said = [Submission(declare(BulletinDraft.model_validate(body), conference)) for body in bodies]
                publish(node, caller, said, attempt=LOAD)
    with node.db.read() as session:
        return [orjson.loads(entry.text) for entry in entries(session)]


def again(document, period, times):
    """The same table at another week under an id of its own, every count so many times as large."""
    monday = date.fromisocalendar(int(period[:4]), int(period[6:]), 1)
    cells = [{**cell, "value": cell["value"] and cell["value"] * times} for cell in document["cells"]]
    span = {"period": period, "period_start": monday.isoformat(), "period_end": (monday + timedelta(days=6)).isoformat()}
    return {**document, **span, "id": uuid7(), "cells": cells}


def others(documents, wanted):
    """The documents of all other weeks, in the order of time as they would have come; of a week the same however many are wanted."""
    series = defaultdict(list)
    for document in documents:
        series[tuple(document[name] for name in LIKE_REAL)].append(document)
    for week in reversed(wanted[REAL:]):
        drawn = random.Random(week)  # noqa: S311 - figures
        for known in series.values():
            # The week before the first real one repeats it, so that the rows of both can be compared.
            yield again(known[-1], week, 1) if week == wanted[REAL] else again(drawn.choice(known), week, drawn.randint(1, 5))


def fill(settings, count=WEEKS):
    """Fill a store with so many weeks up to the last; the API keys of its clients by name."""
    # Two stores protect the same tables alike.
    Secrets(settings.secrets_dir).write("disclosure.key", hashlib.sha512(b"bench").digest())
    prepare_store(settings)
    node, wanted = open_node(settings), weeks(count)
    known = published(node, random.Random(20121105), wanted)  # noqa: S311 - figures
    waiting = others(known, wanted)
    while documents := list(islice(waiting, PAGE)):
        items = [item_of(node, document) for document in documents]
        with node.db.write() as session:
            take(session, node, KINDS, "bench", items, conferences=list(STATES), attempt=LOAD)
    require_alike(node, wanted[REAL - 1], wanted[REAL])
    with node.db.write() as session:
        keys = {name: create(session, client).api_key for name, client in CLIENTS.items()}
    node.close()
    return keys


def require_alike(node, published_week, taken_week):
    """Stop where a week that was taken over has other rows than the same figures when they were published."""
    own = {"id", "document_id", "published_at", "superseded_at", "natural_key", "period", "period_start", "period_end"}
    found = []
    with node.db.read() as session:
        for week in (published_week, taken_week):
            bulletins = session.scalars(select(Bulletin).where(Bulletin.period == week).order_by(Bulletin.flow_key)).all()
            found.append([])
            for one in bulletins:
                found[-1].append({name: value for name, value in columns_of(one).items() if name not in own})
                for model, order in ((Cell, Cell.row), (Hideout, Hideout.area)):
                    rows = session.scalars(select(model).where(model.bulletin_id == one.id).order_by(order))
                    found[-1].append([{**columns_of(row), "bulletin_id": None} for row in rows])
    assert found[0] == found[1], "a week taken over is not what publishing writes"
    assert len(found[0]) == 3 * sum(map(len, STATES.values())) * len(MEASURES)


def columns_of(row):
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}


def stored(folder, count=WEEKS):
    """The environment of a node over FOLDER/istmo.db, which is filled where it is not, and the API keys of its clients."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"ISTMO_DATABASE_URL": f"sqlite:///{folder}/istmo.db", "ISTMO_SECRETS_DIR": f"{folder}/secrets", **UNTHROTTLED}
    settings = Settings(_env_file=None, database_url=environment["ISTMO_DATABASE_URL"], secrets_dir=folder / "secrets")
    kept = folder / "keys.json"
    if kept.is_file():
        prepare_store(settings)
    else:
        begun = time.perf_counter()
        kept.write_text(json.dumps(fill(settings, count)))
        fold_write_ahead_log(folder / "istmo.db")
        print(f"{count} weeks: {cells_in(folder):,} cells filled in {time.perf_counter() - begun:.0f} s", flush=True)
    return environment, json.loads(kept.read_text())


def fold_write_ahead_log(file):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def cells_in(folder):
    with closing(sqlite3.connect(folder / "istmo.db")) as connection:
        return connection.execute("SELECT count(*) FROM cell").fetchone()[0]


def copied(environment, url):
    """The environment of a node over an empty PostgreSQL database, which gets every row of a filled SQLite store; its secrets are the same."""
    file, address = make_url(environment["ISTMO_DATABASE_URL"]).database, make_url(url)
    schema.upgrade(url)
    with closing(sqlite3.connect(file)) as source, psycopg.connect(dbname=address.database, user="postgres", **address.query) as target:
        tables = [table for table in Base.metadata.sorted_tables if table.name != "alembic_version"]
        target.execute(f"TRUNCATE {', '.join(table.name for table in tables)}")
        for table in tables:
            _copy(source, target, table)
    settle(url)
    return {**environment, "ISTMO_DATABASE_URL": url}


def _copy(source, target, table):
    named = ", ".join(f'"{column.name}"' for column in table.columns)
    with target.cursor().copy(f"COPY {table.name} ({named}) FROM STDIN") as copy:
        for row in source.execute(f"SELECT {named} FROM {table.name}"):  # noqa: S608 - names of our own
            copy.write_row(row)
    numbered = table.autoincrement_column
    if numbered is not None and numbered.server_default is None:
        sequence = f"pg_get_serial_sequence('{table.name}', '{numbered.name}')"
        target.execute(f"SELECT setval({sequence}, max({numbered.name})) FROM {table.name}")  # noqa: S608 - names of our own


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weeks", type=int, default=WEEKS)
    options = parser.parse_args()
    _, keys = stored(options.folder, options.weeks)
    print(f"{options.folder}/istmo.db: {cells_in(options.folder):,} cells; keys: {', '.join(keys)}")


if __name__ == "__main__":
    main()
