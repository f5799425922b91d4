"""Keys that endorse their followers, and keys of other nodes: whom to believe after a rotation, by public halves alone."""

import dataclasses
import json
from datetime import timedelta

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from logbook import Logbook, settings
from neighbour import SINCE, Neighbour, base64url, kid_of, signature

from app.exchange import keys, signatures
from app.exchange.foreign import foreign_keys, learn
from app.exchange.keys import endorsed
from app.exchange.signatures import PublicKey


def rotated(book: Logbook, purpose: str) -> PublicKey:
    with book.db.write() as session:
        return keys.rotate(session, book.secrets, purpose)


def own(book: Logbook, purpose: str) -> list[PublicKey]:
    """The node's keys of a purpose, the oldest first."""
    with book.db.read() as session:
        return [known for known in keys.public_keys(session) if known.purpose == purpose]


def introduction(key: PublicKey, **changed: str) -> dict[str, str]:
    since = key.valid_from.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"kid": kid_of(key.public), "key": base64url(key.public), "purpose": key.purpose, "from": since, **changed}


@pytest.mark.parametrize("purpose", ["document-RCM", "checkpoint"])
def test_the_old_key_endorses_the_new_one_in_its_own_context(book, purpose):
    rotated(book, purpose)
    old, new = own(book, purpose)
    assert old.endorsement is None
    said = json.loads(new.endorsement)
    assert rfc8785.dumps(said).decode() == new.endorsement
    assert (set(said), said["kid"], said["alg"]) == ({"kid", "alg", "value"}, old.kid, "EdDSA")
    value = signatures._decoded(said["value"])
    Ed25519PublicKey.from_public_bytes(old.public).verify(value, b"istmo key\x00" + rfc8785.dumps(introduction(new)))


def test_who_knows_one_key_may_take_every_later_one_in_turn(book):
    first = own(book, "checkpoint")[0]
    for _ in range(3):
        rotated(book, "checkpoint")
    known = {first.kid: first.public}
    later = own(book, "checkpoint")[1:]
    assert not endorsed(known, later[1])
    for key in later:
        assert endorsed(known, key)
        known[key.kid] = key.public
    assert len(known) == 4


def test_a_key_that_takes_the_place_of_a_lost_one_is_endorsed_by_nobody(book):
    next(book.secrets.folder.glob("document-RCM.*")).unlink()
    with book.db.write() as session:
        keys.replace_missing(session, book.secrets, settings(book.secrets.folder))
    old, new = own(book, "document-RCM")
    assert new.endorsement is None
    assert not endorsed({old.kid: old.public}, new)


def test_an_endorsement_stands_for_what_it_names_and_nothing_else(book):
    rotated(book, "document-RCM")
    old, new = own(book, "document-RCM")
    other = Neighbour().public("document-RCM")
    known = {old.kid: old.public}
    assert endorsed(known, new)
    said = json.loads(new.endorsement)
    changes = (
        {"kid": other.kid},
        {"public": other.public},
        {"kid": other.kid, "public": other.public},
        {"purpose": "document-SACM"},
        {"purpose": "checkpoint"},
        {"valid_from": new.valid_from + timedelta(microseconds=1)},
        {"endorsement": None},
        {"endorsement": ""},
        {"endorsement": "[]"},
        {"endorsement": "{"},
        *({"endorsement": json.dumps({**said, name: value})} for name, value in (("kid", other.kid), ("alg", "none"), ("value", "A" * 86))),
    )
    for change in changes:
        assert not endorsed(known, dataclasses.replace(new, **change)), change
    assert not endorsed({}, new)
    assert not endorsed({old.kid: other.public}, new)
    # Its end is not endorsed: a key may be closed, by whoever describes it, without a word of the key before.
    assert endorsed(known, dataclasses.replace(new, valid_to=new.valid_from))


def test_what_was_signed_in_another_context_endorses_no_key():
    neighbour = Neighbour()
    new = neighbour.public("document-SACM")
    for context, stands in ((b"istmo key", True), (b"istmo document", False), (b"istmo checkpoint", False)):
        text = rfc8785.dumps(signature(neighbour.key("old"), context, introduction(new))).decode()
        old = neighbour.public("old")
        assert endorsed({old.kid: old.public}, dataclasses.replace(new, endorsement=text)) is stands
    borrowed = dataclasses.replace(new, kid=old.kid)
    text = rfc8785.dumps(signature(neighbour.key("old"), b"istmo key", introduction(new, kid=old.kid))).decode()
    assert not endorsed({old.kid: old.public}, dataclasses.replace(borrowed, endorsement=text))
    skewed = signature(neighbour.key("old"), b"istmo key", introduction(new, purpose="checkpoint"))
    assert not endorsed({old.kid: old.public}, dataclasses.replace(new, endorsement=rfc8785.dumps(skewed).decode()))


def test_keys_of_other_nodes_are_kept_by_node_the_oldest_first(db):
    one, two = Neighbour("SACM"), Neighbour("OTHER")
    one.known_to(db, "document-SACM", "checkpoint")
    two.known_to(db, "checkpoint")
    with db.read() as session:
        assert foreign_keys(session, "SACM") == [one.public("checkpoint"), one.public("document-SACM")]
        assert foreign_keys(session, "OTHER") == [two.public("checkpoint")]
        assert foreign_keys(session, "NOBODY") == []
        assert {known.kid for known in foreign_keys(session)} == {
            key.kid for key in (*foreign_keys(session, "SACM"), two.public("checkpoint"))
        }


def test_a_key_that_is_learned_again_only_takes_its_end(db):
    neighbour = Neighbour()
    neighbour.known_to(db, "checkpoint")
    known = neighbour.public("checkpoint")
    ended = dataclasses.replace(known, valid_from=SINCE + timedelta(days=9), valid_to=SINCE + timedelta(days=10))
    with db.write() as session:
        learn(session, neighbour.name, [ended])
    with db.read() as session:
        assert foreign_keys(session) == [dataclasses.replace(known, valid_to=ended.valid_to)]


@pytest.mark.parametrize("change", ["id", "key", "node", "purpose"])
def test_a_known_id_is_never_another_key_node_or_purpose(db, change):
    neighbour, other = Neighbour(), Neighbour().public("checkpoint")
    neighbour.known_to(db, "checkpoint")
    known = neighbour.public("checkpoint")
    name = "OTHER" if change == "node" else neighbour.name
    changed = {"id": {"kid": "0" * 16}, "key": {"public": other.public}, "purpose": {"purpose": "document-SACM"}, "node": {}}[change]
    with pytest.raises(ValueError, match="id"), db.write() as session:
        learn(session, name, [other, dataclasses.replace(known, **changed)])
    with db.read() as session:
        assert foreign_keys(session) == [known]
