"""Words of a file made comparable: accents, case, punctuation and blanks aside, and nothing more."""

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

_KEPT = frozenset("+<>≤≥%")  # "18+" is not "<18"


def trimmed(text: str) -> str:
    """A cell without the blanks around it, accents composed, so that one word has one form."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """A label as it is compared: "Nacionalidad / País" and "NACIONALIDAD PAIS" are one."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each)).casefold()
    return " ".join("".join(each if each.isalnum() or each in _KEPT else " " for each in plain).split())


def text_of(cell: object) -> str:
    """What a cell shows: a text trimmed, a number or a day as it is written, an empty one as ""."""
    if isinstance(cell, str):
        return trimmed(cell)
    if cell is None or isinstance(cell, bool | int | Decimal):
        return "" if cell is None else str(cell)
    return cell.isoformat()[:10] if isinstance(cell, date | datetime) else ""


def is_blank(cell: object) -> bool:
    """Tell whether a cell shows nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())
