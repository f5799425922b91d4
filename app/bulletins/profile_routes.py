"""Routes of the layouts that read an office's files: the shipped ones and the office's own, audited (contract: /profiles)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from app.access.audit import record
from app.access.once import KeepAnswer, once
from app.access.rules import Writer, attempt_of
from app.core.clock import rfc3339
from app.core.declared import CONDITIONAL, ONCE
from app.core.http import JsonBody, json_response, takes
from app.core.parsing import parse, read_json
from app.core.query import NoQuery, PageQuery
from app.core.query import Query as Parameters
from app.directory.models import KeptProfile
from app.directory.pages import fresh_or, page
from app.directory.profiles import add_profile, newest_for, profile_named, remove_profile
from app.directory.routes import database
from app.documents.texts import read_kept
from app.intake.shipped import shipped
from app.wire.profile import Profile
from app.wire.profile_pages import ProfileEntry, ProfilePage
from app.wire.strict_json import pointer

router = APIRouter(prefix="/v1/profiles", tags=["files"])

BODIES = (Profile,)
"""Bodies that are read by hand, after the caller and its rights are known."""

_CODED = frozenset({"name", "means", "at", "area", "constants", "frequency", "period", "date_order", "number_style", "totals"})
"""Fields that hold codes; every other text of a profile is an office's own."""

Nothing = Annotated[NoQuery, Query()]
ProfilePath = Annotated[str, Path(max_length=40, description="a profile's name")]


class VersionQuery(Parameters):
    """Which version of a profile; without it the newest."""

    version: Annotated[int, Field(ge=1, le=10_000)] | None = None


@router.get("", operation_id="list_profiles", response_model=ProfilePage, responses=CONDITIONAL)
def list_profiles(request: Request, caller: Writer, query: Annotated[PageQuery, Query()]) -> Response:
    """The profiles that may read the caller's files: the shipped ones, without an office, its conference's secretariat's and its own."""
    with database(request).read() as session:
        rows = newest_for(session, caller)
    ours = {name: {**_entry(_content(one)), "office": None, "added_at": None} for name, one in shipped().items()}
    entries = {**ours, **{row.name: _shown(row) for row in rows}}
    return page(request, query, sorted(entries.items()))


@router.get("/{name}", operation_id="get_profile", response_model=Profile, responses=CONDITIONAL)
def get_profile(request: Request, caller: Writer, name: ProfilePath, query: Annotated[VersionQuery, Query()]) -> Response:
    """A profile whole, in its newest or in a named version: a layout to look at, to keep in a file, or to change and register anew."""
    with database(request).read() as session:
        found = profile_named(session, caller, name, query.version)
    return fresh_or(request, _content(found))


@router.post("", operation_id="add_profile", status_code=201, response_model=ProfileEntry, openapi_extra=takes(Profile) | ONCE)
def post_profile(request: Request, caller: Writer, raw: JsonBody, query: Nothing) -> Response:
    """Register the next version of a layout for the office's files; a secretariat's may read those of all offices of its conference."""
    del query
    state = request.app.state

    def work(keep: KeepAnswer | None) -> Response:
        profile = parse(Profile, read_json(raw))
        read_kept(state.db, *_words(profile))
        with state.db.write() as session:
            row = add_profile(session, caller, profile)
            record(session, attempt_of(request), "done", [(row.id, None)])
            response = json_response(_shown(row), status=201)
            if keep:
                keep(session, response)
        return response

    return once(request, db=state.db, secrets=state.secrets, keep_days=state.settings.idempotency_days, caller=caller, raw=raw, work=work)


@router.delete("/{name}", operation_id="remove_profile", response_model=ProfileEntry)
def delete_profile(request: Request, caller: Writer, query: Nothing, name: ProfilePath) -> Response:
    """Take a layout of the office back with all its versions; answers with its newest. What was published with it stays as it is."""
    del query
    with database(request).write() as session:
        row = remove_profile(session, caller, name)
        record(session, attempt_of(request), "done", [(row.id, None)])
    return json_response(_shown(row))


def _content(one: BaseModel) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude_none=True)


def _entry(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content.get(name) for name in ("name", "version", "title", "source")}


def _shown(row: KeptProfile) -> dict[str, Any]:
    content = orjson.loads(row.content)
    content["title"] = {language: text for language, text in content["title"].items() if text is not None}
    return {**_entry(content), "office": row.office, "added_at": rfc3339(row.added_at)}


def _words(profile: Profile) -> tuple[dict[str, str], dict[str, str]]:
    """What a profile says to people, and the headings and labels of the files that it reads; by pointer."""
    content = _content(profile)
    layouts, told = content.pop("layouts"), dict(_texts(content, ()))
    return {**told, "/name": profile.name.replace("-", " ")}, dict(_texts(layouts, ("layouts",)))


def _texts(value: object, path: tuple[object, ...]) -> Iterator[tuple[str, str]]:
    """What a profile says in words, by pointer; the labels of a map together, at the map: a pointer into it would be one of them."""
    if isinstance(value, str):
        yield pointer(*path), value
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, (*path, number))
    elif isinstance(value, Mapping) and path and path[-1] == "codes":
        yield pointer(*path), "\n".join(value)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name not in _CODED:
                yield from _texts(each, (*path, name))
