"""Requests as bytes, drawn with a seed from the API description: mostly right, with a few things wrong, down to the framing."""

import base64
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from odd_values import KNOWN_TEXTS, ODD_TEXTS, RAW_NUMBERS, from_schema, mutated, odd, text

Header = tuple[bytes, bytes]
CRLF = b"\r\n"
BOUNDARY = "x"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "G" * 40, "QUERY")
MEDIA = ("", "text/plain", "application/json; charset=utf-16", "application/JSON", "application/xml", "multipart/form-data", "multipart/form-data; boundary=",
         "application/x-www-form-urlencoded", "application/json, text/html", "/", ";", "a" * 300, "application/octet-stream", "multipart/form-data; boundary=\xff")  # fmt: skip
CSVS = (
    b"", b"period", b"period,nationality,value\n2022-10,SOM,31\n2022-10,VEN,400\n", b"period;nationality;value\r\n2022-W10;NA;12\r\n", b"\xef\xbb\xbfperiod,value\n2022,12\n",
    b"period,value\n2022,12\n2022,12\n", b'period,value\n"2022,12\n', b"\xff\xfeperiod,value", b"period,value\n2022,1e400\n", b"period,period,value\n1,2,3\n", b"PK\x03\x04" + b"\x00" * 50,
    b"period,nationality,value\n" + b"2022-10,SOM,1\n" * 3, b"a" * 70_000, b"period,value\n" + b"2022,7\n" * 500, b"period,value\n2022,\x00\n", b"period,value\n2022,-1\n",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One request: who sends it, and its bytes without the credential; `framed` where its end can be known from its head."""

    who: str | None
    method: str
    target: bytes
    headers: tuple[Header, ...]
    body: bytes
    framed: bool = True

    def sent(self, credential: bytes | None) -> bytes:
        """The bytes on the wire."""
        named = {name.lower() for name, _ in self.headers}
        lines = [f"{self.method} ".encode("latin-1") + self.target + b" HTTP/1.1", b"Host: node.example"]
        lines += [b"Authorization: " + credential] if credential and b"authorization" not in named else []
        lines += [b"Content-Length: " + str(len(self.body)).encode()] if not named & {b"content-length", b"transfer-encoding"} else []
        lines += [name + b": " + value for name, value in self.headers]
        return CRLF.join(lines) + CRLF * 2 + self.body

    def curl(self, url: str) -> str:
        """The same for a shell; bytes that a shell does not take are written as Python has them."""
        parts = ["curl", "-i", "--path-as-is", "-X", self.method, f"{url}{self.target.decode('latin-1')!r}"]
        parts += [f"-H {(name + b': ' + value)!r}" for name, value in self.headers]
        return " ".join(
            [
                *parts,
                f"-H 'Authorization: Bearer $KEY_{self.who}'" if self.who else "",
                f"--data-binary {self.body[:2000]!r}" if self.body else "",
            ]
        )


@dataclass(frozen=True)
class Known:
    """What cases are drawn from: the description, callers by role, ids of documents and clients that exist."""

    description: Mapping[str, Any]
    callers: Mapping[str, tuple[str, ...]]
    documents: tuple[str, ...]
    clients: tuple[str, ...]

    def operations(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Every operation; those that take a body or many parameters stand several times, for they are drawn from this list."""
        found = []
        for path, operations in self.description["paths"].items():
            for method, operation in operations.items():
                weight = (
                    5 if "requestBody" in operation and "/v1/bulletins" in path else 3 if len(operation.get("parameters", ())) > 6 else 1
                )
                found += [(method.upper(), path, operation)] * weight
        return found


def draw(known: Known, seed: str) -> Case:
    """The case of a seed."""
    chance = random.Random(seed)
    method, path, operation = chance.choice(known.operations())
    who = _caller(chance, known, operation, path)
    headers, body = _body(chance, known, operation)
    target = _target(chance, known, path, operation)
    headers += _headers(chance, known, 0.8 if "If-Match" in str(operation.get("parameters")) else 0.1)
    if chance.random() < 0.04:
        method = chance.choice(METHODS)
    case = Case(who, method, target, tuple(headers), body)
    return _misframed(chance, case) if chance.random() < 0.04 else case


def _caller(chance: random.Random, known: Known, operation: Mapping[str, Any], path: str) -> str | None:
    roles = operation["x-access"]
    if path == "/v1/me/rotate":
        return "spare"  # the others keep their keys
    if roles == ["public"] or chance.random() < 0.1:
        return chance.choice([None, *(who for several in known.callers.values() for who in several)])
    if path.startswith("/v1/bulletins") and "requestBody" in operation and chance.random() < 0.6:
        return chance.choice(("rcm", "pan"))  # whose figures the examples are
    return chance.choice(known.callers[chance.choice(roles)])


def _identifier(chance: random.Random, name: str, known: Known) -> str:
    if chance.random() < 0.12:
        return text(chance)
    if name == "document_id":
        return chance.choice(known.documents)
    if name == "client_id":
        return chance.choice(known.clients)
    return chance.choice({"number": ("1", "2", "3"), "code": ("RCM", "SACM", "CRM")}.get(name, KNOWN_TEXTS))


def _encoded(chance: random.Random, value: str) -> str:
    raw = value.encode("utf-8", "surrogatepass")
    return quote(raw, safe="") if chance.random() < 0.9 else "".join(f"%{byte:02x}" for byte in raw)


def _target(chance: random.Random, known: Known, path: str, operation: Mapping[str, Any]) -> bytes:
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, _encoded(chance, _identifier(chance, part[1:-1], known)) or "-")
    if chance.random() < 0.03:
        path = chance.choice(
            (
                path + "/",
                "/" + path,
                path + "%00",
                path + "%2F",
                path.replace("/", "//"),
                path + "/..",
                path + ";a=b",
                path.upper(),
                path + "/%ff",
                "*",
            )
        )
    query = _query(chance, known, operation)
    return f"{path}{'?' + query if query else ''}".encode("latin-1", "replace")


def _query(chance: random.Random, known: Known, operation: Mapping[str, Any]) -> str:
    pairs = []
    schemas = known.description["components"]["schemas"]
    for parameter in operation.get("parameters", ()):
        if parameter.get("in") == "query" and (parameter.get("required") or chance.random() < 0.15):
            value = from_schema(chance, parameter["schema"], schemas) if chance.random() < 0.85 else odd(chance)
            several = value if isinstance(value, list) else [value]
            pairs += [(parameter["name"], _plain(one)) for one in several] * chance.choice((1, 1, 1, 1, 2))
    if chance.random() < 0.05:
        pairs.append((text(chance), text(chance)))
    raw = urlencode([(name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")) for name, value in pairs])
    return (
        raw
        if chance.random() < 0.95
        else raw
        + chance.choice(("&", "&&=", "&limit", "&%", "&a=%ff%fe", "&limit=1" * 50, "&" + "a" * 5000 + "=1", "#x", "&cursor=" + "A" * 3000))
    )


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _form(value: Mapping[str, Any]) -> bytes:
    return urlencode([(_utf8(name), _utf8(_plain(inner))) for name, inner in value.items()]).encode()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _body(chance: random.Random, known: Known, operation: Mapping[str, Any]) -> tuple[list[Header], bytes]:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return ([(b"Content-Type", b"application/json")], b"{}") if chance.random() < 0.05 else ([], b"")
    media, described = next(iter(content.items()))
    if media == "multipart/form-data":
        headers, body = _file(chance)
    else:
        value = _value(chance, known, described)
        body = _form(value) if "form" in media and isinstance(value, dict) else _json(chance, value)
        headers = [(b"Content-Type", media.encode())]
    if chance.random() < 0.05:
        headers = [(b"Content-Type", chance.choice(MEDIA).encode("latin-1"))]
    return headers, body


def _value(chance: random.Random, known: Known, described: Mapping[str, Any]) -> Any:
    components = known.description["components"]
    examples = [components["examples"][each["$ref"].rsplit("/", 1)[-1]]["value"] for each in described.get("examples", {}).values()]
    if examples and chance.random() < 0.7:
        value = _varied(chance, chance.choice(examples))
    else:
        value = from_schema(chance, described["schema"], components["schemas"])
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 3))):
        value = mutated(chance, value)
    return value


def _varied(chance: random.Random, value: Any) -> Any:
    """An example about another month or State, so that much of what is right is also new."""
    if not isinstance(value, dict) or "period" not in value:
        return value
    change = {"period": f"{chance.randrange(1990, 2030)}-{chance.randrange(1, 13):02}", "publisher": f"FUZZ-{chance.randrange(9)}"}
    return {**value, **change, **({"tlp": chance.choice(("GREEN", "RED"))} if chance.random() < 0.2 else {})}


def _json(chance: random.Random, value: Any) -> bytes:
    raw = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if chance.random() > 0.12:
        return raw
    at = chance.randrange(len(raw) + 1)
    ways = (
        raw[:at], raw[:at] + bytes([chance.randrange(256)]) + raw[at:], raw[:at] + raw[at + 1 :], b"\xef\xbb\xbf" + raw, raw.decode("utf-8", "replace").encode("utf-16"),
        raw + raw, raw[:-1] + b"," + raw[1:], raw.replace(b'"period"', b'"unit"', 1), raw.replace(b"400", chance.choice(RAW_NUMBERS)), b"", b"null", b"[]", b'"x"', b" " * 1000,
        b"[" * 3_000 + b"1" + b"]" * 3_000, b"[" * 20_000, b'{"a":' * 5_000, raw.replace(b"{", b"{" + b'"a":1,' * 300, 1), raw.replace(b'"', b"'"), b'{"\\ud800":1}', b"\x00",
    )  # fmt: skip
    return chance.choice(ways)


def _file(chance: random.Random) -> tuple[list[Header], bytes]:
    raw = chance.choice(CSVS)
    if chance.random() < 0.5:
        year = chance.randrange(1990, 2030)
        raw = b"period,nationality,value\n" + b"".join(
            f"{year}-{month:02},VEN,{chance.randrange(1_000)}\n".encode() for month in range(1, chance.randrange(2, 5))
        )
    if chance.random() < 0.2:
        at = chance.randrange(len(raw) + 1)
        raw = raw[:at] + chance.choice(ODD_TEXTS).encode("utf-8", "surrogatepass") + raw[at:]
    name = chance.choice(("x.csv", "x.xlsx", "", "..\\x", "é.csv", 'a"b'))
    field = chance.choice(("file", "file", "file", "file", "other"))
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode("utf-8", "replace")
    ends = (
        f"\r\n--{BOUNDARY}--\r\n".encode(),
        f"\r\n--{BOUNDARY}--\r\n".encode(),
        b"",
        f"\r\n--{BOUNDARY}\r\n".encode(),
        f"\r\n--{BOUNDARY}\r\n\r\n--{BOUNDARY}--".encode(),
    )
    return [(b"Content-Type", f"multipart/form-data; boundary={BOUNDARY}".encode())], part + raw + chance.choice(ends)


def _headers(chance: random.Random, known: Known, matched: float) -> list[Header]:
    odd_text = _line(chance.choice(ODD_TEXTS))
    tag = f'"{chance.choice(known.documents)}.v{chance.randrange(1, 4)}"'.encode()
    basic = base64.b64encode(chance.choice(("a:b", ":", "", "\x00:\x00", "é:é", "a" * 600, "no-colon")).encode("latin-1"))
    offered: tuple[tuple[float, bytes, tuple[bytes, ...]], ...] = (
        (matched, b"If-Match", (tag, tag, tag, b"*", b"*", b'"x"', b"W/" + tag, b'"a", ' * 50, odd_text)),
        (0.08, b"If-None-Match", (tag, b"*", b'W/"' + b"a" * 32 + b'"', b'"', odd_text)),
        (0.15, b"Idempotency-Key", (b"k1", b"k2", str(chance.random()).encode(), b"", b"a" * 256, odd_text, b"\xe9")),
        (0.10, b"Accept", (b"application/json", b"text/csv", b"application/x-ndjson", b"*/*;q=0", b"text/html;q=\xb2", b"a/b;q=1e9", b",;=", odd_text)),
        (0.15, b"Accept-Language", (b"es", b"pt-BR,es;q=0.5", b"de", b"*;q=0", b"es;q=\xb2", b"es;q=1e999,pt;q=.", b"a" * 3000, odd_text)),
        (0.04, b"Authorization", (b"Basic " + basic, b"Basic ####", b"Basic", b"Bearer", b"Bearer istmo__", b"Bearer istmo_a_b_c", b"Bearer a.b.c", b"Bearer " + b"a" * 9000,
                                  b"Bearer eyJhbGciOiJub25lIn0.e30.", b"Digest x", b"bearer istmo_\xe9_x", odd_text)),
        (0.04, b"X-Forwarded-For", (b"192.0.2.1", b"::1", b"unknown, 127.0.0.1", b"a" * 500, odd_text)),
        (0.02, b"Range", (b"bytes=0-1", b"bytes=-", b"items=a")),
        (0.02, b"Cookie", (b"a=b", odd_text)),
        (0.02, b"Host", (b"", b"a b", b"x" * 300, b"127.0.0.1:99999")),
    )  # fmt: skip
    return [(name, chance.choice(values)) for likely, name, values in offered if chance.random() < likely]


def _line(value: str) -> bytes:
    # What would end the line makes another request of the rest: the framing cases do that.
    return value.encode("utf-8", "surrogatepass").replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")[:4000]


def _misframed(chance: random.Random, case: Case) -> Case:
    """A request whose end cannot be trusted, or whose head is none."""
    length = chance.choice(
        (
            b"-1",
            b"+5",
            b"1e3",
            b"99999999999999999999",
            b"\xb2",
            b"5, 5",
            b"",
            b"0x10",
            str(len(case.body) + 10).encode(),
            str(max(0, len(case.body) - 3)).encode(),
        )
    )
    ways: tuple[tuple[Header, ...], ...] = (
        ((b"Content-Length", length),),
        ((b"Content-Length", b"5"), (b"Content-Length", b"6")),
        ((b"Transfer-Encoding", b"chunked"),),
        ((b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"3")),
        ((b"Transfer-Encoding", b"gzip, chunked"),),
        ((b"X-Long", b"a" * 70_000),),
        ((b"X Y", b"z"),),
        ((b"X-Ctl", b"a\x01b"),),
        ((b"Expect", b"100-continue"),),
        ((b"Upgrade", b"websocket"), (b"Connection", b"upgrade")),
    )
    body = case.body if chance.random() < 0.5 else b"5\r\nhello\r\n0\r\n\r\n"
    return Case(case.who, case.method, case.target, (*case.headers, *chance.choice(ways)), body, framed=False)
