"""The command line in the user's language: words for people are translated, what programs read never is."""

import json
import os

import forked
import pytest
from loopback import Node, Says, problem
from typer.testing import CliRunner

from app.access.clients import Credential, NewClient
from app.cli import COMMANDS, shell
from app.cli.clients import print_credential
from app.cli.demo import print_welcome
from app.cli.node import words
from app.cli.output import coded, heading, language, tell, word_for, words_of
from app.cli.tables import print_bulletins, print_flows
from app.client import Istmo, Unusable
from app.core.catalogue import sentences
from app.core.faults import told
from app.core.problems import Problem
from app.core.secrets import SecretMissing, Secrets
from app.exchange.verify import Fault
from app.wire.codes import Role
from app.wire.problem import Finding

TEXTS = sentences("app.cli", "commands.toml")
RAW = b"period,nationality,value\n2022-10,SOM,12\n"
ANSWER = {"bulletins": [{"id": "b1", "period": "2022-10", "outcome": "created"}, {"id": "b2", "period": "2022-11", "outcome": "unchanged"}]}
PUSH = ("push", "oct.csv", "--state", "PAN", "--measure", "rescue", "--unit", "person")
OF_A_TERMINAL = ("ISTMO_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def speaks(monkeypatch, tmp_path):
    """Sets what the environment says of the user's language, and nothing else of it."""
    monkeypatch.chdir(tmp_path)

    def speak(**environment):
        for name in OF_A_TERMINAL:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return speak


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "es_AR.UTF-8"}, "es"),
        ({"LANG": "pt_BR"}, "pt"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "es"}, "es"),
        ({"LANG": "ES_cl.utf8@latin"}, "es"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "est_EE"}, "en"),
        ({"LANG": "ptolemy"}, "en"),
        ({"LC_MESSAGES": "pt_BR.UTF-8", "LANG": "es_MX.UTF-8"}, "pt"),
        ({"LC_ALL": "es_MX.UTF-8", "LC_MESSAGES": "pt_BR.UTF-8", "LANG": "en_US"}, "es"),
        ({"LC_ALL": "fr_FR", "LANG": "es_MX"}, "en"),
        ({"LC_ALL": "", "LANG": "es_MX"}, "es"),
        ({"ISTMO_LANG": "pt", "LC_ALL": "es_MX.UTF-8"}, "pt"),
        ({"ISTMO_LANG": "", "LANG": "es_MX.UTF-8"}, "es"),
        ({"ISTMO_LANG": "es", "ISTMO_THREADS": "many"}, "es"),
    ],
    ids=str,
)
def test_the_setting_or_the_terminal_says_the_language(speaks, environment, spoken):
    speaks(**environment)
    assert language() == spoken


def test_the_setting_may_stand_in_the_file_of_settings(speaks, tmp_path):
    speaks(LANG="pt_BR.UTF-8")
    (tmp_path / ".env").write_text("ISTMO_LANG=es\n")
    assert language() == "es"


def test_one_sentence_is_told_on_stderr(speaks, capsys):
    for spoken, sentence in (("es", "aún no hay base de datos"), ("pt", "ainda não há banco de dados"), ("en", "there is no database yet")):
        speaks(ISTMO_LANG=spoken)
        tell("store-missing")
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(sentence)


def test_figures_are_filled_in_and_steer_no_terminal(speaks, capsys):
    speaks(ISTMO_LANG="es")
    tell("demo-sample", file="a\x1b[31m.csv", total=3, created="{x}")
    assert capsys.readouterr().err == "a�[31m.csv: 3 boletines, {x} de ellos nuevos\n"
    with pytest.raises(KeyError):
        words_of("no-such-code")


def test_a_code_stands_beside_its_word_and_alone_in_english(speaks):
    for spoken, created, withheld in (
        ("es", "creado (created)", "reservado por secreto estadístico (withheld)"),
        ("pt", "criado (created)", "omitido por sigilo (withheld)"),
        ("en", "created", "withheld"),
    ):
        speaks(ISTMO_LANG=spoken)
        assert (coded("created"), coded("withheld"), coded("something_new")) == (created, withheld, "something_new")
    speaks(ISTMO_LANG="pt")
    assert (word_for("refused"), word_for("something_new")) == ("recusado", "something_new")
    assert (heading("nationality"), heading("definition_code")) == ("nacionalidade", "definition_code")


@pytest.fixture
def office(tmp_path):
    """An office's commands in a process of their own, in a language of the terminal."""
    tmp_path.joinpath("oct.csv").write_bytes(RAW)

    def run(url, lang, *arguments):
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and name not in OF_A_TERMINAL}
        env = {**clean, "ISTMO_URL": url, "ISTMO_KEY": "istmo_a_b", "PYTHONIOENCODING": "utf-8", "COLUMNS": "200", "LANG": lang}
        return forked.run(arguments, env, tmp_path)

    return run


def test_a_push_speaks_spanish_and_asks_the_node_to(office):
    with Node(Says({**ANSWER, "findings": [{"row": 3, "column": "x", "code": "column-ignored", "detail": "omitida"}]})) as node:
        done = office(node.url, "es_PA.UTF-8", *PUSH, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["creado (created)  2022-10  b1", "sin cambios (unchanged)  2022-11  b2"]
    assert done.stderr.splitlines() == [
        "fila 3, columna x: omitida [column-ignored]",
        "Boletines: 2 (creado: 1, sin cambios: 1); prueba: no se guardó nada",
    ]
    assert node.asked[0].headers["accept-language"] == "es"


def test_what_programs_read_is_the_same_in_every_language(office):
    refused = problem(422, "invalid-file", {"row": 3, "column": "x", "code": "code-unknown", "detail": "as the node said"})
    with Node(refused) as node:
        outputs = {office(node.url, lang, *PUSH, "--json").stdout for lang in ("es_PA", "pt_BR", "C")}
    (output,) = outputs
    assert json.loads(output)["findings"][0]["code"] == "code-unknown"


def test_a_node_that_is_not_there_is_told_in_portuguese(office):
    done = office("http://127.0.0.1:1", "pt_BR.UTF-8", "flows", "--json")
    (finding,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, finding["code"]) == (3, "unreachable")
    assert finding["detail"].startswith("o nó não respondeu: ")
    assert done.stderr.strip() == finding["detail"]


def test_help_and_faults_of_usage_are_in_the_users_language(office):
    shown = office("http://127.0.0.1:1", "es_CL.UTF-8", "push", "--help").stdout
    assert TEXTS["help-push"]["es"] in shown
    assert "SUYO=NUESTRO" in shown
    assert TEXTS["option-key"]["es"] in shown
    commands = office("http://127.0.0.1:1", "pt_BR.UTF-8", "--help").stdout
    assert [name for name in COMMANDS if TEXTS[f"summary-{name}"]["pt"] not in commands] == []
    wrong = office("http://127.0.0.1:1", "pt_BR.UTF-8", *PUSH, "--column", "semana")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "escreva SEU=NOSSO" in wrong.stderr


def test_the_nodes_commands_have_help_in_the_users_language(tmp_path):
    wanted = {"clients create": "help-clients-create", "keys init": "help-keys-init", "serve": "help-serve"}
    env = {**os.environ, "ISTMO_LANG": "es", "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"}
    for line, code in wanted.items():
        done = forked.run([*line.split(), "--help"], env, tmp_path)
        assert done.returncode == 0, done.stderr
        assert TEXTS[code]["es"] in " ".join(done.stdout.split())


def test_a_bad_address_or_key_is_told_in_the_users_language(speaks, monkeypatch):
    speaks(ISTMO_LANG="es", ISTMO_URL="node.example", ISTMO_KEY="k")
    done = CliRunner().invoke(shell(["flows"]), ["flows"], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert TEXTS["unusable-address"]["es"] in done.stderr
    with pytest.raises(Unusable, match="plain ASCII") as caught, Istmo("http://127.0.0.1:1", "clé"):
        pass
    assert caught.value.code == "unusable-key"


def test_figures_and_bulletins_have_headings_in_the_users_language(speaks, capsys):
    speaks(ISTMO_LANG="es")
    print_flows(
        [{"period": "2022-10", "nationality": "SOM", "value": 31}, {"period": "2022-10", "nationality": "NPL", "value_status": "withheld"}]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["periodo", "nacionalidad", "valor"]
    assert lines[2].endswith("reservado por secreto estadístico (withheld)")
    print_bulletins([{"id": "b1", "version": 1, "period": "2022-10", "status": "withdrawn"}])
    heads, line = capsys.readouterr().out.splitlines()
    assert heads.split()[:3] == ["identificador", "versión", "periodo"]
    assert line.endswith("retirado (withdrawn)")


def test_a_refusal_on_the_node_is_told_in_the_users_language(speaks, capsys, tmp_path):
    speaks(ISTMO_LANG="pt")
    with pytest.raises(Exception, match="1"), words():
        raise Problem("invalid-document", Finding("text-empty", pointer="/name"))
    assert capsys.readouterr().err.splitlines() == [
        "Os erros indicam cada lugar e a regra que ele não cumpre; nada mudou.",
        "  lugar /name: Omita o campo em vez de enviá-lo vazio. [text-empty]",
    ]
    speaks(ISTMO_LANG="es")
    with pytest.raises(Exception, match="1"), words():
        Secrets(tmp_path).hmac_key("cursor")
    assert capsys.readouterr().err == f"falta {tmp_path}/cursor.key: repóngalo desde donde se guardan los secretos\n"
    assert str(SecretMissing("token-key-none")) == told("token-key-none", {}, "en")


def test_a_fault_of_the_log_has_one_code_and_a_sentence_in_each_language():
    fault = Fault(3, "log-version", {"expected": 2})
    assert fault.what == "the version does not follow: 2 is expected"
    assert told(fault.code, fault.figures, "es") == "la versión no es la que sigue: se espera la 2"
    assert told(fault.code, fault.figures, "pt") == "a versão não é a seguinte: espera-se a 2"


def test_the_demo_welcomes_in_the_users_language_and_its_requests_stay_the_same(speaks, capsys):
    made = [(NewClient(role, "RCM"), Credential("c", "s", f"istmo_c_{role.value}")) for role in Role]
    said = {}
    for spoken in ("es", "pt", "en"):
        speaks(ISTMO_LANG=spoken)
        print_welcome(made, "http://127.0.0.1:8080")
        said[spoken] = capsys.readouterr().out.splitlines()
    assert said["es"][1] == "Istmo atiende en http://127.0.0.1:8080 (Ctrl-C lo detiene)"
    requests = [{line for line in lines if line.startswith("curl")} for lines in said.values()]
    assert len(requests[0]) == 3
    assert requests[0] == requests[1] == requests[2]


def test_credentials_are_printed_alike_in_every_language(speaks, capsys):
    shown = set()
    for spoken in ("es", "pt", "en"):
        speaks(ISTMO_LANG=spoken)
        print_credential(Credential("c", "s", "istmo_c_s"), as_json=False)
        shown.add(capsys.readouterr().out)
    assert shown == {"client_id  c\nsecret     s\napi_key    istmo_c_s\n"}
