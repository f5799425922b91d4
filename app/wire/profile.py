"""A profile: the described layout of an office's files, as it crosses the wire and as the shipped ones stand in the package."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from app.wire.bulletin import DimensionName, Texts, Wire
from app.wire.period import Frequency, PeriodError, parse_period
from app.wire.text import PRINTABLE, Code, Title, clean

Part = Literal["year", "quarter", "month", "week"]
Override = Literal["reporting_state", "measure", "unit", "publisher", "figure_status"]
Meaning = Literal["period", "period_start", "value", "value_status", "total", "levels", "ignored"] | Part | Override | DimensionName
NumberStyle = Literal["comma", "point"]
DateOrder = Literal["dmy", "mdy"]

Name = Annotated[StrictStr, Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
Label = Annotated[StrictStr, Field(min_length=1, max_length=300, json_schema_extra={"pattern": PRINTABLE}), AfterValidator(clean)]
Codes = Annotated[tuple[Code, ...], Field(min_length=1, max_length=4), BeforeValidator(lambda one: [one] if isinstance(one, str) else one)]
"""A code for each dimension that a column gives; one code may stand without the list."""
CodeMap = Annotated[dict[Label, Codes], Field(max_length=500)]


DIMENSIONS = frozenset(get_args(DimensionName))


def _unclear(expected: str) -> PydanticCustomError:
    return PydanticCustomError("format", "a layout that leaves open what is meant", {"expected": expected})


def _period(text: str) -> str:
    try:
        return parse_period(text).code
    except PeriodError:
        raise PydanticCustomError("format", "no such period", {"expected": "2023-01"}) from None


class Earlier(Wire):
    """What labels meant in the periods before one, where an office changed its categories."""

    period: Annotated[Code, AfterValidator(_period)]
    codes: CodeMap


class ProfileColumn(Wire):
    """One column of the file: the headings that it goes by (lines of a heading joined by a blank) and what its cells mean.

    A column of several dimensions (`["sex", "age"]`) names a code for each in `codes`.  `at` are the codes that every figure of a
    column of values stands at.  Accents, case and punctuation of headings and labels don't count.
    """

    labels: Annotated[tuple[Label, ...], Field(min_length=1, max_length=50)]
    means: Annotated[
        tuple[Meaning, ...], Field(min_length=1, max_length=4), BeforeValidator(lambda one: [one] if isinstance(one, str) else one)
    ]
    at: Annotated[dict[DimensionName, Code], Field(max_length=10)] = Field(default_factory=dict)
    codes: CodeMap = Field(default_factory=dict)
    before: Annotated[tuple[Earlier, ...], Field(max_length=10)] = ()
    optional: StrictBool = False

    @model_validator(mode="after")
    def _one_code_for_each(self) -> Self:
        if len(self.means) > 1 and not set(self.means) <= DIMENSIONS:
            raise _unclear("one meaning, or several dimensions")
        if any(len(codes) != len(self.means) for each in (self.codes, *(one.codes for one in self.before)) for codes in each.values()):
            raise _unclear("a code for each dimension of the column")
        return self


class Level(Wire):
    """One kind of row where a single column mixes several: rows whose label begins with one of `begins`, without any every other row.

    A level that `closes` stands below the rows that it names and holds their sum; any other stands above them.
    """

    means: DimensionName | Literal["period"]
    begins: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    closes: StrictBool = False
    codes: CodeMap = Field(default_factory=dict)


class LeftOut(Wire):
    """Rows that are not read: those with one of these labels in a column."""

    column: Label
    labels: Annotated[tuple[Label, ...], Field(min_length=1, max_length=100)]


class Layout(Wire):
    """One table of a file: where it stands, what its columns mean, and how its texts are to be read.

    `sheets` are names of sheets (`*` stands for any text); without them it is the first that is not hidden.  `wide` names what the
    headings of all other columns are, line by line.  What is declared here needs no proof by the file.
    """

    sheets: Annotated[tuple[Label, ...], Field(max_length=100)] = ()
    area: Annotated[StrictStr, Field(max_length=7, pattern=r"^[A-Z]{1,3}:[A-Z]{1,3}$")] | None = None
    header_rows: Annotated[StrictInt, Field(ge=1, le=5)] = 1
    columns: Annotated[tuple[ProfileColumn, ...], Field(min_length=1, max_length=200)]
    levels: Annotated[tuple[Level, ...], Field(max_length=5)] = ()
    wide: Annotated[tuple[DimensionName | Literal["period"], ...], Field(max_length=5)] = ()
    constants: Annotated[dict[DimensionName | Override | Literal["period"], Code], Field(max_length=16)] = Field(default_factory=dict)
    period_in_title: StrictBool = False
    frequency: Frequency | None = None
    fiscal_month: Annotated[StrictInt, Field(ge=1, le=12)] | None = None
    date_order: DateOrder | None = None
    number_style: NumberStyle | None = None
    masked: Annotated[tuple[Annotated[StrictInt, Field(ge=0, le=2**31 - 1)], ...], Field(max_length=20)] = ()
    not_collected: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    totals: Literal["check", "leave_out"] = "check"
    leave_out: Annotated[tuple[LeftOut, ...], Field(max_length=20)] = ()
    sum_duplicates: StrictBool = False

    @model_validator(mode="after")
    def _each_dimension_once(self) -> Self:
        """Every figure stands at one code of each dimension."""
        values = [column for column in self.columns if "value" in column.means]
        if bool(values) == bool(self.wide):
            raise _unclear("columns of values, or wide")
        if any(set(column.at) != set(values[0].at) for column in values):
            raise _unclear("the same dimensions in `at` of each column of values")
        given = [*self._stated(), *(values[0].at if values else ())]
        if len(given) != len(set(given)):
            raise _unclear("each dimension once")
        if bool(self.levels) != any("levels" in column.means for column in self.columns):
            raise _unclear("levels, and one column that means them")
        return self

    def _stated(self) -> Iterator[str]:
        """What the columns that always stand there, wide headings and levels mean beside values."""
        meant = [name for column in self.columns if not column.optional for name in column.means]
        yield from (name for name in (*meant, *self.wide) if name in DIMENSIONS)
        yield from (level.means for level in self.levels)


class Profile(Wire):
    """The layouts of one family of files; of those that name the same sheet the first whose headings stand in it reads it."""

    name: Name
    version: Annotated[StrictInt, Field(ge=1, le=10_000)]
    title: Texts
    source: Title | None = None
    layouts: Annotated[tuple[Layout, ...], Field(min_length=1, max_length=30)]


def profile_of(content: Mapping[str, object]) -> Profile:
    """A profile from what a TOML or JSON file holds; raises pydantic's `ValidationError`."""
    return Profile.model_validate(content)
