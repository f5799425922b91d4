"""The method on the published monthly series of three administrations."""

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from flow_places import budget, stands

from app.disclosure import Draw, Leaf, ProtectedTable, Table, protect
from app.disclosure.scheme import OTHER, RESTS, TOTALS

SERIES = [
    pytest.param("darien_by_nationality.csv", 71, 0.75, id="Darien"),
    pytest.param("honduras_by_nationality.csv", 86, 0.50, id="Honduras"),
    pytest.param("mexico_by_nationality.csv", 88, 0.58, id="Mexico"),
]
SAMPLES = Path(__file__).parents[3] / "app" / "cli" / "samples"
OURS = {"OOO": "_O", "XXX": "_U"}


def periods(path):
    counts = defaultdict(Counter)
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            code = line["nationality_iso3"]
            counts[line["period"]][OURS.get(code, code)] += int(line["count"])
    return counts


@pytest.mark.parametrize(("file", "number", "named"), SERIES)
def test_real_series_keep_their_persons_under_their_nationality(file, number, named, world):
    sums = Counter()
    for period, counts in periods(SAMPLES / file).items():
        table = Table(("nationality",), {(code,): Leaf(count, None) for code, count in counts.items()}, {})
        draw, place = Draw(b"real series", file, period), stands(("nationality",))
        answer = protect(table, scheme=world, method=None, k=5, draw=draw, place=place, releases=(), budget=budget())
        assert isinstance(answer, ProtectedTable)
        cells = {row.key[0]: row.value for row in answer.rows}
        alone = cells.keys() - TOTALS - RESTS - {OTHER}
        assert cells["_T"] == sum(counts.values())
        assert None not in cells.values()
        assert all(cells[code] == counts[code] >= 5 for code in alone)
        sums += {"periods": 1, "persons": cells["_T"], "under their own": sum(cells[code] for code in alone)}
        sums += {"sent as other": counts["_O"]}
        sums += {"present": sum(count > 0 for count in counts.values()), "named": len(alone)}
    # What an administration itself sends as "other" has no nationality to be shown under.
    kept, share = sums["under their own"] / (sums["persons"] - sums["sent as other"]), sums["named"] / sums["present"]
    of_all = sums["under their own"] / sums["persons"]
    sys.stdout.write(
        f"{file}: {sums['periods']} periods, {kept:.2%} of persons ({of_all:.2%} of all), {share:.0%} of nationalities named\n"
    )
    assert sums["periods"] == number
    assert kept >= 0.996
    assert share >= named
