"""Twenty-four families of damaged files over a real node: each is taken whole with its own figures, or refused with its code and no trace.

The long form (`make test-long SUITE=damaged`) sends twenty variants of each and prints what the slowest and the largest cost.
"""

import ctypes
import gc
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from damaged import FAMILIES, Variant, variants
from serving import Served

from app.bulletins.files import read_file
from app.bulletins.queries import FileQuery
from app.core.problems import Problem

ABOUT = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}
SECONDS, MEGABYTES = 1.0, 64.0
STATUS, REFERENCES = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory(kind: str) -> float:
    found = re.search(rf"{kind}:\s+(\d+) kB", STATUS.read_text())
    assert found
    return int(found[1]) / 1024


def read(variant: Variant) -> tuple[float, float]:
    """Seconds of processor and megabytes above what the process held before, of reading one file."""
    listed = {name: [value] if name in {"column", "code"} else value for name, value in variant.options.items()}
    query = FileQuery.model_validate({**ABOUT, **listed})
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what earlier files left free is not there to be used again unseen
    REFERENCES.write_text("5")
    before, began = memory("VmRSS"), time.process_time()
    with suppress(Problem):
        read_file(variant.raw, query, 200_000, variant.name)
    return time.process_time() - began, memory("VmHWM") - before


def outcome(served: Served, variant: Variant) -> tuple[object, ...]:
    before = served.counts()
    upload = {"file": (variant.name, variant.raw)}
    answer = served.as_("pan").post("/v1/bulletins/files", params={**ABOUT, **variant.options}, files=upload)
    content = answer.json()
    if answer.status_code == 422:
        return "refused", {error["code"] for error in content["errors"]} or {content["code"]}, served.counts() == before
    assert answer.status_code in (200, 201), (variant.id, answer.status_code, content)
    told = {finding["code"] for finding in content.get("findings", [])}
    if "dry_run" in variant.options:
        return "taken", told >= variant.remarks, [each["period"] for each in content["bulletins"]]
    # Protection may withhold a count of any size; that it reads otherwise than it was sent is what must not be.
    sent = {figure[:3]: figure[3] for figure in variant.figures or ()}
    found = figures(served, content["bulletins"])
    return "taken", told >= variant.remarks, sorted((*each[:3], sent.get(each[:3]) if each[3] is None else each[3]) for each in found)


def figures(served: Served, receipts: list[dict[str, str]]) -> Iterator[tuple[str, str, str, int | None]]:
    for receipt in receipts:
        document = served.as_("pan").get(f"/v1/bulletins/{receipt['id']}").json()
        for cell in document["cells"]:
            if not cell["nationality"].startswith("_") and cell["sex"] != "_T":
                yield receipt["period"], cell["nationality"], cell["sex"], cell["value"]


def wanted(variant: Variant) -> tuple[object, ...]:
    if variant.figures is None:
        return "refused", set(variant.refused), True
    if "dry_run" in variant.options:
        return "taken", True, list(dict.fromkeys(figure[0] for figure in variant.figures))
    return "taken", True, sorted(variant.figures)


@pytest.fixture(scope="module")
def few() -> list[Variant]:
    """Three of each; of the largest one."""
    return [variant for variant in variants(3) if variant.family != "million_rows" or variant.number == 1]


def test_there_are_twenty_four_families_each_the_same_from_its_seed(few: list[Variant]):
    assert len(FAMILIES) == 24
    again = {variant.id: variant.raw for variant in variants(1)}
    assert all(again.get(variant.id, variant.raw) == variant.raw for variant in few)


@pytest.fixture(scope="module")
def standing_node(nodes, tmp_path_factory) -> Iterator[Served]:
    """What a file is read as does not depend on the store; the long form looks at both."""
    with nodes.serving("sqlite", tmp_path_factory.mktemp("damaged")) as node:
        yield node


def test_a_damaged_file_is_taken_whole_or_not_at_all(standing_node: Served, few: list[Variant]):
    assert [(variant.id, *outcome(standing_node, variant)) for variant in few] == [(variant.id, *wanted(variant)) for variant in few]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_damaged_files_in_their_long_form(served: Served):
    sent = list(variants(20))
    began = time.monotonic()
    wrong = [(variant.id, found) for variant in sent if (found := outcome(served, variant)) != wanted(variant)]
    took = time.monotonic() - began
    costs = {variant.id: read(variant) for variant in sent}
    slowest = max(costs, key=lambda name: costs[name][0])
    largest = max(costs, key=lambda name: costs[name][1])
    print(*((name, found[:2], str(found[2:])[-900:]) for name, found in wrong), sep="\n")
    print(f"seed 9: {len(sent)} files of {len(FAMILIES)} families, {len(wrong)} wrong outcomes, {took:.0f} s over HTTP;")
    print(f"slowest {slowest} {costs[slowest][0]:.2f} s, largest {largest} {costs[largest][1]:.0f} MB above idle")
    assert wrong == []
    assert costs[slowest][0] <= SECONDS
    assert costs[largest][1] <= MEGABYTES
