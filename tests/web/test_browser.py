"""The pages in a real browser: `make test-long SUITE=browser`; it needs Chromium and says so where it is lacking."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chrome import Tab, browser
from serving import Served, serving, settings_for

pytestmark = pytest.mark.long

OPERATIONS = "document.querySelectorAll('#operations .opblock').length"


@pytest.fixture
def node(stores, tmp_path: Path):
    with serving(settings_for(stores.ready("sqlite"), tmp_path)) as served:
        yield served


@pytest.fixture
def tab(tmp_path: Path):
    with browser(tmp_path) as opened:
        for domain in ("Page", "Network", "Log", "Audits", "Runtime"):
            opened.command(f"{domain}.enable")
        yield opened


def press(tab: Tab, selector: str) -> None:
    tab.until(f"!!document.querySelector({selector!r})")
    tab.value(f"document.querySelector({selector!r}).click()")


def complaints(tab: Tab) -> list[dict]:
    """What the browser held against the page: policy violations, script errors, failed loads."""
    issues = [event["issue"] for event in tab.of("Audits.issueAdded") if event["issue"]["code"] == "ContentSecurityPolicyIssue"]
    entries = [event["entry"] for event in tab.of("Log.entryAdded") if event["entry"]["level"] == "error"]
    said = [event for event in tab.of("Runtime.consoleAPICalled") if event["type"] == "error"]
    return [*issues, *entries, *said, *tab.of("Runtime.exceptionThrown"), *tab.of("Network.loadingFailed")]


def asked(tab: Tab) -> set[str]:
    """Where the page asked for anything, inline pictures apart."""
    urls = [urlsplit(event["request"]["url"]) for event in tab.of("Network.requestWillBeSent")]
    return {f"{url.scheme}://{url.netloc}" for url in urls if url.scheme != "data"}


def test_the_browser_of_operations_shows_all_of_them_and_asks_this_node_only(node: Served, tab: Tab):
    described = node.as_(None).get("/openapi.json").json()
    operations = sum(len(path) for path in described["paths"].values())
    tab.command("Page.navigate", url=f"{node.url}/docs")
    tab.until(f"{OPERATIONS} === {operations}")
    assert complaints(tab) == []
    assert asked(tab) == {node.url}


def test_an_operation_is_tried_with_a_key_and_the_key_is_not_kept(node: Served, tab: Tab):
    tab.command("Page.navigate", url=f"{node.url}/docs")
    press(tab, "#operations .btn.authorize")
    tab.until("!!document.querySelector('.auth-container input')")
    key = node.keys["analyst"]
    tab.value(
        "(() => { const field = document.querySelector('.auth-container input[aria-label=\"auth-bearer-value\"]');"
        "Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, '" + key + "');"
        "field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    press(tab, ".auth-container .btn.authorize")
    press(tab, ".auth-container .btn-done")
    press(tab, "[id$=list_bulletins] .opblock-summary-control")
    press(tab, "[id$=list_bulletins] .try-out__btn")
    press(tab, "[id$=list_bulletins] .execute")
    assert "200" in str(
        tab.until("(document.querySelector('[id$=list_bulletins] .live-responses-table tbody .response-col_status') || {}).innerText")
    )
    sent = [event["request"] for event in tab.of("Network.requestWillBeSent") if "/v1/bulletins" in event["request"]["url"]]
    assert [request["headers"].get("Authorization") for request in sent] == [f"Bearer {key}"]
    assert complaints(tab) == []
    assert asked(tab) == {node.url}
    assert key not in str(tab.value("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"))


def test_the_front_page_leads_to_the_docs(node: Served, tab: Tab):
    tab.command("Page.navigate", url=f"{node.url}/")
    press(tab, "a[href=docs]")
    tab.until(f"location.pathname === '/docs' && {OPERATIONS} > 10")
    assert complaints(tab) == []
    assert asked(tab) == {node.url}


def test_a_planted_script_from_elsewhere_is_held_against_the_page(node: Served, tab: Tab):
    tab.command("Page.navigate", url=f"{node.url}/docs")
    tab.until(f"{OPERATIONS} > 10")
    tab.value(
        "(() => { const planted = document.createElement('script'); planted.src = 'https://cdn.example/x.js'; document.head.append(planted); })()"
    )
    tab.until("new Promise(done => setTimeout(() => done(true), 200))")
    assert complaints(tab) != []
