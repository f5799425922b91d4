"""A backup is the whole store as it was at one moment, the same in one file for both databases; a damaged one is refused."""

import random
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from bodies import bulletin, cells, publish, revise, withdraw
from serving import Nodes, Served, serving, settings_for
from stores import STORES

from app.bulletins.proofs import certificate_faults
from app.core import backup, schema
from app.core.backup import BackupFault
from app.core.db import Database
from app.core.secrets import Secrets
from app.exchange.backup import back_up, require_whole
from app.exchange.digests import audit_faults
from app.exchange.verify import faults
from app.main import KINDS, rebuild
from app.settings import Settings
from app.sync.restoring import restore

SEED = 20121106
OTHER = dict(zip(STORES, reversed(STORES), strict=True))


def place(nodes: Nodes, kind: str, like: Settings, **others: object) -> Settings:
    """An empty store beside the secrets of a node."""
    return settings_for(nodes.stores.empty(kind), like.secrets_dir.parent, **others)


def kind_of(served: Served) -> str:
    return STORES[0] if served.node.db.is_sqlite else STORES[1]


def rows_of(file: Path) -> dict[str, bytes]:
    """Every table as it lies in a backup."""
    with zipfile.ZipFile(file) as archive:
        return {name.split("/")[1].removesuffix(".ndjson"): archive.read(name) for name in archive.namelist() if "/" in name}


def is_whole(served: Served) -> bool:
    with served.node.db.read() as session:
        return [*faults(session), *certificate_faults(session), *audit_faults(session)] == []


def answers(served: Served) -> list[Any]:
    asked = ("/v1/bulletins", "/v1/flows?nationality=SOM", "/v1/changes", "/v1/me")
    got = [served.as_(who).get(path).json() for who in ("rcm", "analyst") for path in asked]
    got += [served.as_("operator").get(path).json() for path in ("/v1/clients", "/v1/log/entries")]
    # Cursors are of an epoch.
    return [{name: value for name, value in each.items() if name not in {"next_cursor", "checkpoint"}} for each in got]


def test_a_restored_store_is_the_same_in_every_table_on_the_other_database_too(served: Served, nodes: Nodes, tmp_path: Path):
    document = publish(served.as_("rcm"))
    revise(served.as_("rcm"), document, cells=cells(VEN=401, NPL=213, SOM=31))
    withdraw(served.as_("rcm"), publish(served.as_("rcm"), period="2022-11"))
    kept = {"Idempotency-Key": "once"}
    first, replay = (served.as_("hnd").post("/v1/bulletins", json=bulletin(reporting_state="HND"), headers=kept) for _ in range(2))
    assert first.status_code == replay.status_code
    before = answers(served)
    served.node.read_audit.flush()
    copies = [back_up(served.node.db, served.node.secrets, tmp_path / "first.backup")]
    assert copies[0].file.stat().st_mode & 0o777 == 0o600
    settings = place(nodes, OTHER[kind_of(served)], served.node.settings)
    done = restore(settings, KINDS, copies[0].file)
    assert (done.entries, done.returned, done.erased, done.silent) == (5, {}, 0, [])

    with serving(settings, keys=served.keys) as again:
        copies.append(back_up(again.node.db, again.node.secrets, tmp_path / "second.backup"))
        tables = [rows_of(copy.file) for copy in copies]
        assert {name for name in tables[0] if tables[0][name] != tables[1][name]} == {"log_head", "audit"}
        assert tables[1]["audit"].startswith(tables[0]["audit"])
        assert copies[1].counts["audit"] == copies[0].counts["audit"] + 1
        assert answers(again) == before
        assert is_whole(again)
        replayed = again.as_("hnd").post("/v1/bulletins", json=bulletin(reporting_state="HND"), headers=kept)
        assert (replayed.content, replayed.headers["Idempotency-Replayed"]) == (replay.content, "true")
        assert publish(again.as_("rcm"), period="2022-12")["version"] == 1


def test_a_backup_taken_while_two_write_is_a_whole_log_with_what_lies_beside_it(served: Served, nodes: Nodes, tmp_path: Path):
    stop, began = threading.Event(), threading.Barrier(3)

    def write(who: str, state: str) -> None:
        for number in range(100):
            if number == 1:
                began.wait(30)
            publish(served.as_(who), reporting_state=state, period=f"{2010 + number // 12}-{number % 12 + 1:02}")
            if stop.is_set():
                return

    writers = [threading.Thread(target=write, args=each) for each in (("rcm", "PAN"), ("sacm", "BRA"))]
    for writer in writers:
        writer.start()
    began.wait(30)
    copies = [back_up(served.node.db, served.node.secrets, tmp_path / f"{number}.backup") for number in range(2)]
    stop.set()
    for writer in writers:
        writer.join()
    sizes = [copy.counts["log_entry"] for copy in copies]
    assert 2 <= sizes[0] <= sizes[1] <= served.counts()["log_entry"]
    assert rows_of(copies[1].file)["log_entry"].startswith(rows_of(copies[0].file)["log_entry"])
    for copy in copies:
        assert (copy.counts["bulletin"], copy.counts["cell"], copy.counts["published_table"]) == (
            copy.counts["log_entry"],
            7 * copy.counts["log_entry"],
            copy.counts["log_entry"],
        )
    settings = place(nodes, kind_of(served), served.node.settings)
    restore(settings, KINDS, copies[1].file)
    with serving(settings, keys=served.keys) as again:
        assert is_whole(again)
        listed = [again.as_("rcm").get("/v1/bulletins").json(), again.as_("rcm").get("/v1/flows").json()]
        rebuild(again.node)
        assert [again.as_("rcm").get("/v1/bulletins").json(), again.as_("rcm").get("/v1/flows").json()] == listed


@pytest.fixture(scope="module")
def plain(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """A node's settings and its backup of one bulletin."""
    folder = tmp_path_factory.mktemp("plain")
    settings, keys = nodes.ready(STORES[0], folder)
    with serving(settings, keys=keys) as served:
        publish(served.as_("rcm"))
        return settings, back_up(served.node.db, served.node.secrets, folder / "plain.backup").file


def refusal(act: Callable[[], object]) -> BackupFault:
    with pytest.raises(BackupFault) as fault:
        act()
    return fault.value


def test_one_byte_changed_cut_off_or_added_is_seen_and_nothing_is_done(plain: tuple[Settings, Path], nodes: Nodes, tmp_path: Path):
    settings, whole = plain[0], plain[1].read_bytes()
    assert require_whole(backup.opened(plain[1]))["size"] == 1
    chance, file = random.Random(SEED), tmp_path / "damaged"
    places = [0, len(whole) - 1, *chance.sample(range(len(whole)), 200)]
    flipped = [whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :] for at in places]
    cut = [whole[:at] for at in (0, 1, 63, 64, len(whole) // 2, len(whole) - 1)]
    for damaged in [*flipped, *cut, whole + b"0", whole[:-64], b"PK"]:
        file.write_bytes(damaged)
        assert refusal(lambda: backup.opened(file)).code == "backup-damaged"
    empty = place(nodes, STORES[0], settings)
    assert refusal(lambda: restore(empty, KINDS, file)).code == "backup-damaged"
    assert refusal(lambda: restore(empty, KINDS, tmp_path / "none")).code == "backup-missing"
    assert refusal(lambda: restore(empty, KINDS, tmp_path)).code == "backup-missing"
    assert schema.current(empty.database_url) is None


def resealed(file: Path, into: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The same backup with other words about itself, sealed as a backup is."""
    with zipfile.ZipFile(file) as old, into.open("w+b") as raw:
        with zipfile.ZipFile(raw, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == "backup.json":
                    stated = orjson.loads(content)
                    change(stated)
                    content = orjson.dumps(stated)
                new.writestr(name, content)
            new.comment = b"0" * 64
        backup._seal(raw)
    return into


def test_what_another_build_made_and_what_is_another_nodes_is_refused_in_words(plain: tuple[Settings, Path], nodes: Nodes, tmp_path: Path):
    settings, file = plain
    empty = place(nodes, STORES[0], settings)
    for number, (change, code) in enumerate(
        (
            (lambda stated: stated.update(form=2), "backup-form"),
            (lambda stated: stated.update(revision="9999_later"), "backup-newer"),
            (lambda stated: stated.update(tables=None), "backup-damaged"),
            (lambda stated: stated["tables"].pop("cell"), "backup-tables"),
        )
    ):
        changed = resealed(file, tmp_path / str(number), change)
        assert refusal(lambda changed=changed: restore(empty, KINDS, changed)).code == code
    other = place(nodes, STORES[0], settings, node="another")
    assert refusal(lambda: restore(other, KINDS, file)).code == "restore-other-node"
    assert schema.current(empty.database_url) is schema.current(other.database_url) is None
    for kind in STORES:
        full = settings.model_copy(update={"database_url": nodes.ready(kind, tmp_path / kind)[0].database_url})
        db = Database(full.database_url)
        assert restore(full, KINDS, file).entries == 1
        assert refusal(lambda full=full: restore(full, KINDS, file)).figures == {"count": 1}
        db.dispose()


def test_without_its_keys_nothing_is_restored_and_each_missing_file_is_named(plain: tuple[Settings, Path], nodes: Nodes, tmp_path: Path):
    settings, file = plain
    (tmp_path / "secrets").mkdir()
    empty = settings_for(nodes.stores.empty(STORES[0]), tmp_path)
    fault = refusal(lambda: restore(empty, KINDS, file))
    named = {(each.file, each.code) for each in fault.figures["lost"]}
    assert fault.code == "restore-secrets"
    assert named == {(each.name, f"without-{each.name.split('.')[0].split('-')[0]}") for each in settings.secrets_dir.iterdir()}
    assert len(named) == 8
    assert schema.current(empty.database_url) is None
    assert list((tmp_path / "secrets").iterdir()) == []
    for each in settings.secrets_dir.iterdir():
        (tmp_path / "secrets" / each.name).write_bytes(each.read_bytes())
    (tmp_path / "secrets" / "disclosure.key").write_bytes(b"\1" * 64)
    fault = refusal(lambda: restore(empty, KINDS, file))
    assert [(each.file, each.code) for each in fault.figures["lost"]] == [("disclosure.key", "without-disclosure")]

    for each in (tmp_path / "secrets").iterdir():
        each.unlink()
    restore(empty, KINDS, file, replace_keys=True)
    with serving(empty, keys={"rcm": "none"}) as again:
        assert is_whole(again)


def test_a_backup_of_an_earlier_release_is_brought_to_this_one(plain: tuple[Settings, Path], nodes: Nodes, tmp_path: Path):
    settings, file = plain
    for kind in STORES:
        older = place(nodes, kind, settings)
        restore(older, KINDS, file)
        schema.downgrade(older.database_url, "0003")
        db = Database(older.database_url)
        copy = back_up(db, Secrets(older.secrets_dir), tmp_path / f"{kind}.backup")
        db.dispose()
        assert (copy.revision, "alert" in copy.counts) == ("0003", False)
        newer = place(nodes, OTHER[kind], settings)
        assert restore(newer, KINDS, copy.file).entries == 1
        assert schema.current(newer.database_url) == schema.head()
        db = Database(newer.database_url)
        with db.read() as session:
            assert list(faults(session)) == []
        db.dispose()


def test_no_key_and_nothing_that_was_erased_is_in_a_backup(served: Served, tmp_path: Path):
    document = publish(served.as_("rcm"), narrative={"es": "Una frase que debe irse."})
    etag = {"If-Match": f'"{document["id"]}.v1"'}
    served.as_("rcm").post(f"/v1/bulletins/{document['id']}/erase", json={"reason": "names somebody"}, headers=etag)
    file = back_up(served.node.db, served.node.secrets, tmp_path / "a.backup").file
    inside = b"".join(rows_of(file).values())
    assert b"Una frase" not in inside
    assert b"names somebody" not in inside
    for secret in served.node.secrets.folder.glob("*.key"):
        assert secret.read_bytes() not in file.read_bytes()
    for secret in [line for each in served.node.secrets.folder.glob("*.pem") for line in each.read_bytes().splitlines()[1:-1]]:
        assert secret not in inside
    assert all(key.split("_", 2)[2].encode() not in inside for key in served.keys.values())
