"""Writes app/directory/data/names.csv, how States are named in es, pt and en, from CLDR and the translations of ISO 3166-1.

Run by `make docs`, with Babel and pycountry of the development lock: python docs/make_names.py.
"""

import csv
import gettext
import io
from collections.abc import Iterator
from pathlib import Path

import pycountry
from babel import Locale

from app.directory.codes import nationalities, states

TABLE = Path(__file__).parents[1] / "app" / "directory" / "data" / "names.csv"
CLDR = ("en", "es", "es_419", "es_MX", "pt", "pt_PT")
ISO = ("es", "pt", "pt_BR")
FORMS = ("name", "official_name", "common_name")


def rows() -> list[tuple[str, str, str]]:
    """Code, label and source of every name that is not a label of the directory already; each label once a code."""
    known = {(code, label) for code, one in nationalities().items() for label in one.labels.values()}
    found: dict[tuple[str, str], str] = {}
    for code, label, source in [*_cldr(), *_iso()]:
        if (code, label) not in known:
            found.setdefault((code, label), source)
    return sorted((code, label, source) for (code, label), source in found.items())


def _cldr() -> Iterator[tuple[str, str, str]]:
    short = {one.alpha2: code for code, one in nationalities().items() if one.alpha2}
    for language in CLDR:
        for key, label in sorted(Locale.parse(language).territories.items()):
            if key in short:
                yield short[key], label, "cldr"


def _iso() -> Iterator[tuple[str, str, str]]:
    spoken = [gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language]).gettext for language in ISO]
    for country in pycountry.countries:
        if country.alpha_3 not in states():
            continue
        named = [getattr(country, form) for form in FORMS if hasattr(country, form)]
        for name in named:
            yield from ((country.alpha_3, say(name), "iso") for say in (str, *spoken))


def text() -> str:
    """The whole table, as it is committed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("code", "label", "source"))
    writer.writerows(rows())
    return out.getvalue()


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
