"""The node's secrets: who may read them, that none is overwritten or made anew, and the fingerprint of a request."""

import hashlib
import hmac
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.secrets import HMAC_KEYS, SecretMissing, Secrets


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_the_services_user_reads_folder_and_files_whatever_the_mask(tmp_path: Path, mask: int):
    before = os.umask(mask)
    try:
        secrets = Secrets(tmp_path / "a" / "secrets")
        secrets.make_hmac_keys()
        secrets.write("signing.pem", b"x")
    finally:
        os.umask(before)
    assert mode(secrets.folder) == 0o700
    assert {mode(path) for path in secrets.folder.iterdir()} == {0o600}


def test_a_folder_that_stood_open_is_closed_by_the_first_write(tmp_path: Path):
    tmp_path.chmod(0o755)
    Secrets(tmp_path).write("a", b"x")
    assert mode(tmp_path) == 0o700


def test_a_secret_is_never_overwritten(tmp_path: Path):
    secrets = Secrets(tmp_path)
    secrets.write("a", b"first")
    with pytest.raises(FileExistsError):
        secrets.write("a", b"second")
    assert secrets.read("a") == b"first"


def test_the_keys_are_drawn_once_64_bytes_each_and_all_different(tmp_path: Path):
    one, other = Secrets(tmp_path / "one"), Secrets(tmp_path / "other")
    one.make_hmac_keys()
    other.make_hmac_keys()
    keys = [secrets.hmac_key(name) for secrets in (one, other) for name in HMAC_KEYS]
    assert ({len(key) for key in keys}, len(set(keys))) == ({64}, 2 * len(HMAC_KEYS))
    one.make_hmac_keys()
    assert [one.hmac_key(name) for name in HMAC_KEYS] == keys[: len(HMAC_KEYS)]


def test_a_missing_secret_is_named_and_never_made_anew(tmp_path: Path):
    secrets = Secrets(tmp_path / "secrets")
    with pytest.raises(SecretMissing, match=r"cursor\.key is missing"):
        secrets.hmac_key("cursor")
    with pytest.raises(SecretMissing, match=r"signing\.pem is missing"):
        secrets.read("signing.pem")
    with pytest.raises(SecretMissing):
        secrets.fingerprint(b"x")
    assert not secrets.folder.exists()


@pytest.mark.parametrize("left", [b"", b"x", b"x" * 63, b"x" * 65])
def test_a_key_that_was_cut_short_is_refused_and_never_used(tmp_path: Path, left: bytes):
    secrets = Secrets(tmp_path)
    secrets.make_hmac_keys()
    (tmp_path / "disclosure.key").write_bytes(left)
    secrets.make_hmac_keys()
    with pytest.raises(SecretMissing, match=r"disclosure\.key is damaged"):
        secrets.hmac_key("disclosure")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_two_requests_have_one_fingerprint_only_when_all_their_parts_are_equal(secrets_dir: Secrets, one: list[bytes], other: list[bytes]):
    assert (secrets_dir.fingerprint(*one) == secrets_dir.fingerprint(*other)) is (one == other)


def test_where_a_part_ends_is_part_of_the_fingerprint(secrets_dir: Secrets):
    prints = [secrets_dir.fingerprint(*parts) for parts in ((b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"", b"abc"), ())]
    assert len(set(prints)) == 6


def test_a_fingerprint_is_keyed_for_a_body_of_small_counts_could_be_guessed(secrets_dir: Secrets):
    framed = (4).to_bytes(8, "big") + b"a=1&" + (3).to_bytes(8, "big") + b"xyz"
    key = (secrets_dir.folder / "fingerprint.key").read_bytes()
    assert secrets_dir.fingerprint(b"a=1&", b"xyz") == hmac.digest(key, framed, "sha256").hex()
    assert secrets_dir.fingerprint(b"a=1&", b"xyz") != hashlib.sha256(framed).hexdigest()


def test_a_key_appears_whole_or_not_at_all_and_leaves_nothing_beside_it(tmp_path):
    secrets = Secrets(tmp_path / "secrets")
    secrets.write("document.pem", b"first")
    with pytest.raises(FileExistsError):
        secrets.write("document.pem", b"second")
    assert secrets.read("document.pem") == b"first"
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["document.pem"]
