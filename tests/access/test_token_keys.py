"""Keys of access tokens: two from the start, rotated under a running node, retired when their last token ends, gone at once when leaked."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from serving import Served
from signing import kids, me, parts, token
from sqlalchemy import text

from app.access import token_keys
from app.core.db import Database
from app.core.secrets import SecretMissing, Secrets

NOW = datetime(2024, 3, 11, 12, tzinfo=UTC)


def begin(db: Database, secrets: Secrets) -> None:
    with db.write() as session:
        token_keys.initialise(session, secrets)


def rotate(db: Database, secrets: Secrets) -> str:
    with db.write() as session:
        return token_keys.rotate(session, secrets)


def places(db: Database) -> list[tuple[bool, bool]]:
    """(has begun to sign, has ended) of every key, the oldest first."""
    with db.read() as session:
        return [(row.signs_from is not None, row.signs_to is not None) for row in token_keys.known(session)]


def listed(served: Served) -> list[str]:
    return [key["kid"] for key in served.as_(None).get("/.well-known/jwks.json").json()["keys"]]


def audited(db: Database, action: str) -> list[str]:
    with db.read() as session:
        return list(session.scalars(text("SELECT document_id FROM audit WHERE action = :action ORDER BY id"), {"action": action}))


def test_a_new_node_has_the_key_that_signs_and_the_next_one_and_keeps_them(db: Database, secrets_dir: Secrets):
    begin(db, secrets_dir)
    files = sorted(path.name for path in secrets_dir.folder.glob("token.*"))
    begin(db, secrets_dir)
    with db.read() as session:
        first, second = (row.kid for row in token_keys.known(session))
        assert token_keys.signing(session).kid == first
    assert places(db) == [(True, False), (False, False)]
    assert (
        sorted(path.name for path in secrets_dir.folder.glob("token.*")) == files == sorted([f"token.{first}.pem", f"token.{second}.pem"])
    )
    assert audited(db, "keys.init") == [first, second]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in secrets_dir.folder.glob("token.*"))


def test_a_rotation_lets_the_published_next_key_sign_and_makes_a_new_next_one(db: Database, secrets_dir: Secrets):
    begin(db, secrets_dir)
    with db.read() as session:
        _, following = (row.kid for row in token_keys.known(session))
    assert rotate(db, secrets_dir) == following
    assert places(db) == [(True, True), (True, False), (False, False)]
    with db.read() as session:
        assert audited(db, "keys.rotate") == [token_keys.known(session)[-1].kid]


def test_a_retired_key_is_published_until_its_last_token_has_ended(db: Database, secrets_dir: Secrets):
    with time_machine.travel(NOW, tick=False):
        begin(db, secrets_dir)
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        rotate(db, secrets_dir)
    for passed, count in ((timedelta(minutes=10) - timedelta(seconds=1), 3), (timedelta(minutes=10), 2)):
        with time_machine.travel(NOW + timedelta(days=1) + passed, tick=False), db.read() as session:
            assert len(token_keys.published(session, 10)) == count


def test_a_running_node_takes_up_a_rotation_and_old_tokens_end_as_they_would(served: Served):
    old, before = token(served), listed(served)
    assert [parts(old)[0]["kid"], len(before)] == [before[0], 2]
    rotate(served.node.db, Secrets(served.node.settings.secrets_dir))
    new, after = token(served), listed(served)
    assert (parts(new)[0]["kid"], after[:2], len(after)) == (before[1], before, 3)
    assert [me(served, old).status_code, me(served, new).status_code] == [200, 200]
    with time_machine.travel(parts(old)[1]["exp"] + 5):
        assert me(served, old).status_code == 401
        assert listed(served) == after[1:]


def test_a_leak_takes_every_key_out_at_once_with_its_tokens_and_the_node_goes_on(served: Served):
    retired = token(served)
    rotate(served.node.db, served.node.secrets)
    current, before = token(served), listed(served)
    with served.node.db.write() as session:
        made = token_keys.rotate_leaked(session, served.node.secrets)
    assert {parts(retired)[0]["kid"], parts(current)[0]["kid"]} < set(before)
    assert set(before) & set(listed(served)) == set()
    assert [me(served, bearer).status_code for bearer in (retired, current)] == [401, 401]
    new = token(served)
    assert parts(new)[0]["kid"] == made == kids(served.node)[0]
    assert me(served, new).status_code == 200
    assert sorted(audited(served.node.db, "keys.leaked")) == sorted(before)


def test_rotations_at_once_leave_one_key_that_signs_and_one_next(db: Database, secrets_dir: Secrets):
    begin(db, secrets_dir)
    start = threading.Barrier(4)

    def turn() -> None:
        start.wait()
        for _ in range(5):
            rotate(db, secrets_dir)

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places(db)) == sorted([(True, True)] * 20 + [(True, False), (False, False)])


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"other"])
def test_a_key_whose_file_is_gone_or_is_not_its_own_is_told_and_replaced(
    db: Database, secrets_dir: Secrets, place: int, content: bytes | None
):
    begin(db, secrets_dir)
    with db.read() as session:
        rows = [row.kid for row in token_keys.known(session)]
    file = secrets_dir.folder / f"token.{rows[place]}.pem"
    other = (secrets_dir.folder / f"token.{rows[1 - place]}.pem").read_bytes()
    file.unlink() if content is None else file.write_bytes(other if content == b"other" else content)
    with pytest.raises(SecretMissing), db.read() as session:
        token_keys.require(session, secrets_dir)
    with pytest.raises(SecretMissing):
        begin(db, secrets_dir)
    with db.write() as session:
        token_keys.replace_missing(session, secrets_dir)
    with db.read() as session:
        token_keys.require(session, secrets_dir)
        assert token_keys.signing(session).kid == rows[1 - place]
    assert places(db)[-2:] == [(True, False), (False, False)]
    assert len(audited(db, "keys.replace")) == 1
    file.unlink(missing_ok=True)
    begin(db, secrets_dir)


def test_a_store_without_keys_says_what_to_run(db: Database, secrets_dir: Secrets):
    with pytest.raises(SecretMissing, match="istmo migrate"), db.read() as session:
        token_keys.require(session, secrets_dir)
