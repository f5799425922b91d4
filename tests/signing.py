"""Compact tokens made by hand, with cryptography alone: what nobody's library would write can be written here too."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key
from serving import Served

from app.access.token_keys import known, signing
from app.exchange.node import Node

Claims = dict[str, Any]
Sign = Callable[[bytes], bytes]
ISSUER = "http://127.0.0.1:8080"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def pair(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def text64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwk(key: ec.EllipticCurvePrivateKey, **more: Any) -> Claims:
    numbers = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": text64(numbers.x.to_bytes(32, "big")), "y": text64(numbers.y.to_bytes(32, "big")), **more}


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def es256(key: ec.EllipticCurvePrivateKey) -> Sign:
    def sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def hs256(secret: bytes) -> Sign:
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()


def compact(header: Any, claims: Any, sign: Sign) -> str:
    """header.claims.signature; texts are taken as they are, other values as JSON; a value None takes its name away."""
    parts = [text64((part if isinstance(part, str) else json.dumps(_given(part))).encode()) for part in (header, claims)]
    return ".".join([*parts, text64(sign(".".join(parts).encode()))])


def _given(part: Any) -> Any:
    return {name: value for name, value in part.items() if value is not None} if isinstance(part, dict) else part


def parts(token: str) -> tuple[Claims, Claims]:
    header, claims, _ = token.split(".")
    return json.loads(raw64(header)), json.loads(raw64(claims))


def token_key(node: Node, kid: str | None = None) -> tuple[str, ec.EllipticCurvePrivateKey]:
    """The key that signs a node's access tokens, or another one of it, from its file."""
    with node.db.read() as session:
        wanted = kid or signing(session).kid
    key = load_pem_private_key((node.settings.secrets_dir / f"token.{wanted}.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return wanted, key


def kids(node: Node) -> list[str]:
    with node.db.read() as session:
        return [row.kid for row in known(session)]


def assertion(key: ec.EllipticCurvePrivateKey, who: str, number: str, header: Claims | None = None, /, **changes: Any) -> str:
    """A statement by which a client shows who it is; None takes a claim away."""
    now = int(time.time())
    claims = {"iss": who, "sub": who, "aud": ISSUER, "iat": now, "exp": now + 300, "jti": number, **changes}
    return compact({"alg": "ES256", "typ": "JWT", **(header or {})}, claims, es256(key))


def client_id(served: Served, who: str) -> str:
    return served.keys[who].split("_")[1]


def secret(served: Served, who: str) -> str:
    return served.keys[who].split("_", 2)[2]


def token(served: Served, who: str = "pan") -> str:
    answer = served.as_(None).post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id(served, who), secret(served, who))
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def me(served: Served, bearer: str) -> httpx.Response:
    return served.as_(None).get("/v1/me", headers={"Authorization": f"Bearer {bearer}"})


def without_id(answer: httpx.Response) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
    body = answer.json()
    assert body.pop("request_id") == answer.headers["x-request-id"]
    volatile = {"x-request-id", "date"}
    return answer.status_code, body, [(name, value) for name, value in answer.headers.multi_items() if name not in volatile]
