"""Writes docs/checker.md, the stand-alone check of certificates in print, from its three files: python docs/make_checker.py."""

from pathlib import Path

PAGE = Path(__file__).with_name("checker.md")
FOLDER = Path(__file__).parents[1] / "app" / "disclosure"
FILES = ("check_certificate.py", "check_table.py", "check_together.py")
HEAD = """# The check of certificates, in print

Anyone who may read a bulletin and the versions that its certificate names can check by this program that no small count can be worked
out ([guide](guide/anonymity.md), [guía](guide/anonymity.es.md)). It shares no code with the node and needs Python and numpy. Put the three
files into one folder. Made by `python docs/make_checker.py`.
"""


def page() -> str:
    """The page as the files have it now."""
    return HEAD + "".join(f"\n## {name}\n\n```python\n{(FOLDER / name).read_text('utf-8')}```\n" for name in FILES)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
