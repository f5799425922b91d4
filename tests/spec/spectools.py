"""Tools that live in other languages' registries: fetched in pinned versions into a test's own folder, never skipped."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "openapi" / "openapi.json"
PYTHON_GENERATOR = "openapi-python-client==0.29.1"
TYPESCRIPT = ("openapi-typescript@7.13.0", "typescript@5.9.3")
SPECTRAL = ("@stoplight/spectral-cli@6.16.3", "@stoplight/spectral-owasp-ruleset@2.0.1")
REDOCLY = ("@redocly/cli@2.77.0",)
OLDEST_NODE = 20
_PATIENCE_S = 900


def run(*words: object, cwd: Path, environment: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)) -> str:
    """What a program prints, errors too; fails with its words where it ends otherwise than expected."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    assert done.returncode in codes, f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout[-5000:]}"
    return done.stdout


def npm(folder: Path, *packages: str) -> Path:
    """A folder with npm packages in it, without their install scripts; fails with what this machine lacks."""
    lacking = [name for name in ("node", "npm") if shutil.which(name) is None]
    assert not lacking, f"this machine lacks {' and '.join(lacking)}: install Node.js {OLDEST_NODE} or newer"
    found = int(run("node", "--version", cwd=folder).strip().removeprefix("v").split(".")[0])
    assert found >= OLDEST_NODE, f"this machine has Node.js {found}: install {OLDEST_NODE} or newer"
    (folder / "package.json").write_text('{"name": "spec", "private": true}', "utf-8")
    try:
        run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages, cwd=folder)
    except AssertionError as error:
        message = f"this machine lacks an npm registry that gives {', '.join(packages)}: {error}"
        raise AssertionError(message) from None
    return folder


def python_tool(folder: Path, package: str) -> Path:
    """The interpreter of a virtual environment of its own with one package in it; fails with what this machine lacks."""
    run("python3", "-m", "venv", folder / "venv", cwd=folder)
    try:
        run(folder / "venv" / "bin" / "pip", "install", "-q", "--disable-pip-version-check", package, cwd=folder)
    except AssertionError as error:
        message = f"this machine lacks a package index that gives {package}: {error}"
        raise AssertionError(message) from None
    return folder / "venv" / "bin" / "python"
