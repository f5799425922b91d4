"""Writes docs/problems.md from the catalogue of messages: python docs/make_problems.py."""

from pathlib import Path

from app.core.problems import catalogue

PAGE = Path(__file__).with_name("problems.md")
HEAD = """# Problems

Every code with its status and sentence, made by `python docs/make_problems.py`; codes never change, sentences come in en, es and pt.
A refusal is `application/problem+json`; codes of single findings stand in its `errors`, with pointer, or row and column.

| code | status | sentence |
|---|---|---|
"""


def page() -> str:
    """The page as the catalogue has it now."""
    rows = (f"| `{code}` | {entry['status']} | {entry['detail']['en']} |\n" for code, entry in sorted(catalogue().items()))
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
