"""The documents are whole: what exists is documented, what is made from the code is made anew, links lead somewhere."""

import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from shown import ROOT

from app.cli import SUMMARIES
from app.core.problems import catalogue
from app.settings import Settings

DOCS = ROOT / "docs"
README = ROOT / "README.md"
CODES = sorted((DOCS / "problems").glob("*.md"))
PAGES = [README, *sorted(page for page in DOCS.rglob("*.md") if page not in CODES), DOCS / "problems" / "README.md"]
GUIDES = sorted((DOCS / "guide").glob("*.md"))
LANGUAGES = {"partner": {"", "es", "pt"}} | {
    each: {"", "es"} for each in ("alerts", "analyst", "anonymity", "client", "operator", "secretariat")
}


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch):
    """The programs in docs/ that make pages from the code."""
    monkeypatch.syspath_prepend(DOCS)

    def imported(name: str) -> ModuleType:
        return importlib.import_module(name)

    return imported


def test_the_readme_is_short_and_names_both_commands():
    text = README.read_text("utf-8")
    assert len(text.splitlines()) < 120
    assert "make run" in text
    assert "make test" in text


def test_every_setting_stands_in_the_table_with_its_default_and_meaning():
    rows = [
        line for line in (DOCS / "operations.md").read_text("utf-8").splitlines() if line.startswith("| `ISTMO_") and line.count("|") == 4
    ]
    settings = [
        f"| `ISTMO_{name.upper()}` | {f'`{field.default}`' if str(field.default) else '(empty)'} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    assert [row for row in settings if row not in rows] == []
    assert [row for row in rows if row not in settings] == []


def test_every_code_has_its_page_and_every_page_its_code(maker):
    made = maker("make_problems").pages()
    assert set(made) == {f"{code}.md" for code in catalogue()} | {"README.md"}
    assert sorted(path.name for path in CODES) == sorted(made)
    stale = [name for name, text in made.items() if (DOCS / "problems" / name).read_text("utf-8") != text]
    assert stale == [], "run make docs"


def test_a_remark_is_never_told_as_a_refusal(maker):
    remarks, making = maker("make_problems").REMARKS, maker("making")
    assert set(remarks) <= set(catalogue())
    assert set(remarks.values()) <= {each.name for each in making.operations()}
    assert set(remarks).isdisjoint(making.refusals())
    for code, operation in remarks.items():
        page = (DOCS / "problems" / f"{code}.md").read_text("utf-8")
        assert "nothing was refused" in page
        assert page.count("(`") == page.count(f"(`{operation}`)") == 1


@pytest.mark.parametrize("code", catalogue())
def test_the_page_of_a_code_says_in_three_languages_what_to_do(code: str):
    page, entry = (DOCS / "problems" / f"{code}.md").read_text("utf-8"), catalogue()[code]
    for language in ("en", "es", "pt"):
        assert entry["title"][language] in page
        assert entry["detail"][language] in page
        assert "advice" not in entry or entry["advice"][language] in page
    assert "advice" not in entry or len(set(entry["advice"].values())) == 3


def test_every_route_is_listed_with_who_may_call_it(maker):
    listed = (DOCS / "routes.md").read_text("utf-8")
    operations = maker("making").operations()
    assert len(operations) > 40
    assert [each.name for each in operations if f"| `{each.name}` | `{each.method} {each.path}` |" not in listed] == []
    assert listed == maker("make_routes").page(), "run make docs"


def test_the_check_of_certificates_is_printed_as_it_is(maker):
    printed = (DOCS / "checker.md").read_text("utf-8")
    assert printed == maker("make_checker").page(), "run make docs"
    assert printed.count("```python\n") == 3


def test_a_code_comes_from_the_operations_that_know_it(maker):
    possible = maker("making").possible
    assert {each.name for each in possible("mixed-sum")} == {
        *("list_flows", "list_alert_flows", "get_flow_package", "list_flow_facets", "list_flow_coverage"),
        *("list_flow_revisions", "list_flow_lags"),
    }
    assert {each.name for each in possible("column-unknown")} == {"push_file"}
    assert "push_file" not in {each.name for each in possible("invalid-scope")} != set()


def test_every_command_and_metric_is_documented():
    everything = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [name for name in SUMMARIES if f"istmo {name}" not in everything] == []
    sources = "\n".join((ROOT / "app" / place).read_text("utf-8") for place in ("core/metrics.py", "web/running.py"))
    metrics = set(re.findall(r'"(istmo_[a-z_]+)"', sources)) - {"istmo_build"}
    assert len(metrics) > 8
    assert [name for name in sorted(metrics) if name not in (DOCS / "operations.md").read_text("utf-8")] == []


@pytest.mark.parametrize("page", [*PAGES, *CODES], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading(page: Path):
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text("utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, anchor


def test_each_reader_has_a_guide_in_each_of_its_languages():
    wanted = {f"{guide}{'.' * bool(language)}{language}.md" for guide, languages in LANGUAGES.items() for language in languages}
    assert {guide.name for guide in GUIDES} == wanted


def test_every_decision_is_listed_and_has_its_four_parts():
    decisions = sorted((DOCS / "adr").glob("0*.md"))
    listed = (DOCS / "adr" / "README.md").read_text("utf-8")
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        parts = re.findall(r"^## (\w+)$", path.read_text("utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences", "Alternatives"], path.name
        assert f"]({path.name})" in listed


def test_no_page_names_a_place_that_its_reader_does_not_have():
    for page in PAGES:
        assert re.search(r"(?<![\w.])/(?:home|tmp|root)/", page.read_text("utf-8")) is None, page


def test_what_is_shipped_for_running_names_only_settings_that_exist():
    known = {f"ISTMO_{name.upper()}" for name in Settings.model_fields}
    files = [*ROOT.glob("compose*.yaml"), ROOT / "Dockerfile", *(ROOT / "deploy").iterdir(), *PAGES]
    for file in files:
        named = {name.rstrip("_") for name in re.findall(r"ISTMO_[A-Z_]+", file.read_text("utf-8"))}
        assert named - known == set(), file


def compose(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize("name", ["compose.yaml", "compose.two-nodes.yaml"])
def test_every_service_of_a_compose_file_is_closed_up_and_names_what_is_there(name: str):
    file = compose(name)
    for service, said in file["services"].items():
        assert said["read_only"] is True, service
        assert said["cap_drop"] == ["ALL"], service
        assert said["security_opt"] == ["no-new-privileges:true"], service
        assert "cap_add" not in said or said["image"].startswith("docker.io/library/postgres"), service
        assert set(said["networks"]) <= set(file["networks"]), service
        assert set(said.get("depends_on", ())) <= set(file["services"]), service
        assert all(port.startswith("127.0.0.1:") for port in said.get("ports", ())), service
        for volume in said.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in file["volumes"] or (ROOT / source).is_file(), volume
    for service in (service for service in file["services"] if service.endswith("migrate")):
        assert file["services"][service]["command"] == ["istmo", "migrate"]
        served = file["services"][service.replace("migrate", "node")]
        assert served["depends_on"][service] == {"condition": "service_completed_successfully"}


def test_the_compose_file_of_one_node_serves_on_loopback():
    services = compose("compose.yaml")["services"]
    assert set(services) == {"db", "migrate", "node"}
    assert services["node"]["ports"] == ["127.0.0.1:8080:8080"]


def test_of_two_nodes_each_has_its_own_store_and_only_what_makes_them_meet_reaches_both():
    services = compose("compose.two-nodes.yaml")["services"]
    assert set(services) == {"meet", *(f"{side}-{part}" for side in ("rcm", "sacm") for part in ("db", "migrate", "node"))}
    for side, other in (("rcm", "sacm"), ("sacm", "rcm")):
        assert services[f"{side}-db"]["networks"] == [side]
        assert other not in services[f"{side}-node"]["networks"]
        assert services[f"{side}-node"]["environment"]["ISTMO_CONFERENCES"] == side.upper()
        assert f"@{side}-db/" in services[f"{side}-node"]["environment"]["ISTMO_DATABASE_URL"]
    meet = services["meet"]
    assert [each["condition"] for each in meet["depends_on"].values()] == ["service_healthy"] * 2
    asked = set(re.findall(r"\$\{conference\}_([A-Z]+)|\$2_([A-Z]+)", (ROOT / "deploy" / "meet.sh").read_text("utf-8")))
    names = {f"{side}_{first or second}" for side in ("RCM", "SACM") for first, second in asked}
    assert names == set(meet["environment"]) - {"ISTMO_PRIVATE_PEERS"}


def test_what_builds_the_wheel_in_the_image_is_pinned_as_in_the_lock():
    pinned = (ROOT / "deploy" / "build.lock").read_text("utf-8")
    assert re.findall(r"^([a-z-]+)==", pinned, re.MULTILINE)[0] == "hatchling"
    lock = (ROOT / "requirements-dev.lock").read_text("utf-8")
    for block in re.findall(r"^[a-z-]+==.*?[^\\]$", pinned, re.MULTILINE | re.DOTALL):
        assert block in lock
