"""Writes docs/problems/, one page a code, from the catalogue of messages and the routes: python docs/make_problems.py."""

from pathlib import Path

from making import operations, possible, refusals

from app.core.problems import catalogue

FOLDER = Path(__file__).with_name("problems")
HEADINGS = {"en": "English", "es": "Español", "pt": "Português"}
ADVICE = {"en": "What to do:", "es": "Qué hacer:", "pt": "O que fazer:"}
MOST = 14
REMARKS = {
    "column-ignored": "push_file",
    "delta-below-k": "revise_bulletin",
    "linked-totals-differ": "publish_bulletin",
    "mostly-withheld": "publish_bulletin",
    "presidency-unknown": "get_conference",
    "read-as-windows-1252": "push_file",
    "troika-incomplete": "get_conference",
}
"""Codes that refuse nothing, and the operation whose `findings` or `warnings` carry them."""
HEAD = """# Problems

Every refusal is `application/problem+json` (RFC 9457); its `type` ends in the code. Codes never change; titles and sentences come in the
language of `Accept-Language` (en, es, pt). Figures stand in place of the braces. Codes of single findings stand in `errors`, with
pointer, or row and column; nothing that you sent is ever repeated. Made by `python docs/make_problems.py`.

Todo rechazo es `application/problem+json`; su `type` termina en el código. Los códigos nunca cambian; título y frase vienen en el idioma
de `Accept-Language`. Los códigos de hallazgos van en `errors`, con puntero, o fila y columna; nunca se repite lo que usted envió.

Toda recusa é `application/problem+json`; seu `type` termina no código. Os códigos nunca mudam; título e frase vêm no idioma de
`Accept-Language`. Os códigos de achados ficam em `errors`, com ponteiro, ou linha e coluna; nunca se repete o que você enviou.

| code | status | en | es | pt |
|---|---|---|---|---|
"""


def pages() -> dict[str, str]:
    """Every page by its file's name, as the catalogue has it now."""
    made = {f"{code}.md": page(code) for code in catalogue()}
    rows = (
        f"| [`{code}`]({code}.md) | {'remark' if code in REMARKS else entry['status']} | {' | '.join(_titles(entry))} |\n"
        for code, entry in sorted(catalogue().items())
    )
    return {"README.md": HEAD + "".join(rows), **made}


def _titles(entry: dict[str, dict[str, str]]) -> list[str]:
    return [entry["title"][language] for language in HEADINGS]


def page(code: str) -> str:
    """The page of one code: in each language its title, its sentence and what to do."""
    entry = catalogue()[code]
    parts = [f"# `{code}`", f"{_kind(code)}. [All problems](README.md)"]
    for language, heading in HEADINGS.items():
        parts += [f"## {heading}", f"**{entry['title'][language]}.** {entry['detail'][language]}"]
        if "advice" in entry:
            parts.append(f"{ADVICE[language]} {entry['advice'][language]}")
        if "kinds" in entry:
            parts.append("\n".join(f"- `{kind}`: {texts[language]}" for kind, texts in entry["kinds"].items()))
    return "\n\n".join([*parts, "## Operations", _where(code)]) + "\n"


def _kind(code: str) -> str:
    status = catalogue()[code]["status"]
    if code in REMARKS:
        return "A remark in `findings` or `warnings` of an answer that succeeds; nothing was refused"
    return f"Status {status}" if code in refusals() else f"A finding in `errors` of a refusal with status {status}"


def _where(code: str) -> str:
    """The operations that can give a code; where they are many, by their status alone."""
    found = [each for each in operations() if each.name == REMARKS[code]] if code in REMARKS else possible(code)
    status = catalogue()[code]["status"]
    if not found:
        return "Commands of the node itself, or any address that is none of the API's."
    if len(found) > MOST:
        alike = [each for each in operations() if status in each.statuses]
        return (
            f"{len(found)} operations{' (every one)' if len(alike) == len(operations()) == len(found) else f' that list status {status}'}."
        )
    return "\n".join(f"- `{each.method} {each.path}` (`{each.name}`)" for each in found)


def write() -> None:
    """Write every page and drop those of codes that are no more."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
