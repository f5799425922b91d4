"""Currencies in which prices of smugglers are told: ISO 4217."""

from functools import cache
from importlib import resources


@cache
def currencies() -> frozenset[str]:
    """Codes of all currencies that are current or were at some time since 2012, without funds, metals and test codes."""
    text = resources.files("app.alerts").joinpath("data", "currencies.txt").read_text("utf-8")
    return frozenset(code for line in text.splitlines() if not line.startswith("#") for code in line.split())
