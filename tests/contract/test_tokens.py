"""POST /oauth/token, /oauth/revoke and what anyone may know of them (RFC 6749, 7009, 7517, 7523, 8414)."""

import threading
import time
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
import time_machine
from serving import Served
from signing import (
    ASSERTION_TYPE,
    ISSUER,
    assertion,
    client_id,
    compact,
    es256,
    hs256,
    jwk,
    me,
    pair,
    parts,
    pem,
    secret,
    token,
    token_key,
    without_id,
)
from sqlalchemy import text

from app.access import token_keys
from app.access.clients import NewClient, create, disable
from app.access.jose import public_key_of
from app.wire.codes import Role
from app.wire.ids import uuid7

KEY = pair()
STRANGER = pair()
GRANT = {"grant_type": "client_credentials"}


def registered(served: Served, given: Any = None) -> str:
    """A client that may show who it is by the key above."""
    with served.node.db.write() as session:
        return create(session, NewClient(Role.ANALYST, "SACM", public_key=public_key_of(given or jwk(KEY)))).client_id


def ask(served: Served, signed: str | None = None, path: str = "/oauth/token", **form: Any) -> httpx.Response:
    sent = {**GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed, **form}
    return served.as_(None).post(path, data={name: value for name, value in sent.items() if value is not None})


def spent(served: Served) -> list[tuple[str, str]]:
    with served.node.db.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT issuer, jti FROM spent_id ORDER BY jti"))]


def test_a_secret_buys_a_token_that_no_cache_keeps(served: Served):
    answer = served.as_(None).post("/oauth/token", data=GRANT, auth=(client_id(served, "pan"), secret(served, "pan")))
    body = answer.json()
    assert (answer.status_code, set(body)) == (200, {"access_token", "token_type", "expires_in"})
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == ("no-store", "application/json")
    assert ("issue_token", "done", None) in served.audit()


def test_id_and_secret_may_come_as_a_form_writes_them(served: Served):
    name, word = client_id(served, "pan"), secret(served, "pan")
    escaped = "".join(f"%{ord(letter):02X}" for letter in word)
    for pair_sent in ((quote_plus(name), quote_plus(word)), (name, escaped)):
        assert served.as_(None).post("/oauth/token", data=GRANT, auth=pair_sent).status_code == 200


@pytest.mark.parametrize("given", [jwk(KEY), pem(KEY)])
@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/oauth/token", ["https://other.example", ISSUER]])
def test_a_registered_key_buys_a_token_by_an_assertion(served: Served, given: Any, audience: Any):
    who = registered(served, given)
    answer = ask(served, assertion(KEY, who, "1", aud=audience))
    assert answer.status_code == 200, answer.text
    assert me(served, answer.json()["access_token"]).json()["client_id"] == who
    assert spent(served) == [(who, "1")]


@pytest.mark.parametrize("changes", [{"iat": 59}, {"iat": None}, {"exp": 599}, {"nbf": 59}, {"exp": 10.5}])
def test_an_assertion_may_be_a_minute_ahead_and_ten_minutes_long(served: Served, changes: dict[str, Any]):
    now = time.time()
    moved = {
        name: offset if offset is None else (now if isinstance(offset, float) else int(now)) + offset for name, offset in changes.items()
    }
    assert ask(served, assertion(KEY, registered(served), "1", **moved)).status_code == 200


def bad_assertions(who: str, keyless: str) -> dict[str, str]:
    """Assertions that are wrong in one thing each."""
    now = int(time.time())

    def wrong(**changes: Any) -> str:
        return assertion(KEY, who, "1", **changes)

    base = parts(assertion(KEY, who, "1"))[1]
    return {
        "another's key": assertion(STRANGER, who, "1"),
        "another's key in the header": assertion(STRANGER, who, "1", {"jwk": jwk(STRANGER)}),
        "alg none": compact({"alg": "none"}, base, lambda _: b""),
        "HS256 by the public key": compact({"alg": "HS256"}, base, hs256(pem(KEY).encode())),
        "crit": assertion(KEY, who, "1", {"crit": ["exp"]}),
        "nobody": assertion(KEY, "nosuchclient", "1"),
        "a client without a key": assertion(KEY, keyless, "1"),
        "iss of another": wrong(iss=keyless),
        "sub of another": wrong(sub=keyless),
        "no sub": wrong(sub=None),
        "sub as list": wrong(sub=[who], iss=[who]),
        "sub with NUL": wrong(sub="\x00", iss="\x00"),
        "aud of another node": wrong(aud="https://other.example"),
        "aud as object": wrong(aud={ISSUER: 1}),
        "no aud": wrong(aud=None),
        "expired": wrong(exp=now - 1),
        "eleven minutes long": wrong(exp=now + 660),
        "without end": wrong(exp=None),
        "exp as text": wrong(exp=str(now + 60)),
        "exp true": wrong(exp=True),
        "iat too far ahead": wrong(iat=now + 120),
        "iat as text": wrong(iat="now"),
        "nbf too far ahead": wrong(nbf=now + 120),
        "no jti": wrong(jti=None),
        "empty jti": wrong(jti=""),
        "endless jti": wrong(jti="x" * 256),
        "jti as number": wrong(jti=7),
        "jti with a control character": wrong(jti="a\nb"),
        "nonsense": "a.b.c",
        "not even that": "ñ",
        "endless": assertion(KEY, who, "1", pad="x" * 9_000),
        "claims as list": compact({"alg": "ES256"}, [base], es256(KEY)),
    }


def test_every_bad_assertion_gets_the_answer_of_a_wrong_secret_and_spends_nothing(served: Served):
    who = registered(served)
    keyless = client_id(served, "pan")
    expected = without_id(served.as_(None).post("/oauth/token", data=GRANT, auth=(who, "wrong")))
    assert (expected[0], expected[1]["code"], expected[1]["error"]) == (401, "invalid-client", "invalid_client")
    assert [value.split()[0] for name, value in expected[2] if name == "www-authenticate"] == ["Bearer", "Basic"]
    answers = {name: without_id(ask(served, signed)) for name, signed in bad_assertions(who, keyless).items()}
    assert {name: answer for name, answer in answers.items() if answer != expected} == {}
    others = [
        ask(served, assertion(KEY, who, "1"), client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
        ask(served, assertion(KEY, who, "1"), client_id=keyless),
    ]
    assert [without_id(answer) for answer in others] == [expected] * 2
    assert spent(served) == []
    assert ask(served, assertion(KEY, who, "1")).status_code == 200


@pytest.mark.parametrize("ended", ["disabled", "expired"])
def test_a_client_that_has_ended_gets_no_token(served: Served, ended: str):
    who = registered(served)
    with served.node.db.write() as session:
        if ended == "disabled":
            disable(session, who)
        else:
            session.execute(text("UPDATE client SET expires_at = created_at WHERE id = :id"), {"id": who})
    assert (ask(served, assertion(KEY, who, "1")).json()["error"], spent(served)) == ("invalid_client", [])


def test_an_assertion_is_good_once_also_for_another_form_and_after_a_good_answer_was_lost(served: Served):
    who = registered(served)
    signed = assertion(KEY, who, "1")
    first, again = ask(served, signed), ask(served, signed)
    assert [first.status_code, again.status_code, again.json()["code"]] == [200, 401, "invalid-client"]
    assert ask(served, signed, "/oauth/revoke", token="x").status_code == 401
    assert ask(served, assertion(KEY, who, "1", exp=int(time.time()) + 500)).status_code == 401
    assert ask(served, assertion(KEY, registered(served), "1")).status_code == 200
    assert len(spent(served)) == 2


def test_a_form_that_is_refused_spends_no_assertion(served: Served):
    signed = assertion(KEY, registered(served), "1")
    refused = [ask(served, signed, grant_type="password"), ask(served, signed, scope="read"), ask(served, signed, "/oauth/revoke")]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (400, "unsupported-grant-type"),
        (400, "invalid-scope"),
        (400, "invalid-request"),
    ]
    assert spent(served) == []
    assert ask(served, signed).status_code == 200


def test_of_many_uses_at_once_one_gets_a_token(served: Served):
    who = registered(served)
    signed, start, answers = assertion(KEY, who, "1"), threading.Barrier(8), []

    def use() -> None:
        with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
            start.wait()
            form = {**GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
            answers.append(client.post("/oauth/token", data=form).status_code)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [401] * 7
    assert spent(served) == [(who, "1")]


def test_what_has_ended_is_forgotten_at_the_next_use(served: Served):
    who = registered(served)
    ask(served, assertion(KEY, who, "1"))
    with served.node.db.write() as session:
        session.execute(text("UPDATE spent_id SET expires_at = '2020-01-01 00:00:00+00:00'"))
    ask(served, assertion(KEY, who, "2"))
    assert spent(served) == [(who, "2")]


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "invalid-request"),
        ("scope=", 400, "invalid-request"),
        ("grant_type=", 400, "invalid-request"),
        ("grant_type=client_credentials&grant_type=client_credentials", 400, "invalid-request"),
        ("grant_type=%FF", 400, "invalid-request"),
        ("grant_type=ñ", 400, "invalid-request"),
        ("&".join(f"p{number}=1" for number in range(30)), 400, "invalid-request"),
        ("grant_type=password", 400, "unsupported-grant-type"),
        ("grant_type=authorization_code", 400, "unsupported-grant-type"),
        ("grant_type=client_credentials&scope=read", 400, "invalid-scope"),
        (f"grant_type=client_credentials&client_assertion_type={ASSERTION_TYPE}&client_assertion=x", 400, "invalid-request"),
        ("grant_type=client_credentials&client_assertion=x", 400, "invalid-request"),
        ("grant_type=client_credentials&client_id=other", 401, "invalid-client"),
        ("grant_type=client_credentials&x=" + "x" * 16_400, 413, "body-too-large"),
    ],
)
def test_a_bad_form_is_told_in_the_words_of_oauth_and_gives_no_token(standing: Served, body: str, status: int, code: str):
    before = len(standing.audit())
    answer = standing.as_(None).post(
        "/oauth/token", content=body.encode(), headers={"Content-Type": FORM}, auth=(client_id(standing, "pan"), secret(standing, "pan"))
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().get("error") == (code.replace("-", "_") if status < 413 else None)
    assert standing.audit()[before:] == [("issue_token", "refused", code)]


@pytest.mark.parametrize("headers", [{"Content-Type": "application/json"}, {"Content-Type": "multipart/form-data; boundary=x"}, {}])
def test_another_media_type_than_a_form_is_415(standing: Served, headers: dict[str, str]):
    answer = standing.as_(None).post(
        "/oauth/token",
        content=b"grant_type=client_credentials",
        headers=headers,
        auth=(client_id(standing, "pan"), secret(standing, "pan")),
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_who_is_not_known_gets_one_answer_whatever_the_reason(standing: Served, path: str):
    who, word = client_id(standing, "pan"), secret(standing, "pan")
    form = {**GRANT, "token": "x"}
    headers: list[Any] = [None, f"Bearer {standing.keys['pan']}", f"Bearer {token(standing)}", "Basic AAAA", "Basic \xe9", "Basic bm9uZQ=="]
    answers = [
        standing.as_(None).post(path, data=form, headers=[(b"authorization", sent.encode("latin-1"))] if sent else []) for sent in headers
    ]
    answers += [
        standing.as_(None).post(path, data=form, auth=given) for given in ((who, "wrong"), ("nobody", word), ("%00", word), ("", ""))
    ]
    answers.append(standing.as_(None).post(path, data={**form, "client_id": who, "client_secret": word}))
    assert len({repr(without_id(answer)) for answer in answers}) == 1
    assert without_id(answers[0])[1]["error"] == "invalid_client"


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_no_idempotency_key_is_taken_for_tokens(standing: Served, path: str):
    answer = standing.as_(None).post(
        path, data={**GRANT, "token": "x"}, auth=(client_id(standing, "pan"), secret(standing, "pan")), headers={"Idempotency-Key": "1"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-not-taken")
    assert answer.json()["errors"][0]["pointer"] == "Idempotency-Key"


def revoke(served: Served, who: str, given: str, **more: str) -> httpx.Response:
    return served.as_(None).post("/oauth/revoke", data={"token": given, **more}, auth=(client_id(served, who), secret(served, who)))


def test_a_revoked_token_is_refused_on_the_next_request_and_twice_is_no_error(served: Served):
    bearer, other = token(served), token(served)
    for _ in range(2):
        answer = revoke(served, "pan", bearer, token_type_hint="refresh_token")
        assert (answer.status_code, answer.content) == (200, b"")
    assert [me(served, each).status_code for each in (bearer, other)] == [401, 200]
    assert spent(served) == [("token", parts(bearer)[1]["jti"])]
    assert served.audit().count(("revoke_token", "done", None)) == 1


def test_what_a_retired_key_signs_is_refused_from_the_end_of_its_last_token_on(served: Served):
    kid, key = token_key(served.node)
    with served.node.db.write() as session:
        token_keys.rotate(session, served.node.secrets)
    rotated, who = time.time(), client_id(served, "pan")
    # Whoever has the old file makes a new token with it: good for as long as the last honest one, and no longer.
    for passed, status in ((9 * 60, 200), (10 * 60, 401)):
        with time_machine.travel(rotated + passed):
            now = int(time.time())
            claims = {"iss": ISSUER, "aud": ISSUER, "sub": who, "client_id": who, "iat": now, "exp": now + 600, "jti": uuid7()}
            forged = compact({"alg": "ES256", "typ": "at+jwt", "kid": kid}, claims, es256(key))
            assert me(served, forged).status_code == status


def test_anothers_token_and_what_is_none_answer_alike_and_change_nothing(served: Served):
    bearer = token(served)
    forged = compact({"alg": "ES256", "typ": "at+jwt", "kid": parts(bearer)[0]["kid"]}, parts(bearer)[1], es256(STRANGER))
    answers = [
        revoke(served, "hnd", bearer),
        revoke(served, "pan", forged),
        revoke(served, "pan", "x"),
        revoke(served, "pan", served.keys["pan"]),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"")}
    assert (me(served, bearer).status_code, spent(served)) == (200, [])
    missing = served.as_(None).post("/oauth/revoke", data={"token": ""}, auth=(client_id(served, "pan"), secret(served, "pan")))
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")


def test_a_client_with_a_key_takes_back_its_token_by_an_assertion(served: Served):
    who = registered(served)
    bearer = ask(served, assertion(KEY, who, "1")).json()["access_token"]
    audience = f"{ISSUER}/oauth/revoke"
    assert ask(served, assertion(KEY, who, "2", aud=audience), "/oauth/revoke", token=bearer).status_code == 200
    assert me(served, bearer).status_code == 401
    assert ask(served, assertion(KEY, who, "3", aud=audience)).status_code == 401


def test_anyone_may_know_where_and_how_tokens_are_given(standing: Served):
    described = standing.as_(None).get("/.well-known/oauth-authorization-server").json()
    assert described["issuer"] == ISSUER
    assert [described[name] for name in ("token_endpoint", "revocation_endpoint", "jwks_uri")] == [
        f"{ISSUER}/oauth/token",
        f"{ISSUER}/oauth/revoke",
        f"{ISSUER}/.well-known/jwks.json",
    ]
    assert described["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "private_key_jwt"]
    keys = standing.as_(None).get("/.well-known/jwks.json").json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "y", "kid", "use", "alg"}] * 2
    assert parts(token(standing))[0]["kid"] == keys[0]["kid"]
    for path in ("/oauth/token", "/oauth/revoke"):
        refused = standing.as_(None).get(path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
