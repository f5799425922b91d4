"""`istmo backup` and `istmo restore` as an operator meets them: what they say, what they refuse, what stays as it was."""

import json
from pathlib import Path

import pytest
from serving import settings_for
from stores import STORES
from typer.testing import CliRunner, Result

from app.cli import shell
from app.cli.node import prepare_store
from app.core import schema
from app.main import KINDS
from app.sync import restoring


class Operator:
    """Commands over one store and one folder of secrets."""

    def __init__(self, url: str, folder: Path) -> None:
        self.settings = settings_for(url, folder)
        self.environment = {"ISTMO_DATABASE_URL": url, "ISTMO_SECRETS_DIR": str(self.settings.secrets_dir)}

    def run(self, *line: str) -> Result:
        done = CliRunner().invoke(shell(list(line)), list(line), env=self.environment)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done


@pytest.fixture(params=STORES)
def operator(request: pytest.FixtureRequest, stores, tmp_path: Path) -> Operator:
    made = Operator(stores.ready(request.param), tmp_path)
    prepare_store(made.settings)
    return made


def test_a_backup_says_where_the_keys_are_and_takes_no_files_place(operator: Operator, tmp_path: Path):
    file = tmp_path / "monday.backup"
    done = operator.run("backup", str(file))
    assert (done.exit_code, done.stdout) == (0, f"{file}\n")
    assert f"the keys are not in it: they are in {operator.settings.secrets_dir}" in done.stderr
    assert all(each.name in done.stderr for each in operator.settings.secrets_dir.iterdir())
    whole = file.read_bytes()
    again = operator.run("backup", str(file))
    assert (again.exit_code, again.stdout) == (1, "")
    assert "never takes the place of another file" in again.stderr
    assert file.read_bytes() == whole
    told = json.loads(operator.run("backup", str(tmp_path / "tuesday.backup"), "--json").stdout)
    assert (told["entries"], told["revision"], told["bytes"] > 1000) == (0, schema.head(), True)
    assert told["secrets"]["files"] == sorted(each.name for each in operator.settings.secrets_dir.iterdir())
    unwritten = operator.run("backup", str(tmp_path / "nowhere" / "a.backup"))
    assert (unwritten.exit_code, "cannot be written" in unwritten.stderr) == (1, True)
    assert {each.name for each in tmp_path.iterdir()} == {"secrets", "monday.backup", "tuesday.backup"}


def test_a_restore_into_a_store_just_migrated_makes_a_node_that_migrates_and_verifies(operator: Operator, stores, tmp_path: Path):
    file = tmp_path / "a.backup"
    operator.run("backup", str(file))
    place = Operator(stores.empty(STORES[operator.settings.database_url.startswith("sqlite")]), tmp_path / "other")
    bare = place.run("restore", str(file))
    assert bare.exit_code == 1
    assert all(f"{name}.key: without it" in bare.stderr for name in ("cursor", "disclosure", "fingerprint"))
    assert "--replace-keys" in bare.stderr
    assert schema.current(place.settings.database_url) is None
    assert place.run("migrate").exit_code == 0
    told = json.loads(place.run("restore", str(file), "--replace-keys", "--json").stdout)
    assert (told["entries"], told["returned"], told["erased"], told["quarantined"], told["silent"]) == (0, {}, 0, [], [])
    assert place.run("verify").exit_code == 0
    assert place.run("migrate").exit_code == 0


def test_a_store_that_holds_half_a_restore_is_refused_by_every_command(
    operator: Operator, stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "a.backup"
    operator.run("backup", str(file))
    half = Operator(stores.empty(STORES[0]), tmp_path)
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(restoring, "_begin", cut_off)
        restoring.restore(half.settings, KINDS, file)
    for line in (["serve"], ["migrate"], ["worker", "--once"], ["verify"], ["keys", "list"], ["backup", str(tmp_path / "b.backup")]):
        refused = half.run(*line)
        assert (refused.exit_code, "repeat `istmo restore`" in refused.stderr) == (1, True), line
    assert "doctor-restoring" in {each["code"] for each in json.loads(half.run("doctor", "--json").stdout)["findings"]}
    assert half.run("restore", str(file)).exit_code == 0
    assert half.run("verify").exit_code == 0


def cut_off(_node: object) -> str:
    raise RuntimeError


def test_what_keeps_a_restore_back_is_said_in_the_operators_language(operator: Operator, stores, tmp_path: Path):
    place = Operator(stores.empty(STORES[0]), tmp_path)
    place.environment["ISTMO_LANG"] = "es"
    (tmp_path / "noise").write_bytes(b"noise" * 100)
    damaged = place.run("restore", str(tmp_path / "noise"))
    assert (damaged.exit_code, "no es un respaldo" in damaged.stderr) == (1, True)
    missing = place.run("restore", str(tmp_path / "none"))
    assert (missing.exit_code, "no existe el archivo" in missing.stderr) == (1, True)
