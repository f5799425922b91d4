"""The client without the server: what an office installs is enough, and little of it is read in."""

import subprocess
import sys
from importlib.metadata import packages_distributions

from office import of_the_office
from serving import Served

import istmo.client
from app import client

HEAVY = {"rich", "click", "typer", "pygments", "pydantic", "joserfc", "pandas", "polars", "app.wire", "app.settings"}
PROGRAM = """
import sys
from istmo.client import Istmo, Unusable
print("loaded", *sys.modules)

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError("not installed here", name=name)

sys.meta_path.insert(0, Absent())
with Istmo({url!r}, {key!r}) as node:
    print("pushed", *(each["outcome"] for each in node.push("jan.csv", state="PAN", measure="rescue", unit="person").bulletins))
    print("rows", *sorted(row["value"] for row in node.flows(nationality="VEN,HTI")))
    try:
        node.flows().to_pandas()
    except Unusable as error:
        print("lacks", error)
"""


def test_a_script_pushes_and_reads_where_nothing_of_the_server_is_installed(served: Served, tmp_path):
    (tmp_path / "jan.csv").write_text("period,nationality,value\n2024-01,VEN,41\n2024-01,HTI,12\n", "utf-8")
    office = of_the_office()
    absent = {
        name
        for name, by in packages_distributions().items()
        if name[0] != "_" and not {each.lower().replace("_", "-") for each in by} & office
    }
    assert {"fastapi", "sqlalchemy", "cryptography", "orjson", "pandas", "polars"} <= absent
    program = PROGRAM.format(absent=absent, url=served.url, key=served.keys["pan"])
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    loaded, *said = done.stdout.splitlines()
    assert said == ["pushed created", "rows 12 41", "lacks pandas is not installed: pip install 'istmo[pandas]'"]
    assert set(loaded.split()) & (HEAVY | absent) == set()


def test_the_client_has_the_same_names_under_both_addresses():
    assert istmo.client.__all__ == client.__all__
    assert all(getattr(istmo.client, name) is getattr(client, name) for name in client.__all__)
