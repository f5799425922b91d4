"""The script with which two nodes of a compose file come to know each other, run by a shell over two real nodes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bodies import publish
from twins import Twins, held

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_nodes_meet_once_and_read_each_other(strangers: Twins, tmp_path: Path):
    publish(strangers.rcm.as_("rcm"))
    publish(strangers.sacm.as_("sacm"), reporting_state="BRA")
    sides = {"RCM": strangers.rcm, "SACM": strangers.sacm}
    places = {f"{name}_STORE": served.node.settings.database_url for name, served in sides.items()}
    places |= {f"{name}_SECRETS": str(served.node.settings.secrets_dir) for name, served in sides.items()}
    places |= {f"{name}_ADDRESS": served.url for name, served in sides.items()}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for _ in range(2):
        done = subprocess.run(
            ["sh", str(ROOT / "deploy" / "meet.sh")],
            env={**os.environ, **places, "PATH": path, "ISTMO_PRIVATE_PEERS": "true", "ISTMO_LANG": "en"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = [line.strip() for line in done.stdout.splitlines()]
        assert next(line for line in lines if line.startswith(("rcm:", "sacm:"))).startswith("sacm: node SACM (SACM), last contact 20")
    for origin in ("RCM", "SACM"):
        assert held(strangers.rcm, origin) == held(strangers.sacm, origin)
        assert len(held(strangers.rcm, origin)) == 1
