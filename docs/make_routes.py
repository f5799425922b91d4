"""Writes docs/routes.md, every operation with who may call it, from the API's description: python docs/make_routes.py."""

from pathlib import Path

from making import operations

PAGE = Path(__file__).with_name("routes.md")
ROLES = ("operator", "secretariat", "partner", "analyst", "peer")
HEAD = """# Routes

Every operation of a node, made by `python docs/make_routes.py` from its description, which the node serves at `/openapi.json` and shows
at `/docs`. "everyone" needs no key; "every client" needs a key of any role. Which documents a client sees, and for which State it writes,
follows from its role, conference, State and ceiling; refusals are listed in [problems](problems/README.md).

| operation | route | who may call it | what it does |
|---|---|---|---|
"""


def page() -> str:
    """The page as the description has it now."""
    rows = (
        f"| `{each.name}` | `{each.method} {each.path}` | {_who(each.access)} | {each.summary.replace('|', '&#124;')} |\n"
        for each in operations()
    )
    return HEAD + "".join(rows)


def _who(access: tuple[str, ...]) -> str:
    if access == ("public",):
        return "everyone"
    return "every client" if set(access) == set(ROLES) else ", ".join(role for role in ROLES if role in access)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
