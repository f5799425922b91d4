"""A newcomer: nothing but the README's five commands, in an environment of its own without the server, against a running node.

`make test-long SUITE=newcomer`; prints what an import of the client takes beside one of httpx alone.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from office import of_the_office
from samplebook import write_workbook
from serving import Served

ROOT = Path(__file__).parents[2]
HEADING = "in five commands:"
SNIPPET = """
from istmo.client import Istmo, Refused, Throttled

with Istmo("https://node.example", "istmo_a_b", timeout=5) as node:
    try:
        done = node.push("weekly.csv", state="PAN", measure="rescue", unit="person", sum_duplicates=True)
        text: str = done.waiting.id if done.waiting else done.etag
        for row in node.flows(nationality=["SOM", "ETH"]):
            number: int | None = row["value"]
        kept: str | None = node.changes("cursor", kind="alert").cursor
    except Refused as refused:
        code: str = refused.code
    except Throttled as busy:
        seconds: int | None = busy.retry_after
"""


def run(*words: object, cwd: Path, **more: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env={**kept, **more}, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


def five_commands() -> list[str]:
    after = (ROOT / "README.md").read_text("utf-8").split(HEADING)[1]
    first, second = re.findall(r"^```\w+\n(.*?)^```$", after, re.MULTILINE | re.DOTALL)[:2]
    return [*first.splitlines(), *second.splitlines()]


def wheels_of_the_office(folder: Path) -> Path:
    """The distribution built from this checkout, and what it asks for as the locks pin it: what an office would be given on a stick."""
    made, lock = folder / "wheels", folder / "office.lock"
    pip, office = (sys.executable, "-m", "pip"), of_the_office() - {"istmo"}
    blocks = re.findall(r"^[^ \n].*\n(?:    .*\n)*", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    lock.write_text("".join(block for block in blocks if re.split(r"[\[= ]", block)[0].lower().replace("_", "-") in office), "utf-8")
    run(*pip, "download", "-q", "--require-hashes", "--only-binary", ":all:", "-d", made, "-r", lock, cwd=folder)
    run(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir", made, ROOT, cwd=folder)
    return made


def seconds(python: Path, statement: str, cwd: Path) -> float:
    """Processor time that a statement takes in a process of its own, the least of five."""
    measured = f"import time; before = time.process_time(); {statement}; print(time.process_time() - before)"
    return min(float(run(python, "-c", measured, cwd=cwd)) for _ in range(5))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_a_newcomer_publishes_a_spreadsheet_in_five_commands_without_anything_of_the_server(served: Served, tmp_path: Path):
    desk = tmp_path / "desk"
    desk.mkdir()
    write_workbook(desk / "darien.xlsx")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels_of_the_office(tmp_path)), "PIP_CONFIG_FILE": os.devnull}
    commands = five_commands()
    assert len(commands) == 5
    script = "\n".join(commands).replace("https://node.example", served.url).replace("istmo_...", served.keys["pan"])
    said = run("bash", "-euc", script, cwd=desk, NO_PROXY="*", ISTMO_LANG="en", **offline)
    assert re.findall(r"^(\w+)  (\S+)", said, re.MULTILINE) == [("created", "2022-01"), ("created", "2022-02")] * 2
    assert served.counts()["log_entry"] == 2

    python = desk / "office" / "bin" / "python"
    installed = {line.split("==")[0].lower().replace("_", "-") for line in run(python, "-m", "pip", "freeze", "--all", cwd=desk).split()}
    assert {name.partition("@")[0].strip() for name in installed} & {"fastapi", "sqlalchemy", "numpy", "cryptography", "pandas"} == set()
    run(sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--python-executable", python, "-c", SNIPPET, cwd=desk)
    ours, httpx = (seconds(python, f"import {name}", desk) for name in ("istmo.client", "httpx"))
    print(f"import istmo.client: {ours:.3f} s of processor time; import httpx: {httpx:.3f} s; ratio {ours / httpx:.2f}")
    assert ours < 0.5
