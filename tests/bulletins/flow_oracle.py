"""What /flows must answer, in plain Python over published documents; it shares no code with the query."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app.directory.codes import area_of, in_scheme, nationalities
from app.directory.dimensions import DIMENSIONS

AREAS = ("AFR", "AMN", "AMS", "ASI", "CAR", "EUR", "OCE")
MARGINS = {"_T", *(f"_{area}" for area in AREAS)}
MEMBERS = {area: {code for code, one in nationalities().items() if one.area == area and code[0] != "_"} for area in AREAS}
SERIES = ("origin", "reporting_state", "publisher", "measure", "unit", "definition_code", "accumulation")
CLASSES = {"area", "extra_continental"}
Document = Mapping[str, Any]


def frequency_of(period: str) -> str:
    """How often a period of this form is reported."""
    return {4: "year", 8: "week"}.get(len(period), "quarter" if "Q" in period else "month")


class Oracle:
    """One question over some documents, each of which the caller may see."""

    def __init__(self, documents: Iterable[Document], **asked: Any) -> None:
        self.chosen = {name: set(asked[name].split(",")) for name in DIMENSIONS if name in asked}
        self.totals = asked.get("totals", False)
        self.group_by = asked["group_by"].split(",") if "group_by" in asked else []
        self.scheme = self._scheme(asked) if "extra_continental" in asked else None
        self.inside = in_scheme(asked.get("classification", "strict@1"))
        self.needed = {name for name, codes in self.chosen.items() if codes != {"_T"}} | set(self.group_by) & set(DIMENSIONS)
        if self.scheme is not None or CLASSES & set(self.group_by):
            self.needed.add("nationality")
        fitting = [each for each in documents if self._fits(each, asked) and self.needed <= set(each["dimensions"])]
        places: dict[object, list[Document]] = defaultdict(list)
        for each in fitting:
            places[(*(each[name] for name in SERIES), each["period_start"], each["period_end"])].append(each)
        self.answering = [min(each, key=self._place) for each in places.values()]

    def _scheme(self, asked: Mapping[str, Any]) -> set[str]:
        inside = in_scheme(asked.get("classification", "strict@1"))
        codes = {
            code for code, one in nationalities().items() if one.strict != "unclassified" and (code in inside) == asked["extra_continental"]
        }
        whole = [area for area in AREAS if MEMBERS[area] <= codes]
        return codes | {f"_O{area}" for area in whole} | {f"_{area}" for area in whole}

    def _fits(self, each: Document, asked: Mapping[str, Any]) -> bool:
        columns = {"conference": "origin", "unit": "unit", "reporting_state": "reporting_state", "publisher": "publisher"}
        named = all(each[column] in asked[name].split(",") for name, column in columns.items() if name in asked)
        first, last = (date.fromisoformat(each[name]) for name in ("period_start", "period_end"))
        return named and asked.get("since", date.min) <= first and last <= asked.get("until", date.max)

    def _place(self, each: Document) -> tuple[object, ...]:
        declared = set(each["dimensions"])
        return len(declared), not declared & set(self.chosen), "nationality" not in declared, each["id"]

    def rows(self) -> set[tuple[object, ...]]:
        """Plain rows as (bulletin, codes, lower, upper)."""
        found = set()
        for each in self.answering:
            for cell in each["cells"]:
                codes = {name: cell.get(name, "_T") for name in DIMENSIONS}
                if all(self._shows(each, name, code) for name, code in codes.items()):
                    found.add((each["id"], tuple(codes.values()), cell["value"] or 0, cell["value"]))
            found |= self._intervals(each)
        return found

    def _shows(self, each: Document, name: str, code: str) -> bool:
        scheme = self.scheme if name == "nationality" else None
        if name in self.chosen:
            return code in self.chosen[name] and (scheme is None or code in scheme)
        if scheme is not None and code not in scheme:
            return False
        return self.totals or code not in MARGINS or name not in each["dimensions"]

    def _intervals(self, each: Document) -> set[tuple[object, ...]]:
        values = {cell.get("nationality"): cell["value"] for cell in each["cells"]}
        found = set()
        if each["disclosure"]["method"] == "pool" and values.get("_O"):
            for area in AREAS:
                margin = f"_{area}"
                allowed = margin in self.chosen.get("nationality", ()) and (self.scheme is None or margin in self.scheme)
                if allowed and margin not in values and f"_O{area}" not in values:
                    lower = sum(values.get(code, 0) for code in MEMBERS[area])
                    codes = tuple(margin if name == "nationality" else "_T" for name in DIMENSIONS)
                    found.add((each["id"], codes, lower, lower + values["_O"]))
        return found

    def groups(self) -> dict[tuple[object, ...], tuple[object, ...]]:
        """(lower, upper, withheld, bulletins) by group."""
        sums: dict[tuple[object, ...], list[Any]] = defaultdict(lambda: [0, 0, 0, 0, set(), False])
        targets = self._targets()
        for each in self.answering:
            for target, codes in targets:
                self._add(each, target, codes, sums)
        # Nobody is a national of the Antarctic or of Heard Island: no rest makes groups of them.
        by_rest = "nationality" not in self.group_by
        keep = {key: figures for key, figures in sums.items() if figures[5] or (by_rest and not {"ATA", "HMD"} & set(key))}
        return {key: (low, None if gaps else low + more, gaps + rests, len(of)) for key, (low, more, gaps, rests, of, _) in keep.items()}

    def _targets(self) -> list[tuple[dict[str, str], set[str]]]:
        """What a group of nationalities is called, by column, and the codes that it adds up; one without a name where there is none."""
        wanted = self.chosen.get("nationality")
        if "nationality" not in self.group_by:
            return self._by_class(wanted) if CLASSES & set(self.group_by) else [({}, self._added(wanted))]
        published = {cell["nationality"] for each in self.answering for cell in each["cells"]} - MARGINS
        single = published if wanted is None else wanted
        single = single if self.scheme is None else single & self.scheme
        return [({"nationality": code, **self._classes(code)}, self._added({code}) if code in MARGINS else {code}) for code in single]

    def _by_class(self, wanted: set[str] | None) -> list[tuple[dict[str, str], set[str]]]:
        every = self._added(wanted)
        groups: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for code in set(nationalities()) if every == {"_T"} else every:
            groups[tuple(self._classes(code)[name] for name in self.group_by if name in CLASSES)].add(code)
        return [(self._classes(min(codes)), codes) for codes in groups.values()]

    def _classes(self, code: str) -> dict[str, str]:
        area = next((area for area in AREAS if code in MEMBERS[area] | {f"_{area}", f"_O{area}"}), code)
        below = {code} if code in nationalities() and code[0] != "_" and code != "XXA" else MEMBERS.get(area, set())
        sides = {one in self.inside for one in below}
        side = "_T" if code == "_T" else str(min(sides)).lower() if len(sides) == 1 else "unclassified"
        return {"area": area, "extra_continental": side}

    def _added(self, wanted: set[str] | None) -> set[str]:
        if self.scheme is None and (wanted is None or "_T" in wanted):
            return {"_T"}
        codes = set(self.scheme or ()) if wanted is None or "_T" in wanted else set(wanted)
        for area in AREAS:
            if f"_{area}" in codes:
                codes |= MEMBERS[area] | {f"_O{area}"}
        if self.scheme is not None:
            codes &= self.scheme
        codes |= {f"_O{area}" for area in AREAS if MEMBERS[area] <= codes}
        return codes - MARGINS

    def _add(self, each: Document, target: Mapping[str, str], codes: set[str], sums: dict[tuple[object, ...], list[Any]]) -> None:
        for cell in each["cells"]:
            if cell.get("nationality", "_T") in codes and all(self._reads(name, cell.get(name, "_T")) for name in DIMENSIONS[1:]):
                figures = sums[self._key(each, cell, target)]
                figures[0] += cell["value"] or 0
                figures[2] += cell["value"] is None
                figures[4].add(each["id"])
                figures[5] = True
        for rest in self._rests(each, codes):
            figures = sums[self._key(each, {}, target)]
            figures[1] += rest
            figures[3] += 1
            figures[4].add(each["id"])

    def _reads(self, name: str, code: str) -> bool:
        wanted = self.chosen.get(name)
        if name in self.group_by:
            return code not in MARGINS if wanted is None else code in wanted
        return code == "_T" if wanted is None or "_T" in wanted else code in wanted

    def _rests(self, each: Document, codes: set[str]) -> list[int]:
        if each["disclosure"]["method"] != "pool" or codes == {"_T"}:
            return []
        values = {cell["nationality"]: cell["value"] for cell in each["cells"]}
        places = set()
        for code in codes - set(values):
            area = area_of(code)
            # A margin that is published is the sum of what is named: nothing of its area is in `_O`.
            if f"_{area}" not in values or f"_O{area}" in values:
                places.add(f"_O{area}" if f"_O{area}" in values else "_O")
        return [values[place] for place in places - codes if values.get(place)]

    def _key(self, each: Document, cell: Mapping[str, Any], target: Mapping[str, str]) -> tuple[object, ...]:
        told = {**each, "conference": each["origin"], "frequency": frequency_of(each["period"])}
        told |= {name: cell.get(name, "_T") for name in DIMENSIONS} | dict(target)
        return tuple(told[name] for name in self.group_by)
