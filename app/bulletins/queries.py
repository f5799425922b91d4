"""What may be asked of bulletins and their flows: one model a route, declared once."""

from typing import Annotated

from pydantic import Field

from app.core.query import Query, Word, Words
from app.documents.queries import DocumentQuery
from app.wire.codes import TLP, FigureStatus, Protect
from app.wire.period import Frequency
from app.wire.profile import DateOrder, NumberStyle
from app.wire.text import WRITTEN


class ListQuery(DocumentQuery):
    """Filters of the list of bulletins."""

    reporting_state: Words | None = None
    publisher: Words | None = None
    measure: Words | None = None
    unit: Words | None = None
    definition_code: Words | None = None
    figure_status: FigureStatus | None = None
    period_from: Word | None = None
    period_to: Word | None = None


Pair = Annotated[str, Field(max_length=200, json_schema_extra={"pattern": "^.*=.*$"})]
Pairs = Annotated[tuple[Pair, ...], Field(max_length=300)]


class ProtectQuery(Query):
    """How the table is to be protected; without it the contract's default by the conference's policy."""

    protect: Protect | None = None


class FileQuery(Query):
    """The options of `istmo push` (contract: Command line)."""

    state: Word | None = Field(None, description="required without a profile, which may say it; so are measure and unit")
    measure: Word | None = None
    unit: Word | None = None
    publisher: Word | None = None
    conference: Word | None = None
    figure_status: FigureStatus = FigureStatus.PROVISIONAL
    tlp: TLP = TLP.GREEN
    protect: Protect | None = None
    profile: Word | None = Field(None, description="name of the profile that describes the file's layout")
    column: Pairs = ()
    code: Pairs = ()
    period: Word | None = Field(None, description="the period of a file that has no column of periods")
    frequency: Frequency | None = Field(None, description="under which periods a column of days is filed")
    date_order: DateOrder | None = Field(None, description="how days such as 4/3/2024 are to be read")
    number_style: NumberStyle | None = Field(None, description="the decimal mark of the file's numbers: comma (1.234,5) or point (1,234.5)")
    not_collected: Annotated[tuple[Word, ...], Field(max_length=20)] = Field((), description="marks such as s/d that say: not collected")
    charset: Word | None = None
    members_only: bool = Field(default=False, description="leave out rows of States that are no members of the conference")
    sum_duplicates: bool = False
    leave_out_small: bool = False
    revise: Annotated[str, Field(min_length=1, max_length=1000, json_schema_extra={"pattern": WRITTEN})] | None = None
    dry_run: bool = False
