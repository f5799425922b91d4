"""Checks that the locks pin, with hashes, every dependency that pyproject.toml names."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def pinned(name: str) -> set[str]:
    """Names that a lock pins; every pin must be followed by a hash."""
    text = (ROOT / name).read_text("utf-8")
    blocks = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==[^\n]*\n((?:    [^\n]*\n)*)", text, re.MULTILINE)
    assert all("--hash=sha256:" in hashes for _, hashes in blocks)
    return {package.lower().replace("_", "-") for package, _ in blocks}


def named(requirements: list[str]) -> set[str]:
    """Names of requirements without their versions."""
    return {re.split(r"[\[<>=~ ]", requirement)[0].lower() for requirement in requirements}


project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
runtime = named(project["project"]["dependencies"] + project["project"]["optional-dependencies"]["server"])
missing = (runtime - pinned("requirements.lock")) | (named(project["dependency-groups"]["dev"]) - pinned("requirements-dev.lock"))
if missing:
    sys.exit(f"not in the locks: {', '.join(sorted(missing))}; run make lock")
