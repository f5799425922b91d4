"""Places as alerts may name them: a town or a region, never where somebody lives, sleeps or hides.

What is looked for are forms and cue words in Spanish, Portuguese and English; names of persons in a place are found by the screening
of texts.
"""

import re
from typing import Final

from app.alerts.texts import folded

_COORDINATES: Final = re.compile(
    r"[°º′″]"  # degrees, minutes, seconds  # noqa: RUF001 - the signs themselves
    r"|\d{1,3}[.,]\d{2,}"  # decimal degrees
    r"|\d\s*['\"]"
    r"|(?<![^\W_])[NSEOW]\s*\d|\d\s*[NSEOW](?![^\W_])"
    r"|[A-Z]{2,3}\d{4,}"  # grid references
    r"|[2-9CFGHJMPQRVWX]{4,8}\+[2-9CFGHJMPQRVWX]{2,3}"  # open location codes
    r"|https?:|www\.|geo:|/{3}",
    re.IGNORECASE,
)
_NAMED_AFTER_A_DAY: Final = re.compile(r"\b\d{1,2} de [a-z]+")  # 25 de Mayo, 9 de Julio
_BEGINS_LIKE_A_STREET: Final = re.compile(r"calle larga")  # a commune of Chile
_STREET: Final = re.compile(
    r"\b(?:calles?|carrera|cra|avenidas?|av|avda|rua|travessa|street|avenue|road(?! town)|highway|jiron|transversal|manzana|mz|lote"
    r"|boulevard|bulevar|blvd)\b|[#№]"
)
_BUILDING: Final = re.compile(
    r"\b(?:hotel|hotels|hostal|hostel|motel|posada|pousada|aeropuerto|aeroporto|airport|albergue|edificio|building|apartamento"
    r"|apartment|bodega|warehouse|galpon|galpao|mezquita|mosque|mesquita|gurdwara|supermercado|consulado|consulate|embajada|embaixada"
    r"|embassy|safe house|casa (?:de seguridad|segura|de apoio)"
    r"|(?:iglesia|igreja|church|estacion|estacao|rodoviaria|terminal|hospital|escuela|escola|casa)"
    r" (?:de|del|do|da|of|san|santa|sao|nuestra|nossa)"
    r"|bus terminal|bus station|terminal terrestre)\b"
)


def too_exact(place: str) -> str | None:
    """Code of what makes a place more than a town or region: `place-coordinates`, `place-building` or `place-address`; else None."""
    if _COORDINATES.search(place):
        return "place-coordinates"
    words = folded(place)
    if _BUILDING.search(words):
        return "place-building"
    street = _STREET.search(place.casefold()) or _STREET.search(words)
    if street and not _BEGINS_LIKE_A_STREET.fullmatch(words):
        return "place-address"
    return "place-address" if re.search(r"\d", _NAMED_AFTER_A_DAY.sub("", words)) else None
