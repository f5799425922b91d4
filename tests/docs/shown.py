"""What a page shows, run as its reader would run it.

Blocks marked `bash` run line by line, indented lines where they begin with istmo or curl.  A comment of the page says what the reader
knows without saying: `<!-- as: rcm -->` whose key ISTMO_KEY holds from here on (tests/serving.py: CLIENTS), `<!-- shows: a | b -->` what
the next block must print, `<!-- registers: FILE -->` that the operator took up a public key, `<!-- holds: darien -->` that the node has
the public series of Darién.  A block with a file's name after its
language is that file.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from samplebook import SAMPLE, write_workbook
from serving import Served
from typer.testing import CliRunner

from app.cli import shell

ROOT = Path(__file__).parents[2]
CHECKER = [ROOT / "app" / "disclosure" / f"check_{name}.py" for name in ("certificate", "table", "together")]
DARIEN = {
    "state": "PAN",
    "measure": "irregular_transit",
    "unit": "person",
    "column": ["nationality_iso3=nationality", "count=value"],
    "code": ["OOO=_O", "TIB=CHN"],
    "sum_duplicates": "true",
}
STARTS_A_SERVER = ("istmo serve", "istmo demo")
SHELL_ONLY = re.compile(r"[|<>;&`]|\$\(|^[A-Z_]+=")
PRELUDE = """set -euo pipefail
curl() { command curl -s --fail-with-body --noproxy '*' "$@"; }
istmo() { "$PYTHON_OF_READER" -m app "$@"; }
python3() { "$PYTHON_OF_READER" "$@"; }
"""
PIECE = re.compile(
    r"<!-- (?P<mark>as|shows|registers|holds): (?P<said>[^>]+) -->|^```(?P<kind>\w*)(?: (?P<name>\S+))?\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Block:
    """Lines that are run together, as whom, and what they must print."""

    lines: list[str]
    who: str
    shows: list[str]
    language: str = "bash"
    registers: str | None = None


@dataclass
class Page:
    """A page of the documents with what it shows."""

    path: Path
    files: dict[str, str] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    holds: str = ""


def lines_of(text: str) -> list[str]:
    """Commands, continued lines joined, comments and empty lines left out."""
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


def read(path: Path) -> Page:
    """What a page shows, in its order."""
    page, who, shows, registers = Page(path), "analyst", [], None
    text = path.read_text("utf-8")
    indented = re.sub(r"((?:^ {4}(?:istmo|curl) .*\n)+)", lambda found: f"```bash\n{found[1]}```\n", text, flags=re.MULTILINE)
    for piece in PIECE.finditer(indented):
        said = (piece["said"] or "").strip()
        if piece["mark"] == "as":
            who = said
        elif piece["mark"] == "shows":
            shows = [part.strip() for part in said.split(" | ")]
        elif piece["mark"] == "registers":
            registers = said
        elif piece["mark"] == "holds":
            page.holds = said
        elif piece["name"]:
            page.files[piece["name"]] = piece["body"]
        elif piece["kind"] in {"bash", "console", "python"}:
            lines = [piece["body"]] if piece["kind"] == "python" else lines_of(piece["body"])
            page.blocks.append(Block(lines, who, shows, piece["kind"], registers))
            shows, registers = [], None
    return page


@dataclass
class Reader:
    """Who works through a page: a folder of its own, a node to ask, and a store on its own machine for an operator's commands."""

    served: Served
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    variables: dict[str, str]

    def begin(self, page: Page) -> None:
        """Go to the folder, where the files of the page lie, the sample that pages call darien.csv, two months of it as a workbook, and the checker."""
        self.monkeypatch.chdir(self.folder)
        shutil.copy(SAMPLE, self.folder / "darien.csv")
        for file in CHECKER:
            shutil.copy(file, self.folder)
        write_workbook(self.folder / "darien.xlsx")
        for name, content in page.files.items():
            (self.folder / name).write_text(content, "utf-8")
        for name, value in {**self.variables, "ISTMO_URL": self.served.url}.items():
            self.monkeypatch.setenv(name, value)
        if page.holds == "darien":
            pushed = self.served.as_("pan").post("/v1/bulletins/files", params=DARIEN, files={"file": ("darien.csv", SAMPLE.read_bytes())})
            assert pushed.status_code in {200, 201}, pushed.text

    def work(self, block: Block) -> str:
        """Run a block; what it said, on both streams. Every line must succeed."""
        self.monkeypatch.setenv("ISTMO_KEY", self.served.keys[block.who])
        if block.registers:
            self._register(block.registers)
        if block.language == "python":
            return self._ran([sys.executable, "-c", block.lines[0]])
        return "".join(self._line(line) for line in block.lines)

    def _line(self, line: str) -> str:
        if line.startswith(STARTS_A_SERVER):
            return self._ran_here([*shlex.split(line), "--help"])
        if line.startswith("istmo ") and not SHELL_ONLY.search(line):
            return self._ran_here(shlex.split(os.path.expandvars(line)))
        self.monkeypatch.setenv("PYTHON_OF_READER", sys.executable)
        kept = self.folder / ".variables"
        said = self._ran(["bash", "-c", f"{PRELUDE}{line}\nset -o posix; set | grep -E '^[A-Z][A-Z_]*=' > {kept}"])
        for name, value in re.findall(r"^([A-Z][A-Z_]*)=(.*)$", kept.read_text("utf-8"), re.MULTILINE):
            if name in line:
                self.monkeypatch.setenv(name, value.strip("'"))
        return said

    def _ran(self, words: list[str]) -> str:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_PROXY": "*"}
        done = subprocess.run(words, capture_output=True, text=True, cwd=self.folder, env=environment, timeout=60, check=False)
        assert done.returncode == 0, (words[-1], done.stdout, done.stderr)
        return done.stdout + done.stderr

    def _ran_here(self, words: list[str]) -> str:
        done = CliRunner().invoke(shell(words[1:]), words[1:])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def _register(self, file: str) -> None:
        draft = {"role": "partner", "conference": "RCM", "state": "PAN", "public_key": (self.folder / file).read_text("utf-8")}
        answer = self.served.as_("operator").post("/v1/clients", json=draft)
        assert answer.status_code == 201, answer.text
        self.monkeypatch.setenv("CLIENT_ID", answer.json()["client_id"])
