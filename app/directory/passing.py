"""What passes screening though it looks like a way to reach somebody, or like a name: matched whole or not at all (guarantees 2).

The whole host or one under the domain, the whole address, the whole number, the whole name: nothing that only begins or ends like an
entry.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import phonenumbers

from app.directory.known_names import plain, words_of
from app.screening.spans import Kind
from app.wire.allow_list import AllowedKind

Entry = tuple[str, str]
"""Kind and value of an entry."""

HOST = r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}"
"""Six parts at most: of a longer host screening may have found the beginning alone, and who owns it stands at its end."""
MAIL = re.compile(rf"[a-z0-9._%+-]{{1,64}}@({HOST})")
# No query and no dot but in the last part: what leads on to another host passes nobody.
_PAGE = re.compile(rf"(?:https?://)?({HOST})(?::\d{{1,5}})?(?:/(?:[a-z0-9_~-]+/)*[a-z0-9._~-]*)?")
_AFTER_PAGE = ".,;:!?)]}'\"»”"
_BEFORE_NATIONAL = ("", "0", "01", "1")
"""What is dialled before a number inside its State, or was."""


@cache
def data() -> Mapping[str, Any]:
    """The shipped list, and the names under which anyone gets an address."""
    return tomllib.loads(resources.files("app.directory").joinpath("data", "allow_list.toml").read_text("utf-8"))


@cache
def shipped() -> Mapping[Entry, str]:
    """The shipped entries, each with a note that says whose it is and names a public page with it."""
    return {(each["kind"], each["value"]): each["note"] for each in data()["entry"]}


@dataclass(frozen=True, eq=False)
class Passing:
    """Whether what screening found, of a kind and as it stands in the text, is one of some entries; it may be passed to another process."""

    listed: Mapping[str, set[str]]
    numbers: Collection[str]
    names: Collection[str]

    def __call__(self, kind: Kind, text: str) -> bool:
        """Whether it passes."""
        if kind is Kind.EMAIL:
            return _is_mail(text, self.listed)
        if kind is Kind.URL:
            return _is_page(text, self.listed)
        if kind is Kind.PHONE:
            return _number(text) in self.numbers
        return kind is Kind.NAME and plain(name_of(text)) in self.names


def passing(entries: Iterable[Entry]) -> Passing:
    """What these entries let pass."""
    listed: dict[str, set[str]] = defaultdict(set)
    for kind, value in entries:
        listed[kind].add(value)
    numbers = {form for number in listed[AllowedKind.PHONE] for form in _forms(number)}
    names = {plain(name_of(value)) for value in listed[AllowedKind.NAME]}
    return Passing(listed, numbers, names)


def _is_mail(text: str, listed: Mapping[str, set[str]]) -> bool:
    found = MAIL.fullmatch(text.lower())
    return found is not None and (found[0] in listed[AllowedKind.EMAIL] or _is_under(found[1], listed[AllowedKind.DOMAIN]))


def _is_page(text: str, listed: Mapping[str, set[str]]) -> bool:
    found = _PAGE.fullmatch(text.lower().rstrip(_AFTER_PAGE))
    return found is not None and (found[1] in listed[AllowedKind.HOST] or _is_under(found[1], listed[AllowedKind.DOMAIN]))


def _is_under(host: str, domains: set[str]) -> bool:
    parts = host.split(".")
    return any(".".join(parts[place:]) in domains for place in range(len(parts) - 1))


def _number(text: str) -> str:
    digits = "".join(each for each in text if each.isascii() and each.isdigit())
    return f"+{digits}" if "+" in text else digits


def _forms(number: str) -> Iterable[str]:
    """A number as it may be written: with its plus, with the State's code alone, as it is dialled inside the State."""
    national = phonenumbers.national_significant_number(phonenumbers.parse(number))
    return (number, number.removeprefix("+"), *(f"{prefix}{national}" for prefix in _BEFORE_NATIONAL))


def name_of(text: str) -> str:
    """A name as it is compared: its words in small letters, one space between them."""
    return " ".join(words_of(text))
