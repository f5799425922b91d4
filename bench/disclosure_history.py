"""Time to withhold in version 2 and later of a corrected table, beside every earlier version.

Made-up tables of 60 nationalities by 8 points (603 cells with margins), 5,000 persons, sparse and skewed.  Each later version has
0.2 to 2 % more persons, and some of them moved or struck out.  A version that is not proved within the budget counts as refused, and
the next one follows the last that was published.  Seconds are of the processor as well: a busy machine stretches those of the clock.

    python bench/disclosure_history.py [histories = 8] [versions = 3] [budget in seconds = 10]
"""

import sys
import time
from datetime import date

import numpy as np

from app.disclosure.draw import Draw
from app.disclosure.joint import beside
from app.disclosure.program import Budget, OutOfTimeError, UnsolvedError
from app.disclosure.release import Place, Release
from app.disclosure.space import Space
from app.disclosure.told import Told
from app.disclosure.view import View
from app.disclosure.withhold import Pattern, withhold

K = 5
AREAS = ("AFR", "AMN", "AMS", "ASI", "CAR", "EUR")
NATIONALITIES = {f"N{number:02}": AREAS[number % len(AREAS)] for number in range(60)}
POINTS = [f"PAN-P{number}" for number in range(8)]
SPACE = Space(("nationality", "route_point"), [(code, point) for code in NATIONALITIES for point in POINTS], NATIONALITIES)
PLACE = Place("made up", date(2022, 10, 1), date(2022, 10, 31))
BAR_P95, BAR_REFUSED = 5.0, 0.02


def made_up(persons, chance):
    """Sparse skewed counts, by leaf."""
    weight = np.multiply.outer(1 / np.arange(1, 61) ** 1.3, 1 / np.arange(1, 9) ** 1.2) * chance.gamma(0.6, 1 / 0.6, size=(60, 8))
    counts = chance.multinomial(persons, (weight / weight.sum()).ravel())
    return np.array([counts[list(NATIONALITIES).index(code) * 8 + POINTS.index(point)] for code, point in SPACE.leaves])


def revised(counts, chance):
    """The same persons, some more, and up to five corrections."""
    likely = (counts + 0.2) / (counts + 0.2).sum()
    later = counts + chance.multinomial(max(1, int(counts.sum() * chance.uniform(0.002, 0.02))), likely)
    for _ in range(chance.integers(1, 6)):
        leaf = chance.choice(np.flatnonzero(later > 0))
        moved = chance.integers(1, min(later[leaf], 4) + 1)
        later[leaf] -= moved
        if chance.random() < 0.6:
            later[chance.integers(len(later))] += moved
    return later


def publish(counts, draw, releases, budget):
    """The mask of shown cells of one version beside the earlier ones."""
    values = SPACE.sums @ counts
    before = np.zeros(len(values), dtype=bool)
    for release in releases:
        before |= np.array([row.value is None for row in release.rows])
    pattern = Pattern(SPACE, values, np.ones(len(values), dtype=bool), K, draw, before)
    against = beside(Told(SPACE, pattern.shown, values), PLACE, releases, NATIONALITIES, budget, K)
    withhold(pattern, budget, [each.system_of for each in against])
    return pattern.shown, values


def history(seed, versions, seconds):
    """Yield (version, seconds by the clock and by the processor, share of persons shown or None, why not) of one history."""
    chance, draw, releases = np.random.default_rng(1000 + seed), Draw(b"bench", "flow", str(seed)), []
    counts = made_up(5000, np.random.default_rng(500 + seed))
    for version in range(1, versions + 1):
        began, worked = time.perf_counter(), time.process_time()
        share, reason = None, ""
        try:
            shown, values = publish(counts, draw, releases, Budget(seconds))
        except UnsolvedError as error:
            reason = "out of time" if isinstance(error, OutOfTimeError) else f"refused: {error}"
        else:
            share = counts[shown[SPACE.leaf_cells]].sum() / counts.sum()
            rows = View(SPACE, shown, values, {}).rows()
            releases.append(Release(f"made@v{version}", PLACE.bulletin, SPACE.dimensions, PLACE.first, PLACE.last, "withhold", K, rows))
        yield version, (time.perf_counter() - began, time.process_time() - worked), share, reason
        counts = revised(counts, chance)


def main():
    histories, versions, seconds = (int(text) for text in [*sys.argv[1:], *["8", "3", "10"][len(sys.argv) - 1 :]])
    times, refused = [], 0
    for seed in range(histories):
        for version, took, share, reason in history(seed, versions, seconds):
            said = reason or f"{share:.1%} of persons shown"
            print(f"  history {seed} version {version}: {took[0]:.2f} s, processor {took[1]:.2f} s, {said}", flush=True)
            if version > 1:
                times.append(took)
                refused += share is None
    (clock50, busy50), (clock95, busy95) = np.quantile(times, (0.5, 0.95), axis=0)
    print(
        f"version 2 and later, {len(SPACE.cells)} cells, {len(times)} versions: p50 {clock50:.2f} s, p95 {clock95:.2f} s (bar {BAR_P95} s)"
    )
    print(f"  processor alone: p50 {busy50:.2f} s, p95 {busy95:.2f} s; refused {refused} of {len(times)} (bar {BAR_REFUSED:.0%})")


if __name__ == "__main__":
    main()
