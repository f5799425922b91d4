"""A withdrawal whose earlier versions never came here: that a bulletin was taken back is known, what it said is not."""

from collections.abc import Mapping
from typing import Any

from app.documents.models import instant


def never_seen(document: Mapping[str, Any]) -> dict[str, object]:
    """What the row of such a withdrawal holds beside its identity: nothing by which a filter of contents finds it."""
    texts = ("flow_key", "reporting_state", "publisher", "measure", "unit", "stock_or_flow", "definition_code", "accumulation")
    more = ("dimensions", "period", "frequency", "figure_status", "classification")
    day = instant(document["published_at"]).date()
    sizes = {"dimension_count": 0, "period_start": day, "period_end": day, "pooled": False}
    return {"natural_key": f"withdrawn {document['id']}", **dict.fromkeys((*texts, *more), ""), **sizes}
