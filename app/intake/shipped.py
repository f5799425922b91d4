"""The profiles that are shipped: one file of the package each, described layouts of public series."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from app.wire.profile import Profile, profile_of


@cache
def shipped() -> Mapping[str, Profile]:
    """All shipped profiles by name."""
    folder = resources.files("app.intake").joinpath("profiles")
    found = [profile_of(tomllib.loads(file.read_text(encoding="utf-8"))) for file in folder.iterdir() if file.name.endswith(".toml")]
    return MappingProxyType({profile.name: profile for profile in sorted(found, key=lambda each: each.name)})
