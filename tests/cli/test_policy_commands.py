"""`istmo policy` as a secretariat runs it, against a node that answers by script and against a real one."""

import json
import os
import subprocess
import sys

import pytest
from loopback import Node, Says, problem
from serving import Served

from app.cli import shell

POLICY = {"protect": "contract", "k": 5, "delta_below_k": "publish", "partner_release": "at_once", "single_officer": False}
ME = Says({"role": "secretariat", "conference": "RCM"})
SEEN = Says(POLICY, headers={"ETag": '"RCM.policy.1"'})


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith(("LC_", "LANG"))]:
        monkeypatch.delenv(name)

    def run(url, *arguments, key="istmo_a_b"):
        monkeypatch.setenv("ISTMO_URL", url)
        monkeypatch.setenv("ISTMO_KEY", key)
        with pytest.raises(SystemExit) as left:
            shell(["policy", *arguments])(["policy", *arguments])
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, left.value.code, said.out, said.err)

    return run


def test_the_policy_is_shown_for_the_keys_conference_or_the_one_that_is_named(here):
    with Node(ME, SEEN) as node:
        done = here(node.url, "show")
    assert (done.returncode, [asked.path for asked in node.asked]) == (0, ["/v1/me", "/v1/conferences/RCM/policy"])
    assert done.stdout.splitlines() == [
        "protection: contract",
        "k: 5",
        "differences below k: publish",
        "release of national offices' bulletins: at_once",
        "one officer is enough: false",
    ]
    with Node(SEEN) as node:
        done = here(node.url, "show", "SACM", "--json")
    assert ([asked.path for asked in node.asked], json.loads(done.stdout)) == (["/v1/conferences/SACM/policy"], POLICY)


def test_a_change_is_sent_whole_and_against_what_was_read(here):
    decided = {**POLICY, "k": 6, "single_officer": True}
    with Node(ME, SEEN, Says(decided)) as node:
        done = here(node.url, "set", "--k", "6", "--single-officer")
    assert (done.returncode, done.stdout, done.stderr) == (0, "k: 5 -> 6\none officer is enough: false -> true\n", "")
    put = node.asked[-1]
    assert (put.method, put.path, put.headers["if-match"]) == ("PUT", "/v1/conferences/RCM/policy", '"RCM.policy.1"')
    assert put.headers["idempotency-key"]
    assert json.loads(put.body) == decided


def test_every_part_has_its_option(here):
    wanted = {"protect": "pool", "k": 9, "delta_below_k": "hold", "partner_release": "after_minutes:30", "single_officer": False}
    options = ["--protect", "pool", "--k", "9", "--delta-below-k", "hold", "--partner-release", "after_minutes:30", "--no-single-officer"]
    with Node(SEEN, Says(wanted)) as node:
        done = here(node.url, "set", "RCM", *options, "--json")
    assert json.loads(node.asked[-1].body) == json.loads(done.stdout) == wanted


def test_what_is_so_already_is_told(here):
    with Node(SEEN, Says(POLICY)) as node:
        done = here(node.url, "set", "RCM", "--k", "5")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "the policy is as it was; nothing was written\n")


@pytest.mark.parametrize(
    ("arguments", "named"), [((), "at least one part"), (("--k", "2"), "--k"), (("--k", "21"), "--k"), (("--k", "x"), "--k")]
)
def test_usage_is_told_before_anything_is_sent(here, arguments, named):
    with Node(SEEN) as node:
        done = here(node.url, "set", "RCM", *arguments)
    assert (done.returncode, done.stdout, node.asked) == (2, "", [])
    assert named in " ".join(done.stderr.split())


def test_a_policy_that_changed_meanwhile_is_not_overruled(here):
    with Node(SEEN, problem(412, "precondition-failed")) as node:
        done = here(node.url, "set", "RCM", "--k", "6")
    assert (done.returncode, done.stdout) == (1, "")
    assert "precondition-failed" in done.stderr


def test_a_node_that_is_not_there_ends_with_three(here):
    assert here("http://127.0.0.1:1", "show", "RCM").returncode == 3


def test_a_secretariat_sets_the_policy_of_its_own_conference(served: Served, here):
    assert here(served.url, "set", "--k", "7", key=served.keys["sacm"]).stdout == "k: 5 -> 7\n"
    assert json.loads(here(served.url, "show", "--json", key=served.keys["sacm"]).stdout) == {**POLICY, "k": 7}
    assert json.loads(here(served.url, "show", "--json", key=served.keys["rcm"]).stdout) == POLICY
    refused = here(served.url, "set", "RCM", "--k", "7", "--json", key=served.keys["sacm"])
    assert (refused.returncode, json.loads(refused.stdout)["findings"][0]["code"]) == (1, "not-your-conference")
    wrong = here(served.url, "set", "--partner-release", "later", "--json", key=served.keys["rcm"])
    assert json.loads(wrong.stdout)["findings"][0]["pointer"] == "/partner_release"
    assert here(served.url, "show", key=served.keys["pan"]).returncode == 1


def test_the_command_needs_no_server_and_speaks_the_users_language(tmp_path):
    program = "import sys; from app.cli import shell; shell(['policy'])(['policy', 'show', 'RCM'], standalone_mode=False)"
    program += "\nassert not {'fastapi', 'sqlalchemy'} & set(sys.modules)"
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with Node(SEEN) as node:
        env = {**clean, "ISTMO_URL": node.url, "ISTMO_KEY": "istmo_a_b", "ISTMO_LANG": "es", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "protección: contract"
