import json
import os
import subprocess

import forked
import pytest
from loopback import Node, Says, problem

from app.bulletins.queries import FileQuery
from app.cli import shell
from app.client import idempotency_key

RAW = b"period,nationality,value\n2022-10,SOM,12\n2022-11,SOM,15\n"
ANSWER = {
    "bulletins": [
        {"id": "b1", "period": "2022-10", "outcome": "created"},
        {"id": "b2", "period": "2022-11", "outcome": "unchanged"},
        {"id": "b3", "period": "2022-12", "outcome": "revised"},
    ],
    "findings": [],
}
FAULT = {"row": 3, "column": "nacionalidad", "code": "code-unknown", "detail": "no such code"}
FIGURES = {
    "items": [
        {"period": "2022-10", "nationality": "SOM", "sex": None, "value": 31, "lower": None, "upper": None, "period_start": "2022-10-01"},
        {
            "period": "2022-10",
            "nationality": "[b]NPL\x1b",
            "sex": None,
            "value": None,
            "lower": 1,
            "upper": 14,
            "period_start": "2022-10-01",
        },
        {
            "period": "2022-11",
            "nationality": "NPL",
            "sex": None,
            "value": None,
            "value_status": "not_collected",
            "period_start": "2022-11-01",
        },
    ],
    "next_cursor": "c1",
    "total": 4,
}


@pytest.fixture
def istmo(tmp_path):
    tmp_path.joinpath("oct.csv").write_bytes(RAW)

    def run(node, *arguments, key="istmo_a_b"):
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and not name.startswith("ISTMO_")}
        env = {**clean, "ISTMO_URL": node if isinstance(node, str) else node.url, "ISTMO_KEY": key, "PYTHONIOENCODING": "utf-8"}
        return forked.run(arguments, env, tmp_path)

    return run


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """The same command line inside this process: quick, for all that needs no process of its own."""
    tmp_path.joinpath("oct.csv").write_bytes(RAW)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)

    def run(node, *arguments):
        monkeypatch.setenv("ISTMO_URL", node.url)
        monkeypatch.setenv("ISTMO_KEY", "istmo_a_b")
        with pytest.raises(SystemExit) as left:
            shell(list(arguments))(list(arguments))
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, left.value.code, said.out, said.err)

    return run


PUSH = ("push", "oct.csv", "--state", "PAN", "--measure", "irregular_transit", "--unit", "person")


def test_a_push_prints_a_line_a_bulletin(istmo):
    with Node(Says([{"progress": {"done": 1, "of": 3, "period": "2022-10"}}, {"answer": ANSWER}])) as node:
        done = istmo(node, *PUSH)
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["created  2022-10  b1", "unchanged  2022-11  b2", "revised  2022-12  b3"]
    assert done.stderr.strip() == "3 bulletins: 1 created, 1 unchanged, 1 revised"


def test_every_option_crosses_under_the_contracts_name(here):
    more = ["--publisher", "PAN-SNM", "--conference", "RCM", "--figure-status", "final", "--tlp", "AMBER+STRICT", "--protect", "pool"]
    more += [
        "--column",
        "a=b=period",
        "--column",
        "n=value",
        "--code",
        "=_U",
        "--code",
        "Haití=HTI",
        "--sum-duplicates",
        "--leave-out-small",
    ]
    more += ["--profile", "panama-snm", "--period", "2024-01", "--frequency", "week", "--date-order", "dmy", "--number-style", "comma"]
    more += ["--not-collected", "s/d", "--not-collected", "n.d.", "--charset", "utf-16", "--members-only", "--revise", "late forms"]
    with Node(Says(ANSWER)) as node:
        assert here(node, *PUSH, *more).returncode == 0
    (asked,) = node.asked
    options = {
        "state": "PAN",
        "measure": "irregular_transit",
        "unit": "person",
        "publisher": "PAN-SNM",
        "conference": "RCM",
        "figure_status": "final",
        "tlp": "AMBER+STRICT",
        "protect": "pool",
        "column": ["a=b=period", "n=value"],
        "code": ["=_U", "Haití=HTI"],
        "sum_duplicates": True,
        "leave_out_small": True,
        "profile": "panama-snm",
        "period": "2024-01",
        "frequency": "week",
        "date_order": "dmy",
        "number_style": "comma",
        "not_collected": ["s/d", "n.d."],
        "charset": "utf-16",
        "members_only": True,
        "revise": "late forms",
    }
    assert set(options) == set(FileQuery.model_fields) - {"dry_run"}
    words = {True: "true"}
    assert asked.query == {name: value if isinstance(value, list) else [words.get(value, value)] for name, value in options.items()}
    assert asked.headers["idempotency-key"] == idempotency_key("istmo_a_b", options, RAW)
    assert asked.headers["authorization"] == "Bearer istmo_a_b"
    assert RAW in asked.body


def test_a_dry_run_is_judged_afresh_each_time(here):
    with Node(Says(ANSWER)) as node:
        done = here(node, *PUSH, "--dry-run")
    assert done.returncode == 0
    assert node.asked[0].query["dry_run"] == ["true"]
    assert "idempotency-key" not in node.asked[0].headers
    assert "nothing was stored" in done.stderr


def test_a_push_that_publishes_nothing_says_so(here):
    with Node(Says({"bulletins": [], "findings": [FAULT]})) as node:
        done = here(node, *PUSH)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == ["row 3, column nacionalidad: no such code [code-unknown]", "0 bulletins: none"]


def test_json_is_all_that_stands_on_stdout(istmo):
    with Node(Says([{"progress": {"done": 1, "of": 3}}, {"answer": ANSWER}], headers={"Idempotency-Replayed": "true"})) as node:
        done = istmo(node, *PUSH, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == ANSWER
    assert "kept answer" in done.stderr


def test_a_fresh_answer_is_not_called_a_kept_one(here):
    with Node(Says(ANSWER)) as node:
        assert "kept answer" not in here(node, *PUSH).stderr


def test_a_refused_file_names_row_and_column(istmo):
    refused = problem(422, "invalid-file", FAULT, {"pointer": "state", "code": "code-unknown", "detail": "bad \x1b[31m"})
    with Node(refused) as node:
        done = istmo(node, *PUSH)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "refused  row 3, column nacionalidad: no such code [code-unknown]",
        "refused  pointer state: bad �[31m [code-unknown]",
    ]
    assert "words about invalid-file" in done.stderr


@pytest.mark.parametrize("lines", [True, False], ids=["among lines", "alone"])
def test_a_refusal_in_json_has_the_one_shape(here, lines):
    refused = problem(422, "invalid-file", FAULT)
    with Node(Says([{"problem": refused.body}]) if lines else refused) as node:
        done = here(node, *PUSH, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"bulletins": [], "findings": [{"sheet": None, **FAULT}]}


def test_a_refusal_without_findings_is_one_itself(here):
    with Node(problem(403, "not-your-state")) as node:
        done = here(node, *PUSH, "--json")
    (finding,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, finding["code"], finding["detail"]) == (1, "not-your-state", "words about not-your-state")


def test_a_bulletin_that_is_refused_in_a_dry_run_ends_with_one(here):
    answer = {"bulletins": [{"period": "2022-10", "outcome": "refused"}], "findings": [FAULT]}
    with Node(Says(answer)) as node:
        done = here(node, *PUSH, "--dry-run")
    assert (done.returncode, done.stdout) == (1, "refused  2022-10\n")
    assert "row 3, column nacionalidad: no such code" in done.stderr


def test_a_push_that_was_cut_off_is_unreachable_and_may_be_sent_again(istmo, here):
    with Node(Says([{"progress": {"done": 1, "of": 3}}])) as node:
        first, second = istmo(node, *PUSH, "--json"), here(node, *PUSH)
    assert (first.returncode, second.returncode) == (3, 3)
    assert [finding["code"] for finding in json.loads(first.stdout)["findings"]] == ["unreachable"]
    assert second.stdout == ""
    assert "send the same again" in second.stderr
    assert len({asked.headers["idempotency-key"] for asked in node.asked}) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("push", "none.csv", *PUSH[2:]), "none.csv"),
        (("push", "oct.csv", "--state", "PAN"), "--measure --unit"),
        ((*PUSH, "--column", "semana"), "THEIRS=OURS"),
        ((*PUSH, "--column", "=period"), "THEIRS=OURS"),
        ((*PUSH, "--code", "Haití="), "THEIRS=OURS"),
        ((*PUSH, "--key", ""), "ISTMO_KEY"),
        ((*PUSH, "--url", "node.example"), "https://"),
        (("flows", "--format", "xls"), "parquet; the nearest is xlsx"),
        (("flows", "--filter", "sex"), "NAME=VALUE"),
        (("flows", "--limit", "0"), "--limit"),
        (("bulletins", "withdraw", "b1"), "--reason"),
    ],
    ids=str,
)
def test_usage_is_told_before_anything_is_sent(here, arguments, named):
    with Node(Says(ANSWER)) as node:
        done = here(node, *arguments)
    assert (done.returncode, done.stdout, node.asked) == (2, "", [])
    assert named in " ".join(done.stderr.split())


def test_usage_ends_the_process_with_two(istmo):
    done = istmo("http://127.0.0.1:1", *PUSH, "--column", "semana", "--json")
    assert (done.returncode, done.stdout) == (2, "")


def test_flows_are_a_table_for_people(here):
    with Node(Says(FIGURES)) as node:
        done = here(
            node, "flows", "--nationality", "SOM,NPL", "--group-by", "period", "--totals", "--filter", "labels=name", "--limit", "3"
        )
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows == [
        ["period", "nationality", "value"],
        ["2022-10", "SOM", "31"],
        ["2022-10", "[b]NPL�", "1–14"],
        ["2022-11", "NPL", "not_collected"],
    ]
    assert done.stderr.startswith("3 of 4; the rest")
    query = {"nationality": ["SOM,NPL"], "group_by": ["period"], "totals": ["true"], "labels": ["name"], "limit": ["3"]}
    assert node.asked[0].query == query


def test_flows_in_json_are_the_page_and_nothing_else(here):
    with Node(Says(FIGURES)) as node:
        done = here(node, "flows", "--no-extra-continental", "--json")
    assert json.loads(done.stdout) == FIGURES
    assert done.stderr == ""
    assert node.asked[0].query == {"extra_continental": ["false"]}


def test_flows_in_csv_are_passed_on_byte_for_byte(istmo):
    text = "period,route,value\n2022-10,Ñuble,31\n"
    with Node(Says(text.encode(), media_type="text/csv; charset=utf-8")) as node:
        done = istmo(node, "flows", "--format", "csv", "--period-from", "2022")
    assert (done.returncode, done.stdout, done.stderr) == (0, text, "")
    assert node.asked[0].query == {"period_from": ["2022"], "format": ["csv"]}


def test_refused_flows_leave_stdout_to_figures(here):
    refused = problem(422, "invalid-query", {"pointer": "sexo", "code": "parameter-unknown", "detail": "known: sex"})
    with Node(refused) as node:
        done = here(node, "flows", "--format", "csv", "--filter", "sexo=F")
    assert (done.returncode, done.stdout) == (1, "")
    assert "pointer sexo: known: sex [parameter-unknown]" in done.stderr


def test_a_node_that_is_not_there_ends_with_three(istmo):
    done = istmo("http://127.0.0.1:1", "flows", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["findings"][0]["code"] == "unreachable"


def test_bulletins_are_listed_and_shown(here):
    document = {"id": "b1", "version": 2, "period": "2022-10", "status": "published", "cells": [{"nationality": "SOM", "value": 31}]}
    with Node(Says({"items": [document], "next_cursor": None, "total": 1})) as node:
        done = here(node, "bulletins", "list", "--status", "published", "--reporting-state", "PAN")
    assert done.stdout.splitlines()[1].split() == ["b1", "2", "2022-10", "published"]
    assert (done.stderr.strip(), node.asked[0].query) == ("1 of 1", {"status": ["published"], "reporting_state": ["PAN"]})
    with Node(Says(document)) as node:
        shown, as_json = here(node, "bulletins", "show", "b1"), here(node, "bulletins", "show", "b1", "--json")
    assert "period: 2022-10" in shown.stdout
    assert shown.stdout.splitlines()[-1].split() == ["SOM", "31"]
    assert json.loads(as_json.stdout) == document


def test_a_withdrawal_names_the_version_that_was_seen(here):
    with Node(Says({"id": "b1"}, headers={"ETag": '"b1.v2"'}), Says({"id": "b1", "version": 3})) as node:
        done = here(node, "bulletins", "withdraw", "b1", "--reason", "wrong month")
    assert (done.returncode, done.stdout) == (0, "withdrawn  b1  version 3\n")
    assert node.asked[1].headers["if-match"] == '"b1.v2"'
    assert json.loads(node.asked[1].body) == {"reason": "wrong month"}


def test_a_newer_version_stops_a_withdrawal(here):
    with Node(Says({"id": "b1"}, headers={"ETag": '"b1.v2"'}), problem(412, "version-changed")) as node:
        done = here(node, "bulletins", "withdraw", "b1", "--reason", "wrong month")
    assert (done.returncode, done.stdout) == (1, "")
    assert "version-changed" in done.stderr
