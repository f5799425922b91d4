"""Which form of an answer a request accepts."""

from collections.abc import Mapping

from app.core.problems import Problem


def accepted(accept: str | None, media: Mapping[str, str]) -> str:
    """The format that an Accept header asks for, by its media type; the first one where it leaves the choice (RFC 9110 section 12.5.1).

    Raises `not-acceptable` (406) {known} where it takes neither.
    """
    wanted = _ranges(accept or "*/*")
    quality = {form: _quality(name, wanted) for form, name in media.items()}
    best = max(quality, key=lambda form: quality[form])
    if quality[best] == 0:
        raise Problem("not-acceptable", headers={"Vary": "Accept"}, known=list(media.values()))
    return best


def _ranges(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
        found[name] = _number(weights[0]) if weights else 1.0
    return found


def _number(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else 0.0


def _quality(media: str, wanted: dict[str, float]) -> float:
    exact, family = media, f"{media.split('/', maxsplit=1)[0]}/*"
    return next((wanted[name] for name in (exact, family, "*/*") if name in wanted), 0.0)
