"""`istmo erase` as a secretariat runs it, against a real node; and that it starts light, as `istmo alerts` does."""

import json
import subprocess
import sys

import pytest
from bodies import bulletin
from desks import Desk

ALERT = {
    "title": {"en": "Boats by night"},
    "summary": {"en": "Persons are taken by boat."},
    "severity": "high",
    "source_reliability": "A",
    "information_credibility": 2,
    "first_seen": "2017-01",
}


@pytest.fixture
def office(tmp_path, monkeypatch, capsys):
    return Desk(tmp_path / "desk", monkeypatch, capsys)


def test_erase_finds_out_what_it_is_and_says_what_goes_and_what_stays(served, office):
    def run(*arguments, **more):
        return office.run(served.url, "erase", *arguments, "--reason", "asked for by a court", key=served.keys["rcm"], **more)

    rcm = served.as_("rcm")
    figures = rcm.post("/v1/bulletins", json=bulletin()).json()
    sent = rcm.post("/v1/alerts", json=ALERT).json()
    seen = {"where": {"state": "PAN"}, "seen_from": "2018-03", "certainty": "certain"}
    first, second = (rcm.post(f"/v1/alerts/{sent['id']}/sightings", json=seen).json()["id"] for _ in range(2))

    kept = run(first, typed="n\n")
    assert (kept.returncode, kept.stdout) == (1, "")
    assert kept.stderr.splitlines() == [
        f"Erase sighting {first} for good, with all its versions? It cannot be undone. [y/N]",
        "nothing was erased",
    ]
    assert rcm.get(f"/v1/sightings/{first}").status_code == 200
    gone = run(first, typed="Y\n")
    assert (gone.returncode, gone.stdout) == (0, f"erased: sighting {first}; version 2 tells of it\n")
    assert [line.split(":")[0] for line in gone.stderr.splitlines()[1:]] == ["gone for good", "stays", "out of reach"]
    assert rcm.get(f"/v1/sightings/{first}").status_code == 404

    told = run(sent["reference"], "--yes")
    assert told.stdout == f"erased: alert {sent['reference']}; version 2 tells of it\n"
    assert [line.split(":")[0] for line in told.stderr.splitlines()] == ["gone for good", "gone with it", "stays", "out of reach"]
    assert {rcm.get(path).status_code for path in (f"/v1/alerts/{sent['id']}", f"/v1/sightings/{second}")} == {404}
    receipt = json.loads(run(figures["id"], "--yes", "--json").stdout)
    assert {name: receipt[name] for name in ("kind", "id", "version", "op", "origin")} == {
        "kind": "bulletins",
        "id": figures["id"],
        "version": 2,
        "op": "erase",
        "origin": "RCM",
    }
    nothing = run(figures["id"], "--yes")
    assert (nothing.returncode, "[not-found]" in nothing.stderr) == (1, True)


@pytest.mark.parametrize("command", ["alerts", "erase"])
def test_alerts_and_erase_start_without_the_server(command, tmp_path):
    program = "import sys\nfrom app.cli import main\nsys.argv = ['istmo', *sys.argv[1:]]\ntry:\n main()\nfinally:\n print(*sys.modules, file=sys.stderr)"
    arguments = [sys.executable, "-c", program, command, "--help"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert not set(done.stderr.split()) & {"fastapi", "sqlalchemy", "orjson", "cryptography", "app.core.db", "app.core.problems"}
