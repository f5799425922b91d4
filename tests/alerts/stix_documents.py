"""Alerts and what offices answer to them, as documents that are published: what objects of STIX are made of."""

from collections.abc import Iterator
from typing import Any

from twelve import Json, published

ALERT = "019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b11"
SEAL = {"salt": "00ff", "digest": "abcd", "signature": {"kid": "SACM-1", "alg": "EdDSA", "value": "x"}}


def document(number: int = 5, **changes: Any) -> Json:
    """A case as a published document."""
    identity = {
        "id": ALERT,
        "version": 2,
        "issuer": "SACM/secretariat",
        "reference": "SACM-2026-Z44T9",
        "created_at": "2026-11-20T10:00:00.123456Z",
        "published_at": "2026-11-21T09:30:00.000900Z",
    }
    return published(number) | identity | SEAL | changes


def full() -> Json:
    """Case 5 with every field that an alert can have."""
    return document(
        reason="Two towns were wrong.",
        recommendation={"es": "Avisar antes de la temporada seca."},
        network_code="KESTREL-07",
        last_seen="2018-09-14",
        route=[*published(5)["route"], leg("COL", "PAN", area="PA-EM")],
        fee=published(5)["fee"] | {"scope_note": "Urabá", "band": "5000_to_9999"},
        persons_band="100_to_499",
        related=[ALERT[:-2] + "e1"],
        review_by="2027-01-31",
        retention_until="2029-01-31",
        handling=["no-onward"],
        mandate=["RCM-2025-PA"],
        credits=[{"proposal": ALERT[:-2] + "a3", "office": "RCM/secretariat"}],
    )


def leg(start: str, end: str, **more: Any) -> Json:
    last = max(each["seq"] for each in published(5)["route"])
    return {"seq": last, "from": start, "to": end, "mode": "sea", "crossing": "unknown", **more}


def withdrawn(of: Json, **changes: Any) -> Json:
    """What is published when a document is taken back: its envelope and a reason."""
    names = ("id", "kind", "created_at", "origin", "issuer", "tlp", "audience", "handling", "mandate", "lang", "alert", "reference")
    kept = {name: of[name] for name in names if name in of}
    said = {"version": 3, "status": "withdrawn", "reason": "Mistaken.", "published_at": "2026-11-23T10:00:00.000000Z"}
    return kept | said | SEAL | changes


def answer(kind: str, last: str, **more: Any) -> Json:
    envelope = {
        "id": ALERT[:-2] + last,
        "kind": kind,
        "version": 1,
        "status": "published",
        "origin": "RCM",
        "issuer": "RCM/secretariat",
        "alert": ALERT,
        "tlp": "AMBER",
        "audience": ["RCM", "SACM"],
        "handling": [],
        "mandate": [],
        "lang": ["es"],
        "created_at": "2026-11-22T10:00:00.000000Z",
        "published_at": "2026-11-22T10:00:00.000000Z",
    }
    return envelope | SEAL | more


def sighting(**changes: Any) -> Json:
    where = {"state": "PAN", "place": "Darién"}
    said = {"where": where, "seen_from": "2018-01", "certainty": "probable", "note": {"es": "Las mismas lanchas."}}
    return answer("sighting", "a1", **(said | changes))


def opinion(**changes: Any) -> Json:
    return answer("opinion", "a2", **({"opinion": "strongly_agree", "explanation": {"es": "Coincide con lo visto."}} | changes))


def proposal(**changes: Any) -> Json:
    what = {"severity": "critical", "fee": None}
    return answer("proposal", "a3", **({"alert_version": 2, "changes": what, "explanation": {"es": "Hubo muertes."}} | changes))


def refusal(**changes: Any) -> Json:
    """The opinion with which the alert's origin declines the proposal."""
    decides = {"proposal": ALERT[:-2] + "a3", "decision": "declined"}
    said = {"opinion": "disagree", "decides": decides, "reason": "Not seen by us.", "origin": "SACM", "issuer": "SACM/secretariat"}
    return answer("opinion", "a4", **(said | changes))


def answers() -> list[Json]:
    """One of each kind, and a proposal's refusal."""
    return [sighting(), opinion(), proposal(), refusal()]


def of(kind: str, bundle: Json) -> list[Json]:
    return [each for each in bundle["objects"] if each["type"] == kind]


def references(value: Json) -> Iterator[str]:
    """Every identifier that a property ending in `_ref` or `_refs` names."""
    for name, inner in value.items():
        if name.endswith("_ref"):
            yield inner
        elif name.endswith("_refs"):
            yield from inner
