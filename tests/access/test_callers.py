"""Who calls: Bearer and Basic, one answer for every cause of refusal, rights read anew at each request (contract: Parties; guarantees 4)."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import event, text, update

from app.access.callers import Caller, authenticate, secret_hash
from app.access.clients import Credential, NewClient, create, disable, rotate
from app.access.models import Client
from app.core.db import Database
from app.core.problems import Problem
from app.wire.codes import TLP, Role

NOW = datetime(2024, 3, 11, 12, tzinfo=UTC)
PARTNER = NewClient(Role.PARTNER, "RCM", "PAN", person="Ana")


def made(db: Database, wanted: NewClient = PARTNER) -> Credential:
    with db.write() as session:
        return create(session, wanted)


def with_secret(db: Database, secret: str) -> str:
    """A client whose secret is chosen here, for the forms that a drawn one seldom has."""
    credential = made(db)
    with db.write() as session:
        session.execute(update(Client).where(Client.id == credential.client_id).values(secret_sha256=secret_hash(secret)))
    return credential.client_id


def caller(db: Database, header: str | None) -> Caller:
    return authenticate(db, header)


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def refusal(db: Database, header: str | None) -> tuple[object, ...]:
    with pytest.raises(Problem) as refused:
        caller(db, header)
    problem = refused.value
    return problem.code, problem.status, problem.findings, problem.params, problem.headers, problem.args


REFUSED = ("unauthenticated", 401, (), {}, {}, ("unauthenticated",))


def test_a_key_opens_as_bearer_and_as_basic_whatever_the_letters_of_the_scheme(db: Database):
    key = made(db)
    basic_header = basic(key.client_id, key.secret)
    headers = [f"Bearer {key.api_key}", f"bearer {key.api_key}", f"BEARER  {key.api_key} ", basic_header, "basic" + basic_header[5:]]
    expected = Caller(key.client_id, Role.PARTNER, "RCM", "PAN", TLP.RED.rank, "Ana")
    assert [caller(db, header) for header in headers] == [expected] * 5


@pytest.mark.parametrize("secret", ["a_b_c", "_", "__x", "a-b_", "~!$&'()*"])
def test_a_secret_may_hold_the_sign_that_parts_the_key(db: Database, secret: str):
    name = with_secret(db, secret)
    assert caller(db, f"Bearer istmo_{name}_{secret}").client_id == name
    assert caller(db, basic(name, secret)).client_id == name


def test_basic_ends_the_name_at_the_first_colon(db: Database):
    name = with_secret(db, "a:b:")
    assert caller(db, basic(name, "a:b:")).client_id == name
    assert refusal(db, basic(name, "a:b")) == REFUSED


def test_every_wrong_credential_gets_the_same_answer_and_nothing_that_tells_why(db: Database):
    key = made(db)
    disabled, expired = made(db), made(db, NewClient(Role.ANALYST, "RCM", expires_at=NOW))
    with db.write() as session:
        disable(session, disabled.client_id)
    name, secret = key.client_id, key.secret
    headers = [
        None,
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Basic",
        "Basic ",
        key.api_key,
        f"Token {key.api_key}",
        f"Bearer{key.api_key}",
        f"Bearer istmo_{name}",
        f"Bearer istmo_{name}_",
        f"Bearer ISTMO_{name}_{secret}",
        f"Bearer other_{name}_{secret}",
        f"Bearer istmo_{name}_{secret}x",
        f"Bearer istmo_{name}_{secret[:-1]}",
        f"Bearer istmo_{name}_{secret.swapcase()}",
        f"Bearer istmo_{name.upper()}_{secret}",
        f"Bearer istmo__{secret}",
        f"Bearer istmo_nosuchclient_{secret}",
        "Bearer istmo_nosuchclient_",
        f"Bearer istmo_{name}_{hashlib.sha256(secret.encode()).hexdigest()}",
        f"Bearer istmo_{name}' OR '1'='1_{secret}",
        f"Bearer {disabled.api_key}",
        f"Bearer {expired.api_key}",
        basic(disabled.client_id, disabled.secret),
        basic(name, secret + "x"),
        basic(name, ""),
        basic("", secret),
        basic("nosuchclient", secret),
        "Basic " + base64.b64encode(name.encode()).decode(),
        "Basic !!!!",
        "Basic " + basic(name, secret)[6:-3],
        f"Basic {name}:{secret}",
    ]
    assert {header: refusal(db, header) for header in headers} == dict.fromkeys(headers, REFUSED)
    assert caller(db, f"Bearer {key.api_key}").client_id == name


@pytest.mark.parametrize("odd", ["\x00", "\r", "\n", "\x7f", "ñ", "ÿ", "\u200b", "🛶", "\ud800"])
def test_b041_odd_characters_are_refused_like_any_wrong_key_on_both_databases(db: Database, odd: str):
    key = made(db)
    for header in (f"Bearer istmo_{key.client_id}{odd}_{key.secret}", f"Bearer istmo_{key.client_id}_{odd}{key.secret}", odd):
        assert refusal(db, header) == REFUSED
    for name, secret in ((key.client_id + odd, key.secret), (key.client_id, odd + key.secret), (odd, odd)):
        packed = base64.b64encode(f"{name}:{secret}".encode("utf-8", "surrogatepass")).decode()
        assert refusal(db, f"Basic {packed}") == REFUSED


def test_an_endless_header_is_not_even_read(db: Database):
    name = with_secret(db, "s" * (512 - len("Bearer istmo_") - 12 - 1))
    longest = f"Bearer istmo_{name}_" + "s" * (512 - len("Bearer istmo_") - 12 - 1)
    assert (len(longest), caller(db, longest).client_id) == (512, name)
    assert refusal(db, longest + " ") == REFUSED
    assert refusal(db, "Bearer " + "x" * 1_000_000) == REFUSED


def test_a_client_expires_at_its_instant(db: Database):
    key = made(db, NewClient(Role.ANALYST, "RCM", expires_at=NOW))
    with time_machine.travel(NOW - timedelta(microseconds=1), tick=False):
        assert caller(db, f"Bearer {key.api_key}").role is Role.ANALYST
    with time_machine.travel(NOW, tick=False):
        assert refusal(db, f"Bearer {key.api_key}") == REFUSED


def test_the_rights_are_those_of_the_row_at_each_request(db: Database):
    key = made(db)
    for role, conference, state, ceiling in (("analyst", "SACM", None, 1), ("secretariat", "SACM", None, 4), ("partner", "RCM", "HND", 2)):
        values = {"role": role, "conference": conference, "state": state, "ceiling": ceiling}
        with db.write() as session:
            session.execute(update(Client).where(Client.id == key.client_id).values(**values))
        now = caller(db, f"Bearer {key.api_key}")
        assert now.rights == (role, conference, state, ceiling)
    with db.write() as session:
        disable(session, key.client_id)
    assert refusal(db, f"Bearer {key.api_key}") == REFUSED


def test_an_old_secret_is_refused_from_the_next_request_on(db: Database):
    key = made(db)
    with db.write() as session:
        new = rotate(session, key.client_id)
    assert refusal(db, f"Bearer {key.api_key}") == REFUSED
    assert caller(db, f"Bearer {new.api_key}").client_id == key.client_id


def test_a_secret_is_stored_as_its_sha_256_and_nowhere_else(stores, db: Database):
    key = made(db)
    with db.read() as session:
        row = session.execute(text("SELECT * FROM client WHERE id = :id"), {"id": key.client_id}).mappings().one()
        audited = session.execute(text("SELECT * FROM audit")).all()
    assert row["secret_sha256"] == hashlib.sha256(key.secret.encode()).hexdigest()
    assert key.secret not in repr((row, audited))
    if db.is_sqlite:
        written = b"".join(path.read_bytes() for path in stores.folder.glob(f"{db.url.database.split('/')[-1]}*"))
        assert row["secret_sha256"].encode() in written
        assert key.secret.encode() not in written


def test_one_statement_knows_the_caller_and_none_is_run_for_what_is_no_credential(db: Database):
    key, selects = made(db), []
    event.listen(db.reader, "before_cursor_execute", lambda _c, _u, statement, *_: selects.extend(["SELECT"] * ("SELECT" in statement)))
    db.watchers.append(lambda statement: selects.append(statement.split()[0]))
    caller(db, f"Bearer {key.api_key}")
    assert selects == ["SELECT"]
    for header in (None, "Bearer x", "Basic x", "x" * 600):
        refusal(db, header)
    assert selects == ["SELECT"]


@pytest.mark.parametrize(
    ("role", "state", "office", "grantees"),
    [
        (Role.SECRETARIAT, None, "RCM/secretariat", ("*", "RCM", "RCM/secretariat")),
        (Role.PARTNER, "PAN", "RCM/PAN", ("*", "RCM", "RCM/PAN")),
        (Role.ANALYST, None, None, ("*", "RCM")),
    ],
)
def test_a_caller_reads_under_its_conference_and_its_office(role: Role, state: str | None, office: str | None, grantees: tuple[str, ...]):
    who = Caller("c", role, "RCM", state, 4, None)
    assert (who.office, who.grantees, who.reads_bodies) == (office, grantees, True)


def test_an_operator_reads_no_bodies_and_writes_for_no_office():
    assert [(who.reads_bodies, who.office) for who in [Caller("c", Role.OPERATOR, "RCM", None, 4, None)]] == [(False, None)]
