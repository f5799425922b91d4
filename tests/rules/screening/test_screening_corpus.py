"""The rules for identifiers on invented texts in the style of bulletins, alerts and notes (guarantees 2)."""

import json
from collections import Counter
from pathlib import Path

import pytest

from app.screening.screen import Found, Vocabulary, screened
from app.screening.spans import Kind

FOLDER = Path(__file__).parents[2] / "data" / "screening"
HALF = json.loads((FOLDER / "first_half.json").read_text("utf-8"))
POSITIVES, NEGATIVES = ([*json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["cases"]] for name in ("positives", "negatives"))
PUBLISHED = {(Kind.URL, "crmsv.org"), (Kind.PHONE, "+506) 2212-5300"), (Kind.EMAIL, "stats@unhcr.org")}
"""What institutions publish of themselves; the allow-list lets it pass."""


def hard(text: str) -> list[Found]:
    allowed = Vocabulary(allowed=lambda kind, found: (kind, found) in PUBLISHED)
    return [found for found in screened({"/text": text}, allowed) if found.is_hard]


def overlaps(found: Found, text: str, value: str) -> bool:
    start = text.index(value)
    return found.offset < start + len(value) and start < found.offset + found.length


def test_of_the_first_half_98_of_100_identifiers_are_found_by_their_kind():
    sought, missed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for case in HALF["positives"]:
        for value in case["must"]:
            key = (case["language"], case["kind"])
            sought[key] += 1
            hits = [found for found in hard(case["text"]) if overlaps(found, case["text"], value)]
            missed[key] += case["kind"] not in {found.kind.value for found in hits}
    print({key: f"{number - missed[key]}/{number}" for key, number in sorted(sought.items())})
    assert sum(sought.values()) == 92
    assert 1 - missed.total() / sought.total() >= 0.98
    assert {kind for _, kind in sought} == {kind.value for kind in Kind} - {"name"}


def test_of_the_first_half_no_clean_text_is_refused():
    assert [case["text"] for case in HALF["clean"] if hard(case["text"])] == []


@pytest.mark.parametrize("case", POSITIVES, ids=lambda case: case["id"])
def test_every_planted_identifier_of_the_first_cases_is_found(case: dict):
    found = hard(case["text"])
    for planted in case["must_catch"]:
        assert any(overlaps(each, case["text"], planted["value"]) for each in found), planted["type"]


@pytest.mark.parametrize("case", NEGATIVES, ids=lambda case: case["id"])
def test_no_tempting_text_of_the_first_cases_is_refused(case: dict):
    assert hard(case["text"]) == []
