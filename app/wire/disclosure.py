"""How a bulletin's numbers were protected, for outsiders and for its sender: certificate and report (contract: Routes)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.wire.output import LARGEST_COUNT, LARGEST_SUM, Identifier, Number, Output, ProblemCode, TermCode, Version, Words, present

Method = Literal["pool", "withhold", "round", "none"]
TableName = Annotated[str, Field(max_length=50, pattern=r"^(this|[0-9a-f-]{36}@v[0-9]{1,10})$")]
"""A version of a bulletin as a certificate names it: `<id>@v<n>`; "this" is the version that the certificate belongs to."""


def _open(schema: dict[str, Any]) -> None:
    """Leave room for what one kind of proof needs beside what all have."""
    present(schema)
    schema["maxProperties"] = 20


_OPEN = ConfigDict(extra="allow", json_schema_extra=_open)
Place = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
"""A number from 0: of a table, of a cell in the order of its document, of a column."""
Columns = Annotated[list[Place], Field(max_length=100_000)]
Step = Annotated[tuple[Place, Columns, Columns], Field(json_schema_extra={"items": {"not": {}}})]
"""Three parts and no more; of a list whose parts differ the linters of descriptions ask that it says so."""
Multiplier = Annotated[int, Field(ge=-LARGEST_SUM, le=LARGEST_SUM)]


class ProvenBound(BaseModel):
    """A proof that a count is at least k or 0: `scale` times the cell is at least the sum of the rows, each times its multiplier."""

    model_config = _OPEN

    table: Annotated[Place, Field(description="absent where it is about what a longer period keeps beside its parts")] | None = None
    cell: (
        Annotated[Place, Field(description="absent where it is about a count that is in no cell: who is in a pool, what a part leaves")]
        | None
    ) = None
    scale: Multiplier
    rows: list[Annotated[list[Multiplier], Field(min_length=3, max_length=3)]] = Field(
        max_length=100_000, description="multiplier, table, cell"
    )


class ProvingSystem(BaseModel):
    """What one or more published tables tell together, and why no small count follows from it."""

    model_config = _OPEN

    kind: Literal["alone", "version", "linked", "part", "whole", "cover"]
    tables: list[TableName] = Field(max_length=1_000)
    points: list[Annotated[list[Number], Field(max_length=100_000)]] = Field(
        max_length=10_000, description="whole tables that agree with all published rows, leaf by leaf"
    )
    steps: list[Step] = Field(max_length=10_000, description="point from which it starts, columns that go up, columns that go down")
    bounds: list[ProvenBound] = Field(max_length=100_000)


class Certificate(BaseModel):
    """The certificate of one version: with the documents that it names, whole-number arithmetic checks every cell (rule(k))."""

    model_config = _OPEN

    policy: Literal["rule(k)"]
    k: int = Field(ge=3, le=20)
    method: Method
    table: Literal["this"]
    salt: str = Field(pattern="^[0-9a-f]{32}$", max_length=32, description="so that nobody guesses the certificate from its digest")
    areas: dict[str, Annotated[dict[str, TermCode], Field(max_length=500)]] = Field(
        max_length=10, description="for each dimension of States, the area of each of its codes"
    )
    systems: list[ProvingSystem] = Field(max_length=10_000)


class DisclosureReason(Output):
    """Why some cells of a table are not shown as they were counted, how many, and in words."""

    code: ProblemCode
    cells: Number
    detail: Words


class AuditedWith(Output):
    """A version that a table was audited together with."""

    id: Identifier
    version: Version


class DisclosureReport(Output):
    """What was shown and withheld of a bulletin and why, for its issuer; worked out from published rows alone."""

    id: Identifier
    version: Version
    policy: Literal["rule(k)"]
    k: int = Field(ge=3, le=20)
    method: Method
    declared: Number
    shown: Number
    withheld: Number
    persons_shown_pct: (
        Annotated[int, Field(ge=0, le=100, description="share of the published total that stands under an exact cell of its own")] | None
    )
    reasons: list[DisclosureReason] = Field(max_length=100)
    audited_with: list[AuditedWith] = Field(max_length=10_000)
