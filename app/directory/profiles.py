"""Profiles: the described layouts that read an office's files, shipped ones and those that offices register (contract: /profiles)."""

from collections.abc import Mapping
from functools import lru_cache

from pydantic import ValidationError
from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.clock import utc_now
from app.core.db import hold_table, insert_new
from app.core.problems import Problem
from app.directory.aliases import offices_heard
from app.directory.models import KeptProfile
from app.directory.profile_codes import unknown_codes
from app.intake.shipped import shipped
from app.wire.ids import uuid7
from app.wire.profile import Profile

MOST_PROFILES, MOST_VERSIONS = 50, 200
"""Profiles of one office, and versions of one profile."""


def profiles_for(session: Session, caller: Caller) -> Mapping[str, Profile]:
    """The profiles that may read a caller's files, by name: shipped ones, the secretariat's, the office's own; each in its newest version."""
    kept = {row.name: profile_in(row.content) for row in newest_for(session, caller)}
    return {**shipped(), **{name: one for name, one in kept.items() if one is not None}}


def newest_for(session: Session, caller: Caller) -> list[KeptProfile]:
    """What offices registered that may read a caller's files, its own before its secretariat's of the same name, by name."""
    offices = offices_heard(caller)
    newest = select(KeptProfile.office, KeptProfile.name, func.max(KeptProfile.version)).group_by(KeptProfile.office, KeptProfile.name)
    place = tuple_(KeptProfile.office, KeptProfile.name, KeptProfile.version)
    rows = session.scalars(select(KeptProfile).where(place.in_(newest.where(KeptProfile.office.in_(offices)))))
    found = {row.name: row for row in sorted(rows, key=lambda row: offices.index(row.office))}
    return [found[name] for name in sorted(found)]


def profile_named(session: Session, caller: Caller, name: str, version: int | None = None) -> Profile:
    """One of the profiles that may read a caller's files, in its newest or in a named version; raises `not-found`."""
    newest = next((row for row in newest_for(session, caller) if row.name == name), None)
    if newest is None:
        ours = shipped().get(name)
        if ours is None or version not in (None, ours.version):
            raise Problem("not-found")
        return ours
    asked = select(KeptProfile.content).where(KeptProfile.office == newest.office, KeptProfile.name == name)
    content = session.scalar(asked.where(KeptProfile.version == (version or newest.version)))
    found = profile_in(content) if content is not None else None
    if found is None:
        raise Problem("not-found")
    return found


@lru_cache(maxsize=256)
def profile_in(content: str) -> Profile | None:
    """A profile from its stored form; None for one that an older node took and that says too little for this one."""
    try:
        return Profile.model_validate_json(content)
    except ValidationError:
        return None


def add_profile(session: Session, caller: Caller, profile: Profile) -> KeptProfile:
    """Keep the next version of a profile for the files of the caller's office.

    Raises `invalid-document` with `code-unknown` for codes that no list has, `profile-shipped`, `profile-version` and `register-full` (409).
    """
    findings = tuple(unknown_codes(profile))
    if findings:
        raise Problem("invalid-document", *findings)
    if profile.name in shipped():
        raise Problem("profile-shipped")
    hold_table(session, KeptProfile)
    newest = select(func.max(KeptProfile.version)).where(KeptProfile.office == caller.office, KeptProfile.name == profile.name)
    expected = 1 + (session.scalar(newest) or 0)
    if profile.version != expected:
        raise Problem("profile-version", expected=expected)
    _require_room(session, caller, expected)
    row = {"id": uuid7(), "office": caller.office, "name": profile.name, "version": profile.version, "content": profile.model_dump_json()}
    if not insert_new(session, KeptProfile, {**row, "added_by": caller.client_id, "added_at": utc_now()}):
        raise Problem("profile-version", expected=expected + 1)
    return session.get_one(KeptProfile, row["id"])


def _require_room(session: Session, caller: Caller, version: int) -> None:
    if version > MOST_VERSIONS:
        raise Problem("register-full", limit=MOST_VERSIONS)
    counted = select(func.count(KeptProfile.name.distinct())).where(KeptProfile.office == caller.office)
    if version == 1 and (session.scalar(counted) or 0) >= MOST_PROFILES:
        raise Problem("register-full", limit=MOST_PROFILES)


def remove_profile(session: Session, caller: Caller, name: str) -> KeptProfile:
    """Take a profile of the caller's office back with all its versions; gives the newest.

    Raises `not-found`, and `not-your-office` (403) for a shipped profile and for the secretariat's.
    """
    own = list(session.scalars(select(KeptProfile).where(KeptProfile.office == caller.office, KeptProfile.name == name)))
    if not own:
        theirs = name in shipped() or any(row.name == name for row in newest_for(session, caller))
        raise Problem("not-your-office" if theirs else "not-found")
    for row in own:
        session.delete(row)
    session.flush()
    return max(own, key=lambda row: row.version)
