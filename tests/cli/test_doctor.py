"""`istmo doctor`: a healthy installation is well; each thing that is really broken is named, with its repair, and nothing is changed."""

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import forked
import httpx
import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from loopback import Node as Stranger
from loopback import Says
from loopback_port import free_port
from serving import listening
from sqlalchemy import text
from sqlalchemy.orm import Session
from test_node_commands import wait_for
from typer.testing import CliRunner

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.access.clients import NewClient, create
from app.cli import examine_files, examine_store, shell
from app.cli.node import prepare_store
from app.cli.patient import Patient
from app.core.catalogue import LANGUAGES, sentences
from app.core.db import Database
from app.exchange import waiting
from app.exchange.node import open_node
from app.exchange.waiting import Waiting
from app.settings import Settings
from app.wire.codes import Role


@dataclass
class Installation:
    """A whole installation; `codes()` is what the doctor finds."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def settings(self) -> Settings:
        chosen = {name.removeprefix("ISTMO_").lower(): value for name, value in self.environment.items()}
        return Settings(_env_file=None, **chosen)

    def run(self, *arguments: str):
        with pytest.MonkeyPatch.context() as patched:
            for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
                patched.delenv(name, raising=False)
                patched.delenv(name.lower(), raising=False)
            patched.chdir(self.folder)
            line = ["doctor", *arguments]
            return CliRunner().invoke(shell(line), line, env=self.environment)

    def found(self) -> list[dict[str, str]]:
        done = self.run("--json")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        findings = json.loads(done.stdout)["findings"]
        assert done.exit_code == (1 if findings else 0)
        return findings

    def codes(self) -> list[str]:
        return [finding["code"] for finding in self.found()]

    def change(self, statement: str, **values: object) -> None:
        db = Database(self.environment["ISTMO_DATABASE_URL"])
        with db.write() as session:
            session.execute(text(statement), values)
        db.dispose()


def install(url: str, folder: Path) -> Installation:
    made = Installation(folder)
    made.environment = {
        "ISTMO_DATABASE_URL": url,
        "ISTMO_SECRETS_DIR": str(folder / "secrets"),
        "ISTMO_PUBLIC_URL": "https://istmo.example",
        "ISTMO_URL": f"http://127.0.0.1:{free_port()}",
        "ISTMO_LANG": "en",
    }
    prepare_store(made.settings)
    db = Database(url)
    with db.write() as session:
        create(session, NewClient(Role.OPERATOR, "RCM", name="the operator"))
    db.dispose()
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def healthy(request: pytest.FixtureRequest, stores, tmp_path: Path) -> Installation:
    return install(stores.ready(request.param), tmp_path)


@pytest.fixture
def on_sqlite(stores, tmp_path: Path) -> Installation:
    Path(stores.ready("sqlite").removeprefix("sqlite:///")).rename(tmp_path / "istmo.db")
    return install(f"sqlite:///{tmp_path / 'istmo.db'}", tmp_path)


def test_a_healthy_installation_is_well_in_every_language_and_is_not_touched(healthy: Installation):
    def state() -> object:
        files = sorted(healthy.secrets.iterdir())
        return [(file.name, hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns) for file in files]

    before = state()
    for language in LANGUAGES:
        healthy.environment["ISTMO_LANG"] = language
        done = healthy.run()
        assert (done.exit_code, done.stdout) == (0, "")
        assert sentences("app.cli", "commands.toml")["doctor-well"][language] in done.stderr
    assert healthy.found() == []
    assert state() == before


def test_findings_are_sentences_that_name_the_repair_in_the_users_language(on_sqlite: Installation):
    on_sqlite.environment |= {"ISTMO_PUBLIC_URL": "http://10.0.0.1", "ISTMO_LANG": "es"}
    done = on_sqlite.run()
    assert done.exit_code == 1
    assert done.stdout.startswith("- ISTMO_PUBLIC_URL es http://10.0.0.1, sin TLS: ponga ante el nodo un proxy inverso")
    assert "por corregir: 1" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("ISTMO_THREADS", "many-4711"), ("ISTMO_LOG_LEVEL", "loud-4711"), ("ISTMO_DATABASE_URL", "4711"), ("ISTMO_TRUSTED_PROXIES", "*4711")],
)
def test_a_setting_that_does_not_parse_is_named_and_its_value_is_not_repeated(on_sqlite: Installation, name: str, value: str):
    on_sqlite.environment[name] = value
    (finding,) = on_sqlite.found()
    assert finding["code"] == "doctor-setting"
    assert name in finding["detail"]
    assert "4711" not in finding["detail"]


def test_a_misspelt_setting_is_named(on_sqlite: Installation):
    on_sqlite.environment["ISTMO_TREADS"] = "4"
    (finding,) = on_sqlite.found()
    assert (finding["code"], "ISTMO_TREADS" in finding["detail"]) == ("doctor-setting-unknown", True)


def test_a_store_that_is_not_there_is_no_store_or_does_not_answer_is_named(on_sqlite: Installation, tmp_path: Path):
    on_sqlite.environment["ISTMO_DATABASE_URL"] = f"sqlite:///{tmp_path}/nowhere/istmo.db"
    assert on_sqlite.codes() == ["doctor-store-missing"]
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    on_sqlite.environment["ISTMO_DATABASE_URL"] = f"sqlite:///{tmp_path}/noise.db"
    assert on_sqlite.codes() == ["doctor-store-unreachable"]
    on_sqlite.environment["ISTMO_DATABASE_URL"] = f"postgresql+psycopg://istmo:hidden@127.0.0.1:{free_port()}/istmo"
    (finding,) = on_sqlite.found()
    assert finding["code"] == "doctor-store-unreachable"
    assert "127.0.0.1/istmo" in finding["detail"]
    assert "hidden" not in finding["detail"]


def test_rows_that_belong_to_a_version_that_is_not_there_are_counted_by_table(healthy: Installation):
    healthy.change("INSERT INTO hideout VALUES (7, 'AFR', '_O', 12)")
    healthy.change("INSERT INTO hideout VALUES (7, 'ASI', '_OASI', 5)")
    healthy.change("INSERT INTO alert_term VALUES (3, 'risk', 'violence')")
    first, second = healthy.found()
    assert (first["code"], second["code"]) == ("doctor-rows-lost", "doctor-rows-lost")
    assert first["detail"].startswith("1 rows of the table alert_term belong to a version that is not there")
    assert second["detail"].startswith("2 rows of the table hideout belong to a version that is not there")


def test_an_empty_an_old_and_a_newer_schema_are_told_apart(healthy: Installation, stores):
    healthy.change("UPDATE alembic_version SET version_num = '0001'")
    assert healthy.codes() == ["doctor-schema-older"]
    healthy.change("UPDATE alembic_version SET version_num = '9999'")
    assert healthy.codes() == ["doctor-schema-newer"]
    healthy.change("DROP TABLE alembic_version")
    assert healthy.codes() == ["doctor-schema-missing"]


def test_a_disk_nearly_full_is_named_with_its_figures(on_sqlite: Installation):
    patient = Patient(on_sqlite.settings, datetime.now(UTC))
    free = shutil.disk_usage(on_sqlite.folder).free
    assert list(examine_files.disk(patient, least=free // 2)) == []
    found = list(examine_files.disk(patient, least=free * 2))
    assert {ailment.code for ailment in found} == {"doctor-disk"}
    assert {ailment.figures["folder"] for ailment in found} == {on_sqlite.folder, on_sqlite.secrets}
    assert all(abs(int(str(ailment.figures["free"])) - free // 2**20) < 1024 for ailment in found)


def test_a_clock_behind_the_audit_is_named(healthy: Installation):
    db = Database(healthy.environment["ISTMO_DATABASE_URL"])
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=True), db.write() as session:
        record(session, Attempt("publish_bulletin"), "refused")
    db.dispose()
    assert healthy.codes() == ["doctor-clock-audit"]


def test_a_clock_behind_the_log_and_behind_the_database_is_named(healthy: Installation):
    healthy.change(
        "INSERT INTO log_entry (number, kind, document_id, version, op, origin, recorded_at, leaf, root)"
        " VALUES (1, 'bulletin', 'x', 1, 'publish', 'RCM', :at, :empty, :empty)",
        at=(datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        empty=b"",
    )
    assert healthy.codes() == ["doctor-clock-log"]
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2), tick=True):
        assert healthy.codes() == ([] if "sqlite" in healthy.environment["ISTMO_DATABASE_URL"] else ["doctor-clock-store"])


class Opened:
    """The node of an installation, open for a block."""

    def __init__(self, installation: Installation) -> None:
        self.node = open_node(installation.settings)

    def __enter__(self):
        return self.node

    def __exit__(self, *_: object) -> None:
        self.node.close()


def broken_hmac(folder: Path) -> str:
    (folder / "cursor.key").write_bytes(b"short")
    return "secret-damaged"


def missing_hmac(folder: Path) -> str:
    (folder / "fingerprint.key").unlink()
    return "secret-missing"


def missing_signing(folder: Path) -> str:
    next(folder.glob("document-RCM.*.pem")).unlink()
    return "key-file-missing"


def damaged_signing(folder: Path) -> str:
    next(folder.glob("document-RCM.*.pem")).write_bytes(b"no key")
    return "key-file-empty"


def foreign_signing(folder: Path) -> str:
    own, other = next(folder.glob("document-RCM.*.pem")), next(folder.glob("document-SACM.*.pem"))
    own.write_bytes(other.read_bytes())
    return "key-file-other"


def missing_token(folder: Path) -> str:
    next(folder.glob("token.*.pem")).unlink()
    return "key-file-missing"


@pytest.mark.parametrize("damage", [broken_hmac, missing_hmac, missing_signing, damaged_signing, foreign_signing, missing_token])
def test_a_key_missing_damaged_or_foreign_is_named_with_its_file(healthy: Installation, damage: Callable[[Path], str]):
    before = {file.name for file in healthy.secrets.iterdir()}
    code = damage(healthy.secrets)
    (finding,) = healthy.found()
    assert finding["code"] == code
    assert str(healthy.secrets) in finding["detail"]
    assert {file.name for file in healthy.secrets.iterdir()} <= before


def test_a_conference_without_a_key_is_named(on_sqlite: Installation):
    on_sqlite.environment["ISTMO_CONFERENCES"] = "RCM,SACM,ABC"
    assert on_sqlite.codes() == ["doctor-conference-key"]


def test_a_folder_of_secrets_that_is_gone_is_named_before_its_files(on_sqlite: Installation, tmp_path: Path):
    on_sqlite.environment["ISTMO_SECRETS_DIR"] = str(tmp_path / "elsewhere")
    codes = on_sqlite.codes()
    assert codes[0] == "doctor-secrets-missing"
    assert set(codes[1:]) == {"secret-missing", "key-file-missing"}
    assert not (tmp_path / "elsewhere").exists()


def test_rights_of_others_on_folder_and_files_of_secrets_are_named(on_sqlite: Installation):
    on_sqlite.secrets.chmod(0o750)
    (on_sqlite.secrets / "cursor.key").chmod(0o604)
    found = on_sqlite.found()
    assert [finding["code"] for finding in found] == ["doctor-secrets-mode", "doctor-secret-mode"]
    assert "0750" in found[0]["detail"]
    assert "0604" in found[1]["detail"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    folder = Path(tempfile.mkdtemp(prefix="istmo-doctor-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class SomebodyElse:
    """This process is another user for a block, where it may become one; an ordinary user takes the rights away instead."""

    def __init__(self, *places: Path) -> None:
        self.places, self.modes = places, [place.stat().st_mode for place in places]

    def __enter__(self) -> None:
        if os.geteuid() == 0:
            os.seteuid(65534)
            return
        for place in self.places:
            place.chmod(0o500 if place.is_dir() else 0o400 if place.suffix == ".db" else 0)

    def __exit__(self, *_: object) -> None:
        if os.geteuid() == 65534:
            os.seteuid(0)
        for place, mode in zip(reversed(self.places), reversed(self.modes), strict=True):
            place.chmod(mode)


def test_a_file_that_cannot_be_written_and_secrets_of_another_user_are_named(open_folder: Path):
    made = install(f"sqlite:///{open_folder / 'istmo.db'}", open_folder)
    patient = Patient(made.settings, datetime.now(UTC))
    assert list(examine_files.database_file(patient)) == []
    assert list(examine_files.secrets_folder(patient)) == []
    with SomebodyElse(open_folder / "istmo.db", open_folder, *made.secrets.glob("*.key")):
        found = list(examine_files.database_file(patient))
        owned = list(examine_files.secrets_folder(patient))
        unread = list(examine_store.hmac_keys(patient, Session()))
    assert [(ailment.code, ailment.figures["file"]) for ailment in found] == [
        ("doctor-not-writable", open_folder / "istmo.db"),
        ("doctor-not-writable", open_folder),
    ]
    assert {ailment.code for ailment in unread} == {"doctor-secret-unreadable"}
    if os.geteuid() == 0:
        assert [ailment.code for ailment in owned] == ["doctor-secrets-owner"]
        os.chown(made.secrets / "cursor.key", 65534, 65534)
        assert [ailment.code for ailment in examine_files.secrets_folder(patient)] == ["doctor-secrets-owner"]


MOUNTS = "/dev/sda1 / ext4 rw 0 0\nserver:/share {place} {kind} rw 0 0\ntmpfs {place}/local tmpfs rw 0 0\n"


@pytest.mark.parametrize(
    ("kind", "below", "codes"),
    [
        ("nfs4", "", ["doctor-network-disk"]),
        ("cifs", "", ["doctor-network-disk"]),
        ("nfs4", "/local", []),
        ("ext4", "", []),
        ("nfs", "x", []),
    ],
)
def test_a_file_on_a_network_file_system_is_named(on_sqlite: Installation, kind: str, below: str, codes: list[str]):
    folder = Path(f"{on_sqlite.folder}/share{below}")
    folder.mkdir(parents=True)
    on_sqlite.environment["ISTMO_DATABASE_URL"] = f"sqlite:///{folder}/istmo.db"
    mounts = MOUNTS.format(place=f"{on_sqlite.folder}/share", kind=kind)
    found = examine_files.network_disk(Patient(on_sqlite.settings, datetime.now(UTC)), mounts)
    assert [ailment.code for ailment in found] == codes


def certificate(days: float) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a ministry's proxy")])
    ends = datetime.now(UTC) + timedelta(days=days)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = built.not_valid_before(ends - dt.timedelta(days=900)).not_valid_after(ends).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (certificate(400), []),
        (certificate(400) + certificate(10), ["doctor-ca-expires"]),
        (certificate(-1), ["doctor-ca-expired"]),
        (b"no certificate", ["doctor-ca-form"]),
        (None, ["doctor-ca-unreadable"]),
    ],
    ids=["good", "ends soon", "ended", "no certificate", "missing"],
)
def test_a_ca_file_is_judged(on_sqlite: Installation, tmp_path: Path, content: bytes | None, codes: list[str]):
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    on_sqlite.environment["ISTMO_CA_FILE"] = str(tmp_path / "ca.pem")
    assert on_sqlite.codes() == codes


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"HTTP_PROXY": "http://proxy:3128"}, ["doctor-proxy"]),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "127.0.0.1"}, []),
        ({"HTTPS_PROXY": "http://proxy:3128"}, []),
    ],
)
def test_a_proxy_before_the_machine_itself_is_named(on_sqlite: Installation, more: dict[str, str], codes: list[str]):
    on_sqlite.environment |= more
    assert on_sqlite.codes() == codes


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("http://127.0.0.1:8080", ["doctor-public-url-local"]),
        ("https://localhost", ["doctor-public-url-local"]),
        ("http://istmo.example", ["doctor-public-url-plain"]),
        ("istmo.example", ["doctor-public-url-plain"]),
    ],
)
def test_an_address_that_others_cannot_use_or_that_has_no_tls_is_named(on_sqlite: Installation, url: str, codes: list[str]):
    on_sqlite.environment["ISTMO_PUBLIC_URL"] = url
    assert on_sqlite.codes() == codes


def test_a_running_node_is_well_and_something_else_at_its_place_is_named(healthy: Installation):
    with Opened(healthy) as node, listening(node) as url:
        healthy.environment["ISTMO_URL"] = url
        assert healthy.found() == []
    with Stranger(Says({"hello": "there"})) as stranger:
        healthy.environment["ISTMO_URL"] = stranger.url
        assert healthy.codes() == ["doctor-port"]


def test_a_nodes_clock_that_goes_otherwise_is_named(on_sqlite: Installation):
    # A server of this process would write its date by the same clock.
    url = on_sqlite.environment["ISTMO_URL"]
    server = forked.start(["serve", "--port", url.rpartition(":")[2]], {**os.environ, **on_sqlite.environment}, on_sqlite.folder)
    try:
        wait_for(url)
        with time_machine.travel(datetime.now(UTC) - timedelta(minutes=3), tick=True):
            found = on_sqlite.found()
    finally:
        server.kill()
        server.wait(60)
    assert [finding["code"] for finding in found] == ["doctor-clock-node"]


def test_a_clock_that_was_set_while_the_node_ran_is_named(on_sqlite: Installation):
    with listening(open_node(on_sqlite.settings)) as url:
        on_sqlite.environment["ISTMO_URL"] = url
        assert on_sqlite.codes() == []
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90), tick=True):
            # The server writes the date of its answers anew every second.
            for _ in range(400):
                written = parsedate_to_datetime(httpx.get(f"{url}/livez", trust_env=False).headers["date"])
                if abs((written - datetime.now(UTC)).total_seconds()) < 3:
                    break
                time.sleep(0.05)
            found = on_sqlite.found()
    assert [finding["code"] for finding in found] == ["doctor-clock-jumped"]
    assert any(f" {seconds} " in found[0]["detail"] for seconds in range(88, 93))


def test_reads_that_the_running_node_cannot_write_are_named(on_sqlite: Installation):
    node = open_node(on_sqlite.settings.model_copy(update={"lock_wait_s": 0.2}))
    holder = sqlite3.connect(on_sqlite.folder / "istmo.db", isolation_level=None, check_same_thread=False)
    with listening(node) as url:
        on_sqlite.environment["ISTMO_URL"] = url
        holder.execute("BEGIN IMMEDIATE")
        node.read_audit._waiting.extend([{}] * 6_000)
        codes = on_sqlite.codes()
        node.read_audit._waiting.clear()
        holder.execute("ROLLBACK")
        holder.close()
    assert codes == ["doctor-backlog"]


def test_an_installation_without_an_operator_and_clients_about_to_expire_are_named(healthy: Installation):
    db = Database(healthy.environment["ISTMO_DATABASE_URL"])
    with db.write() as session:
        session.execute(text("UPDATE client SET disabled_at = created_at"))
        for name, days in (("soon", 20), ("later", 40), ("over", -1)):
            create(session, NewClient(Role.ANALYST, "RCM", name=name, expires_at=datetime.now(UTC) + timedelta(days=days)))
    db.dispose()
    found = healthy.found()
    assert [finding["code"] for finding in found] == ["doctor-no-operator", "doctor-client-expires"]
    assert "client soon" in found[1]["detail"]


def test_a_digest_that_is_overdue_is_named_until_the_worker_has_run(healthy: Installation):
    healthy.change(
        "UPDATE audit SET at = :at", at="2024-03-11 15:00:00.000000" + ("" if "sqlite" in str(healthy.environment) else "+00:00")
    )
    assert healthy.codes() == ["doctor-digest"]
    line = ["worker", "--once"]
    assert CliRunner().invoke(shell(line), line, env=healthy.environment).exit_code == 0
    assert healthy.found() == []


def keep_waiting(healthy: Installation, due: datetime | None) -> None:
    node = open_node(healthy.settings)
    officer = Caller("c1", Role.SECRETARIAT, "RCM", None, 4, "A. Invented")
    with node.db.write() as session:
        waits = Waiting("bulletin", "RCM", "RCM/PAN", [{"tlp": "GREEN"}], {}, due=due, needs_review=due is None)
        waiting.hold(session, node.secrets, officer, waits)
    node.close()


def test_what_waits_and_cannot_be_read_and_what_was_not_published_at_its_minute(healthy: Installation):
    keep_waiting(healthy, datetime.now(UTC) - timedelta(hours=1))
    assert healthy.codes() == []
    keep_waiting(healthy, datetime.now(UTC) - timedelta(hours=3))
    assert healthy.codes() == ["doctor-waiting-late"]
    (healthy.secrets / "held.key").unlink()
    assert healthy.found()[0]["detail"].startswith("2 items that wait")
    assert healthy.codes() == ["doctor-waiting-lost", "doctor-waiting-late"]


def test_every_finding_has_its_three_texts_and_is_found_in_a_test():
    texts = sentences("app.cli", "commands.toml")
    named = {code for code in texts if code.startswith("doctor-")} - {"doctor-well", "doctor-found"}
    here = "".join(Path(__file__).with_name(f"test_{name}.py").read_text("utf-8") for name in ("doctor", "backup_commands"))
    assert {code for code in named if f'"{code}"' not in here} == set()
