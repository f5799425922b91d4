"""What the sheets of an XLSX refer to: the list of sheets, the shared texts, and which styles show a number as a date."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.intake.cells import SYSTEM_1900, SYSTEM_1904, SerialDays, told_name
from app.intake.container import Container, target_of
from app.intake.markup import Attributes, Walk, elements
from app.intake.numerals import is_date_format
from app.intake.refusal import refused

WORKBOOK = "xl/workbook.xml"
_TRUE = frozenset({"1", "true"})
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True)
class Listed:
    """A sheet as the workbook lists it, and the part that it stands in."""

    name: str
    part: str
    is_hidden: bool


@dataclass(frozen=True)
class Workbook:
    """What all sheets share; `is_uncomputed` where the file asks to be computed when it is opened."""

    sheets: tuple[Listed, ...]
    days: SerialDays
    is_uncomputed: bool
    texts: list[str] = field(repr=False)
    date_styles: frozenset[str]


def read_workbook(container: Container) -> Workbook:
    """The list of worksheets in order (chart sheets left out) and what they refer to; raises `RefusedError` `workbook-damaged`."""
    main = _main_part(container)
    related = _relations(container, main)
    found = elements(container.chunks(main), "sheet", "workbookPr", "calcPr")
    listed = [_listed(container, attributes, related) for name, attributes in found if name == "sheet"]
    settings = {key: value for name, attributes in found if name != "sheet" for key, value in attributes.items()}
    parts = {kind: part for kind, part in related.values() if part in container}
    return Workbook(
        tuple(filter(None, listed)),
        SYSTEM_1904 if settings.get("date1904") in _TRUE else SYSTEM_1900,
        settings.get("fullCalcOnLoad") in _TRUE,
        _shared_texts(container, parts.get("sharedStrings")),
        _date_styles(container, parts.get("styles")),
    )


def _listed(container: Container, attributes: Attributes, related: Mapping[str, tuple[str, str]]) -> Listed | None:
    kind, part = related.get(attributes.get("id", ""), ("", ""))
    if kind in {"chartsheet", "dialogsheet"}:
        return None
    name = told_name(attributes.get("name", ""))
    if kind != "worksheet" or part not in container:
        raise refused("workbook-damaged", name)
    return Listed(name, part, attributes.get("state", "visible") != "visible")


def _main_part(container: Container) -> str:
    if WORKBOOK in container or "_rels/.rels" not in container:
        return WORKBOOK
    found = elements(container.chunks("_rels/.rels"), "Relationship")
    named = [attributes.get("Target", "") for _, attributes in found if attributes.get("Type", "").endswith("/officeDocument")]
    return target_of("", named[0]) if named else WORKBOOK


def _relations(container: Container, part: str) -> dict[str, tuple[str, str]]:
    """By their ids: the kind of what a part refers to, and the part that it is in."""
    folder, _, name = part.rpartition("/")
    at = f"{folder}/_rels/{name}.rels"
    if part not in container or at not in container:
        raise refused("workbook-damaged")
    return {
        attributes.get("Id", ""): (attributes.get("Type", "").rpartition("/")[2], target_of(part, attributes.get("Target", "")))
        for _, attributes in elements(container.chunks(at), "Relationship")
    }


def _shared_texts(container: Container, part: str | None) -> list[str]:
    """Texts by their number: the runs of each joined, what only helps to pronounce them left out."""
    texts: list[str] = []
    runs: list[str] = []
    aside = False

    def start(name: str, _: Attributes) -> None:
        nonlocal aside
        if name == "si":
            runs.clear()
        elif name == "rPh":
            aside = True
        elif name == "t" and not aside:
            walk.listen()

    def end(name: str) -> None:
        nonlocal aside
        if name == "t" and not aside:
            runs.append(walk.heard())
        elif name == "rPh":
            aside = False
        elif name == "si":
            texts.append(unescaped("".join(runs)))

    walk = Walk(start, end)
    if part is not None:
        walk.over(container.chunks(part))
    return texts


def unescaped(text: str) -> str:
    """A text without the escapes that the format has for characters which no XML holds; lines end in a line feed."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return text.replace("\r\n", "\n")


def _date_styles(container: Container, part: str | None) -> frozenset[str]:
    """The numbers of the cell styles that show a number as a date or a time of day."""
    if part is None:
        return frozenset()
    formats: dict[str, str] = {}
    styles: list[str] = []
    inside = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal inside
        if name == "numFmt":
            formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            inside = True
        elif name == "xf" and inside:
            styles.append(attributes.get("numFmtId", "0"))

    def end(name: str) -> None:
        nonlocal inside
        inside = inside and name != "cellXfs"

    Walk(start, end).over(container.chunks(part))
    return frozenset(
        str(index) for index, number in enumerate(styles) if number.isdecimal() and is_date_format(int(number[:9]), formats.get(number))
    )
