"""The image: `make test-long SUITE=image` builds it without an engine or a network and runs it read-only as 10001."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from container import ROOT, Buildah, build, make_base, make_context, require_tools, running, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

ASK = (
    "import sys, urllib.request as r; print(r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8080' + sys.argv[1]).read().decode())"
)


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory):
    require_tools()
    folder = tmp_path_factory.mktemp("buildah")
    yield Buildah(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def image(buildah: Buildah, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("image")
    return build(buildah, make_base(buildah, folder), make_context(folder))


@pytest.fixture
def container(buildah: Buildah, image: str, tmp_path: Path):
    with running(buildah, image, tmp_path / "volume") as made:
        yield made


def test_the_image_says_how_it_runs_and_holds_no_secret(buildah: Buildah, image: str):
    config = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]
    assert config["User"] == "10001:10001"
    assert " ".join(config["Cmd"]) == "istmo serve --host 0.0.0.0"
    assert not config.get("Entrypoint")
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python3"]
    assert list(config["Volumes"]) == ["/var/lib/istmo"]
    assert {name.partition("=")[0] for name in config["Env"]} == {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "TMPDIR"}


def test_nothing_but_the_volume_and_tmp_can_be_written(container):
    script = "id -u; for place in / /opt/istmo /etc /var/lib /home; do touch $place/x 2>/dev/null && echo wrote $place; done; touch x /tmp/x && echo state"
    assert container.run("sh", "-c", script).stdout.split() == ["10001", "state"]
    assert container.run("python3", "-m", "pip", "--version").returncode != 0


def test_a_node_is_migrated_served_checked_asked_and_stopped(container, tmp_path: Path):
    migrated = container.run("istmo", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    healthcheck = container.config["Healthcheck"]["Test"][1:]
    assert container.run(*healthcheck).returncode != 0

    with container.started(*container.config["Cmd"]) as node:
        wait_until(lambda: container.run(*healthcheck).returncode == 0 or node.poll() is not None)
        assert node.poll() is None, node.communicate()
        created = container.run("istmo", "clients", "create", "--role", "analyst", "--conference", "RCM", "--json")
        key = json.loads(created.stdout)["api_key"]
        asked = container.run("istmo", "bulletins", "list", "--json", ISTMO_KEY=key)
        assert json.loads(asked.stdout)["items"] == [], asked.stderr
        assert "SwaggerUIBundle" in container.run("python3", "-c", ASK, "/docs/swagger-ui-bundle.js").stdout
        assert "istmo push" in container.run("python3", "-c", ASK, "/docs/guide/partner.pt.md").stdout
        assert "`busy`" in container.run("python3", "-c", ASK, "/docs/problems/busy.md").stdout

        node.send_signal(signal.SIGTERM)
        said, _ = node.communicate(timeout=30)
        assert node.returncode == 0, said
        assert key not in said
    owners = {path.stat().st_uid for path in (tmp_path / "volume").rglob("*")}
    assert owners == {10001}


def test_the_unit_file_is_good(tmp_path: Path):
    assert shutil.which("systemd-analyze"), "this machine lacks systemd: apt-get install systemd"
    unit = tmp_path / "istmo.service"
    unit.write_text((ROOT / "deploy" / "istmo.service").read_text("utf-8").replace("/opt/istmo/bin/istmo", "/bin/true"), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("program", "check"), [("nginx", ["nginx", "-t", "-c"]), ("caddy", ["caddy", "validate", "--adapter", "caddyfile", "--config"])]
)
def test_the_examples_of_a_reverse_proxy_are_good(program: str, check: list[str], tmp_path: Path):
    assert shutil.which(program), f"this machine lacks {program}: apt-get install {program}"
    file = ROOT / "deploy" / "Caddyfile"
    if program == "nginx":
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=istmo.example"]
        subprocess.run([*words, "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"], check=True, capture_output=True)
        site, file = tmp_path / "site.conf", tmp_path / "nginx.conf"
        site.write_text((ROOT / "deploy" / "nginx.conf").read_text("utf-8").replace("/etc/ssl/istmo", str(tmp_path)), "utf-8")
        file.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ include {site}; }}", "utf-8")
    done = subprocess.run([*check, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
