"""The catalogue of messages: no code without its three texts, no text without its code."""

import re
import string
from pathlib import Path

import pytest

from app.core.problems import LANGUAGES, Problem, catalogue, sentence_of

APP = Path(__file__).parents[2] / "app"
RAISED = re.compile(r'(?:Problem|Finding|faults\.add|_fault|PydanticCustomError|add)\(\s*"([a-z]+(?:-[a-z0-9]+)+)"')
QUOTED = re.compile(r'"([a-z]+(?:-[a-z0-9]+)*)"')
SOURCES = [path.read_text("utf-8") for path in APP.rglob("*.py")]


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


def test_every_code_that_the_source_raises_is_in_the_catalogue():
    raised = {code for source in SOURCES for code in RAISED.findall(source)}
    assert len(raised) > 60
    assert raised - set(catalogue()) == set()


def test_every_code_of_the_catalogue_stands_in_the_source():
    quoted = {code for source in SOURCES for code in QUOTED.findall(source)}
    assert set(catalogue()) - quoted == set()


def test_a_missing_figure_never_makes_an_error_of_an_error():
    assert sentence_of("total-too-small", {}, "en").startswith("The whole table counts fewer than ;")
    assert "a, b" in sentence_of("code-unknown", {"known": ["a", "b"]}, "pt")
    assert Problem("busy").status == 503
