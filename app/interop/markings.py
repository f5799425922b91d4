"""Markings in STIX 2.1: TLP 2.0 as OASIS published it, and our handling codes as statements."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.directory import codes
from app.interop.ids import SINCE, stix_id
from app.wire.codes import TLP

TLP_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_IDS: Final[Mapping[TLP, str]] = {
    TLP.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    TLP.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    TLP.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    TLP.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    TLP.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""The ids of TLP 2.0 (oasis-open/cti-stix-common-objects); several public projects have others."""
_TLP_CREATED: Final = "2022-10-01T00:00:00.000Z"


def markings_of(tlp: str, handling: Iterable[str]) -> list[dict[str, Any]]:
    """The marking definitions of a document: its colour first, then a statement for each handling code."""
    return [_tlp(TLP(tlp)), *map(_statement, handling)]


def _tlp(colour: TLP) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_IDS[colour],
        "created": _TLP_CREATED,
        "name": f"TLP:{colour.value}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": colour.value.lower()}},
    }


def _statement(code: str) -> dict[str, Any]:
    terms = codes.vocabulary("handling").terms
    said = f"{code}: {terms[code].labels['en']}" if code in terms else code
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": stix_id("marking-definition", "handling", code),
        "created": SINCE,
        "definition_type": "statement",
        "definition": {"statement": said},
    }
