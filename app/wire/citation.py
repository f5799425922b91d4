"""A version of a bulletin as one cites it (contract: Routes)."""

from typing import Annotated

from pydantic import Field

from app.wire.codes import Status
from app.wire.output import Hexadecimal, Moment, Output, Words

VersionName = Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f-]{36}@v[0-9]+$", description="a bulletin and its version, `id@vN`")]


class Sentences(Output):
    """The same sentence in Spanish, Portuguese and English."""

    es: Words
    pt: Words
    en: Words


class Citation(Output):
    """What a paper says of the version that it took its figures from; who follows the address gets that version and no other."""

    bulletin: VersionName
    url: str = Field(max_length=400, json_schema_extra={"format": "uri"}, description="where this version is read for good")
    newest: Annotated[VersionName, Field(description="the version that stands now: another one where figures were revised since")]
    status: Status
    published_at: Moment
    digest: Hexadecimal = Field(description="SHA-256 of the version as it was signed: who has its text can check it")
    citation: Sentences
