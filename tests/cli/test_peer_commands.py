"""`istmo peers`, `istmo pull` and `istmo send` on two real nodes: what they print, and with what they leave."""

import json
import re
from pathlib import Path

import httpx
import pytest
from bodies import publish
from serving import TLS, Served, listening, prepare, serving, settings_for
from stores import STORES, Stores

from app.access.clients import NewClient, create
from app.cli import shell
from app.cli.peers import lines_of
from app.exchange.log import entries
from app.exchange.node import open_node
from app.settings import Settings
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


def test_a_node_that_only_dials_out_and_its_peer_end_equal_by_send_and_pull_alone(
    rcm: Served, desk: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    theirs = publish(rcm.as_("rcm"))
    sacm = open_node(desk)
    with sacm.db.write() as session:
        key = create(session, NewClient(Role.SECRETARIAT, "SACM")).api_key
    with listening(sacm) as url, httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, verify=TLS, timeout=60) as client:
        ours = publish(client, reporting_state="BRA", measure="regular_entry")
        carried = tmp_path / "node.json"
        carried.write_bytes(client.get("/.well-known/istmo.json").content)
    # From here on nobody can dial SACM's node: it does not even listen.
    assert run("peers", "add", "rcm", "--url", rcm.url, "--key", key_of(rcm)) == 0
    assert run("send", "rcm") == 1
    assert "the peer does not know this node" in capsys.readouterr().err
    with monkeypatch.context() as there:
        settings = rcm.node.settings
        for name, value in {"DATABASE_URL": settings.database_url, "SECRETS_DIR": settings.secrets_dir, "CONFERENCES": "RCM"}.items():
            there.setenv(f"ISTMO_{name}", str(value))
        for words in (("--url", rcm.url), ("--url", rcm.url, "--key", "k", "--file", str(carried)), ()):
            assert run("peers", "add", "sacm", *words) == 2
        assert run("peers", "add", "sacm", "--file", str(tmp_path / "none.json")) == 2
        assert run("peers", "add", "sacm", "--file", __file__) == 1
        assert run("peers", "add", "sacm", "--file", str(carried), "--fingerprint", "0" * 64) == 1
        capsys.readouterr()
        assert run("peers", "add", "sacm", "--file", str(carried)) == 0
        fingerprint = capsys.readouterr().out.strip()
        with monkeypatch.context() as here:
            for name, value in {"DATABASE_URL": desk.database_url, "SECRETS_DIR": desk.secrets_dir, "CONFERENCES": "SACM"}.items():
                here.setenv(f"ISTMO_{name}", str(value))
            assert run("keys", "fingerprint") == 0
        assert capsys.readouterr().out.strip() == fingerprint
        assert run("peers", "remove", "sacm") == 0
        assert run("peers", "add", "sacm", "--file", str(carried), "--fingerprint", fingerprint, "--json") == 0
        assert json.loads(capsys.readouterr().out)["fingerprint"] == fingerprint
        assert run("pull", "sacm") == 1
        assert run("send", "sacm") == 1
        assert capsys.readouterr().err.count("no address is known for sacm") == 2
    assert run("send", "rcm", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"pages": 1, "applied": 1, "known": 0, "size": 1, "quarantined": []}
    assert run("pull", "rcm") == 0
    assert run("send", "rcm") == 0
    assert "0 versions taken there, 0 known before, 0 not taken or not understood; it has witnessed 1 entries" in capsys.readouterr().err
    sacm = open_node(desk)
    both = []
    for node in (rcm.node, sacm):
        with node.db.read() as session:
            both.append({(entry.id, entry.text) for entry in entries(session)})
    sacm.close()
    assert both[0] == both[1]
    assert {each for each, _ in both[0]} == {theirs["id"], ours["id"]}
