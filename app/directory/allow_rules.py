"""What an operator may put on the allow-list: something of its kind, and nothing by which anyone's address would pass."""

import re
from collections.abc import Callable, Mapping

import phonenumbers

from app.core.problems import Problem
from app.directory.known_names import words_of
from app.directory.passing import HOST, MAIL, data
from app.wire.allow_list import AllowedKind
from app.wire.problem import Finding

_FEWEST_WORDS, _MOST_WORDS = 2, 8
_LONGEST_ENDING = 2
_DOMAIN = re.compile(HOST)
_E164 = re.compile(r"\+[1-9]\d{6,14}")

Fault = tuple[str, Mapping[str, object]] | None


def normal(kind: AllowedKind, value: str) -> str:
    """A value in its one form; raises `invalid-document` with what is wrong, never with the value."""
    text = value.strip() if kind is AllowedKind.NAME else value.strip().lower()
    fault = _FAULTS[kind](text)
    if fault is not None:
        raise Problem("invalid-document", Finding(fault[0], pointer="/value", params=fault[1]))
    return " ".join(text.split()) if kind is AllowedKind.NAME else text


def _format(expected: str) -> Fault:
    return "format", {"expected": expected}


def _domain_fault(text: str) -> Fault:
    if not _DOMAIN.fullmatch(text) or any(part.startswith("-") or part.endswith("-") for part in text.split(".")):
        return _format("example.org")
    parts, anyones = text.split("."), data()["open"]
    under = len(parts[-1]) == _LONGEST_ENDING and parts[-2] in anyones["suffixes"]
    owner = parts[-3:-2] if under else parts[-2:-1]
    return ("allow-list-open", {}) if not owner or owner[0] in anyones["names"] else None


def _mail_fault(text: str) -> Fault:
    return None if MAIL.fullmatch(text) else _format("desk@example.org")


def _phone_fault(text: str) -> Fault:
    fits = _E164.fullmatch(text) and phonenumbers.is_possible_number(phonenumbers.parse(text))
    return None if fits else _format("+50622220000")


def _name_fault(text: str) -> Fault:
    fits = _FEWEST_WORDS <= len(words_of(text)) <= _MOST_WORDS and all(each.isalpha() or each in " '’.-" for each in text)  # noqa: RUF001
    return None if fits else ("allow-list-name", {"minimum": _FEWEST_WORDS, "maximum": _MOST_WORDS})


_FAULTS: Mapping[AllowedKind, Callable[[str], Fault]] = {
    AllowedKind.DOMAIN: _domain_fault,
    AllowedKind.HOST: _domain_fault,
    AllowedKind.EMAIL: _mail_fault,
    AllowedKind.PHONE: _phone_fault,
    AllowedKind.NAME: _name_fault,
}
