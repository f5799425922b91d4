"""`istmo alerts` as an office runs it: on a terminal, in a pipe, into a file; against real nodes and scripted ones."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from desks import Desk
from loopback import Node, Says, problem

from app.cli.alert_page import paged
from app.client import idempotency_key

LEGS = [
    {"seq": 1, "from": "ECU", "to": "COL", "place": "Ipiales", "area": "CO-NAR", "mode": "bus", "crossing": "unofficial"},
    {"seq": 2, "from": "COL", "to": "PAN", "place": "Darién", "mode": "foot"},
]


def alert(**changes):
    sent = {
        "title": {"en": "Boats by night"},
        "summary": {"en": "Persons are taken\nby boat.", "es": "Lanchas."},
        "network_code": "KESTREL-07",
        "severity": "high",
        "source_reliability": "A",
        "information_credibility": 2,
        "first_seen": "2017-01",
        "last_seen": "2018-09",
        "nationalities": ["NPL", "IND"],
        "route": LEGS,
        "modus_operandi": ["safe_house"],
        "fee": {"currency": "USD", "min": 2500, "max": 6000, "scope": "leg", "scope_note": "Ipiales to Darién"},
    }
    return {name: value for name, value in (sent | changes).items() if value is not None}


SECRET = alert(title={"es": "Solo en pantalla"}, network_code=None, nationalities=["SOM"], route=[], handling=["no_onward"])


@pytest.fixture
def office(tmp_path, monkeypatch, capsys):
    return Desk(tmp_path / "desk", monkeypatch, capsys)


def written(folder, name, value):
    folder.joinpath(name).write_text(json.dumps(value), "utf-8")
    return name


def test_alerts_that_wait_say_so_for_one_as_for_many(served, office):
    minute = (datetime.now(UTC) + timedelta(days=2)).isoformat()

    def post(body: object, *more: str):
        return office.run(served.url, "alerts", "post", "-", *more, key=served.keys["rcm"], piped=json.dumps(body).encode())

    one = post(alert(publish_at=minute))
    assert (one.returncode, one.stdout) == (0, "pending\n")
    assert f"it will be at {minute[:10]}" in one.stderr
    named = alert(summary={"es": "María Zapaquilda Ventoquipa cobra en la frontera."})
    many = json.loads(post([alert(), named], "--json").stdout)
    assert (many["alerts"], many["outcome"], many["due"]) == ([], "held", None)
    assert [each["pointer"] for each in many["findings"]] == ["/1/summary/es"]


def test_a_file_of_alerts_is_published_once_and_whole(served, office):
    def run(*arguments, **more):
        return office.run(served.url, "alerts", *arguments, key=served.keys["rcm"], **more)

    wrong = run("post", written(office.folder, "wrong.json", [alert(), alert(severity="grave")]))
    assert wrong.returncode == 1
    assert [line.split(": ")[0] for line in wrong.stdout.splitlines()] == ["refused  pointer /1/severity"]
    torn = run("post", "-", piped=b'[{"title": {"en": "x"}},\n  {"title"\n]')
    assert (torn.returncode, "From line 3, column 1 on" in torn.stdout) == (1, True)
    assert json.loads(run("list", "--json").stdout)["total"] == 0

    file = written(office.folder, "two.json", [alert(), alert(title={"en": "Vans by day"}, severity="low", route=[])])
    first = run("post", file)
    again = run("post", "-", "--json", piped=office.folder.joinpath(file).read_bytes())
    assert (first.returncode, again.returncode) == (0, 0)
    receipts = json.loads(again.stdout)["alerts"]
    assert first.stdout.splitlines() == [f"created  {each['reference']}  {each['id']}  version 1" for each in receipts]
    assert (first.stderr, "nothing was published again" in again.stderr) == ("alerts published together: 2\n", True)
    one = json.loads(run("post", "-", "--json", piped=json.dumps(alert(title={"en": "Alone"})).encode("utf-16")).stdout)
    assert [(item["version"], item["outcome"], sorted(item)) for item in one["alerts"]] == [
        (1, "created", ["id", "outcome", "reference", "version"])
    ]

    listed = run(
        "list", "--nationality", "NPL", "--passes", "COL", "--q", "boats NIGHT", "--severity-min", "moderate", "--case-status", "open"
    )
    assert [line.split() for line in listed.stdout.splitlines()] == [
        ["tlp", "reference", "severity", "case", "last", "seen", "title"],
        ["AMBER", receipts[0]["reference"], "high", "open", "2018-09", "Boats", "by", "night"],
    ]
    assert listed.stderr == "1 of 1\n"
    page = json.loads(run("list", "--sort", "severity", "--limit", "1", "--filter", "origin=RCM", "--json").stdout)
    assert ([item["reference"] for item in page["items"]], page["total"]) == ([receipts[1]["reference"]], 3)

    taken = run("withdraw", receipts[1]["reference"].lower(), "--reason", "counted twice")
    assert taken.stdout == f"withdrawn  {receipts[1]['reference']}  {receipts[1]['id']}  version 2\n"
    shown = run("show", receipts[1]["reference"])
    assert [line for line in shown.stdout.splitlines() if line][:3] == [
        "TLP:AMBER · for RCM, SACM",
        f"{receipts[1]['reference']}  withdrawn",
        "Only that there is such an alert is told here, not what it says.",
    ]
    assert "reason: counted twice" in shown.stdout


def test_what_may_not_be_passed_on_is_shown_on_a_screen_and_never_in_a_file(served, office):
    def run(*arguments, **more):
        return office.run(served.url, "alerts", *arguments, key=served.keys["sacm"], **more)

    rcm = served.as_("rcm")
    plain, secret = (rcm.post("/v1/alerts", json=body).json() for body in (alert(), SECRET | {"network_code": "KESTREL-07"}))
    sent = {"where": {"state": "PAN"}, "seen_from": "2018-03", "certainty": "certain", "note": {"en": "Told by one."}}
    assert rcm.post(f"/v1/alerts/{plain['id']}/sightings", json=sent | {"handling": ["no_onward"]}).status_code == 201

    for more in ((), ("--json",), ("--output", "secret.txt"), ("--json", "--output", "secret.txt")):
        for screen in (False, True) if "--output" in more else (False,):
            refused = run("show", secret["reference"], *more, screen=screen)
            assert refused.returncode == 1
            assert "Solo en pantalla" not in refused.stdout + refused.stderr
            assert f"{secret['reference']} may not be passed on (no-onward): it is shown on a terminal and never in a file" in (
                json.loads(refused.stdout)["findings"][0]["detail"] if "--json" in more else refused.stderr
            )
    assert list(office.folder.iterdir()) == []
    seen = run("show", secret["id"], screen=True)
    assert (seen.returncode, seen.stdout.splitlines()[0]) == (0, "TLP:AMBER · for RCM, SACM · Not to be passed on (no-onward)")
    assert "Solo en pantalla [es]" in seen.stdout
    assert json.loads(run("show", secret["id"], "--json", screen=True).stdout)["alert"]["title"] == {"es": "Solo en pantalla"}

    # One that may be passed on, of which what was answered and what is related may not.
    piped, shown = run("show", plain["id"], "--related"), run("show", plain["id"], "--related", screen=True)
    assert ("sightings: 0 of 1" in piped.stdout, "related alerts: 0" in piped.stdout) == (True, True)
    assert "Told by one." not in piped.stdout
    assert secret["reference"] not in piped.stdout
    assert piped.stderr.startswith("left out of the file, as not to be passed on: 2 of the answers and related alerts")
    assert ("    Told by one." in shown.stdout.splitlines(), shown.stderr) == (True, "")
    assert f"  {secret['reference']}  TLP:AMBER  score " in shown.stdout
    assert "    Both name the network KESTREL-07. This weighs much." in shown.stdout.splitlines()

    listed, looked = run("list", "--filter", "tlp=AMBER"), run("list", "--filter", "tlp=AMBER", screen=True)
    assert [line.split()[1] for line in listed.stdout.splitlines()[1:]] == [plain["reference"]]
    assert listed.stderr.splitlines() == ["1 of 2", "left out of the file, as not to be passed on: 1 alerts; the screen shows them"]
    assert [f"AMBER  no-onward  {secret['reference']}" in looked.stdout, looked.stderr] == [True, "2 of 2\n"]
    page = json.loads(run("list", "--json").stdout)
    assert ([item["id"] for item in page["items"]], page["total"], page["left_out"]) == ([plain["id"]], 2, ["no-onward=1"])
    for screen in (False, True):
        file = run("list", "--format", "csv", screen=screen).stdout
        assert [row["reference"] for row in csv.DictReader(io.StringIO(file)) if row["handling"] is not None] == [plain["reference"]]
        assert file.splitlines()[-1] == "# left out: no-onward=1"
    filed = run("list", "--format", "ndjson", "--output", "alerts.ndjson", "--filter", "tlp=GREEN")
    assert (filed.returncode, filed.stdout) == (0, "")
    assert filed.stderr.splitlines() == ["written: alerts.ndjson", "your own filter by marking left out alerts that answer all else"]
    assert [path.name for path in office.folder.iterdir()] == ["alerts.ndjson"]
    assert json.loads(office.folder.joinpath("alerts.ndjson").read_text("utf-8")) == {"left_out": ["tlp"]}


PAGE = """\
TLP:AMBER+STRICT · for RCM, SACM · To be reviewed before further use (review-by)

{reference}  Boats by night

Persons are taken
by boat.

severity: High
case: Open
network: KESTREL-07
reliability of the source: Completely reliable (A)
credibility of the information: Probably true (2)
confidence, 0 to 100: 70
first seen: 2017-01
last seen: 2018-09
nationalities: Nepal (NPL); India (IND)
modus operandi: Safe houses on the way (safe_house)
route:
  1. Ecuador (ECU) > Colombia (COL); Ipiales, CO-NAR; By bus (bus); crossing: Away from any post
    (unofficial)
  2. Colombia (COL) > Panama (PAN); Darién; On foot (foot)
price a person: 2500–6000 USD; One leg or several (leg); Ipiales to Darién
id: {id}
version: 1
issued by: RCM/secretariat
published: {published_at}

sightings: 1
  SACM/secretariat  2018-03–2018-05  Panama (PAN), Darién  Probable
    TLP:AMBER · for RCM, RCM/secretariat, SACM
    Two boats.

opinions: 2 (Disagree 1; Strongly agree 1)
  SACM/secretariat  Strongly agree
    TLP:AMBER · for RCM, RCM/secretariat, SACM
    So it is.
  RCM/secretariat  Disagree
    TLP:AMBER · for RCM, RCM/secretariat, SACM
    Not so.

proposals: 2
  SACM/secretariat  declined  severity  {declined}
    TLP:AMBER · for RCM, RCM/secretariat, SACM
    Graver.
    reason: not shown
  SACM/secretariat  open  last seen, severity  {open}
    TLP:AMBER+STRICT · for RCM, SACM
    Still there.

TLP:AMBER+STRICT · for RCM, SACM · To be reviewed before further use (review-by)
"""


def test_an_alert_is_read_with_its_marking_first_its_route_and_what_was_answered(served, office):
    rcm, sacm = served.as_("rcm"), served.as_("sacm")
    sent = rcm.post("/v1/alerts", json=alert(handling=["review-by"])).json()

    def answer(client, kind, **body):
        done = client.post(f"/v1/alerts/{sent['id']}/{kind}", json=body)
        assert done.status_code == 201, done.text
        return done.json()["id"]

    answer(
        sacm,
        "sightings",
        where={"state": "PAN", "place": "Darién"},
        seen_from="2018-03",
        seen_to="2018-05",
        certainty="probable",
        note={"en": "Two boats."},
    )
    answer(sacm, "opinions", opinion="strongly_agree", explanation={"en": "So it is."})
    answer(rcm, "opinions", opinion="disagree", explanation={"en": "Not so."})
    declined = answer(sacm, "proposals", changes={"severity": "critical"}, explanation={"en": "Graver."})
    assert rcm.post(f"/v1/proposals/{declined}/decline", json={"reason": "not shown"}).status_code == 201
    offered = {"severity": "moderate", "last_seen": "2019-01"}
    open_one = answer(sacm, "proposals", changes=offered, explanation={"en": "Still there."}, tlp="AMBER+STRICT", audience=["RCM", "SACM"])

    shown = office.run(served.url, "alerts", "show", sent["reference"], key=served.keys["rcm"], screen=True)
    assert (shown.returncode, shown.stderr) == (0, "")
    expected = PAGE.format(**sent, declined=declined, open=open_one)
    assert shown.stdout == expected
    as_json = json.loads(office.run(served.url, "alerts", "show", sent["id"], "--json", key=served.keys["rcm"]).stdout)
    assert as_json["alert"] == rcm.get(f"/v1/alerts/{sent['id']}").json()
    assert {kind: as_json[kind]["total"] for kind in ("sightings", "opinions", "proposals")} == {
        "sightings": 1,
        "opinions": 3,
        "proposals": 2,
    }
    assert {proposal: told["decision"] for proposal, told in as_json["proposals"]["decisions"].items()} == {
        declined: "declined",
        open_one: "open",
    }
    envelope = office.run(served.url, "alerts", "show", sent["id"], key=served.keys["operator"])
    assert (envelope.returncode, "Boats" in envelope.stdout, "sightings" in envelope.stdout) == (0, False, False)


STEERING = "a\x9b31m\u202eb\x1b[2J"
HOSTILE = {
    "id": "a1",
    "version": 1,
    "reference": "RCM-2026-7KQ2M",
    "status": "published",
    "tlp": "AMBER",
    "audience": [STEERING],
    "handling": [],
    "severity": "high",
    "title": {"en": STEERING},
    "summary": {"en": f"{STEERING}\r\nnext\ttab"},
    "network_code": STEERING,
}
EMPTY = Says({"items": [], "next_cursor": None, "total": 0})


def test_nothing_that_an_alert_says_steers_a_terminal(office):
    page = Says({"items": [HOSTILE], "next_cursor": None, "total": 1})
    unknown = problem(404, "vocabulary-unknown")
    with Node(page) as node:
        table, listed = (office.run(node.url, "alerts", "list", *more, screen=True).stdout for more in ((), ("--json",)))
    with Node(Says(HOSTILE), EMPTY, EMPTY, EMPTY, unknown) as node:
        shown = office.run(node.url, "alerts", "show", "a1", screen=True).stdout
    with Node(Says(f"title\r\n{STEERING}\r\n".encode(), media_type="text/csv")) as node:
        file = office.run(node.url, "alerts", "list", "--format", "csv", screen=True).stdout
    assert file == "title\na�31m�b�[2J\n"
    assert "a�31m�b�[2J" in table
    assert [line for line in shown.splitlines() if "�" in line] == [
        "TLP:AMBER · for a�31m�b�[2J",
        "RCM-2026-7KQ2M  a�31m�b�[2J",
        "a�31m�b�[2J�",
        "network: a�31m�b�[2J",
        "TLP:AMBER · for a�31m�b�[2J",
    ]
    assert json.loads(listed)["items"] == [HOSTILE]
    for said in (listed, shown, file):
        assert not {"\x9b", "\u202e", "\x1b"} & set(said)


@pytest.mark.parametrize("height", [8, 24, 60])
@pytest.mark.parametrize("marking", ["TLP:RED", "TLP:AMBER · " + "for " * 20])
def test_wherever_a_screen_is_stopped_a_whole_marking_stands_on_it(marking, height):
    lines = list(paged([f"line {number}" for number in range(200)], marking, 60, height))
    top = [line for line in lines if not line.startswith("line") and line][: -(-len(marking.strip()) // 60)]
    assert lines[: len(top)] == top
    assert lines[-len(top) :] == top
    assert [line for line in lines if line.startswith("line")] == [f"line {number}" for number in range(200)]
    for start in range(len(lines) - height + 2):
        window = lines[start : start + height - 1]
        assert any(window[at : at + len(top)] == top for at in range(len(window))), start


def test_a_withdrawal_names_the_version_that_was_seen_and_a_post_its_bytes(office):
    seen = {"id": "a1", "version": 2, "reference": "RCM-2026-7KQ2M"}
    with Node(Says({"items": [seen]}), Says({**seen, "version": 3, "outcome": "withdrawn", "title": {}})) as node:
        done = office.run(node.url, "alerts", "withdraw", "RCM-2026-7KQ2M", "--reason", "wrong", "--json")
    assert json.loads(done.stdout) == {"id": "a1", "version": 3, "reference": "RCM-2026-7KQ2M", "outcome": "withdrawn"}
    assert node.asked[0].query == {"reference": ["RCM-2026-7KQ2M"]}
    assert (node.asked[1].path, node.asked[1].headers["if-match"]) == ("/v1/alerts/a1/withdraw", '"a1.v2"')
    raw = b' [ {"title": 1, "title": 2} ] '
    office.folder.joinpath("x.json").write_bytes(raw)
    with Node(problem(422, "invalid-document", {"pointer": "/alerts/0/title", "code": "repeated-key", "detail": "d"})) as node:
        refused = office.run(node.url, "alerts", "post", "x.json", "--json")
    assert json.loads(refused.stdout)["findings"][0]["pointer"] == "/0/title"
    assert (node.asked[0].path, node.asked[0].body) == ("/v1/alerts/batch", b'{"alerts":' + raw + b"}")
    assert node.asked[0].headers["idempotency-key"] == idempotency_key("istmo_a_b", {}, raw)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("alerts", "post", "none.json"), "none.json"),
        (("alerts", "post", "-", "--key", ""), "ISTMO_KEY"),
        (("alerts", "list", "--format", "xls"), "table, json, csv or ndjson"),
        (("alerts", "list", "--output", "x.csv"), "--format csv or ndjson"),
        (("alerts", "withdraw", "a1"), "--reason"),
        (("erase", "a1"), "--reason"),
        (("erase", "a1", "--reason", "x"), "--yes"),
    ],
    ids=str,
)
def test_usage_is_told_before_anything_is_sent(office, arguments, named):
    with Node(EMPTY) as node:
        done = office.run(node.url, *arguments)
    assert (done.returncode, done.stdout, node.asked) == (2, "", [])
    assert named in " ".join(done.stderr.split())


def test_a_file_that_breaks_off_or_cannot_be_written_changes_nothing(office):
    office.folder.joinpath("x.csv").write_text("of yesterday")
    with Node(Says(b"tlp,handling\r\n", media_type="text/csv", cut=True)) as node:
        cut = office.run(node.url, "alerts", "list", "--format", "csv", "--output", "x.csv")
    with Node(Says(b"tlp,handling\r\n", media_type="text/csv")) as node:
        nowhere = office.run(node.url, "alerts", "list", "--format", "csv", "--output", "none/x.csv")
    with Node(Says(b"<html>", media_type="text/html")) as node:
        foreign = office.run(node.url, "alerts", "list", "--format", "csv", "--output", "x.csv")
    assert [done.returncode for done in (cut, nowhere, foreign)] == [3, 2, 3]
    assert ("cannot write none/x.csv" in nowhere.stderr, "it sent no file of alerts" in foreign.stderr) == (True, True)
    assert {path.name: path.read_text() for path in office.folder.iterdir()} == {"x.csv": "of yesterday"}
    with Node(Says(b"tlp,handling\r\n", media_type="text/csv")) as node:
        assert office.run(node.url, "alerts", "list", "--format", "csv", "--output", "x.csv").returncode == 0
    assert {path.name: path.read_bytes() for path in office.folder.iterdir()} == {"x.csv": b"tlp,handling\r\n"}
