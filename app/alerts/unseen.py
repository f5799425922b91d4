"""A withdrawal whose earlier versions never came here: that an alert was taken back is known, what it said is not."""

from collections.abc import Mapping
from typing import Any

from app.alerts.content import NO_ONWARD


def never_seen(document: Mapping[str, Any]) -> dict[str, object]:
    """What the row of such a withdrawal holds beside its identity and what every withdrawal's holds."""
    return {"reference": document["reference"], "retention_until": None, "no_onward": NO_ONWARD in document["handling"]}
