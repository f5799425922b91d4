"""A label as it is compared: its words without accents, case, punctuation, articles, abbreviations, footnote marks and order.

Nothing here is likeness: two labels are one only where the same words stand in both.
"""

import re
import unicodedata
from functools import lru_cache

# "VENEZUELA (*)", "Haití (1)", "Cuba¹", "Perú 1/": the mark of a footnote behind a name.
_NOTE = re.compile(r"(?:\s*\((?:\*+|\d{1,2}|[a-z])\)|\s*\*+|[¹²³⁴-⁹]+|\s+\d{1,2}/)+$")
# "Côte d'Ivoire", "People's": what stands before or after the apostrophe is no word.
_ELIDED = re.compile(r"\b[dl]['’´`]|['’´`]s\b")  # noqa: RUF001 - as spreadsheets write it
_INITIALS = re.compile(r"\b(?:\w\.){2,}")
_WORD = re.compile(r"[^\W_]+")

_ARTICLES = frozenset(
    {"a", "al", "an", "and", "as", "da", "das", "de", "del", "do", "dos", "e", "el", "la", "las", "los", "o", "of", "os", "the", "y"}
)
_SHORT = {
    "dem": "democratica",
    "democratic": "democratica",
    "fed": "federacion",
    "is": "islas",
    "peoples": "people",
    "pop": "popular",
    "rep": "republica",
    "republic": "republica",
    "st": "saint",
    "sta": "santa",
    "sto": "santo",
}


@lru_cache(maxsize=8192)
def words(label: str) -> tuple[str, ...]:
    """The words that tell a label from another, in alphabetical order; none for what holds no word."""
    text = _NOTE.sub("", label.strip())
    text = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    text = _INITIALS.sub(lambda found: f"{found[0].replace('.', '')} ", _ELIDED.sub(" ", text))
    return tuple(sorted(_SHORT.get(word, word) for word in _WORD.findall(text) if word not in _ARTICLES))
