"""Enumerations that cross the wire; codes are English and never translated."""

from enum import StrEnum


class Role(StrEnum):
    """What a client is; the role says all that it may do (contract: Parties)."""

    OPERATOR = "operator"
    SECRETARIAT = "secretariat"
    PARTNER = "partner"
    ANALYST = "analyst"
    PEER = "peer"


class TLP(StrEnum):
    """Traffic Light Protocol 2.0."""

    CLEAR = "CLEAR"
    GREEN = "GREEN"
    AMBER = "AMBER"
    AMBER_STRICT = "AMBER+STRICT"
    RED = "RED"

    @property
    def rank(self) -> int:
        """Strictness from 0 (CLEAR) to 4 (RED)."""
        return _RANKS[self]


_RANKS = {tlp: rank for rank, tlp in enumerate(TLP)}


class Op(StrEnum):
    """What one entry of the log did to its document."""

    PUBLISH = "publish"
    REVISE = "revise"
    WITHDRAW = "withdraw"
    HIDE = "hide"
    ERASE = "erase"


class Status(StrEnum):
    """Whether a version stands or takes back."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What became of a write."""

    CREATED = "created"
    REVISED = "revised"
    UNCHANGED = "unchanged"


class WaitingStatus(StrEnum):
    """What became of an item that could not be published at once."""

    HELD = "held"
    PENDING = "pending"
    PUBLISHED = "published"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"


class Protect(StrEnum):
    """Methods of protection (guarantees.md 1)."""

    POOL = "pool"
    WITHHOLD = "withhold"
    ROUND = "round"
    NONE = "none"


class FigureStatus(StrEnum):
    """How settled a figure is; final never returns to provisional."""

    PROVISIONAL = "provisional"
    REVISED = "revised"
    FINAL = "final"


class Unit(StrEnum):
    """What was counted; units are never added together."""

    PERSON = "person"
    EVENT = "event"
    ENCOUNTER = "encounter"
    APPLICATION = "application"


class ValueStatus(StrEnum):
    """Why a cell has no value when it comes in."""

    MASKED = "masked"
    NOT_COLLECTED = "not_collected"


class StockOrFlow(StrEnum):
    """Whether a figure counts what happened in a period or what stood at its end."""

    STOCK = "stock"
    FLOW = "flow"


class Severity(StrEnum):
    """How grave what an alert tells is."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Gravity from 0 (low) to 3 (critical)."""
        return _GRAVITIES[self]


_GRAVITIES = {severity: rank for rank, severity in enumerate(Severity)}


class SourceReliability(StrEnum):
    """How far a source is to be trusted, on the Admiralty scale."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


class CaseStatus(StrEnum):
    """Whether news of a network is still expected."""

    OPEN = "open"
    CLOSED = "closed"


class Crossing(StrEnum):
    """How a leg of a route crosses the border."""

    OFFICIAL = "official"
    UNOFFICIAL = "unofficial"
    UNKNOWN = "unknown"


class FeeScope(StrEnum):
    """What a price is for; prices of a leg and of a whole route are never compared."""

    LEG = "leg"
    WHOLE_ROUTE = "whole_route"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How sure a sighting is."""

    POSSIBLE = "possible"
    PROBABLE = "probable"
    CERTAIN = "certain"


class Opinion(StrEnum):
    """How far an office agrees with an alert (the five steps of STIX 2.1 section 4.15)."""

    STRONGLY_DISAGREE = "strongly_disagree"
    DISAGREE = "disagree"
    NEUTRAL = "neutral"
    AGREE = "agree"
    STRONGLY_AGREE = "strongly_agree"


class Decision(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
