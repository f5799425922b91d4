"""The catalogue of messages: no code without its three texts, no text without its code."""

import re
import string
from pathlib import Path

import pytest

from app.core.problems import LANGUAGES, Problem, catalogue, sentence_of

APP = Path(__file__).parents[2] / "app"
CODE = '"([a-z]+(?:-[a-z0-9]+)*)"'
# A code in backticks is the example of a docstring; `return "a-code"` is how the rules of a cell name theirs.
RAISED = re.compile(
    rf"(?<!`)(?:Problem|Finding|_fault|_Refused|PydanticCustomError|add)\(\s*{CODE}"
    rf"|code = {CODE}|code, params = {CODE}|alike else {CODE}"
    r'|return "([a-z]+(?:-[a-z0-9]+)+)"'
)
TABLES = re.compile(r"^_(?:HTTP_)?CODES = \{(.*?)\}", re.DOTALL | re.MULTILINE)
ONE_WORD_IN_TWO_LANGUAGES = {"busy", "idempotency-key-reused"}
QUOTED = re.compile(CODE)
GIVEN_TO_ANY_CODE_OF_A_QUERY = {"parameter-empty"}
SOURCES = [path.read_text("utf-8") for path in APP.rglob("*.py")]


def raised_in(source: str) -> set[str]:
    called = {code for groups in RAISED.findall(source) for code in groups if code}
    return called | {code for table in TABLES.findall(source) for code in re.findall(rf": {CODE}", table)}


def params(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", catalogue())
def test_a_code_has_its_status_and_three_texts(code: str):
    entry = catalogue()[code]
    assert 400 <= entry["status"] < 600
    for part in ("title", "detail"):
        assert sorted(entry[part]) == sorted(LANGUAGES)
        assert all(text.strip() for text in entry[part].values())
    assert len({frozenset(params(text)) for text in entry["detail"].values()}) == 1
    assert len(set(entry["detail"].values())) == 3
    assert len(set(entry["title"].values())) == (2 if code in ONE_WORD_IN_TWO_LANGUAGES else 3)
    assert entry["title"]["en"] not in {entry["title"]["es"], entry["title"]["pt"]}


def test_every_code_that_the_source_raises_is_in_the_catalogue():
    raised = {code for source in SOURCES for code in raised_in(source)}
    assert {"busy", "internal", "unauthenticated", "format", "list-too-short", "method-not-allowed", "parameter-unknown"} <= raised
    assert len(raised) > 80
    assert raised - set(catalogue()) == set()


def test_every_code_of_the_catalogue_stands_in_the_source():
    quoted = {code for source in SOURCES for code in QUOTED.findall(source)}
    assert set(catalogue()) - quoted == set()


@pytest.mark.parametrize("code", catalogue())
def test_every_figure_of_a_sentence_is_given_where_its_code_is_raised(code: str):
    naming = [source for source in SOURCES if f'"{code}"' in source]
    if code in GIVEN_TO_ANY_CODE_OF_A_QUERY:
        naming.append((APP / "core" / "rendering.py").read_text("utf-8"))
    for name in params(catalogue()[code]["detail"]["en"]):
        assert any(re.search(rf'\b{name}=|"{name}"', source) for source in naming), name


def test_a_missing_figure_never_makes_an_error_of_an_error():
    assert sentence_of("total-too-small", {}, "en").startswith("The whole table counts fewer than ;")
    assert "a, b" in sentence_of("code-unknown", {"known": ["a", "b"]}, "pt")
    assert Problem("busy").status == 503
