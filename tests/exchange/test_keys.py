import base64
import stat

import pytest
from logbook import Logbook, begin, settings
from sqlalchemy import text

from app.access import token_keys
from app.core.db import Database
from app.core.problems import Problem
from app.core.secrets import HMAC_KEYS, SecretMissing, Secrets
from app.exchange import keys
from app.exchange.log import head
from app.wire.canonical import CHECKPOINT_CONTEXT, DOCUMENT_CONTEXT


@pytest.fixture
def secrets(book: Logbook) -> Secrets:
    return book.secrets


def initialise(db: Database, secrets: Secrets, conferences: str = "RCM,SACM") -> None:
    with db.write() as session:
        keys.initialise(session, secrets, settings(secrets.folder, conferences))


def in_force(db: Database) -> dict[str, keys.PublicKey]:
    with db.read() as session:
        return {known.purpose: known for known in keys.public_keys(session) if known.valid_to is None}


def audited(db: Database, action: str) -> list[str]:
    with db.read() as session:
        return list(session.scalars(text("SELECT document_id FROM audit WHERE action = :action"), {"action": action}))


def test_a_new_database_gets_a_key_a_conference_and_one_for_checkpoints(db, book):
    assert sorted(in_force(db)) == ["checkpoint", "document-RCM", "document-SACM"]
    with db.read() as session:
        tokens = [known.kid for known in token_keys.known(session)]
    assert sorted(audited(db, "keys.init")) == sorted([*tokens, *(known.kid for known in in_force(db).values())])
    assert all((book.secrets.folder / f"{name}.key").stat().st_size == 64 for name in HMAC_KEYS)


def test_private_halves_are_files_that_only_the_service_reads(db, secrets):
    for known in in_force(db).values():
        file = secrets.folder / f"{known.purpose}.{known.kid}.pem"
        assert file.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_kid_is_the_beginning_of_the_hash_of_the_public_key():
    assert keys.kid_of(bytes(32)) == "66687aadf862bd77"


def test_initialising_again_changes_nothing(db, secrets):
    with db.read() as session:
        before = (keys.public_keys(session), head(session), sorted(secrets.folder.iterdir()))
    initialise(db, secrets)
    with db.read() as session:
        assert (keys.public_keys(session), head(session), sorted(secrets.folder.iterdir())) == before


def test_a_conference_that_is_authored_later_gets_its_key(db, tmp_path):
    secrets = Secrets(tmp_path / "one")
    initialise(db, secrets, "RCM")
    assert "document-SACM" not in in_force(db)
    initialise(db, secrets)
    assert "document-SACM" in in_force(db)


@pytest.mark.parametrize("lost", ["document-RCM", "checkpoint", "disclosure"])
def test_a_known_key_whose_file_is_gone_stops_the_node_and_says_what_to_do(db, secrets, lost):
    next(secrets.folder.glob(f"{lost}.*")).unlink()
    files = sorted(secrets.folder.iterdir())
    with pytest.raises(SecretMissing, match="put the folder of secrets back, or .*istmo keys init --replace"):
        initialise(db, secrets)
    assert sorted(secrets.folder.iterdir()) == files


@pytest.mark.parametrize("content", [b"nothing", None], ids=["damaged", "another key"])
def test_a_file_that_is_not_the_key_stops_the_node(db, secrets, content):
    mine, other = (next(secrets.folder.glob(f"{purpose}.*")) for purpose in ("document-RCM", "checkpoint"))
    mine.write_bytes(content or other.read_bytes())
    with pytest.raises(SecretMissing, match=r"holds no key|not the key"), db.read() as session:
        keys.load_signer(session, secrets)


def test_replacing_makes_new_keys_for_the_lost_ones_only(db, secrets):
    before = in_force(db)
    for lost in ("document-RCM", "cursor"):
        next(secrets.folder.glob(f"{lost}.*")).unlink()
    with db.write() as session:
        made = keys.replace_missing(session, secrets, settings(secrets.folder))
    after = in_force(db)
    assert [known.purpose for known in made] == ["document-RCM"] == audited_purposes(db, "keys.replace")
    assert after["document-SACM"] == before["document-SACM"]
    assert after["document-RCM"].kid != before["document-RCM"].kid
    initialise(db, secrets)


def audited_purposes(db: Database, action: str) -> list[str]:
    with db.read() as session:
        purposes = {known.kid: known.purpose for known in keys.public_keys(session)}
    return [purposes[kid] for kid in audited(db, action)]


def test_a_rotated_key_signs_and_the_old_one_still_verifies(db, book):
    old = in_force(db)["document-RCM"]
    signed = book.signer.sign("document-RCM", DOCUMENT_CONTEXT, b"payload")
    with db.write() as session:
        made = keys.rotate(session, book.secrets, "document-RCM")
    with db.read() as session:
        listed = {known.kid: known for known in keys.public_keys(session)}
        signer = keys.load_signer(session, book.secrets)
    assert listed[old.kid].valid_to is not None
    assert listed[old.kid].valid_to <= made.valid_from
    assert signer.sign("document-RCM", DOCUMENT_CONTEXT, b"payload")["kid"] == made.kid
    assert keys.verify_signature(listed[old.kid].public, signed, DOCUMENT_CONTEXT, b"payload")
    assert audited_purposes(db, "keys.rotate") == ["document-RCM"]


def test_a_purpose_that_has_no_key_is_not_rotated(db, secrets):
    with pytest.raises(Problem) as caught, db.write() as session:
        keys.rotate(session, secrets, "document-XYZ")
    assert caught.value.code == "key-purpose-unknown"


def test_a_signature_stands_for_its_context_payload_and_key_alone(db, book):
    public = {purpose: known.public for purpose, known in in_force(db).items()}
    signed = book.signer.sign("document-RCM", DOCUMENT_CONTEXT, b"payload")
    assert keys.verify_signature(public["document-RCM"], signed, DOCUMENT_CONTEXT, b"payload")
    assert not keys.verify_signature(public["document-RCM"], signed, CHECKPOINT_CONTEXT, b"payload")
    assert not keys.verify_signature(public["document-RCM"], signed, DOCUMENT_CONTEXT, b"other")
    assert not keys.verify_signature(public["document-SACM"], signed, DOCUMENT_CONTEXT, b"payload")


def test_a_signature_has_one_spelling(db, book):
    public = in_force(db)["document-RCM"].public
    signed = book.signer.sign("document-RCM", DOCUMENT_CONTEXT, b"payload")
    last = signed["value"][-1]
    same_bytes = signed["value"][:-1] + chr(ord(last) + 1)
    assert base64.urlsafe_b64decode(same_bytes + "==") == base64.urlsafe_b64decode(signed["value"] + "==")
    for change in ({"value": same_bytes}, {"value": signed["value"] + "=="}, {"value": None}, {"alg": "none"}, {"kid": "0" * 16}, {"x": 1}):
        assert not keys.verify_signature(public, {**signed, **change}, DOCUMENT_CONTEXT, b"payload")
    assert not keys.verify_signature(public, "text", DOCUMENT_CONTEXT, b"payload")


def test_a_purpose_without_a_key_signs_nothing(book):
    with pytest.raises(KeyError):
        book.signer.sign("document-XYZ", DOCUMENT_CONTEXT, b"payload")


def test_a_failed_initialisation_leaves_no_row(db, tmp_path):
    with pytest.raises(RuntimeError, match="power"), db.write() as session:
        keys.initialise(session, Secrets(tmp_path / "s"), settings(tmp_path / "s"))
        raise RuntimeError("power")
    assert in_force(db) == {}
    assert begin(db, tmp_path / "s").faults() == []
