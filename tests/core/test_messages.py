"""The catalogues of texts: no code without its three texts, no text without its code, no figure that nobody fills."""

import ast
import functools
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.client.errors import REASONS
from app.core.catalogue import LANGUAGES, filled, sentences
from app.core.problems import Problem, catalogue, sentence_of
from app.web.docs import GUIDES

APP = Path(__file__).parents[2] / "app"
SOURCES = {path: path.read_text("utf-8") for path in sorted(APP.rglob("*.py"))}
CATALOGUES = {
    "problems": "app.core",
    "faults": "app.core",
    "commands": "app.cli",
    "pages": "app.web",
    "report": "app.bulletins",
    "related": "app.alerts",
    "around": "app.finding",
    "citation": "app.bulletins",
    "export": "app.bulletins.flows",
    "warnings": "app.bulletins.flows",
    "sync": "app.sync",
}
BOOKS = {name: sentences(package, f"{name}.toml") for name, package in CATALOGUES.items()}
TEXTS = [
    (f"{book}:{code}:{part}" if part else f"{book}:{code}", entry[part] if part else entry)
    for book, entries in BOOKS.items()
    for code, entry in entries.items()
    for part in ([part for part in ("title", "detail", "advice") if part in entry] if book == "problems" else [""])
]
TEXTS += [(f"problems:{code}:{kind}", texts) for code, entry in BOOKS["problems"].items() for kind, texts in entry.get("kinds", {}).items()]
# Which calls name a code of which catalogue, by the place of the code among their arguments.
SAYS = {"tell": ("commands", 0), "words_of": ("commands", 0), "Unreachable": ("commands", 0), "Unusable": ("commands", 0)}
SAYS |= {"SecretMissing": ("faults", 0), "Fault": ("faults", 1), "told": ("faults", 0), "words": ("pages", 0), "_reason": ("report", 0)}
SAYS |= dict.fromkeys(("SyncFault", "EgressRefused", "Doubtful", "_doubt"), ("sync", 0))
SAYS |= {"Flaw": ("sync", 2), "place": ("problems", 1), "Unread": ("problems", 0), "_value_fault": ("problems", 3)}
SAYS |= dict.fromkeys(("Problem", "Finding", "_fault", "_Refused", "PydanticCustomError"), ("problems", 0))
# Codes that a sentence of code makes from a name of ours: f"summary-{name}".
MADE = {"commands": {f"{kind}-{name}" for kind in ("summary", "help") for name in COMMANDS}, "pages": {f"guide-{name}" for name in GUIDES}}
OF_A_CODE = re.compile(r"^(?:word|column)-(\w+)$")

CODE = '"([a-z]+(?:-[a-z0-9]+)*)"'
# A code in backticks is the example of a docstring; `return "a-code"` is how the rules of a cell name theirs.
RAISED = re.compile(
    rf"(?<!`)add\(\s*{CODE}"
    rf"|code = {CODE}|code, params = {CODE}|alike else {CODE}"
    r'|return "([a-z]+(?:-[a-z0-9]+)+)"'
)
TABLES = re.compile(r"^_(?:HTTP_)?CODES = \{(.*?)\}", re.DOTALL | re.MULTILINE)
GIVEN_TO_ANY_CODE_OF_A_QUERY = {"parameter-empty"}

PORTUGUESE = re.compile(r"[ãõçâêôà]|\b(?:não|um|uma|você|são|ao|pelo|pela|em|ou|com)\b", re.IGNORECASE)
SPANISH = re.compile(r"[ñ¿¡]|(?<!-)\b(?:el|los|las|del|usted|su|sus|con|una|y|hay)\b", re.IGNORECASE)
TO_A_FRIEND = re.compile(
    r"\b(?:tú|tu|tus|ti|contigo|vos|vosotros|puedes|debes|tienes|quieres|necesitas|haz|pon|tuyo|tuya)\b", re.IGNORECASE
)
TU = re.compile(r"\b(?:tu|teu|tua|teus|tuas|contigo|podes|deves|tens|queres|o senhor|a senhora)\b", re.IGNORECASE)
AS_CODE = re.compile(r"`[^`]*`|\{\w+\}|--[\w-]+")


@functools.cache
def trees() -> dict[Path, ast.Module]:
    """The source, read by the one process that asks for it: each of those that only collect would take a second for it."""
    return {path: ast.parse(source) for path, source in SOURCES.items()}


def params(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def shown(texts: dict[str, str], language: str) -> str:
    """A text without commands, options and figures: the words that are somebody's language."""
    return AS_CODE.sub("", texts[language])


def test_a_text_is_there_in_the_three_languages_with_the_same_figures():
    # One test, not one a text: a thousand of them take longer to be begun than to be done.
    for name, texts in TEXTS:
        assert sorted(texts) == sorted(LANGUAGES), name
        assert all(text.strip() == text and text for text in texts.values() if not text.startswith(";")), name
        assert len({frozenset(params(text)) for text in texts.values()}) == 1, name


def test_a_text_is_translated_and_keeps_to_its_language():
    for name, texts in TEXTS:
        assert texts["en"] not in {texts["es"], texts["pt"]}, name
        assert PORTUGUESE.search(shown(texts, "es")) is None, name
        assert SPANISH.search(shown(texts, "pt")) is None, name
        assert TO_A_FRIEND.search(shown(texts, "es")) is None, name
        assert TU.search(shown(texts, "pt")) is None, name


def test_every_catalogue_is_looked_at():
    # Words that a text is read by, and lists of names, are no sentences that are told to anybody.
    kept = {path.stem for path in APP.rglob("*.toml") if path.parent.name not in {"data", "examples", "profiles", "screening"}}
    assert kept == set(BOOKS)


@pytest.mark.parametrize("book", BOOKS)
def test_codes_stand_in_alphabetical_order_so_that_two_hands_never_write_one_twice(book: str):
    text = (APP.parent.joinpath(*CATALOGUES[book].split("."), f"{book}.toml")).read_text("utf-8")
    codes = re.findall(r"^\[([\w-]+)\]$", text, re.MULTILINE)
    assert codes == sorted(codes)


def test_a_problem_has_its_status_its_title_and_its_detail():
    for code, entry in catalogue().items():
        assert set(entry) - {"advice", "kinds"} == {"status", "title", "detail"}, code
        assert 400 <= entry["status"] < 600, code


@functools.cache
def said() -> list[tuple[str, str, set[str] | None, Path]]:
    return list(calls())


def calls() -> Iterator[tuple[str, str, set[str] | None, Path]]:
    """Every call that says a text by its code: catalogue, code, the figures that it names (None where it passes on others), file."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in SAYS:
                continue
            book, place = SAYS[node.func.id]
            given = node.args[place] if len(node.args) > place else None
            for code in [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]:
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    yield book, code.value, figures_of(node), path


def figures_of(call: ast.Call) -> set[str] | None:
    keys = [ast.Constant(keyword.arg) if keyword.arg else None for keyword in call.keywords]
    for table in call.args[2:]:
        keys += table.keys if isinstance(table, ast.Dict) else [None]
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)} if None not in keys else None


def test_every_code_that_the_source_says_is_in_its_catalogue():
    assert len({code for _, code, _, _ in said()}) > 200
    assert [(book, code, path.name) for book, code, _, path in said() if code not in BOOKS[book]] == []
    assert {book: made - set(BOOKS[book]) for book, made in MADE.items()} == {book: set() for book in MADE}


def test_every_code_that_is_named_without_a_call_is_in_the_catalogue_of_problems():
    named = {code for source in SOURCES.values() for groups in RAISED.findall(source) for code in groups if code}
    named |= {code for source in SOURCES.values() for table in TABLES.findall(source) for code in re.findall(rf": {CODE}", table)}
    assert {"format", "list-too-short", "method-not-allowed", "parameter-unknown"} <= named
    # What is brought by a peer names its codes in the catalogue of sync.
    assert named - set(catalogue()) - set(BOOKS["sync"]) == set()


def test_every_text_of_a_page_is_in_the_catalogue_of_pages():
    tables = [
        node.value
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if path.parent.name == "web" and isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        if [target.id for target in node.targets if isinstance(target, ast.Name)] == ["texts"]
    ]
    named = {value.value for table in tables for value in table.values if isinstance(value, ast.Constant)}
    assert len(named) > 10
    assert named - set(BOOKS["pages"]) == set()


@functools.cache
def quoted_in_the_source() -> set[str]:
    return {
        node.value for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("book", BOOKS)
def test_every_code_of_a_catalogue_stands_in_the_source(book: str):
    quoted = quoted_in_the_source()
    of_codes = {code for code in BOOKS[book] if (found := OF_A_CODE.match(code)) and found[1] in quoted} if book == "commands" else set()
    assert set(BOOKS[book]) - quoted - MADE.get(book, set()) - of_codes == set()


def test_every_call_gives_the_figures_of_its_sentence():
    lacking = [
        (path.name, code, sorted(missing))
        for book, code, figures, path in said()
        if book != "problems" and figures is not None and (missing := params(BOOKS[book][code]["en"]) - figures)
    ]
    assert lacking == []


def test_every_figure_of_a_problem_is_given_where_its_code_is_raised():
    for code, entry in catalogue().items():
        assert params("".join(entry["title"].values())) == set(), code
        naming = [source for source in SOURCES.values() if f'"{code}"' in source]
        if code in GIVEN_TO_ANY_CODE_OF_A_QUERY:
            naming.append((APP / "core" / "rendering.py").read_text("utf-8"))
        for name in params(entry["detail"]["en"]):
            assert any(re.search(rf'\b{name}=|"{name}"', source) for source in naming), (code, name)


def test_the_client_says_in_english_what_the_command_line_says():
    said = {code: entry["en"] for code, entry in BOOKS["commands"].items() if code.startswith(("unreachable-", "unusable-"))}
    assert dict(REASONS) == said


def test_a_missing_figure_never_makes_an_error_of_an_error():
    assert sentence_of("total-too-small", {}, "en").startswith("The whole table counts fewer than ;")
    assert sentence_of("field-unknown", {"known": ["a"], "suggestions": []}, "es") == "Ese campo no existe. Parecidos: –. Válidos: a."
    assert "a, b" in sentence_of("code-unknown", {"known": ["a", "b"]}, "pt")
    assert filled("{n} of {total}{rest}", {"n": 1, "total": "{x}"}) == "1 of {x}"
    assert Problem("busy").status == 503


def test_a_catalogue_is_read_once_and_is_plain_toml():
    assert sentences("app.core", "problems.toml") is sentences("app.core", "problems.toml")
    assert tomllib.loads((APP / "core" / "problems.toml").read_text("utf-8")) == catalogue()
