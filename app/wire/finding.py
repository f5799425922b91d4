"""Answers of what looks across kinds of document: the published flows around an alert (contract: alerts)."""

from typing import Annotated

from pydantic import Field

from app.wire.alert import MOST_LEGS
from app.wire.codes import TLP
from app.wire.flows import FlowRow
from app.wire.output import Cursor, Output, PeriodCode, StateCode, Sum, TermCode, Words
from app.wire.published import Codes


class NearbyFlow(FlowRow):
    """One published cell near an alert: a row of /v1/flows and the leg of the route that first touches the State which reports it."""

    leg: int = Field(ge=1, le=MOST_LEGS)


class AskedFlows(Output):
    """What was looked for: the alert's nationalities, the States of its route in the order of the legs, the first and the last month."""

    nationality: list[StateCode] = Field(max_length=260)
    reporting_state: list[StateCode] = Field(max_length=2 * MOST_LEGS)
    period_from: PeriodCode
    period_to: PeriodCode
    href: Annotated[str, Field(max_length=2_000, pattern=r"^/v1/flows\?\S+$")] | None = Field(
        description="gives the same rows from /v1/flows; null where the alert names no nationality or no route"
    )


class FlowsNote(Output):
    """A warning about the figures as a whole, on whatever page they are."""

    code: TermCode
    words: Words


class NearbyFlows(Output):
    """A page of the published figures around an alert, what was looked for, and what they do not say.

    `tlp` and `handling` are the alert's: what was looked for tells of it.
    """

    tlp: TLP
    handling: Codes
    items: list[NearbyFlow] = Field(max_length=10_000)
    asked: AskedFlows
    words: Words = Field(description="what was looked for, in the reader's language; figures near an alert prove nothing about its network")
    notes: list[FlowsNote] = Field(max_length=2)
    next_cursor: Cursor | None
    total: Sum
