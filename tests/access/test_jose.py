"""Keys of clients: public ones of P-256 alone, as JWK or PEM, in one stored form; compact tokens are taken apart without belief."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signing import compact, es256, jwk, pair, pem, private_pem, text64

from app.access.jose import parts_of, public_key_of, signed_by
from app.core.problems import Problem

KEY = pair()
OTHER = pair()
RSA = rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_jwk_and_pem_of_one_key_have_one_stored_form():
    x, y = jwk(KEY)["x"], jwk(KEY)["y"]
    stored = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    given = [
        jwk(KEY),
        jwk(KEY, use="sig", alg="ES256", kid="a", key_ops=["verify"]),
        pem(KEY),
        "\n" + pem(KEY) + "\n",
        json.dumps(jwk(KEY)),
    ]
    assert {public_key_of(each) for each in given} == {stored}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (jwk(KEY, d=text64(KEY.private_numbers().private_value.to_bytes(32, "big"))), "private-key-sent"),
        (jwk(KEY, d=1), "private-key-sent"),
        (json.dumps(jwk(KEY, d="AA")), "private-key-sent"),
        (private_pem(KEY), "private-key-sent"),
        (pem(KEY) + private_pem(KEY), "private-key-sent"),
        (pem(pair(ec.SECP384R1())), "public-key-invalid"),
        (pem(pair(ec.SECP256K1())), "public-key-invalid"),
        (RSA, "public-key-invalid"),
        (jwk(KEY, crv="P-384"), "public-key-invalid"),
        (jwk(KEY, kty="oct", k="AA"), "public-key-invalid"),
        (jwk(KEY, y=jwk(OTHER)["y"]), "public-key-invalid"),
        (jwk(KEY, x=5), "public-key-invalid"),
        (jwk(KEY, x="!"), "public-key-invalid"),
        (jwk(KEY, x=text64(bytes(32)), y=text64(bytes(32))), "public-key-invalid"),
        ({"kty": "EC", "crv": "P-256", "x": jwk(KEY)["x"]}, "public-key-invalid"),
        ({}, "public-key-invalid"),
        ("", "public-key-invalid"),
        ("{", "public-key-invalid"),
        ("[]", "public-key-invalid"),
        ("{}", "public-key-invalid"),
        ('{"kty":"EC","kty":"EC"}', "public-key-invalid"),
        ("ñ", "public-key-invalid"),
        ("\ud800", "public-key-invalid"),
        (pem(KEY).replace("M", "!", 1), "public-key-invalid"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "public-key-invalid"),
    ],
)
def test_whatever_is_no_public_p_256_key_is_refused_and_a_private_half_by_its_name(given: object, code: str):
    with pytest.raises(Problem) as refused:
        public_key_of(given)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.status) == ("invalid-document", 422)
    assert [(finding.code, finding.pointer, dict(finding.params)) for finding in refused.value.findings] == [(code, "/public_key", {})]


def test_a_token_is_signed_by_its_key_and_by_no_other():
    token = compact({"alg": "ES256"}, {"a": 1}, es256(KEY))
    assert parts_of(token) == ({"alg": "ES256"}, {"a": 1})
    assert signed_by(public_key_of(jwk(KEY)), token)
    assert not signed_by(public_key_of(jwk(OTHER)), token)
    head, body, signature = token.split(".")
    assert not signed_by(public_key_of(jwk(KEY)), f"{head}.{text64(b'{}')}.{signature}")
    assert not signed_by(public_key_of(jwk(KEY)), f"{head}.{body}.{text64(bytes(64))}")


NESTED = '{"a":' * 900 + "1" + "}" * 900


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        compact({"alg": "none"}, {}, lambda _: b""),
        compact({"alg": "none"}, {}, lambda _: bytes(64)),
        compact({"alg": "HS256"}, {}, es256(KEY)),
        compact({"alg": ["ES256"]}, {}, es256(KEY)),
        compact({}, {}, es256(KEY)),
        compact({"alg": "ES256", "crit": ["b64"], "b64": False}, {}, es256(KEY)),
        compact({"alg": "ES256", "crit": []}, {}, es256(KEY)),
        compact([], {}, es256(KEY)),
        compact({"alg": "ES256"}, [], es256(KEY)),
        compact({"alg": "ES256"}, "nonsense", es256(KEY)),
        compact({"alg": "ES256"}, NESTED, es256(KEY)),
        compact({"alg": "ES256"}, '{"sub":"a","sub":"b"}', es256(KEY)),
        compact({"alg": "ES256"}, '{"exp":NaN}', es256(KEY)),
        compact({"alg": "ES256"}, '{"a":"\\u0000"}', es256(KEY)),
        compact({"alg": "ES256", "x": "x" * 600}, {}, es256(KEY)),
        compact({"alg": "ES256"}, {"x": "x" * 7_000}, es256(KEY)),
        compact({"alg": "ES256"}, {}, es256(KEY)) + "=",
        compact({"alg": "ES256"}, {}, es256(KEY)) + ".",
        compact({"alg": "ES256"}, {}, es256(KEY)) + "\n",
        " " + compact({"alg": "ES256"}, {}, es256(KEY)),
        f"{text64(bytes([0xFF]))}.{text64(b'{}')}.{text64(bytes(64))}",
        f"A.{text64(b'{}')}.{text64(bytes(64))}",
    ],
    ids=lambda _: "token",
)
def test_whatever_is_no_signed_token_of_ours_is_nothing(token: str):
    assert parts_of(token) is None
