"""`istmo allow-list` as an operator runs it, against a node that answers by script and against a real one."""

import json
import os
import subprocess
import sys

import pytest
from loopback import Node, Says, problem
from serving import Served

from app.cli import shell

SHIPPED = {"id": None, "kind": "domain", "value": "un.org", "note": "United Nations", "added_at": None}
ADDED = {
    "id": "0197c0de-0000-7000-8000-000000000001",
    "kind": "phone",
    "value": "+50622220000",
    "note": None,
    "added_at": "2026-05-01T00:00:00Z",
}
PAGE = Says({"items": [SHIPPED, ADDED], "next_cursor": None, "total": 2})


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith(("LC_", "LANG"))]:
        monkeypatch.delenv(name)

    def run(url, *arguments, key="istmo_a_b"):
        monkeypatch.setenv("ISTMO_URL", url)
        monkeypatch.setenv("ISTMO_KEY", key)
        with pytest.raises(SystemExit) as left:
            shell(["allow-list", *arguments])(["allow-list", *arguments])
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, left.value.code, said.out, said.err)

    return run


def test_the_list_shows_what_came_with_the_node_without_an_id(here):
    with Node(PAGE) as node:
        done = here(node.url, "list")
    assert (done.returncode, [asked.path for asked in node.asked]) == (0, ["/v1/screening/allow-list"])
    assert done.stdout.splitlines() == ["-  domain  un.org  United Nations", "0197c0de-0000-7000-8000-000000000001  phone  +50622220000"]


def test_only_what_operators_added_is_listed_where_it_is_asked_for(here):
    with Node(PAGE) as node:
        assert json.loads(here(node.url, "list", "--added", "--json").stdout) == {"items": [ADDED]}
    with Node(Says({"items": [SHIPPED], "next_cursor": None, "total": 1})) as node:
        done = here(node.url, "list", "--added")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "nothing is on the list\n")


def test_an_entry_is_sent_under_a_key_of_its_own_and_printed_with_its_id(here):
    with Node(Says(ADDED, status=201)) as node:
        done = here(node.url, "add", "phone", "+50622220000")
    assert (done.returncode, done.stdout) == (0, "0197c0de-0000-7000-8000-000000000001  phone  +50622220000\n")
    assert done.stderr == "it passes from the next text on\n"
    (sent,) = node.asked
    assert (sent.method, sent.path) == ("POST", "/v1/screening/allow-list")
    assert sent.headers["idempotency-key"]
    assert json.loads(sent.body) == {"kind": "phone", "value": "+50622220000"}


def test_an_entry_is_taken_off_by_its_id_alone(here):
    with Node(Says(ADDED)) as node:
        done = here(node.url, "remove", ADDED["id"], "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, ADDED)
    assert [(asked.method, asked.path) for asked in node.asked] == [("DELETE", f"/v1/screening/allow-list/{ADDED['id']}")]
    with Node(problem(404, "not-found")) as node:
        gone = here(node.url, "remove", "a/b")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert node.asked[0].path == "/v1/screening/allow-list/a%2Fb"


def test_a_kind_that_is_none_is_told_before_anything_is_sent(here):
    with Node(PAGE) as node:
        done = here(node.url, "add", "passport", "X1234567")
    assert (done.returncode, done.stdout, node.asked) == (2, "", [])


def test_a_node_that_is_not_there_ends_with_three(here):
    assert here("http://127.0.0.1:1", "list").returncode == 3


def test_an_operator_lets_a_name_pass_and_takes_it_off_again(served: Served, here):
    operator = served.keys["operator"]
    added = here(served.url, "add", "name", "Casa Ficticia del Migrante", "--note", "a house", "--json", key=operator)
    number = json.loads(added.stdout)["id"]
    assert here(served.url, "list", "--added", key=operator).stdout == f"{number}  name  Casa Ficticia del Migrante  a house\n"
    again = here(served.url, "add", "name", "Casa Ficticia del Migrante", "--json", key=operator)
    assert (again.returncode, json.loads(again.stdout)["findings"][0]["code"]) == (1, "allow-list-known")
    refused = here(served.url, "remove", number, "--json", key=served.keys["rcm"])
    assert (refused.returncode, json.loads(refused.stdout)["findings"][0]["code"]) == (1, "role-forbidden")
    taken = here(served.url, "remove", number, key=operator)
    assert (taken.returncode, taken.stderr) == (0, "it passes no longer; what was published meanwhile stays as it is\n")
    assert json.loads(here(served.url, "list", "--added", "--json", key=operator).stdout) == {"items": []}
    assert json.loads(here(served.url, "list", "--json", key=operator).stdout)["items"][0]["id"] is None


def test_the_command_needs_no_server_and_speaks_the_users_language(tmp_path):
    program = "import sys; from app.cli import shell; shell(['allow-list'])(['allow-list', 'remove', 'x'], standalone_mode=False)"
    program += "\nassert not {'fastapi', 'sqlalchemy'} & set(sys.modules)"
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with Node(Says(ADDED)) as node:
        env = {**clean, "ISTMO_URL": node.url, "ISTMO_KEY": "istmo_a_b", "ISTMO_LANG": "pt", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (0, "já não passa; o que foi publicado nesse meio-tempo fica como está\n")
    assert done.stdout == "0197c0de-0000-7000-8000-000000000001  phone  +50622220000\n"
