"""Access tokens at the door: whose they are, and one answer for every reason to refuse them (contract: Parties; guarantees 4)."""

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc._rfc7518.jws_algs import ESAlgorithm
from serving import Served
from signing import (
    ISSUER,
    Claims,
    client_id,
    compact,
    es256,
    hs256,
    jwk,
    kids,
    me,
    pair,
    parts,
    pem,
    secret,
    text64,
    token,
    token_key,
    without_id,
)
from sqlalchemy import event, text, update

from app.access import clients, token_keys
from app.access.models import Client
from app.core.clock import utc_now
from app.wire.ids import uuid7


def test_a_token_says_who_asks_for_how_long_and_where_and_nothing_of_rights(served: Served):
    before = int(time.time())
    header, claims = parts(token(served))
    kid, _ = token_key(served.node)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": kid}
    assert set(claims) == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti"}
    assert claims["iss"] == claims["aud"] == ISSUER == served.node.settings.public_url
    assert claims["sub"] == claims["client_id"] == client_id(served, "pan")
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] - claims["iat"] == 600


def test_a_token_is_the_client_with_the_rights_of_its_row_now(served: Served):
    bearer = token(served)
    by_key, by_token = served.as_("pan").get("/v1/me"), me(served, bearer)
    assert by_token.json() == by_key.json()
    with served.node.db.write() as session:
        session.execute(update(Client).where(Client.id == client_id(served, "pan")).values(state="HND", ceiling=1))
    now = me(served, bearer).json()
    assert (now["state"], now["office"], now["ceiling"]) == ("HND", "RCM/HND", "GREEN")


def forgeries(served: Served) -> dict[str, str]:
    """Tokens that are wrong in one thing each; where it is not the signature itself they are signed by the key in force."""
    kid, key = token_key(served.node)
    (next_kid,) = [other for other in kids(served.node) if other != kid]
    good, now, stranger = client_id(served, "pan"), int(time.time()), pair()
    base = {"iss": ISSUER, "aud": ISSUER, "sub": good, "client_id": good, "iat": now, "exp": now + 600, "jti": uuid7()}
    head = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
    right = compact(head, base, es256(key))
    assert me(served, right).status_code == 200

    def with_header(**changes: Any) -> str:
        return compact({**head, **changes}, base, es256(key))

    def with_claims(**changes: Any) -> str:
        return compact(head, {**base, **changes}, es256(key))

    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    other = client_id(served, "hnd")
    return {
        "alg none": compact({**head, "alg": "none"}, base, lambda _: b""),
        "alg none with a signature": compact({**head, "alg": "none"}, base, es256(key)),
        "alg None": compact({**head, "alg": "None"}, base, lambda _: b""),
        "HS256 by the public PEM": compact({**head, "alg": "HS256"}, base, hs256(pem(key).encode())),
        "HS256 by the public DER": compact({**head, "alg": "HS256"}, base, hs256(spki)),
        "HS256 by the public JWK": compact({**head, "alg": "HS256"}, base, hs256(token_keys_text(served, kid).encode())),
        "HS256 called ES256": compact(head, base, lambda signed: hs256(pem(key).encode())(signed) * 2),
        "ES384": with_header(alg="ES384"),
        "another's key": compact(head, base, es256(stranger)),
        "another's key in the header": compact({**head, "jwk": jwk(stranger)}, base, es256(stranger)),
        "the key of nobody": compact({**head, "kid": "0123456789abcdef"}, base, es256(stranger)),
        "the next key, which does not sign yet": compact({**head, "kid": next_kid}, base, es256(token_key(served.node, next_kid)[1])),
        "no kid": with_header(kid=None),
        "kid of a file": with_header(kid="../../dev/null"),
        "kid as list": with_header(kid=[kid]),
        "typ JWT": with_header(typ="JWT"),
        "typ at+JWT": with_header(typ="at+JWT"),
        "typ logout+jwt": with_header(typ="logout+jwt"),
        "no typ": with_header(typ=None),
        "crit": with_header(crit=["exp"]),
        "crit b64": with_header(crit=["b64"], b64=False),
        "zip": with_header(zip="DEF"),
        "huge header": with_header(x="x" * 20_000),
        "aud of another node": with_claims(aud="https://other.example"),
        "aud as list": with_claims(aud=[ISSUER]),
        "aud with a slash": with_claims(aud=ISSUER + "/"),
        "no aud": with_claims(aud=None),
        "iss of another node": with_claims(iss="https://other.example"),
        "no iss": with_claims(iss=None),
        "expired": with_claims(iat=now - 601, exp=now - 1),
        "no exp": with_claims(exp=None),
        "exp as text": with_claims(exp=str(now + 600)),
        "exp true": with_claims(exp=True),
        "exp beyond every calendar": with_claims(exp=10**18),
        "exp as fraction": with_claims(exp=now + 600.5),
        "iat before all time": with_claims(iat=-(10**18)),
        "no iat": with_claims(iat=None),
        "no jti": with_claims(jti=None),
        "jti of another kind": with_claims(jti="1"),
        "jti as number": with_claims(jti=1),
        "no sub": with_claims(sub=None),
        "no client_id": with_claims(client_id=None),
        "sub and client_id differ": with_claims(sub=other),
        "client of nobody": with_claims(sub="nosuchclient", client_id="nosuchclient"),
        "client with NUL": with_claims(sub="a\x00", client_id="a\x00"),
        "client as object": with_claims(sub={}, client_id={}),
        "a role": with_claims(role="operator"),
        "a scope": with_claims(scope="all"),
        "claims as list": compact(head, [base], es256(key)),
        "claims cut": compact(head, '{"iss":', es256(key)),
        "nested without end": compact(head, "[" * 3_000, es256(key)),
        "header repeated": compact('{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"' + kid + '"}', base, es256(key)),
        "nonsense": "a.b.c",
        "nonsense of base64": "!!!!.????.====",
        "one part": right.split(".", maxsplit=1)[0],
        "four parts": right + ".x",
        "no signature": right.rsplit(".", 1)[0] + ".",
        "signature of zeros": right.rsplit(".", 1)[0] + "." + text64(bytes(64)),
        "signature cut": right[:-1],
        "signature padded": right + "==",
        "other claims under the signature": swapped(right, compact(head, {**base, "sub": other, "client_id": other}, es256(key))),
        "a space in it": right.replace(".", ". ", 1),
    }


def token_keys_text(served: Served, kid: str) -> str:
    with served.node.db.read() as session:
        return next(row.public for row in token_keys.known(session) if row.kid == kid)


def swapped(signed: str, wanted: str) -> str:
    head, _, signature = signed.split(".")
    return ".".join([head, wanted.split(".")[1], signature])


def test_every_bad_token_gets_the_same_answer_as_a_wrong_key_and_nothing_that_tells_why(served: Served):
    wrong_key = without_id(me(served, "istmo_nosuchclient_secret"))
    assert (wrong_key[0], wrong_key[1]["code"]) == (401, "unauthenticated")
    assert [value.split()[0] for name, value in wrong_key[2] if name == "www-authenticate"] == ["Bearer", "Basic"]
    answers = {name: without_id(me(served, forged)) for name, forged in forgeries(served).items()}
    assert {name: answer for name, answer in answers.items() if answer != wrong_key} == {}


ODD = [
    b"Basic " + bytes([0xE9, 0xFF]),
    b"Basic 6cPg",
    b"Basic AAAA",
    b"Basic bm9jb2xvbg==",
    b"Basic !!!!",
    b"Basic Og==",
    b"Basic",
    b"Bearer",
    b"Bearer " + bytes(range(0x80, 0xA0)),
    b"\xff\xfe",
    b"Digest username=x",
    b"Negotiate AAAA",
    b"Bearer " + b"x" * 30_000,
    b"Basic " + b"QQ==" * 5_000,
]


def test_odd_bytes_and_several_headers_get_the_same_answer_too(served: Served):
    expected = without_id(me(served, "istmo_nosuchclient_secret"))
    good = f"Bearer {served.keys['pan']}".encode()
    sent = [[(b"Authorization", odd)] for odd in ODD]
    sent += [[(b"Authorization", good), (b"Authorization", good)], [(b"Authorization", good), (b"authorization", b"Bearer x")]]
    answers = [without_id(served.as_(None).get("/v1/me", headers=headers)) for headers in sent]
    assert answers == [expected] * len(sent)
    assert served.as_(None).get("/v1/me", headers=[(b"authorization", good)]).status_code == 200


@pytest.mark.parametrize("act", ["disable", "rotate", "expire", "revoke", "leak"])
def test_a_token_is_refused_on_the_next_request_after(served: Served, act: str):
    bearer, other, who = token(served), token(served, "hnd"), client_id(served, "pan")
    assert me(served, bearer).status_code == 200
    if act == "revoke":
        form = {"token": bearer, "token_type_hint": "access_token"}
        assert served.as_(None).post("/oauth/revoke", data=form, auth=(who, secret(served, "pan"))).status_code == 200
    with served.node.db.write() as session:
        if act == "disable":
            clients.disable(session, who)
        if act == "rotate":
            clients.rotate(session, who)
        if act == "expire":
            session.execute(update(Client).where(Client.id == who).values(expires_at=utc_now()))
        if act == "leak":
            token_keys.rotate_leaked(session, served.node.secrets)
    refused = me(served, bearer)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert me(served, other).status_code == (401 if act == "leak" else 200)


def test_a_token_made_in_the_very_second_of_a_rotation_is_good_and_one_made_before_it_is_not(served: Served):
    for _ in range(3):
        old = token(served, "hnd")
        with served.node.db.write() as session:
            new = clients.rotate(session, client_id(served, "hnd"))
        served.keys = {**served.keys, "hnd": new.api_key}
        assert me(served, old).status_code == 401
        assert me(served, token(served, "hnd")).status_code == 200


def test_a_token_ends_at_its_instant(served: Served):
    bearer = token(served)
    ends = parts(bearer)[1]["exp"]
    with time_machine.travel(ends - 0.5, tick=False):
        assert me(served, bearer).status_code == 200
    with time_machine.travel(ends, tick=False):
        assert me(served, bearer).status_code == 401


def test_a_request_by_token_costs_the_statement_of_one_by_key_and_one_check_of_a_signature(served: Served, monkeypatch):
    checks: list[object] = []
    statements: list[str] = []
    verify = ESAlgorithm.verify
    monkeypatch.setattr(ESAlgorithm, "verify", lambda *arguments: checks.append(1) or verify(*arguments))
    for engine in (served.node.db.reader, served.node.db.writer):
        event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    served.node.db.watchers.append(statements.append)

    def cost(bearer: str) -> tuple[int, int]:
        checks.clear()
        statements.clear()
        assert me(served, bearer).status_code == 200
        return len(checks), sum(statement.startswith("SELECT") for statement in statements)

    # The second statement is that of the route, which shows the row.
    bearer = token(served)
    assert [cost(served.keys["pan"]), cost(bearer), cost(bearer), cost(served.keys["pan"])] == [(0, 2), (1, 2), (1, 2), (0, 2)]


def test_no_token_and_no_secret_stands_in_the_store_or_its_audit(served: Served):
    bearer = token(served)
    with served.node.db.read() as session:
        tables = ("client", "token_key", "spent_id", "audit")
        stored = repr([session.execute(text(f"SELECT * FROM {table}")).all() for table in tables])
    assert bearer.split(".")[2] not in stored
    assert secret(served, "pan") not in stored
    assert "PRIVATE" not in stored


def claims_of(bearer: str) -> Claims:
    return parts(bearer)[1]


def test_tokens_differ_and_outlive_their_client_by_nothing(served: Served):
    first, second = token(served), token(served)
    assert claims_of(first)["jti"] != claims_of(second)["jti"]
    with served.node.db.write() as session:
        session.execute(update(Client).where(Client.id == client_id(served, "pan")).values(expires_at=utc_now() + timedelta(seconds=60)))
    with time_machine.travel(time.time() + 61):
        assert me(served, first).status_code == 401
