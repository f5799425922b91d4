"""An officer's day on a real node: what may name somebody is held, read and confirmed by another person, published, and seen by its sender."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bodies import bulletin
from serving import Served

from app.access.clients import NewClient, create
from app.cli import shell
from app.main import worker_of
from app.wire.codes import Role

NAME = "Zapaquilda Ventoquipa"
HEAD = "period,nationality,value\n"
OPTIONS = ("--state", "PAN", "--measure", "irregular_transit", "--unit", "person")
PEOPLE = {
    "ana": NewClient(Role.PARTNER, "RCM", "PAN", person="Ana Inventada"),
    "ana-too": NewClient(Role.SECRETARIAT, "RCM", person="ANA  inventada"),
    "bea": NewClient(Role.SECRETARIAT, "RCM", person="Bea Inventada"),
}
HELD = {"es": "en revisión (held)", "pt": "em revisão (held)", "en": "held for review (held)"}
DECIDES = {
    "es": "Decide otra persona de la secretaría",
    "pt": "Outra pessoa da secretaria decide",
    "en": "Another person of the secretariat decides",
}
SAME = {
    "es": "debe hacerlo otra persona de la secretaría",
    "pt": "outra pessoa da secretaria deve fazê-lo",
    "en": "another person of the secretariat has to",
}
KINDS = {"es": "parece el nombre de una persona", "pt": "parece o nome de uma pessoa", "en": "looks like the name of a person"}
Istmo = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def keys(served: Served) -> dict[str, str]:
    """API keys by name: Ana writes for Panama's office, and has a client of the secretariat too."""
    with served.node.db.write() as session:
        return {**served.keys, **{name: create(session, wanted).api_key for name, wanted in PEOPLE.items()}}


@pytest.fixture
def istmo(
    served: Served, keys: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Istmo:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(who: str, *arguments: str, lang: str = "es") -> subprocess.CompletedProcess[str]:
        for name, value in (("URL", served.url), ("KEY", keys[who]), ("LANG", lang)):
            monkeypatch.setenv(f"ISTMO_{name}", value)
        with pytest.raises(SystemExit) as left:
            shell(list(arguments))(list(arguments))
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, left.value.code, said.out, " ".join(said.err.split()))

    return run


Answer = tuple[int, dict[str, str], Any]


@pytest.fixture
def curl(served: Served, keys: dict[str, str]) -> Callable[..., Answer]:
    """One request as the guides show it: status, headers, body."""

    def ask(who: str, path: str, body: object = None, **headers: str) -> Answer:
        told = [*headers.items(), ("Authorization", f"Bearer {keys[who]}")]
        named = [each for name, value in told for each in ("-H", f"{name.replace('_', '-')}: {value}")]
        sent = [] if body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        command = ["curl", "-q", "-sS", "--noproxy", "*", "-D", "-", *named, *sent, f"{served.url}{path}"]
        head, _, got = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.partition("\n\n")
        status, *lines = head.splitlines()
        return int(status.split()[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, json.loads(got)

    return ask


@contextmanager
def at_work(served: Served) -> Iterator[None]:
    """The node's worker runs until the block ends."""
    worker = worker_of(served.node)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def test_what_an_office_pushes_of_somebody_is_held_and_published_by_a_second_person_alone(istmo: Istmo, tmp_path: Path):
    file = tmp_path / "octubre.csv"
    file.write_text(f"{HEAD}2022-09,VEN,90\n2022-10,VEN,400\n2022-10,NPL,213\n2022-11,VEN,70\n")
    assert istmo("ana", "push", str(file), *OPTIONS).returncode == 0
    file.write_text(f"{HEAD}2022-09,VEN,90\n2022-10,VEN,440\n2022-10,NPL,213\n2022-11,VEN,80\n")
    pushed = istmo("ana", "push", str(file), *OPTIONS, "--revise", f"lo corrigió {NAME}")
    assert pushed.returncode == 0
    assert pushed.stdout.splitlines()[1:] == [f"{HELD['es']}  2022-10", f"{HELD['es']}  2022-11"]
    assert "antes debe confirmarlo otra persona" in pushed.stderr
    (item,) = json.loads(istmo("ana", "reviews", "list", "--json").stdout)["items"]
    number = item["id"]
    assert f"istmo reviews show {number}" in pushed.stderr
    assert NAME not in pushed.stderr
    for lang in ("es", "pt", "en"):
        listed, shown = istmo("bea", "reviews", "list", lang=lang), istmo("bea", "reviews", "show", number, lang=lang)
        assert (listed.returncode, shown.returncode) == (0, 0), shown.stderr
        assert HELD[lang] in listed.stdout, listed.stdout
        assert f"istmo reviews confirm {number} --reason" in shown.stderr
        assert DECIDES[lang] in shown.stderr
        # The reason of the file once, where it stands in what is to be published.
        assert f"/bulletins/1/reason@12  {KINDS[lang]}" in shown.stdout
        assert shown.stdout.count("@") == 1
        assert f"»{NAME}«" in shown.stdout
        own = istmo("ana-too", "reviews", "confirm", number, "--reason", "public-official", lang=lang)
        assert (own.returncode, own.stdout) == (1, "")
        assert SAME[lang] in own.stderr
        assert "[same-person]" in own.stderr
    done = istmo("bea", "reviews", "confirm", number, "--reason", "public-official")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"publicado (published)  {number}")
    first, published = re.findall(r"/v1/bulletins/([0-9a-f-]{36})", done.stdout)
    listed, shown = istmo("pan", "bulletins", "list"), json.loads(istmo("pan", "bulletins", "show", published, "--json").stdout)
    assert first in listed.stdout
    assert published in listed.stdout
    assert (shown["version"], shown["reason"], shown["issuer"]) == (2, f"lo corrigió {NAME}", "RCM/PAN")
    seen = json.loads(istmo("ana", "reviews", "show", number, "--json").stdout)
    assert (seen["status"], [each["id"] for each in seen["published"]]) == ("published", [first, published])


def test_a_program_is_told_over_http_what_becomes_of_what_it_sent(curl: Callable[..., Answer], served: Served):
    named, path = {"es": f"Cifras que entregó {NAME}"}, "/v1/bulletins"
    sent = [curl("ana", path, bulletin(period=f"2022-1{month}", narrative=named), Idempotency_Key=f"mes {month}") for month in (0, 1)]
    assert [(status, answer["outcome"]) for status, _, answer in sent] == [(202, "held")] * 2
    first, second = (headers["location"] for _, headers, _ in sent)
    assert [each["pointer"] for each in sent[0][2]["findings"]] == ["/narrative/es"]
    assert NAME not in json.dumps(sent)
    assert [f"/v1/reviews/{each['id']}" for each in curl("bea", "/v1/reviews?status=held")[2]["items"]] == [first, second]
    _, headers, seen = curl("bea", first, Accept_Language="es")
    (found,) = seen["findings"]
    told = {"findings": [{"pointer": found["pointer"], "offset": found["offset"], "reason": "published-source"}]}
    status, _, own = curl("ana-too", f"{first}/confirm", told, If_Match=headers["etag"], Accept_Language="es")
    assert (status, own["code"]) == (403, "same-person")
    assert SAME["es"] in own["detail"]
    status, _, done = curl("bea", f"{first}/confirm", told, If_Match=headers["etag"])
    assert (status, done["status"]) == (200, "published")
    status, _, refused = curl("bea", f"{second}/reject", {"reason": "personal-data"}, If_Match=f'"{second.rsplit("/", 1)[1]}.r1"')
    assert (status, refused["status"]) == (200, "rejected")
    mine, theirs = (curl("pan", each)[2] for each in (first, second))
    assert (mine["status"], mine["published"]) == ("published", done["published"])
    assert curl("pan", mine["published"][0]["href"])[2]["narrative"] == named
    assert (theirs["status"], theirs["reason"], theirs["documents"], theirs["published"]) == ("rejected", "personal-data", [], [])
    # The office may send it anew, as it should have been.
    assert curl("ana", path, bulletin(period="2022-11"))[0] == 201
    with at_work(served):
        minute = datetime.now(UTC) + timedelta(seconds=2)
        status, headers, _ = curl("ana", path, bulletin(period="2022-12", publish_at=minute.isoformat()))
        assert status == 202
        waits = [str(curl("pan", headers["location"])[2]["status"])]
        while waits[-1] == "pending" and datetime.now(UTC) < minute + timedelta(seconds=20):
            time.sleep(0.1)
            waits.append(str(curl("pan", headers["location"])[2]["status"]))
    assert (waits[0], waits[-1]) == ("pending", "published")
    (new,) = curl("pan", f"{path}?period_from=2022-12&period_to=2022-12")[2]["items"]
    assert minute <= datetime.fromisoformat(new["published_at"]) < minute + timedelta(seconds=20)
