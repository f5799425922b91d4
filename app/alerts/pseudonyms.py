"""Codes of networks: pseudonyms by rule, so that no name of a person ever becomes one."""

import re
from typing import Final

MOST_CHARACTERS: Final = 32
_FORM: Final = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
_WORDS: Final = re.compile(r"[^\W\d_]+")
_HUMP: Final = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_LEAST_WORD = 2


def fault_of(network_code: str) -> str | None:
    """Code of what is wrong with a network's code: `network-code-name` where it looks like a name, `network-code-form`; else None."""
    if looks_like_a_name(network_code):
        return "network-code-name"
    return None if len(network_code) <= MOST_CHARACTERS and _FORM.fullmatch(network_code) else "network-code-form"


def looks_like_a_name(text: str) -> bool:
    """Whether a text has two capitalised words, however they are joined: Xx Xx, Xx-Xx, XxXx.

    Two words in capitals alone are taken for a name too, unless a digit stands beside them: KESTREL-RIVER is refused, KESTREL-RIVER-2
    and KESTREL are not.
    """
    words = [word for part in _WORDS.findall(text) for word in _HUMP.split(part) if len(word) >= _LEAST_WORD and word[0].isupper()]
    if len(words) < 2:  # noqa: PLR2004 - a first name and a surname
        return False
    return any(not word.isupper() for word in words) or not re.search(r"\d", text)
