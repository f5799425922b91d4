"""Plates beside what they are fixed to, where no word for them stands: "Hilux gris ABC-1234"."""

import re
from collections.abc import Iterator

from app.screening.folding import Folded, plain
from app.screening.spans import Kind, Span
from app.screening.words import WORDS

_VEHICLES = {word: plain(word) for word in WORDS["vehicles"]["words"]}
_BARE = frozenset(_VEHICLES.values())
# A hyphen or the order of letters and digits tells it from a model; a year is none.
_PLATE = re.compile(
    r"(?:[ ,:]{1,2}(?!(?:ruta|rota|route|l[ií]nea|linha|line|modelo|model|c[oó]digo|code|formulario|expediente|folio|caso|case|operativo|vuelo)\b)\(?[^\W\d_]{1,14}){0,4}"
    r"[ ,:]{1,2}\(?([A-Z]{3}-(?!(?:19|20)\d\d(?!\w))\d{3,4}|[A-Z]{3}\d[A-Z]\d{2}|[A-Z]{2} \d{3} [A-Z]{2}|[A-Z]-?\d{3}[A-Z]{3}|[A-Z]{2}-[A-Z]{2}-\d{2}|P[ -]?\d{3}-?\d{3})(?![\w-])"
)


def vehicles(text: Folded) -> Iterator[Span]:
    """Plates within a few words after a word for a vehicle."""
    near = _BARE & text.words
    for word in [each for each, bare in _VEHICLES.items() if bare in near] if near else ():
        for start in text.places(word):
            found = _PLATE.match(text.text, start + len(word))
            if found:
                yield Span(*found.span(1), Kind.PLATE)
