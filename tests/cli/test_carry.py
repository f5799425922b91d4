"""`istmo export`, `import` and `verify DIR`: what they print, in whose language, and with what they leave."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bodies import publish
from serving import Nodes, Served

from app.cli import shell

sys.path.insert(0, str(Path(__file__).parents[1] / "sync"))
from twins import Twins, twins

At = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pair(nodes: Nodes, tmp_path: Path) -> Iterator[Twins]:
    with twins(nodes, "sqlite", tmp_path) as made:
        made.meet()
        publish(made.rcm.as_("rcm"))
        yield made


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> At:
    """Run a command at a node's own desk, or where there is no node; exit code, stdout, stderr."""

    def run(served: Served | None, *words: str, lang: str = "en") -> tuple[int, str, str]:
        settings = served.node.settings if served else None
        for name, value in {
            "DATABASE_URL": settings.database_url if settings else "sqlite:////nowhere/at/all.db",
            "SECRETS_DIR": str(settings.secrets_dir) if settings else "/nowhere",
            "CONFERENCES": settings.conferences if settings else "",
            "LANG": lang,
        }.items():
            monkeypatch.setenv(f"ISTMO_{name}", value)
        with pytest.raises(SystemExit) as left:
            shell(list(words))(list(words), prog_name="istmo")
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return run


def test_an_officer_carries_a_folder_there_and_the_receipt_back(pair: Twins, at: At, tmp_path: Path):
    folder, back = str(tmp_path / "para-sacm"), str(tmp_path / "back")
    code, _, said = at(pair.rcm, "export", folder, lang="es")
    assert (code, f"{folder}: 1 cambios para sacm, hasta la entrada 1 del registro" in said) == (0, True)
    code, out, _ = at(pair.sacm, "import", folder, "--json")
    assert (code, json.loads(out)) == (0, {"peer": "rcm", "applied": 1, "known": 0, "size": 1, "witnessed": 0, "quarantined": []})
    assert "1 versions taken" not in at(pair.sacm, "import", folder)[2]
    code, out, _ = at(pair.sacm, "export", back, "--for", "rcm", "--json")
    assert (code, json.loads(out)) == (0, {"peer": "rcm", "conference": "RCM", "changes": 0, "size": 1})
    assert "1 recibos guardados" in at(pair.rcm, "import", back, lang="pt")[2]
    code, _, said = at(pair.rcm, "export", folder)
    assert (code, "exists and is not empty" in said) == (1, True)
    code, _, said = at(pair.rcm, "export", str(tmp_path / "x"), "--for", "nobody")
    assert (code, "no peer is called nobody" in said) == (1, True)


def test_a_folder_is_verified_where_no_node_is_and_each_fault_is_told_by_file_and_place(pair: Twins, at: At, tmp_path: Path):
    there, back = tmp_path / "there", tmp_path / "back"
    at(pair.rcm, "export", str(there))
    at(pair.sacm, "import", str(there))
    at(pair.sacm, "export", str(back))
    code, out, said = at(None, "verify", str(there))
    fingerprint = out.strip()
    assert (code, len(fingerprint), "by telephone" in said) == (0, 64, True)
    spaced = " ".join(fingerprint[at : at + 8] for at in range(0, 64, 8)).upper()
    assert at(None, "verify", str(there), "--fingerprint", spaced)[0] == 0
    code, out, _ = at(None, "verify", str(there), "--fingerprint", "0" * 64, "--json")
    told = json.loads(out)
    assert (code, told["node"], [each["code"] for each in told["faults"]]) == (1, "RCM", ["peer-fingerprint"])
    assert json.loads(at(None, "verify", str(back), "--json")[1])["unchecked"] == 0
    at(pair.rcm, "import", str(back))
    again = tmp_path / "again"
    at(pair.rcm, "export", str(again))
    assert "1 counter-signatures are of nodes whose keys are not at hand" in at(None, "verify", str(again))[2]
    keys = ("--keys", str(back / "node.json"))
    code, _, said = at(None, "verify", str(again), *keys)
    assert (code, "not at hand" in said) == (0, False)
    page = again / "changes-00001.json"
    page.write_bytes(page.read_bytes().replace(b"SOM", b"NPL", 1))
    code, out, _ = at(None, "verify", str(again), *keys, lang="pt")
    assert code == 1
    assert "changes-00001.json: o arquivo não é o da lista assinada: foi modificado ou cortado" in out
    assert "changes-00001.json, /items/0: o que foi assinado não é o que chegou: seu resumo é outro" in out
    code, out, said = at(pair.sacm, "import", str(again))
    assert (code, "nothing of the folder was taken" in said, out.startswith("changes-00001.json: ")) == (1, True, True)
    assert [
        at(None, "verify", *words)[0] for words in ((str(tmp_path / "no"),), keys, (str(there), "--keys", str(there / "log.ndjson")))
    ] == [2] * 3
