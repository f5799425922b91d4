"""`istmo peers` and `istmo pull` on two real nodes: what they print, and with what they leave."""

import json
from pathlib import Path

import pytest
from bodies import publish
from serving import Served, prepare, serving, settings_for
from stores import STORES, Stores

from app.access.clients import NewClient, create
from app.cli import shell
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
    assert capsys.readouterr().out.startswith("rcm: node RCM (RCM), last contact 20")
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
