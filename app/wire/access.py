"""Clients, tokens and audit as they cross the wire (contract: Parties, access)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.wire.bulletin import Instant, Wire
from app.wire.codes import TLP, Role
from app.wire.output import ConferenceCode, Cursor, KeyId, Moment, Output, PartyCode, ProblemCode, StateCode, Sum, Version
from app.wire.text import WRITTEN, Code, clean

_LONGEST_NAME = 200
_LONGEST_KEY = 2_000
_MOST_MEMBERS = 20
_COORDINATE = "^[A-Za-z0-9_-]{43}$"


def _short(text: str) -> str:
    if len(text) > _LONGEST_NAME:
        raise PydanticCustomError("text-too-long", "the text is too long", {"max_length": _LONGEST_NAME})
    return text


def _key(value: object) -> object:
    fits = isinstance(value, Mapping) and len(value) <= _MOST_MEMBERS if not isinstance(value, str) else len(value) <= _LONGEST_KEY
    if not fits:
        raise PydanticCustomError("public-key-invalid", "neither JWK nor PEM")
    return value


_JWK = {
    "title": "Jwk",
    "type": "object",
    "description": "a public key of the curve P-256 (RFC 7517, RFC 7518 section 6.2); other public members are not kept",
    "properties": {
        "kty": {"const": "EC", "type": "string"},
        "crv": {"const": "P-256", "type": "string"},
        "x": {"type": "string", "maxLength": 43, "pattern": _COORDINATE},
        "y": {"type": "string", "maxLength": 43, "pattern": _COORDINATE},
        "kid": {"type": "string", "maxLength": 200, "pattern": WRITTEN},
        "use": {"const": "sig", "type": "string"},
        "alg": {"const": "ES256", "type": "string"},
    },
    "required": ["kty", "crv", "x", "y"],
    "additionalProperties": False,
}
_PEM = {"type": "string", "maxLength": _LONGEST_KEY, "pattern": WRITTEN, "description": "the same key as PEM (SubjectPublicKeyInfo)"}

ShortText = Annotated[
    StrictStr,
    Field(max_length=_LONGEST_NAME, json_schema_extra={"pattern": WRITTEN, "minLength": 1}),
    AfterValidator(clean),
    AfterValidator(_short),
]
PublicKey = Annotated[Any, PlainValidator(_key), WithJsonSchema({"anyOf": [_JWK, _PEM]})]
"""A public key by its size alone; whether it is one is judged where keys are known."""


class ClientDraft(Wire):
    """A client that an operator makes: one role in one conference, for a partner one State; `ceiling` by default RED, for analysts GREEN."""

    role: Role
    conference: Code
    state: Code | None = None
    ceiling: TLP | None = None
    person: ShortText | None = None
    name: ShortText | None = None
    expires_at: Instant | None = None
    public_key: PublicKey | None = None


class Jwk(Output):
    """A public key of the curve P-256 (RFC 7517, RFC 7518 section 6.2)."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str = Field(max_length=43, pattern=_COORDINATE)
    y: str = Field(max_length=43, pattern=_COORDINATE)


class TokenKey(Jwk):
    """A key that signs, will sign or signed the access tokens of this node."""

    kid: KeyId
    use: Literal["sig"]
    alg: Literal["ES256"]


class TokenKeys(Output):
    """The keys of access tokens (RFC 7517 section 5): the one that signs, the next one, and those whose last token may still be good."""

    keys: list[TokenKey] = Field(max_length=1_000)


ClientId = Annotated[str, Field(max_length=32, pattern="^[a-z0-9-]+$")]
ClientText = Annotated[str, Field(max_length=_LONGEST_NAME, pattern=WRITTEN)]
Secret = Annotated[str, Field(max_length=64, pattern="^[A-Za-z0-9_-]+$", description="shown once")]
ApiKey = Annotated[str, Field(max_length=120, pattern="^istmo_[a-z0-9-]+_[A-Za-z0-9_-]+$", description="`istmo_<id>_<secret>`, shown once")]


class Me(Output):
    """The caller as its row says now."""

    client_id: ClientId
    role: Role
    conference: ConferenceCode
    state: StateCode | None
    office: PartyCode | None
    ceiling: TLP
    person: ClientText | None
    name: ClientText | None
    created_at: Moment
    expires_at: Moment | None
    previous_secret_until: Moment | None


class ClientRecord(Me):
    """A client as operators see it; secrets are not among what is kept."""

    public_key: Jwk | None
    disabled_at: Moment | None


class ClientCredential(Output):
    """A new secret, shown once and kept by nobody, and until when the one before it stays good."""

    client_id: ClientId
    secret: Secret
    api_key: ApiKey
    previous_secret_until: Moment | None


class ClientMade(ClientRecord):
    """A client that was just made, with its secret, shown once and kept by nobody."""

    secret: Secret
    api_key: ApiKey


class ClientPage(Output):
    """A page of clients, the oldest first."""

    items: list[ClientRecord] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum


AuditOutcome = Literal[
    "begun",
    "cancelled",
    "confirmed",
    "confirmed_alone",
    "confirmed_before",
    "created",
    "done",
    "erased",
    "expired",
    "failed",
    "held",
    "pending",
    "read",
    "reason_given",
    "refused",
    "rejected",
    "released",
    "replaced",
    "replayed",
    "revised",
    "stale",
    "unchanged",
    "unreadable",
    "withdrawn",
]
"""How what was tried ended: a write that was done tells what became of its document."""


class AuditEntry(Output):
    """What a caller did or was refused; `document` is what it was done to: a document, a client, a key."""

    id: Annotated[Sum, Field(description="its number in the audit; a read of several documents has an item a document, all of one number")]
    at: Moment
    client: ClientId | None
    action: str = Field(max_length=64, pattern=r"^[A-Za-z_.]+$")
    outcome: AuditOutcome
    code: ProblemCode | None
    document: str | None = Field(max_length=36, pattern="^[A-Za-z0-9-]+$")
    version: Version | None
    request_id: str | None = Field(max_length=36, pattern="^[0-9a-f-]+$")
    address: str | None = Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")


class AuditPage(Output):
    """A page of the audit, the newest first."""

    items: list[AuditEntry] = Field(max_length=10_000)
    next_cursor: Cursor | None
    total: Sum


class AccessToken(Output):
    """An access token and for how many seconds it is good (RFC 6749 section 5.1)."""

    access_token: str = Field(max_length=4_096, pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")
    token_type: Literal["Bearer"]
    expires_in: int = Field(ge=60, le=3_600)


Address = Annotated[str, Field(max_length=500, pattern=r"^https?://\S+$", json_schema_extra={"format": "uri"})]
Methods = Annotated[list[Literal["client_secret_basic", "private_key_jwt"]], Field(max_length=2)]
Algorithms = Annotated[list[Literal["ES256"]], Field(max_length=1)]


class AuthorizationServer(Output):
    """Where and how this node gives tokens (RFC 8414)."""

    issuer: Address
    token_endpoint: Address
    revocation_endpoint: Address
    jwks_uri: Address
    response_types_supported: list[Literal["code"]] = Field(max_length=0)
    grant_types_supported: list[Literal["client_credentials"]] = Field(max_length=1)
    token_endpoint_auth_methods_supported: Methods
    token_endpoint_auth_signing_alg_values_supported: Algorithms
    revocation_endpoint_auth_methods_supported: Methods
    revocation_endpoint_auth_signing_alg_values_supported: Algorithms
    service_documentation: Address


class TokenRequest(Wire):
    """What asks for an access token (RFC 6749 section 4.4); the client shows who it is as Basic, or with an assertion (RFC 7523)."""

    grant_type: Literal["client_credentials"]
    client_id: Annotated[StrictStr, Field(max_length=32, pattern="^[a-z0-9-]+$")] | None = None
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"] | None = None
    client_assertion: Annotated[StrictStr, Field(max_length=8_192, pattern=r"^[A-Za-z0-9._-]+$")] | None = None


class RevocationRequest(Wire):
    """What takes a token back before it ends (RFC 7009 section 2.1); the client shows who it is as for a token."""

    token: Annotated[StrictStr, Field(max_length=4_096, pattern=WRITTEN)]
    token_type_hint: Annotated[StrictStr, Field(max_length=40, pattern=WRITTEN)] | None = None
    client_id: Annotated[StrictStr, Field(max_length=32, pattern="^[a-z0-9-]+$")] | None = None
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"] | None = None
    client_assertion: Annotated[StrictStr, Field(max_length=8_192, pattern=r"^[A-Za-z0-9._-]+$")] | None = None
