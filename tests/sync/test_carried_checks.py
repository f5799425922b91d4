"""A folder that was touched on its way, or that an honest node never wrote: named by file, place and rule, and nothing of it is taken."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from bodies import publish, revise, withdraw
from crooked import item_of
from crooked import resealed as resigned
from folders import OTHER, RED, brief, changed, copied, erase, found, refused, resealed, taken, written
from serving import Nodes
from twins import Twins, held, texts, twins

from app.bulletins.certificates import served_among
from app.sync import carried
from app.sync.exporting import export
from app.sync.faults import SyncFault
from app.sync.models import Peer


@pytest.fixture
def pair(nodes: Nodes, tmp_path: Path) -> Iterator[Twins]:
    """Over one kind of store: what is checked here are files."""
    with twins(nodes, "sqlite", tmp_path) as made:
        made.meet()
        yield made


def test_a_folder_is_written_whole_or_not_at_all(pair: Twins, tmp_path):
    publish(pair.rcm.as_("rcm"))

    def breaks(*asked: object) -> list:
        list(served_among(*asked))  # type: ignore[arg-type]
        raise OSError(28, os.strerror(28))

    with pytest.raises(SyncFault) as caught:
        export(pair.rcm.node, tmp_path / "out", breaks)
    assert (caught.value.code, caught.value.figures["error"]) == ("carried-write", "No space left on device")
    assert [path.name for path in tmp_path.iterdir() if path.name not in {"RCM", "SACM"}] == []
    with pytest.raises(SyncFault) as caught:
        written(pair.rcm, tmp_path / "no" / "such" / "place")
    assert caught.value.code == "carried-write"


def test_files_longer_than_any_honest_one_links_and_pipes_are_refused_before_they_are_read(pair: Twins, tmp_path):
    for month in (10, 11):
        publish(pair.rcm.as_("rcm"), period=f"2022-{month}")
    written(pair.rcm, tmp_path / "one")

    def bombed(folder: Path, name: str) -> None:
        os.truncate(folder / name, carried.largest(name) + 1)

    def linked(folder: Path, name: str) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to("/dev/zero")

    def piped(folder: Path, name: str) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    for touch, code in ((bombed, "carried-too-large"), (linked, "carried-missing"), (piped, "carried-missing")):
        for name in (carried.LIST, carried.NODE, carried.LOG, carried.page_name(1), carried.SUMS):
            folder = copied(tmp_path / "one")
            touch(folder, name)
            assert (name, "", code) in refused(pair.sacm, folder)
    folder = copied(tmp_path / "one")
    changed(folder, carried.LOG, lambda lines: lines[0].update(kind="x" * 800))
    resealed(folder, pair.rcm)
    assert refused(pair.sacm, folder)[0] == (carried.LOG, "line 1", "carried-too-large")


def test_one_byte_of_any_file_is_found_and_nothing_is_taken(pair: Twins, tmp_path):
    """Seed 5: in every file 12 bytes at random, each made another; by itself and by the node that imports."""
    document = publish(pair.rcm.as_("rcm"))
    revise(pair.rcm.as_("rcm"), document, cells=OTHER)
    written(pair.rcm, tmp_path / "one")
    folder, chance, seen = copied(tmp_path / "one"), random.Random(5), 0
    for path in sorted(folder.iterdir()):
        raw = path.read_bytes()
        for at in sorted({0, len(raw) - 1, *chance.sample(range(len(raw)), min(10, len(raw)))}):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ chance.randrange(1, 256)]) + raw[at + 1 :])
            seen += path.name in {file for file, *_ in brief(found(folder))}
        path.write_bytes(raw[:-1])
        assert refused(pair.sacm, folder)
        assert found(folder)
        path.write_bytes(raw)
    assert seen >= 80
    assert taken(pair.sacm, folder).applied == 2


def mutations(folder: Path) -> list[tuple[str, str, list[int]]]:
    """Every entry deleted, repeated, and swapped with the next one, in each file that has several."""
    made = []
    for name in (carried.LOG, carried.CERTIFICATES, *[path.name for path in sorted(folder.glob("changes-*"))]):
        text = (folder / name).read_text()
        count = len(text.splitlines()) if name.endswith("ndjson") else len(json.loads(text)["items"])
        orders = [[each for each in range(count) if each != gone] for gone in range(count)]
        orders += [[*range(at + 1), *range(at, count)] for at in range(count)]
        orders += [[*range(at), at + 1, at, *range(at + 2, count)] for at in range(count - 1)]
        made += [(name, f"{name} {order}", order) for order in orders]
    return made


def test_an_entry_deleted_repeated_or_swapped_is_found_even_where_the_node_itself_signed_the_list_anew(pair: Twins, tmp_path):
    rcm = pair.rcm.as_("rcm")
    documents = [publish(rcm, period=f"2022-{month}") for month in (10, 11, 12)]
    publish(rcm, period="2022-09", **RED)
    revise(rcm, documents[0], cells=OTHER)
    withdraw(rcm, documents[1])
    erase(pair.rcm, documents[2])
    written(pair.rcm, tmp_path / "one")
    missed, made = [], mutations(tmp_path / "one")
    for name, what, order in made:
        folder = copied(tmp_path / "one")

        def reorder(value, order=order) -> None:
            items = value if isinstance(value, list) else value["items"]
            items[:] = [items[number] for number in order]

        changed(folder, name, reorder)
        resealed(folder, pair.rcm)
        # A certificate is beside its bulletin: it may be left out or stand twice, and then says nothing else.
        if not found(folder) and name != carried.CERTIFICATES:
            missed.append(what)
    assert missed == []
    assert len(made) > 40


def test_what_stands_in_a_log_line_or_a_change_cannot_be_made_another_without_being_named(pair: Twins, tmp_path):
    rcm = pair.rcm.as_("rcm")
    first, second = publish(rcm), publish(rcm, period="2022-11")
    withdraw(rcm, second)
    written(pair.rcm, tmp_path / "one")
    page = carried.page_name(1)
    other = resigned(pair.rcm, texts(pair.rcm, "RCM")[first["id"], 1], title={"es": "Otra."})
    cases = [
        (carried.LOG, lambda lines: lines[0].update(recorded_at="2020-01-01T00:00:00.000000Z"), (carried.LOG, "line 1", "carried-leaf")),
        (carried.LOG, lambda lines: lines[1].update(leaf="0" * 64), (carried.LOG, "line 2", "carried-leaf")),
        (carried.LOG, lambda lines: lines[2].update(leaf="zz"), (carried.LOG, "line 3", "carried-form")),
        (carried.LOG, lambda lines: lines.pop(), (carried.LOG, "", "carried-log-size")),
        (page, lambda told: told["items"].__setitem__(0, item_of(other, 1)), (page, "/items/0", "carried-change-differs")),
        (page, lambda told: told["items"][0]["document"].update(title={"es": "X"}), (page, "/items/0", "sync-digest")),
        (page, lambda told: told["items"][2].update(op="hide"), (page, "/items/2", "carried-change-differs")),
        (page, lambda told: told["items"][2]["withdrawal"]["signature"].update(value="A" * 86), (page, "/items/2", "sync-signature")),
        (page, lambda told: told["items"][1].update(seq="1"), (page, "/items/1", "carried-form")),
        (carried.CHECKPOINT, lambda stated: stated.update(size=2), (carried.CHECKPOINT, "", "sync-checkpoint-signature")),
        (
            carried.CERTIFICATES,
            lambda lines: lines[0].update(certificate={}),
            (carried.CERTIFICATES, "line 1", "carried-certificate-differs"),
        ),
        (carried.NODE, lambda told: told.update(epoch="01890000-0000-7000-8000-000000000000"), (carried.NODE, "/epoch", "carried-differs")),
    ]
    for name, change, told in cases:
        folder = copied(tmp_path / "one")
        changed(folder, name, change)
        assert (name, "", "carried-sum") in refused(pair.sacm, folder)
        resealed(folder, pair.rcm)
        assert told in brief(found(folder))
        if told[2] not in {"sync-signature", "carried-certificate-differs"}:
            assert told in refused(pair.sacm, folder)
        if told[2] == "sync-signature":
            forged = folder
    # What a pull puts into quarantine, an import does: and goes on.
    assert [each.code for each in taken(pair.sacm, forged).quarantined] == ["sync-signature"]
    assert len(held(pair.sacm, "RCM")) == 1


def test_a_log_that_was_rewritten_since_it_was_seen_is_refused_and_so_is_a_list_signed_by_a_stranger(pair: Twins, tmp_path):
    publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    publish(pair.rcm.as_("rcm"), period="2022-11")
    written(pair.rcm, tmp_path / "one")
    folder = copied(tmp_path / "one")
    resealed(folder, pair.sacm)
    assert (carried.LIST, "/signature", "carried-signature") in refused(pair.sacm, folder)
    with pair.sacm.node.db.write() as session:
        session.get_one(Peer, "rcm").root = "1" * 64
    assert refused(pair.sacm, tmp_path / "one") == [(carried.LOG, "", "carried-rewritten")]
