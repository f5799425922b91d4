"""`istmo reviews` as an office and its secretariat's second person run it against a real node, in their language."""

import json
import os
import re
import subprocess

import pytest
from bodies import bulletin
from serving import Served

from app.access.clients import NewClient, create
from app.cli import shell
from app.wire.codes import Role

NAMED = "Cifras que entregó Zapaquilda Ventoquipa"


@pytest.fixture
def here(served: Served, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith(("LC_", "LANG"))]:
        monkeypatch.delenv(name)
    with served.node.db.write() as session:
        second = create(session, NewClient(Role.SECRETARIAT, "RCM", person="Bea Inventada")).api_key
    keys = {**served.keys, "bea": second}

    def run(who: str, *arguments: str, lang: str = "en"):
        monkeypatch.setenv("ISTMO_URL", served.url)
        monkeypatch.setenv("ISTMO_KEY", keys[who])
        monkeypatch.setenv("ISTMO_LANG", lang)
        with pytest.raises(SystemExit) as left:
            shell(["reviews", *arguments])(["reviews", *arguments])
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, left.value.code, said.out, said.err)

    return run


def held(served: Served, period: str = "2022-10") -> str:
    answer = served.as_("pan").post("/v1/bulletins", json=bulletin(period=period, title={"es": NAMED}))
    assert (answer.status_code, answer.json()["outcome"]) == (202, "held"), answer.text
    return answer.headers["location"].rsplit("/", 1)[-1]


def test_an_officers_day_list_show_confirm_and_the_partner_sees_it_published(here, served: Served):
    item = held(served)
    for lang, word in (("en", "held for review"), ("es", "en revisión"), ("pt", "em revisão")):
        listed, shown = here("bea", "list", lang=lang), here("bea", "show", item, lang=lang)
        assert (listed.returncode, shown.returncode) == (0, 0), shown.stderr
        assert item in listed.stdout
        assert f"{word} (held)" in listed.stdout
        assert f"istmo reviews confirm {item}" in " ".join(shown.stderr.split())
    assert "»Zapaquilda Ventoquipa«" in shown.stdout
    assert here("hnd", "list", "--json").stdout.find(item) == -1
    alone = here("bea", "confirm", item)
    assert (alone.returncode, "finding-unconfirmed" in alone.stderr) == (1, True)
    place = re.search(r"^(/title/es@\d+)  ", shown.stdout, re.MULTILINE)[1]
    done = here("bea", "confirm", item, "--finding", f"{place}=published-source")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"published  {item}")
    href = re.search(r"/v1/bulletins/\S+(?=,)", done.stdout)[0]
    assert served.as_("pan").get(href).json()["title"] == {"es": NAMED}
    assert json.loads(here("pan", "list", "--json").stdout)["items"] == []
    assert [each["status"] for each in json.loads(here("pan", "list", "--all", "--json").stdout)["items"]] == ["published"]
    assert "published: " + href in here("pan", "show", item).stdout


def test_an_item_is_rejected_or_cancelled_with_what_it_held_and_a_finding_is_named_in_its_form(here, served: Served):
    rejected, cancelled = held(served), held(served, "2022-11")
    assert here("bea", "confirm", rejected, "--finding", "nonsense").returncode == 2
    assert here("bea", "reject", rejected, "--reason", "guess").returncode == 1
    assert here("pan", "reject", rejected, "--reason", "other").returncode == 1
    assert here("bea", "reject", rejected, "--reason", "personal-data").stdout == f"rejected  {rejected}\n"
    assert here("pan", "cancel", cancelled).stdout == f"cancelled  {cancelled}\n"
    told = here("pan", "show", rejected, lang="es").stdout
    assert "rechazado (rejected)" in told
    assert "personal-data" in told
    assert "Zapaquilda" not in told
    assert here("hnd", "show", rejected).returncode == 1
    assert json.loads(here("bea", "confirm", cancelled, "--reason", "place", "--json").stdout)["findings"][0]["code"] == "review-decided"
