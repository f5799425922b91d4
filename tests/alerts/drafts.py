"""One alert that is right, and ways to make it wrong."""

from typing import Any

from app.alerts.declare import findings_of
from app.wire.alert import AlertDraft
from app.wire.problem import Finding

Json = dict[str, Any]


def alert(**changes: Any) -> Json:
    """An alert as it is sent; `changes` replace its fields, and `None` takes one away."""
    sent = {
        "title": {"es": "Red de Ecuador al golfo de Urabá"},
        "summary": {"es": "Recibe a personas en la frontera y las embarca de noche."},
        "network_code": "KESTREL-07",
        "severity": "high",
        "source_reliability": "A",
        "information_credibility": 2,
        "first_seen": "2017-01",
        "last_seen": "2018-09",
        "nationalities": ["NPL", "IND"],
        "route": [leg(1, "ECU", "COL", place="Ipiales"), leg(2, "COL", "PAN", place="Darién", mode="foot")],
        "modus_operandi": ["safe_house"],
        "fee": {"currency": "USD", "min": 2500, "max": 6000, "scope": "leg"},
    }
    return {name: value for name, value in (sent | changes).items() if value is not None}


def leg(seq: int, start: str, end: str, **more: Any) -> Json:
    return {"seq": seq, "from": start, "to": end, "mode": "land", **more}


def price(**changes: Any) -> Json:
    return {"currency": "USD", "min": 2500, "max": 6000, "scope": "leg"} | changes


def found(sent: Json, *at: object) -> list[Finding]:
    """What the pure checks find in an alert whose form is right."""
    return findings_of(AlertDraft.model_validate(sent), at)


def faults(sent: Json) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.pointer) for finding in found(sent)]
