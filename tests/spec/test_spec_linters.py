"""What linters of other houses say of the description: no error, and every rule that is off says why."""

import json
import re
import shutil
from pathlib import Path

import pytest
from spectools import OPENAPI, REDOCLY, ROOT, SPECTRAL, npm, run

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

OFF = {"api2:2023-no-http-basic", "api2:2023-short-lived-access-tokens", "api8:2023-define-cors-origin", "api8:2023-no-server-http"} | {
    f"api9:2023-inventory-{what}" for what in ("access", "environment")
}


def test_spectral_finds_no_error_by_the_rules_of_openapi_and_owasp(tmp_path: Path):
    folder = npm(tmp_path, *SPECTRAL)
    shutil.copy(ROOT / ".spectral.yaml", folder)
    shutil.copy(OPENAPI, folder)
    words = ("npx", "--no-install", "spectral", "lint", "openapi.json", "--format", "json", "--quiet", "--fail-severity", "error")
    found = json.loads(run(*words, cwd=folder, codes=(0, 1)) or "[]")
    print(f"spectral: {len(found)} warnings and notes")
    assert [(one["code"], "/".join(one["path"]), one["message"]) for one in found if one["severity"] == 0] == []
    # The same linter does find what is wrong: a text without a bound.
    described = json.loads(OPENAPI.read_text("utf-8"))
    del described["components"]["schemas"]["Place"]["properties"]["detail"]["maxLength"]
    (folder / "openapi.json").write_text(json.dumps(described), "utf-8")
    planted = json.loads(run(*words, cwd=folder, codes=(1,)))
    assert [one["code"] for one in planted if one["severity"] == 0] == ["owasp:api4:2023-string-limit"]


def test_redocly_finds_no_error(tmp_path: Path):
    folder = npm(tmp_path, *REDOCLY)
    shutil.copy(ROOT / "redocly.yaml", folder)
    shutil.copy(OPENAPI, folder)
    words = ("npx", "--no-install", "redocly", "lint", "openapi.json", "--format", "json")
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    said = run(*words, cwd=folder, environment=quiet, codes=(0, 1))
    totals = json.loads(said[said.index("{") : said.rindex("}") + 1])["totals"]
    print(f"redocly: {totals}")
    assert totals["errors"] == 0


def test_every_rule_that_is_off_says_why():
    rules = (ROOT / ".spectral.yaml").read_text("utf-8").split("rules:\n")[1]
    blocks = re.findall(r"((?:  #.*\n)+)((?:  owasp:\S+: off\n)+)", rules)
    assert {rule for _, named in blocks for rule in re.findall(r"owasp:(\S+): off", named)} == OFF
    assert all(re.match(r"  # (Basic|Refresh|CORS|Servers): \w+", why) for why, _ in blocks)
    assert "".join(why + named for why, named in blocks) == rules
