"""What is built here is accepted by the validator of those who wrote STIX (OASIS), in its strictest setting."""

import json
import uuid

import pytest
from stix_documents import answers, document, full, of, opinion, proposal, refusal, sighting, withdrawn
from twelve import Json

from app.interop.stix import bundle_of
from app.wire.codes import TLP


def judged(bundle: Json) -> tuple[list[str], set[str]]:
    """Errors and warnings on a bundle as it crosses the wire."""
    # Here, for it takes seconds to load, and of the processes that share the tests only one or two come this way.
    from stix2validator import ValidationOptions, validate_instance  # noqa: PLC0415

    # No objects and properties beyond the standard, and no relationship to what is not in the bundle.
    strict = ValidationOptions(version="2.1", strict_types=True, strict_properties=True, enforce_refs=True)
    result = validate_instance(json.loads(json.dumps(bundle)), strict)
    return [str(each) for each in result.errors], set(map(str, result.warnings))


def expected(bundle: Json) -> set[str]:
    """The one warning that we live with, on every id but those of OASIS: ids made from the documents' own are UUIDs of version 5.

    STIX 2.1, section 2.9, allows both and recommends version 4; a drawn id would make another object of the same document each time.
    """
    made = [each["id"] for each in (bundle, *bundle["objects"]) if uuid.UUID(each["id"].rpartition("--")[2]).version == 5]
    return {f"{one}: {{103}} Given ID value {one} is not a valid UUIDv4 ID." for one in made}


@pytest.mark.parametrize("number", range(1, 13))
def test_the_objects_of_all_twelve_cases_are_accepted(number: int):
    bundle = bundle_of(document(number), answers())
    assert judged(bundle) == ([], expected(bundle))


@pytest.mark.parametrize("colour", TLP)
def test_the_objects_of_every_colour_and_handling_code_are_accepted(colour: TLP):
    codes = ["no-onward", "sanitised-only", "review-by"]
    bundle = bundle_of(document(11, tlp=colour.value, handling=codes))
    assert len(of("marking-definition", bundle)) == 4
    assert judged(bundle) == ([], expected(bundle))


TOLD = {
    "every field": (full(), answers()),
    "withdrawn alert": (withdrawn(document()), answers()),
    "withdrawn answers": (document(11), [withdrawn(each) for each in answers()]),
    "no answers": (document(11), []),
    "sighting of a State": (document(11), [sighting(where={"state": "COL"})]),
    "sighting of an area": (document(11), [sighting(where={"state": "COL", "area": "CO-ANT"})]),
    "refusal and its proposal": (document(11), [refusal(), proposal()]),
    "nothing explained": (document(11), [opinion(explanation=None)]),
}


@pytest.mark.parametrize(("alert", "answered"), TOLD.values(), ids=TOLD)
def test_the_objects_of_every_kind_of_answer_are_accepted(alert: Json, answered: list[Json]):
    bundle = bundle_of(alert, answered)
    assert judged(bundle) == ([], expected(bundle))


@pytest.mark.parametrize(
    ("kind", "wrong", "complaint"),
    [
        ("opinion", {"opinion": "strongly_agree"}, "'strongly_agree' is not one of"),
        ("note", {"content": None}, "None is not of type 'string'"),
        ("sighting", {"confidence": 101}, "101 is greater than the maximum of 100"),
        ("report", {"modified": "2026-11-19T10:00:00.000Z"}, "must be later than or equal to"),
        ("report", {"severity": "high"}, "severity"),
        ("relationship", {"relationship_type": "originates-from"}, "originates-from"),
        ("relationship", {"target_ref": "location--019aa4f0-6f80-4c3e-9a51-2d0c6a5f1b11"}, "location--019aa4f0"),
        ("location", {"country": "Colombia"}, "ISO 3166-1 ALPHA-2"),
    ],
)
def test_this_validator_sees_what_is_wrong(kind: str, wrong: Json, complaint: str):
    bundle = bundle_of(document(11), answers())
    objects = [dict(each) for each in bundle["objects"]]
    next(each for each in objects if each["type"] == kind).update(wrong)
    errors, warnings = judged(bundle | {"objects": objects})
    complaints = [*errors, *(warnings - expected(bundle))]
    assert any(complaint in each for each in complaints), complaints
