"""A version of a bulletin as one cites it: the name that its rows bear, its address, its digest, and a sentence in three languages."""

import re
from collections.abc import Mapping
from typing import Any

from app.core.catalogue import LANGUAGES, filled, sentences
from app.directory.codes import nationalities, vocabulary
from app.wire.codes import Status

_NAMED = re.compile("([0-9a-f-]{36})@v([1-9][0-9]{0,8})", re.ASCII)
Document = Mapping[str, Any]


def named_version(text: str) -> tuple[str, int | None]:
    """The document and version of a name: `id@vN` as every row of flows bears it, or a bare id, which names the newest."""
    found = _NAMED.fullmatch(text)
    return (found[1], int(found[2])) if found else (text, None)


def name_of(document: Document) -> str:
    """The name of a version, `id@vN`."""
    return f"{document['id']}@v{document['version']}"


def citation_of(document: Document, newest: int, node: str, address: str) -> dict[str, object]:
    """The citation of a version as its reader may have it: whole, or an envelope, of which nothing is told that it does not say.

    `newest` is the number of the newest version, `address` the node's own; a path behind it resolves the name for good.
    """
    bulletin = name_of(document)
    url = f"{address.rstrip('/')}/v1/bulletins/{bulletin}"
    return {
        "bulletin": bulletin,
        "url": url,
        "newest": f"{document['id']}@v{newest}",
        "status": document["status"],
        "published_at": document["published_at"],
        "digest": document["digest"],
        "citation": {language: _sentence(document, language, node, url) for language in LANGUAGES},
    }


def _sentence(document: Document, language: str, node: str, url: str) -> str:
    figures = {name: document[name] for name in ("version", "issuer", "digest")}
    figures |= {"bulletin": name_of(document), "day": document["published_at"][:10], "node": node, "url": url}
    if document["status"] == Status.WITHDRAWN.value:
        return _text("withdrawn", language, figures)
    if "period" not in document:
        return _text("untold", language, figures)
    state = nationalities()[document["reporting_state"]].labels[language]
    told = {"publisher": _publisher(document["publisher"], language), "title": _title(document, language), "state": state}
    return _text("published", language, figures | told | {"period": document["period"]})


def _text(code: str, language: str, figures: Mapping[str, object]) -> str:
    return filled(sentences("app.bulletins", "citation.toml")[code][language], figures)


def _publisher(code: str, language: str) -> str:
    term = vocabulary("publisher").terms.get(code)
    return term.labels[language] if term else code


def _title(document: Document, language: str) -> str:
    """The title in the language, else in the first one that has it; of a bulletin without one what it counts."""
    titles: Mapping[str, str] = document.get("title") or {}
    title = titles.get(language) or next((titles[each] for each in ("es", "pt", "en") if titles.get(each)), None)
    if title:
        return title.rstrip(".")
    labels = [vocabulary(name).terms[document[name]].labels[language] for name in ("measure", "unit")]
    return f"{labels[0]} ({labels[1].lower()})"
