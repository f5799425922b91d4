"""The floor of a first sync: read the same pages, verify digest and signature of each document, insert all of them in one table.

It keeps no log and no projection and judges nothing else: a receiver also looks for a form, a text gate and persons in each document, for
forks and places that are taken, grows a Merkle tree with the root of each entry, and writes cells, hideouts, codes, markings, ledger and
audit: of the documents of `sync.py` 28 rows each in eleven tables with 34 indexes, where this script writes one in one.  Reads {url, key, origin, database, public} as JSON from stdin; `public`
are the raw keys by id in hexadecimal.  Prints {documents, seconds, cpu}.
"""

import base64
import hashlib
import json
import sqlite3
import sys
import time
from contextlib import closing

import httpx
import orjson
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TABLE = "CREATE TABLE document (id TEXT, version INTEGER, kind TEXT, text TEXT, PRIMARY KEY (id, version))"
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def opened(address):
    """The connection and the statement that inserts a document; a transaction a page."""
    if address.startswith("sqlite"):
        connection = sqlite3.connect(address.removeprefix("sqlite:///"))
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection, "INSERT INTO document VALUES (?, ?, ?, ?)"
    return psycopg.connect(address), "INSERT INTO document VALUES (%s, %s, %s, %s)"


def verified(document, keys):
    """The text of a document whose digest and signature stand; raises InvalidSignature."""
    signed = {name: value for name, value in document.items() if name not in {"digest", "signature"}}
    digest = hashlib.sha256(orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)).hexdigest()
    assert digest == document["digest"], document["id"]
    signature = document["signature"]
    value = base64.urlsafe_b64decode(f"{signature['value']}==")
    keys[signature["kid"]].verify(value, b"istmo document\x00" + digest.encode())
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def pages(asked):
    """The items of each page of the feed."""
    question, headers = {"limit": 500, "origin": asked["origin"]}, {"Authorization": f"Bearer {asked['key']}"}
    with httpx.Client(base_url=asked["url"], headers=headers, trust_env=False, timeout=60) as client:
        while True:
            page = orjson.loads(client.get("/v1/changes", params=question).raise_for_status().content)
            yield page["items"]
            if not page["has_more"]:
                return
            question["cursor"] = page["next_cursor"]


def copied(asked):
    """How many documents were read, verified and inserted."""
    keys = {kid: Ed25519PublicKey.from_public_bytes(bytes.fromhex(raw)) for kid, raw in asked["public"].items()}
    connection, insert = opened(asked["database"])
    count = 0
    with closing(connection):
        connection.execute(TABLE)
        for items in pages(asked):
            documents = [item["document"] for item in items]
            rows = [(each["id"], each["version"], each["kind"], verified(each, keys)) for each in documents]
            connection.cursor().executemany(insert, rows)
            connection.commit()
            count += len(rows)
    return count


if __name__ == "__main__":
    begun, asked = time.perf_counter(), json.load(sys.stdin)
    done = copied(asked)
    print(json.dumps({"documents": done, "seconds": time.perf_counter() - begun, "cpu": time.process_time()}))
