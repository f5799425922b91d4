"""The floor of an export: every published cell through the bare driver into one file, in the same order and with the same columns.

Reads {database, form, file, select} as JSON from stdin; `database` is a SQLite file or the words of a PostgreSQL connection.  Prints
{rows, seconds}.
"""

import csv
import json
import sqlite3
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import orjson
import psycopg
import pyarrow as pa
from pyarrow import parquet

PART = 20_000


@contextmanager
def cursor_over(database, select):
    """A cursor that fetches rows while they are written."""
    if database.endswith(".db"):
        yield sqlite3.connect(database).execute(select)
        return
    with psycopg.connect(database) as connection, connection.cursor("export") as cursor:
        cursor.itersize = PART
        yield cursor.execute(select)


def parts(cursor):
    while rows := cursor.fetchmany(PART):
        yield rows


def as_csv(cursor, names, file):
    with Path(file).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        return sum(len(rows) for rows in parts(cursor) if writer.writerows(rows) is None)


def as_ndjson(cursor, names, file):
    count = 0
    with Path(file).open("wb") as out:
        for rows in parts(cursor):
            out.writelines(orjson.dumps(dict(zip(names, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE) for row in rows)
            count += len(rows)
    return count


def as_parquet(cursor, names, file):
    count, writer, schema = 0, None, None
    for rows in parts(cursor):
        table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)), schema=schema)
        if writer is None:
            # A column that begins with nothing but blanks is of texts or numbers later.
            types = {"value": pa.int64(), "lower": pa.int64(), "upper": pa.int64()}
            named = [(one.name, types.get(one.name, pa.string() if pa.types.is_null(one.type) else one.type)) for one in table.schema]
            schema = pa.schema(named)
            table, writer = table.cast(schema), parquet.ParquetWriter(file, schema)
        writer.write_table(table)
        count += len(rows)
    writer.close()
    return count


FORMS = {"csv": as_csv, "ndjson": as_ndjson, "parquet": as_parquet}


def main():
    asked = json.load(sys.stdin)
    begun = time.perf_counter()
    with cursor_over(asked["database"], asked["select"]) as cursor:
        names = [column[0] for column in cursor.description]
        count = FORMS[asked["form"]](cursor, names, asked["file"])
    print(json.dumps({"rows": count, "seconds": time.perf_counter() - begun}))


if __name__ == "__main__":
    main()
