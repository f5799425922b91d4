"""What a file of flows says of itself: notes for people in a workbook, a descriptor for programs in a package (contract: /flows)."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.bulletins.flows.columns import FIGURES
from app.bulletins.flows.labels import label_of
from app.bulletins.flows.sources import Source, newest_of
from app.core.catalogue import sentences
from app.directory import codes
from app.directory.dimensions import DIMENSIONS
from app.formats import package
from app.formats.archive import Sent
from app.wire.output import PERIOD

_NO_NAME: Final = re.compile(r"[^-A-Za-z0-9._]+")
_UNLICENSED: Final = "LicenseRef-operator"
_FIRST: Final = datetime(1980, 1, 1, tzinfo=UTC)  # the first moment that a file in a ZIP can bear
_CLOSED: Final = ("unit", "stock_or_flow", "accumulation", "figure_status", "sex", "accompaniment", "mode")
_LIMITS: Final[Mapping[str, Mapping[str, Any]]] = {
    "period": {"pattern": PERIOD},
    "bulletin": {"pattern": "^[0-9a-f-]{36}@v[0-9]+$"},
    "value_status": {"enum": ["withheld", "not_collected"]},
}


@dataclass(frozen=True)
class Telling:
    """What is known of an answer beside its rows; `question` are its parameters as they were given, `warnings` sentences by code."""

    question: Mapping[str, Any]
    as_of: str | None
    total: int
    sources: Sequence[Source]
    warnings: Sequence[Mapping[str, Any]]
    language: str

    @property
    def made(self) -> datetime:
        """The moment that the file bears: that of the question, else when the newest bulletin was published."""
        moment = self.as_of or newest_of(self.sources)
        return max(_FIRST, datetime.fromisoformat(moment)) if moment else _FIRST

    def said(self, code: str) -> str:
        """A text of the catalogue."""
        return str(sentences("app.bulletins.flows", "export.toml")[code][self.language])


def notes_of(telling: Telling, *, has_totals: bool) -> list[tuple[object, ...]]:
    """The notes of a workbook: what was asked, how to read it, what not to compare, and the sources with the number of their bulletins."""
    said = telling.said
    asked = "&".join(
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}" for name, value in telling.question.items()
    )
    moments = [("stood", telling.as_of), ("newest", newest_of(telling.sources))]
    told: list[tuple[object, ...]] = [(said("title"),), (said("question"), asked), (said("rows"), telling.total)]
    told += [(said(code), moment) for code, moment in moments if moment]
    told += [(said("reading"), said(code)) for code in ("description", "how-to-cite", *(["totals"] if has_totals else []))]
    told += [(said("warning"), warning["words"]) for warning in telling.warnings]
    told += [(), tuple(said(code) for code in ("publisher", "source", "licence", "bulletins"))]
    return [*told, *_cited(telling)]


def _cited(telling: Telling) -> Iterable[tuple[object, ...]]:
    counted = Counter((each.publisher, *(each.named.get(name, "") for name in ("name", "url", "licence"))) for each in telling.sources)
    for (publisher, name, url, licence), number in sorted(counted.items()):
        yield label_of("publisher", publisher, telling.language), " ".join(filter(None, (name, url))), licence, number


def descriptor(telling: Telling, kinds: Mapping[str, str], coded: Sequence[str], files: Mapping[str, Sent]) -> bytes:
    """The descriptor of a package with flows and codes: a function of the rows that answer, so that equal answers give equal bytes."""
    empty = {"value", "value_status", "upper"}
    key = ("bulletin", *DIMENSIONS) if "bulletin" in kinds else tuple(column for column in kinds if column not in FIGURES)
    never_empty = [column for column in kinds if column not in empty]
    flows = package.schema_of(kinds, never_empty=never_empty, key=key, coded=coded, limits=_limits(kinds))
    named = dict.fromkeys(("column", "code", "en", "es", "pt"), "string")
    listed = package.schema_of(named, never_empty=tuple(named), key=("column", "code"), coded=(), limits={})
    tables = (("flows", package.FLOWS, flows), ("codes", package.CODES, listed))
    return package.descriptor(
        _told(telling), [package.resource(name, telling.said(name), files[file], schema) for name, file, schema in tables]
    )


def _told(telling: Telling) -> dict[str, Any]:
    """What a package says of itself as a whole."""
    return {
        "name": "istmo-flows",
        "title": telling.said("title"),
        "description": telling.said("description"),
        "created": telling.as_of or newest_of(telling.sources),
        "contributors": [
            {"title": label_of("publisher", code, telling.language), "roles": ["publisher"], "istmo:publisher": code}
            for code in sorted({each.publisher for each in telling.sources})
        ],
        "sources": [_source(each, telling.language) for each in telling.sources],
        "licenses": _licences(telling),
        "istmo:question": telling.question,
        "istmo:as_of": telling.as_of,
        "istmo:rows": telling.total,
        "istmo:warnings": list(telling.warnings),
    }


def _limits(kinds: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    closed = {name: {"enum": [*codes.vocabulary(name).terms, *(["_T"] if name in DIMENSIONS else [])]} for name in _CLOSED if name in kinds}
    return {**_LIMITS, **closed}


def _source(source: Source, language: str) -> dict[str, Any]:
    title = ": ".join(filter(None, (label_of("publisher", source.publisher, language), source.named.get("name"))))
    path = {"path": source.named["url"]} if "url" in source.named else {}
    licence = {"istmo:licence": source.named["licence"]} if "licence" in source.named else {}
    return {
        "title": title,
        **path,
        "version": source.bulletin,
        "istmo:publisher": source.publisher,
        "istmo:digest": source.digest,
        **licence,
    }


def _licences(telling: Telling) -> list[dict[str, str]]:
    named = sorted({each.named["licence"] for each in telling.sources if "licence" in each.named})
    unnamed = [{"name": _UNLICENSED, "title": telling.said("licence-unnamed")}]
    licences = [{"name": _NO_NAME.sub("-", text).strip("-") or _UNLICENSED, "title": text} for text in named]
    return licences + (unnamed if any("licence" not in each.named for each in telling.sources) else [])
