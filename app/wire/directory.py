"""The directory as it crosses the wire: conferences, States and offices by date, edits of them, a conference's policy, vocabularies."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.wire.bulletin import Address, Texts, Wire
from app.wire.output import ConferenceCode, Cursor, Date, Moment, Name, Number, Output, StateCode, TermCode, Version
from app.wire.published import Place
from app.wire.text import PRINTABLE, Code, Title

_YEARS = "(19[0-9]{2}|20[0-9]{2}|2100)"
_DAY = re.compile(f"{_YEARS}-[0-9]{{2}}-[0-9]{{2}}")


def _day(text: str) -> str:
    try:
        known = _DAY.fullmatch(text) and date.fromisoformat(text)
    except ValueError:
        known = None
    if not known:
        raise PydanticCustomError("format", "no such day", {"expected": "YYYY-MM-DD"})
    return text


def _not_before(last: str | None, first: str | None) -> str | None:
    if first and last and last < first:
        raise PydanticCustomError("days-reversed", "the last day lies before the first")
    return last


CalendarDay = Annotated[
    StrictStr, Field(max_length=10, json_schema_extra={"format": "date", "pattern": f"^{_DAY.pattern}$"}), AfterValidator(_day)
]
"""A day of the years 1900 to 2100, as ISO 8601 writes it and in no other way."""
Email = Annotated[StrictStr, Field(max_length=254, pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$")]
Phone = Annotated[StrictStr, Field(max_length=40, pattern=r"^\+?[0-9][0-9 ()./-]{2,37}[0-9]$")]
OfficeName = Annotated[StrictStr, Field(max_length=16, pattern=r"^(secretariat|presidency|[A-Z]{2,3})$")]
RowNumber = Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]
Capacity = Literal["member", "observer"]
TroikaRole = Literal["previous", "current", "next"]
OfficeKind = Literal["secretariat", "presidency", "member"]
PolicyProtect = Literal["contract", "pool", "withhold", "round", "none"]
SmallDifferences = Literal["publish", "hold"]
Release = Annotated[StrictStr, Field(max_length=32, pattern=r"^(at_once|after_review|after_minutes:[1-9][0-9]{0,4})$")]


class Edit(Wire):
    """What every edit of the directory says: where it is known from, and which row it puts right."""

    source: Title | None = None
    corrects: RowNumber | None = Field(None, description="number of the row that this one takes the place of; it stays in the history")


class Lasting(Edit):
    """An edit with its first and last day; null is an open end."""

    valid_from: CalendarDay | None = None
    valid_to: CalendarDay | None = None

    @field_validator("valid_to")
    @classmethod
    def _forward(cls, last: str | None, known: ValidationInfo) -> str | None:
        return _not_before(last, known.data.get("valid_from"))


class PresidencyEdit(Edit):
    """A State's time in a conference's presidency; `provisional` where the days are not known and its year stands for them."""

    state: Code
    first: CalendarDay = Field(alias="from")
    last: CalendarDay | None = Field(None, alias="to")
    provisional: StrictBool = False

    @field_validator("last")
    @classmethod
    def _forward(cls, last: str | None, known: ValidationInfo) -> str | None:
        return _not_before(last, known.data.get("first"))


class MembershipEdit(Lasting):
    """In which capacity a State takes part in a conference; a membership that ends is corrected by a row with its last day."""

    state: Code
    capacity: Capacity


class OfficeEdit(Lasting):
    """Institutional contact data of an office: `secretariat`, `presidency`, or a member State's code."""

    name: OfficeName
    title: Texts | None = None
    email: Email | None = None
    phone: Phone | None = None
    url: Address | None = None
    address: Title | None = None


class Policy(Wire):
    """The whole policy of a conference for its documents (contract: policy)."""

    protect: PolicyProtect = Field(
        description="protection where a sender asks for none; `contract` is pool for nationality alone, else withhold"
    )
    k: Annotated[StrictInt, Field(ge=3, le=20, description="k of rule(k); it is fixed for a flow key at its first publication")]
    delta_below_k: SmallDifferences = Field(description="what becomes of a revision whose difference from the version before is below k")
    partner_release: Release = Field(description="when a national office's bulletins are published")
    single_officer: StrictBool = Field(description="whether the officer who sent a document may confirm it alone")


class Labels(Output):
    """A name in the three languages."""

    en: Name
    es: Name
    pt: Name


class Titles(Output):
    """A name in those of the three languages in which it is known."""

    en: Name | None
    es: Name | None
    pt: Name | None


class ConferenceName(Output):
    """A conference, the codes that are accepted in its place, and its names."""

    code: ConferenceCode
    aliases: list[ConferenceCode] = Field(max_length=10)
    names: Labels


class Seat(Output):
    """A State's time in the presidency, first and last day; `provisional` where the days are not known and its year stands for them."""

    state: StateCode
    from_: Date = Field(alias="from")
    to: Date | None
    provisional: bool


class TroikaSeat(Seat):
    """A State of the Troika."""

    role: TroikaRole


class ConferenceOnDate(ConferenceName):
    """A conference on a day; `findings` say in words what is not known of it."""

    on: Date
    members: list[StateCode] = Field(max_length=250)
    observers: list[StateCode] = Field(max_length=250)
    presidency: Seat | None
    troika: list[TroikaSeat] = Field(max_length=3)
    findings: list[Place] = Field(max_length=10)


class MembershipOnDate(Output):
    """In which capacity a State takes part in a conference on a day, and from and to when."""

    conference: ConferenceCode
    capacity: Capacity
    valid_from: Date | None
    valid_to: Date | None


class StateOnDate(Output):
    """A State that takes part in a conference on a day."""

    code: StateCode
    labels: Labels
    memberships: list[MembershipOnDate] = Field(max_length=10)


class OfficeOnDate(Output):
    """An office on a day: the State that it stands for then, and its institutional contact data."""

    code: Annotated[str, Field(max_length=40, pattern="^[A-Z][A-Z0-9-]*/(secretariat|presidency|[A-Z]{3})$")]
    conference: ConferenceCode
    kind: OfficeKind
    labels: Labels
    state: StateCode | None
    provisional: bool
    title: Titles | None
    email: Name | None
    phone: Name | None
    url: Annotated[str, Field(max_length=500, pattern=PRINTABLE)] | None
    address: Name | None


class Row(Output):
    """A row of the directory's history: when and by which client it was recorded (null: it came with the product), when it was corrected."""

    id: Version
    source: Annotated[str, Field(max_length=500, pattern=PRINTABLE)] | None
    recorded_at: Moment | None
    recorded_by: Annotated[str, Field(max_length=32, pattern=PRINTABLE)] | None
    superseded_at: Moment | None


class PresidencyRow(Row, Seat):
    """A presidency as it was recorded."""


class MembershipRow(Row):
    """A membership as it was recorded."""

    state: StateCode
    capacity: Capacity
    valid_from: Date | None
    valid_to: Date | None


class OfficeRow(Row):
    """Contact data of an office as they were recorded."""

    name: OfficeName
    title: Titles | None
    email: Name | None
    phone: Name | None
    url: Annotated[str, Field(max_length=500, pattern=PRINTABLE)] | None
    address: Name | None
    valid_from: Date | None
    valid_to: Date | None


class VocabularyName(Output):
    """A vocabulary: its name, version, labels and number of terms; one with a `pattern` also takes codes of that form."""

    name: TermCode
    version: Version
    labels: Labels
    pattern: Annotated[str, Field(max_length=200, pattern=PRINTABLE)] | None
    terms: Number


class VocabularyTerm(Output):
    """A code with its labels, its definition in one line where the vocabulary has them, and what else it says of it."""

    code: Annotated[str, Field(max_length=64, pattern=r"^-?[A-Za-z0-9_][A-Za-z0-9_.:@+/-]*$")]
    labels: Labels
    definitions: Labels | None = None
    attributes: dict[
        str, bool | Annotated[str, Field(max_length=64, pattern=PRINTABLE)] | Annotated[list[TermCode], Field(max_length=10)]
    ] = Field(max_length=20)


class VocabularyDocument(Output):
    """A vocabulary with all its terms, in their order of display."""

    name: TermCode
    version: Version
    labels: Labels
    pattern: Annotated[str, Field(max_length=200, pattern=PRINTABLE)] | None
    terms: list[VocabularyTerm] = Field(max_length=1_000)


class ListPage(Output):
    """A page of a list."""

    next_cursor: Cursor | None
    total: Number


class ConferencePage(ListPage):
    """A page of conferences."""

    items: list[ConferenceName] = Field(max_length=10_000)


class StatePage(ListPage):
    """A page of States."""

    items: list[StateOnDate] = Field(max_length=10_000)


class OfficePage(ListPage):
    """A page of offices."""

    items: list[OfficeOnDate] = Field(max_length=10_000)


class VocabularyPage(ListPage):
    """A page of vocabularies."""

    items: list[VocabularyName] = Field(max_length=10_000)


class PresidencyPage(ListPage):
    """A page of the history of presidencies."""

    items: list[PresidencyRow] = Field(max_length=10_000)


class MembershipPage(ListPage):
    """A page of the history of memberships."""

    items: list[MembershipRow] = Field(max_length=10_000)


class OfficeHistoryPage(ListPage):
    """A page of the history of offices."""

    items: list[OfficeRow] = Field(max_length=10_000)
