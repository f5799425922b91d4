import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path

import pytest
from loopback import Node, Says

from app.cli import GROUP, SUMMARIES, load

SERVER_ONLY = (
    "fastapi",
    "starlette",
    "sqlalchemy",
    "alembic",
    "uvicorn",
    "orjson",
    "rfc8785",
    "cryptography",
    "psycopg",
    "app.core.db",
    "app.core.http",
    "app.core.problems",
    "app.wire.canonical",
)
PROJECT = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text("utf-8"))


def istmo(*arguments, cwd):
    return subprocess.run([sys.executable, "-m", "app", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def loaded_by(*arguments, cwd):
    """Modules that a process holds after these arguments, and its output."""
    program = "import sys\nfrom app.cli import main\nsys.argv = ['istmo', *sys.argv[1:]]\ntry:\n main()\nfinally:\n print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    return done, set(done.stderr.split())


def test_every_entry_point_has_its_summary():
    assert set(SUMMARIES) == set(PROJECT["project"]["entry-points"][GROUP])
    assert set(SUMMARIES) == {entry.name for entry in entry_points(group=GROUP)}
    assert all(summary and "\n" not in summary and len(summary) < 60 for summary in SUMMARIES.values())


def test_help_lists_every_command_and_loads_none(tmp_path):
    done, modules = loaded_by("--help", cwd=tmp_path)
    assert done.returncode == 0
    for name, summary in SUMMARIES.items():
        assert name in done.stdout
        assert summary in done.stdout
    assert not modules & {"app.cli.office", "app.cli.node", "app.cli.demo", *SERVER_ONLY}


@pytest.mark.parametrize(
    "arguments", [("push", "--help"), ("flows", "--help"), ("bulletins", "list", "--help"), ("policy", "--help")], ids=lambda a: a[0]
)
def test_the_offices_commands_start_without_the_server(arguments, tmp_path):
    done, modules = loaded_by(*arguments, cwd=tmp_path)
    assert done.returncode == 0
    assert "app.cli.office" in modules
    assert not modules & set(SERVER_ONLY)


def test_a_push_itself_runs_without_the_server(tmp_path):
    tmp_path.joinpath("oct.csv").write_text("period,value\n2022-10,12\n", "utf-8")
    arguments = ("push", "oct.csv", "--state", "PAN", "--measure", "rescue", "--unit", "person", "--key", "k")
    with Node(Says({"bulletins": [], "findings": []})) as node:
        done, modules = loaded_by(*arguments, "--url", node.url, cwd=tmp_path)
    assert (done.returncode, len(node.asked)) == (0, 1)
    assert not modules & set(SERVER_ONLY)


def test_the_version_is_printed(tmp_path):
    done = istmo("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, version("istmo") + "\n")


def test_an_unknown_command_is_usage(tmp_path):
    done = istmo("pushh", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "push" in done.stderr


def test_no_command_shows_the_commands(tmp_path):
    done = istmo(cwd=tmp_path)
    assert done.returncode == 2
    assert "push" in done.stdout + done.stderr


def test_a_command_of_the_server_says_what_to_install(capsys):
    with pytest.raises(SystemExit) as left:
        load(EntryPoint("serve", "a_server_part_that_is_absent:serve [server]", GROUP))
    assert left.value.code == 2
    said = capsys.readouterr()
    assert "istmo[server]" in said.err
    assert said.out == ""


@pytest.mark.parametrize("value", ["a_client_part_that_is_absent:push", "app.no_such_room:serve [server]"])
def test_a_fault_of_our_own_is_not_called_a_missing_extra(value):
    with pytest.raises(ModuleNotFoundError):
        load(EntryPoint("broken", value, GROUP))


def test_the_extra_is_written_beside_each_command_of_the_server():
    for name, value in PROJECT["project"]["entry-points"][GROUP].items():
        assert value.startswith(
            (
                "app.cli.office:",
                "app.cli.flows:",
                "app.cli.push:",
                "app.cli.profiles:",
                "app.cli.alerts:",
                "app.cli.policy:",
                "app.cli.allow_list:",
                "app.cli.reviews:",
            )
        ) != value.endswith(" [server]"), name
