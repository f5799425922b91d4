"""Canonical bytes of a document and what is worked out from them: digest, the bytes that are signed."""

import hashlib
import re

import orjson
import rfc8785

UNSIGNED = ("digest", "signature")
DOCUMENT_CONTEXT = b"istmo document"
CHECKPOINT_CONTEXT = b"istmo checkpoint"
WITNESS_CONTEXT = b"istmo witness"
KEY_CONTEXT = b"istmo key"
CARRIED_CONTEXT = b"istmo carried files"


def canonical(value: object) -> bytes:
    """The one byte string of a JSON value (RFC 8785).

    A sorted orjson dump is byte-equal for what our documents hold: no floats, ASCII keys (property-tested against the
    `rfc8785` package); whatever holds a float goes through that package.
    """
    try:
        return _fast(value)
    except TypeError:
        return rfc8785.dumps(value)  # type: ignore[arg-type]


def _fast(value: object) -> bytes:
    _refuse_floats(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _refuse_floats(value: object) -> None:
    # Neither recursion nor a call an item: a node that reads another's whole log comes by here for each of its cells.
    waiting = [value]
    for each in waiting:
        if isinstance(each, dict):
            if not "".join(each).isascii():
                raise TypeError
            if not _PLAIN.issuperset(map(type, each.values())):
                waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each
        elif isinstance(each, float):
            raise TypeError


_PLAIN = frozenset({str, int, bool, type(None)})


def signed_part(document: dict[str, object]) -> bytes:
    """The bytes that a document's digest covers: all but `digest` and `signature`, the salt among them (contract: Envelope)."""
    return canonical({key: item for key, item in document.items() if key not in UNSIGNED})


def digest_of(document: dict[str, object]) -> str:
    """SHA-256 of the signed part, in hexadecimal; the salt keeps it from being guessed from a known body."""
    return hashlib.sha256(signed_part(document)).hexdigest()


def plain(document: dict[str, object]) -> str | None:
    """The canonical text of a document where one glance at it shows that nothing odd is in it; none where each value must be looked at.

    In a plain one are no floats, no numbers of more than nine digits, no keys but ASCII ones, and no character that the text gate may refuse.
    """
    try:
        text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        return None
    odd = not text.isprintable() or "\\" in text or _has_odd_number(text) or (not text.isascii() and _ODD_KEY.search(text))
    return None if odd else text


def _has_odd_number(text: str) -> bool:
    return any(each.search(text) for each in _ODD_NUMBERS)


# One by what stands before a number, for what begins with a letter is looked for quickly; a colon counts only behind the quote that ends a key.
_ODD_NUMBERS = [re.compile(f"{before}[-0-9](?:[0-9]{{9}}|[0-9]*[.eE])") for before in ('":', ",", r"\[")]
_ODD_KEY = re.compile(r'"[^"]*[^\x00-\x7f"][^"]*":')


def digest_of_plain(document: dict[str, object]) -> str:
    """`digest_of` a plain document: what it holds need not be looked through again."""
    signed = {key: item for key, item in document.items() if key not in UNSIGNED}
    return hashlib.sha256(orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)).hexdigest()


def signing_input(context: bytes, payload: bytes) -> bytes:
    """What Ed25519 signs: the context, a zero byte and the payload, so that no signature counts for another purpose."""
    return context + b"\x00" + payload
