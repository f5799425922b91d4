"""The node's own pages: in the reader's language, from this node alone, under a policy that lets nothing else in."""

import hashlib
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from serving import Served, serving, settings_for

from app.core.catalogue import LANGUAGES, sentences
from app.web.docs import FILES

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "app" / "web" / "static" / "swagger-ui"
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
TEXTS = sentences("app.web", "pages.toml")


class Page(HTMLParser):
    """What a page names: addresses of files and links, and whatever runs or styles inside it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.files, self.links, self.inline, self.lang = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.lang = given.get("lang") if tag == "html" else self.lang
        self.files += [given[name] for name in ("src",) if name in given] + ([given["href"]] if tag == "link" else [])
        self.links += [given["href"]] if tag == "a" else []
        self.inline += [tag] if tag in {"style", "base", "form", "iframe"} or (tag == "script" and "src" not in given) else []
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


@pytest.fixture(scope="module")
def node(stores, tmp_path_factory: pytest.TempPathFactory):
    with serving(settings_for(stores.ready("sqlite"), tmp_path_factory.mktemp("pages"), node="paso<&>")) as served:
        yield served


def get(node: Served, path: str, **headers: str):
    return node.as_(None).get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_lets_nothing_in_from_outside(node: Served, path: str):
    answer = get(node, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Page(answer.text).inline == []
    assert "://" not in answer.text


@pytest.mark.parametrize("path", ["/", "/docs"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_a_page_names_is_served_by_this_node(node: Served, path: str, language: str):
    page = Page(get(node, path, accept_language=language).text)
    assert page.files
    for name in [*page.files, *page.links]:
        assert not re.match(r"[a-z]+:|/", name), name
        assert get(node, f"/{name}".replace("/./", "/")).status_code == 200, name


@pytest.mark.parametrize("path", ["/", "/docs"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_speaks_the_readers_language(node: Served, path: str, language: str):
    answer = get(node, path, accept_language=f"{language}-XX, fr;q=0.1")
    assert answer.headers["content-language"] == language == Page(answer.text).lang
    assert "accept-language" in answer.headers["vary"].lower()
    title = TEXTS["title" if path == "/" else "docs-title"][language].format(node="paso&lt;&amp;&gt;")
    assert f"<h1>{title}</h1>" in answer.text
    assert TEXTS["lead" if path == "/" else "docs-lead"][language] in answer.text


def test_the_front_page_names_the_conferences_of_the_node(node: Served):
    text = get(node, "/", accept_language="es").text
    assert "Conferencia Regional sobre Migración (<code>RCM</code>)" in text
    assert "Conferencia Suramericana sobre Migraciones (<code>SACM</code>)" in text


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", *(f"/docs/{name}" for name in FILES), "/docs/guide/partner.es.md"])
def test_an_unchanged_page_or_file_is_304(node: Served, path: str):
    first = get(node, path)
    assert first.headers["cache-control"] in {"no-cache", "public, max-age=60", "public, max-age=3600"}
    again = get(node, path, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert get(node, path, if_none_match='"another"').content == first.content


def test_the_description_is_served_to_everyone(node: Served):
    described = get(node, "/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert described["paths"]["/docs"]["get"]["x-access"] == ["public"]


@pytest.mark.parametrize(
    "name", ["nothing.js", "guide", "swagger-ui", "..%2Fpage.html", "guide/nothing.md", "guide/..%2Foperations.md", "problems/make.py"]
)
def test_what_is_not_shipped_is_not_found(node: Served, name: str):
    answer = get(node, f"/docs/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_the_vendored_files_are_those_of_the_package():
    sums = dict(reversed(line.split()) for line in (STATIC / "README.md").read_text("utf-8").splitlines() if line.startswith("    "))
    assert len(sums) == 5
    assert {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in sums} == sums
    assert "sourceMappingURL" not in "".join((STATIC / name).read_text("utf-8") for name in ("swagger-ui.css", "swagger-ui-bundle.js"))


def test_the_wheel_holds_every_file_of_the_pages(tmp_path: Path):
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"app/web/{place}" for place, _ in FILES.values()} | {"app/web/docs.html", "app/web/page.html", "app/web/pages.toml"}
    wanted |= {
        f"app/_docs/{page.relative_to(ROOT / 'docs')}" for shelf in ("guide", "problems") for page in (ROOT / "docs" / shelf).iterdir()
    }
    assert len(wanted) > 100
    assert wanted - held == set()


def test_no_file_of_the_pages_asks_for_another_address():
    styles = [(STATIC / "swagger-ui.css").read_text("utf-8"), (STATIC.parent / "istmo.css").read_text("utf-8")]
    assert [
        place
        for style in styles
        for place in re.findall(r"""(?:url\(|@import)\s*['"]?([^)'"]{1,40})""", style)
        if not place.startswith("data:")
    ] == []
    start = (STATIC.parent / "start.js").read_text("utf-8")
    assert "://" not in start
    assert "validatorUrl: null" in start


@pytest.mark.parametrize("code", TEXTS)
def test_a_text_of_the_pages_has_its_three_languages(code: str):
    assert sorted(TEXTS[code]) == sorted(LANGUAGES)
    assert len(set(TEXTS[code].values())) == 3
