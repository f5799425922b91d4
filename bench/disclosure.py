"""What protection costs and what it leaves: speed on made-up tables of 603 cells, shares on the public series of three administrations.

    python bench/disclosure.py [tables = 100]

Bars: guarantees 1.  Weeks are cut from months by keyed chance, a quarter of each count; nobody publishes the real ones.
"""

import csv
import sys
import time
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import numpy as np

from app.bulletins.door import scheme
from app.disclosure import Draw, Leaf, ProtectedTable, Table, protect
from app.disclosure.judge import judge
from app.disclosure.program import Budget, Program
from app.disclosure.release import Place
from app.disclosure.scheme import OTHER, RESTS
from app.disclosure.share import share_shown
from app.disclosure.system import alone
from app.disclosure.view import View

ROOT = Path(__file__).parents[1]
SAMPLES, DATA = ROOT / "app" / "cli" / "samples", ROOT / "tests" / "data"
SERIES = ("darien", "honduras", "mexico")
OURS = {"OOO": "_O", "XXX": "_U", "TIB": "CHN"}
GROUPS = {"men": ("M", "Y_GE18"), "women": ("F", "Y_GE18"), "boys": ("M", "Y0T17"), "girls": ("F", "Y0T17")}
SEXES, AGES = {"male": "M", "female": "F"}, {"18+": "Y_GE18", "12-17": "Y12T17", "under 12": "Y0T11"}
PLACE = Place("made up", date(2022, 10, 1), date(2022, 10, 31))
K = 5


def made_up(persons, seed):
    """Sparse skewed counts of 60 nationalities at 8 points."""
    chance = np.random.default_rng(seed)
    named = sorted(scheme().areas)[:60]
    weight = np.multiply.outer(1 / np.arange(1, 61) ** 1.3, 1 / np.arange(1, 9) ** 1.2) * chance.gamma(0.6, 1 / 0.6, size=(60, 8))
    counts = chance.multinomial(persons, (weight / weight.sum()).ravel()).tolist()
    keys = [(code, f"PAN-P{point}") for code in named for point in range(8)]
    return dict(zip(keys, counts, strict=True))


def protected(dimensions, counts, label, method=None):
    """The protected table, or the code of the refusal."""
    table = Table(dimensions, {key: Leaf(count, None) for key, count in counts.items()}, {})
    draw = Draw(b"bench", "flow", label)
    outcome = protect(table, scheme=scheme(), method=method, k=K, draw=draw, place=PLACE, releases=(), budget=Budget(10))
    return outcome if isinstance(outcome, ProtectedTable) else outcome[0].code


def speeds(tables, persons):
    took, audits, shares, refused = [], [], [], 0
    for seed in range(1, tables + 1):
        counts = made_up(persons, seed)
        began = time.perf_counter()
        outcome = protected(("nationality", "route_point"), counts, str(seed), "withhold")
        took.append(time.perf_counter() - began)
        if not isinstance(outcome, ProtectedTable):
            refused += 1
            continue
        shares.append(share_shown(outcome.rows, counts, "withhold"))
        view = View.of(outcome.rows, outcome.dimensions, scheme().areas)
        system = alone(view.space, view.shown, view.values)
        began = time.perf_counter()
        judge(system, K, Program(system, Budget(10)))
        audits.append(time.perf_counter() - began)
    cells = len(outcome.rows) if isinstance(outcome, ProtectedTable) else 0
    print(
        f"withhold, {cells} cells, {persons} persons, {tables} tables: with audit and certificate p50 {np.median(took):.2f} s, "
        f"p95 {np.quantile(took, 0.95):.2f} s (bar 1); the audit alone p95 {np.quantile(audits, 0.95):.2f} s (bar 0.5); persons shown mean "
        f"{np.mean(shares):.1f} % (bar 85), p05 {np.quantile(shares, 0.05):.0f} % (bar 80), least {min(shares)} %; refused {refused}",
        flush=True,
    )


def periods(path, key_of):
    """{period: {key: count}} of a series by month and, where it has them, by year."""
    found = defaultdict(Counter)
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            found[line["period"]][key_of(line)] += int(line["count"])
    return found


def weeks(counts, chance):
    """A month in four, each count cut by chance."""
    cut = {key: chance.multinomial(count, [0.25] * 4) for key, count in counts.items()}
    return [{key: int(four[week]) for key, four in cut.items()} for week in range(4)]


def pooled(name, *, by_week):
    series = periods(SAMPLES / f"{name}_by_nationality.csv", lambda line: (OURS.get(line["nationality_iso3"], line["nationality_iso3"]),))
    sums, chance = Counter(), np.random.default_rng(7)
    for period, counts in series.items():
        if by_week and len(period) == len("2022"):
            continue
        for number, part in enumerate(weeks(counts, chance) if by_week else [counts]):
            if sum(part.values()):
                sums += figures(protected(("nationality",), part, f"{name} {period} {number}"), part)
    kept, named = sums["own"] / (sums["persons"] - sums["sent as other"]), sums["named"] / sums["present"]
    print(
        f"pool, {name}, {'weeks' if by_week else 'months'}: {sums['tables']} tables, {kept:.2%} of persons under their nationality "
        f"(bar {'98.5' if by_week else '99.6'} %), {named:.0%} of nationalities named, {sums['nulls']} nulls, "
        f"{sums['totals off']} totals off, {sums['refused']} refused",
        flush=True,
    )


def figures(outcome, counts):
    if not isinstance(outcome, ProtectedTable):
        return Counter(refused=1)
    cells = {each.key[0]: each.value for each in outcome.rows}
    own = {code: value for code, value in cells.items() if not code.startswith("_") and (code,) in counts}
    assert {*cells} & {*RESTS, OTHER} or len(own) == sum(count > 0 for count in counts.values())
    return Counter(
        {
            "tables": 1,
            "own": sum(own.values()),
            "persons": sum(counts.values()),
            "sent as other": counts.get(("_O",), 0),
            "named": len(own),
            "present": sum(count > 0 for key, count in counts.items() if not key[0].startswith("_")),
            "nulls": sum(value is None for value in cells.values()),
            "totals off": int(cells["_T"] != sum(counts.values())),
        }
    )


def sex_and_age(line):
    """Sex and age group of a line; None where the source does not split by age."""
    if "sex" in line:
        return SEXES[line["sex"]], AGES[line["age"].split(",")[0]]
    return GROUPS.get(line["sex_age_group"])


def by_sex_and_age(name, *, by_week):
    series = periods(DATA / f"{name}_by_sex_age.csv", sex_and_age)
    sums, chance, shares = Counter(), np.random.default_rng(7), []
    for period, counts in series.items():
        if None in counts or (by_week and len(period) == len("2022")):
            continue
        for number, part in enumerate(weeks(counts, chance) if by_week else [counts]):
            outcome = protected(("sex", "age"), part, f"{name} {period} {number}")
            if not isinstance(outcome, ProtectedTable):
                sums[outcome] += 1
                continue
            shares.append(share_shown(outcome.rows, part, "withhold"))
            sums += Counter(tables=1, persons=sum(part.values()), kept=sum(r.value for r in outcome.rows if r.value and not r.is_total))
    print(
        f"withhold, {name} by sex and age, {'weeks' if by_week else 'months'}: {sums['tables']} tables, "
        f"{sums['kept'] / max(1, sums['persons']):.2%} of persons shown, {np.mean([share == 100 for share in shares]):.0%} of tables whole, "
        f"refused { ({code: number for code, number in sums.items() if '-' in code}) }",
        flush=True,
    )


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    speeds(wanted, 5000)
    for label in SERIES:
        for cut in (False, True):
            pooled(label, by_week=cut)
            by_sex_and_age(label, by_week=cut)
