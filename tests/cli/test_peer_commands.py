"""`istmo peers` and `istmo pull` on two real nodes: what they print, and with what they leave."""

import json
import re
from pathlib import Path

import pytest
from bodies import publish
from serving import Served, prepare, serving, settings_for
from stores import STORES, Stores

from app.access.clients import NewClient, create
from app.cli import shell
from app.cli.peers import lines_of
from app.wire.codes import Role


@pytest.fixture(params=STORES)
def rcm(request: pytest.FixtureRequest, stores: Stores, tmp_path: Path):
    settings = settings_for(stores.ready(request.param), tmp_path / "rcm", conferences="RCM")
    with serving(settings, keys=prepare(settings)) as node:
        yield node


@pytest.fixture
def desk(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest):
    """SACM's node as its operator's environment names it."""
    kind = request.node.callspec.params["rcm"]
    settings = settings_for(stores.ready(kind), tmp_path / "sacm", conferences="SACM")
    prepare(settings)
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "SECRETS_DIR": str(settings.secrets_dir),
        "CONFERENCES": "SACM",
        "PRIVATE_PEERS": "true",
    }.items():
        monkeypatch.setenv(f"ISTMO_{name}", value)
    return settings


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        shell(list(words))(list(words), prog_name="istmo")
    return int(left.value.code or 0)


def key_of(rcm: Served) -> str:
    with rcm.node.db.write() as session:
        return create(session, NewClient(Role.PEER, "SACM")).api_key


def test_a_peer_is_added_pulled_shown_and_removed(rcm: Served, desk: object, capsys: pytest.CaptureFixture[str]):
    publish(rcm.as_("rcm"))
    assert run("peers", "list") == 0
    assert "knows no other" in capsys.readouterr().err
    assert run("peers", "add", "rcm", "--url", rcm.url, "--key", key_of(rcm)) == 0
    added = capsys.readouterr()
    assert len(added.out.strip()) == 64
    assert "compare the fingerprint" in added.err
    assert run("pull", "rcm", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"pages": 1, "applied": 1, "known": 0, "size": 1, "quarantined": []}
    assert run("pull", "rcm") == 0
    assert "0 versions taken" in capsys.readouterr().err
    assert run("peers", "list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["node"], row["conferences"], row["size"], row["applied"], row["failure"]) == (
        "rcm",
        "RCM",
        ["RCM"],
        1,
        1,
        None,
    )
    assert run("peers", "list") == 0
    heard, *lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"rcm: node RCM \(RCM\), last contact 20\S+Z \(0 hours ago\)", heard)
    assert lines == ["  read up to entry 1 of 1; 1 versions taken", "  it has not confirmed anything of ours yet"]
    assert run("peers", "remove", "rcm") == 0
    assert run("pull", "rcm") == 1
    assert "no peer is called rcm" in capsys.readouterr().err


def test_a_fingerprint_that_is_another_is_refused_and_a_peer_that_is_away_leaves_with_3(
    rcm: Served, desk: object, capsys: pytest.CaptureFixture[str]
):
    key = key_of(rcm)
    assert run("peers", "add", "rcm", "--url", rcm.url, "--key", key, "--fingerprint", "0" * 64) == 1
    assert "which is not the one given" in capsys.readouterr().err
    assert run("peers", "add", "rcm", "--url", "http://127.0.0.1:9", "--key", key) == 3
    assert "cannot be reached" in capsys.readouterr().err


def test_without_private_peers_an_address_in_a_private_network_is_refused(
    rcm: Served, desk: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("ISTMO_PRIVATE_PEERS")
    assert run("peers", "add", "rcm", "--url", rcm.url, "--key", key_of(rcm)) == 1
    assert "over https only" in capsys.readouterr().err


STANDING = {
    "name": "rcm",
    "node": "RCM",
    "conferences": ["RCM"],
    "last_contact": None,
    "silent_hours": None,
    "applied": 57,
    "size": 120,
    "read": 90,
    "unread": 30,
    "unread_hours": 5,
    "failure": "sync-busy",
    "witnessed": 300,
    "witnessed_at": "2026-03-01T12:00:00Z",
    "waiting": 4,
    "waiting_since": "2026-03-02T12:00:00Z",
    "waiting_hours": 9,
    "quarantined": [{"code": "sync-fork", "count": 2, "reason": "otro"}],
    "newest": [
        {"code": "sync-fork", "since": "2026-03-03T12:00:00Z", "kind": "alert", "id": "01", "version": 3},
        {"code": "sync-fork", "since": "2026-03-02T12:00:00Z", "kind": None, "id": None, "version": None},
    ],
}


def test_a_peer_is_told_line_by_line_in_the_officers_language(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ISTMO_LANG", "es")
    assert list(lines_of(STANDING)) == [
        "rcm: nodo RCM (RCM), último contacto nunca",
        "  leído hasta la entrada 90 de 120; 57 versiones recibidas",
        "  30 entradas de su registro se vieron y aún no se recibieron; hace 5 horas estaba todo",
        "  tiene todo lo nuestro hasta la entrada 300, según su firma (2026-03-01T12:00:00Z)",
        "  4 versiones nuestras lo esperan, la más antigua desde 2026-03-02T12:00:00Z (9 horas)",
        "  el nodo par no tiene capacidad ahora (…); el próximo intento se hace solo",
        "  2: otro",
        "    2026-03-03T12:00:00Z  alert  01  v3",
        "    2026-03-02T12:00:00Z  -  -  v-",
    ]
