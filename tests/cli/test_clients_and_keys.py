"""`istmo clients` and `istmo keys` over a real store: public keys, limits, keys of access tokens, a node that takes them up as it runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import forked
import httpx
import pytest
from loopback_port import free_port
from signing import jwk, pair, parts, pem, private_pem
from sqlalchemy import create_engine, text
from test_node_commands import Installation, wait_for

KEY = pair()
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, stores, tmp_path: Path) -> Installation:
    made = Installation(tmp_path, stores.ready(request.param))
    assert made.run("migrate").returncode == 0
    return made


def create(installation: Installation, *more: str) -> Any:
    return installation.run("clients", "create", "--role", "analyst", "--conference", "RCM", "--json", *more)


def clients(installation: Installation) -> list[dict[str, Any]]:
    return json.loads(installation.run("clients", "list", "--json").stdout)


def token_keys(installation: Installation) -> list[dict[str, Any]]:
    listed = json.loads(installation.run("keys", "list", "--json").stdout)
    return [row for row in listed if row["purpose"] == "token"]


@contextmanager
def serving(installation: Installation) -> Iterator[str]:
    port = free_port()
    server = forked.start(["serve", "--port", str(port)], installation.environment, Path(__file__).parents[2])
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait(60)


def audit(installation: Installation, what: str) -> list[Any]:
    engine = create_engine(installation.settings["ISTMO_DATABASE_URL"])
    with engine.connect() as connection:
        rows = list(connection.scalars(text(f"SELECT {what} ORDER BY id")))
    engine.dispose()
    return rows


@pytest.mark.parametrize("written", [pem(KEY), json.dumps(jwk(KEY, kid="1"))])
def test_a_client_is_made_with_the_public_key_of_a_file(installation: Installation, tmp_path: Path, written: str):
    file = tmp_path / "key"
    file.write_text(written)
    done = create(installation, "--public-key", str(file), "--expires", "2099-12-31", "--person", "Ana")
    assert done.returncode == 0, done.stderr
    (shown,) = clients(installation)
    assert (shown["public_key"], shown["person"], shown["expires_at"]) == (jwk(KEY), "Ana", "2099-12-31T23:59:59.000000Z")
    assert json.loads(done.stdout)["secret"] not in json.dumps(shown)


@pytest.mark.parametrize(
    ("content", "code"),
    [(private_pem(KEY).encode(), "private-key-sent"), (b"\xff\xfe\x00", "public-key-invalid"), (b"x" * 3_000, "public-key-invalid")],
)
def test_a_file_that_holds_no_public_key_is_refused_and_no_client_made(
    installation: Installation, tmp_path: Path, content: bytes, code: str
):
    file = tmp_path / "key"
    file.write_bytes(content)
    done = create(installation, "--public-key", str(file))
    assert (done.returncode, f"[{code}]" in done.stderr, clients(installation)) == (1, True, [])
    assert private_pem(KEY)[30:70] not in done.stderr
    assert create(installation, "--public-key", str(tmp_path / "absent")).returncode == 2


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [("--name", "x" * 201, "text-too-long"), ("--person", "a\u200bb", "text-character"), ("--expires", "2020-01-01", "expiry-past")],
)
def test_what_is_said_of_a_client_is_judged_as_over_http(installation: Installation, option: str, value: str, code: str):
    done = create(installation, option, value)
    assert (done.returncode, f"[{code}]" in done.stderr, clients(installation)) == (1, True, [])


def test_the_last_operator_may_be_disabled_on_the_node_itself(installation: Installation):
    made = json.loads(installation.run("clients", "create", "--role", "operator", "--conference", "RCM", "--json").stdout)
    assert installation.run("clients", "disable", made["client_id"]).returncode == 0
    assert clients(installation)[0]["disabled_at"] is not None


def test_the_keys_of_tokens_are_listed_rotated_and_taken_up_by_a_running_node(installation: Installation):
    made = json.loads(create(installation).stdout)
    before = token_keys(installation)
    assert [(row["from"] is None, row["to"] is None, set(json.loads(row["key"]))) for row in before] == [
        (False, True, {"crv", "kty", "x", "y"}),
        (True, True, {"crv", "kty", "x", "y"}),
    ]
    assert "signs next" in installation.run("keys", "list").stdout
    with serving(installation) as url:
        auth = (made["client_id"], made["secret"])

        def token() -> str:
            return httpx.post(f"{url}/oauth/token", data=GRANT, auth=auth, trust_env=False).json()["access_token"]

        def status(bearer: str) -> int:
            return httpx.get(f"{url}/v1/me", headers={"Authorization": f"Bearer {bearer}"}, trust_env=False).status_code

        old = token()
        rotated = installation.run("keys", "rotate", "token")
        assert (rotated.returncode, before[1]["kid"] in rotated.stderr) == (0, True)
        new = token()
        assert [parts(each)[0]["kid"] for each in (old, new)] == [row["kid"] for row in before]
        assert [status(old), status(new)] == [200, 200]
        assert installation.run("keys", "rotate", "token", "--leaked").returncode == 0
        assert [status(old), status(new), status(token())] == [401, 401, 200]
    after = token_keys(installation)
    assert len(after) == 2
    assert {row["kid"] for row in after}.isdisjoint(row["kid"] for row in before)
    assert before[0]["kid"] in audit(installation, "document_id FROM audit WHERE action = 'keys.leaked'")


def test_leaked_is_said_of_token_keys_alone(installation: Installation):
    before = json.loads(installation.run("keys", "list", "--json").stdout)
    refused = installation.run("keys", "rotate", "document-RCM", "--leaked")
    assert (refused.returncode, json.loads(installation.run("keys", "list", "--json").stdout)) == (1, before)
    unknown = installation.run("keys", "rotate", "nonsense")
    assert (unknown.returncode, "token" in unknown.stderr) == (1, True)


def test_a_missing_key_of_tokens_stops_the_node_until_it_is_replaced(installation: Installation):
    signing, _ = token_keys(installation)
    (installation.folder / "secrets" / f"token.{signing['kid']}.pem").unlink()
    refused = installation.run("serve", "--port", str(free_port()))
    assert (refused.returncode, f"token.{signing['kid']}.pem" in refused.stderr) == (1, True)
    assert installation.run("keys", "init", "--replace").returncode == 0
    assert [(row["from"] is None, row["to"] is None) for row in token_keys(installation)][-2:] == [(False, True), (True, True)]


def test_a_served_node_believes_no_x_forwarded_for_from_loopback(installation: Installation):
    with serving(installation) as url:
        headers = {"Authorization": "Bearer istmo_nobody_x", "X-Forwarded-For": "203.0.113.7"}
        assert httpx.post(f"{url}/v1/me/rotate", headers=headers, trust_env=False).status_code == 401
    assert audit(installation, "address FROM audit WHERE code = 'unauthenticated'") == ["127.0.0.1"]
