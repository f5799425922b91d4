"""The one door of every free text: what a document says in words is read for what names or identifies a person (guarantees 2)."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, get_args

from pydantic import AfterValidator, BaseModel
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.logs import tell
from app.core.problems import Problem
from app.directory.allow_list import vocabulary_of
from app.documents.lengths import MOST_TEXT, is_too_much
from app.screening.figures import Figures
from app.screening.screen import Found, Vocabulary, screened
from app.screening.spans import MOST_FINDINGS, Kind
from app.wire.problem import Finding
from app.wire.strict_json import pointer
from app.wire.text import clean

CONFIRMED_BEFORE: Final = "confirmed_before"
"""How the audit calls a version whose confirmation covers a text of the next one."""

Covered = tuple[tuple[str, int], ...]
"""Ids and versions whose confirmation covers something."""

_LONGEST_EXCERPT: Final = 80


def texts_of(sent: BaseModel, at: Sequence[object] = ()) -> dict[str, str]:
    """Every free text of what was sent, in its stored form, by its JSON pointer and in the order of its form; `at` is its place."""
    return dict(_texts(sent, tuple(at)))


def _texts(value: object, path: tuple[object, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer(*path), value
    elif isinstance(value, BaseModel):
        for name, written in _wordy(type(value)).items():
            yield from _texts(getattr(value, name), (*path, written))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, (*path, number))


@cache
def _wordy(model: type[BaseModel]) -> Mapping[str, str]:
    """The fields of a model that hold free text, themselves or further in, each with its name on the wire."""
    return {name: field.alias or name for name, field in model.model_fields.items() if _is_wordy(field.annotation, field.metadata)}


def _is_wordy(annotation: Any, metadata: Sequence[object] = ()) -> bool:  # noqa: ANN401 - whatever a field may be annotated with
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return bool(_wordy(annotation))
    is_free = any(isinstance(each, AfterValidator) and each.func is clean for each in metadata)
    return is_free or any(_is_wordy(each, getattr(each, "__metadata__", ())) for each in get_args(annotation))


def read_texts(texts: Mapping[str, str], vocabulary: Vocabulary, figures: Figures | None = None) -> tuple[Finding, ...]:
    """What another person must confirm before these texts are published (`text-to-confirm`); they are those of one document, by pointer.

    What they count is held against its `figures`; without these no count is looked at.  Raises `invalid-document` with `text-too-long` before any rule is asked, and `personal-data` (422) with up to 100 findings
    `text-personal`: pointer, offset, length, kind, and an excerpt without what was found.  Takes up to 50 ms: no transaction is open.
    """
    if is_too_much(texts):
        raise Problem("invalid-document", Finding("text-too-long", pointer="", params={"limit": MOST_TEXT}))
    found = _read(texts, vocabulary, figures)
    hard = [Finding("text-personal", pointer=each.pointer, params=_told(each)) for each in found if each.is_hard]
    if hard:
        raise Problem("personal-data", *hard)
    return tuple(Finding("text-to-confirm", pointer=each.pointer, params=_told(each)) for each in found)


def _read(texts: Mapping[str, str], vocabulary: Vocabulary, figures: Figures | None) -> list[Found]:
    """The findings; that something passed by the allow-list is logged once for each kind, and what it was never is."""
    passed: set[Kind] = set()

    def allowed(kind: Kind, text: str) -> bool:
        passes = vocabulary.allowed(kind, text)
        passed.update([kind] if passes else [])
        return passes

    found = screened(texts, Vocabulary(vocabulary.known, allowed), figures)
    for kind in sorted(passed):
        tell(logging.INFO, "allow-list passed", {"kind": kind.value})
    return found


def unconfirmed(
    found: Sequence[Finding],
    texts: Mapping[str, str],
    before: Mapping[str, Any] | None,
    content: Mapping[str, Any],
    at: Sequence[object] = (),
) -> tuple[tuple[Finding, ...], Covered]:
    """What of these findings nobody has confirmed yet, and the version before where its confirmation covers the others.

    It covers what looks like a name in a text that stands word for word in the same place of that version, for the same readers: so
    nothing that was found is kept.  Numerals are held against figures that may have changed, and are confirmed anew.  Where as much was
    found as is told of one document, more may stand there that nobody was asked about: then nothing is covered.
    """
    if before is None or len(found) >= MOST_FINDINGS or not _is_marked_alike(before, content):
        return tuple(found), ()
    first = len(pointer(*at))
    said = {place: text for place, text in texts.items() if _at(before, place[first:]) == text}
    left = tuple(each for each in found if each.params["kind"] != Kind.NAME or each.pointer not in said)
    return left, ((str(before["id"]), int(before["version"])),) if len(left) < len(found) else ()


def _is_marked_alike(before: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    return all(before.get(name) == content[name] for name in ("tlp", "audience"))


def _at(document: object, place: str) -> object:
    """What stands at a JSON pointer; none where it leads nowhere."""
    for part in place.split("/")[1:]:
        if isinstance(document, Mapping):
            document = document.get(part)
        else:
            document = document[int(part)] if isinstance(document, list) and part.isdecimal() and int(part) < len(document) else None
    return document


def _told(found: Found) -> Mapping[str, object]:
    excerpt = found.excerpt if len(found.excerpt) <= _LONGEST_EXCERPT else f"{found.excerpt[: _LONGEST_EXCERPT - 1]}…"
    return {"offset": found.offset, "length": found.length, "kind": found.kind.value, "excerpt": excerpt}


def read_reason(session: Session, reason: str, figures: Figures | None = None) -> None:
    """Let a reason pass that is published at once with what it is given for: nobody confirms it, so that it must need none.

    Raises `personal-data` (422) for what identifies a person and for what looks like a name.  It is short: a transaction may be open.
    """
    _require_none("reason-to-confirm", read_texts({"/reason": reason}, vocabulary_of(session), figures))


def read_kept(db: Database, texts: Mapping[str, str], headings: Mapping[str, str] | None = None) -> None:
    """Let words pass that an office keeps for its files, in an alias or a profile: nobody confirms them, so that they must need none.

    `headings` are the words of its files themselves: what only looks like a name passes there, as it does in a file.  Raises
    `personal-data` (422) for what identifies a person, in either, and for what looks like a name.  No transaction is open.
    """
    with db.read() as session:
        vocabulary = vocabulary_of(session)
    found = read_texts({**texts, **(headings or {})}, vocabulary)
    _require_none("kept-to-confirm", [each for each in found if each.pointer in texts])


def _require_none(code: str, found: Sequence[Finding]) -> None:
    if found:
        raise Problem("personal-data", *(Finding(code, pointer=each.pointer, params=each.params) for each in found))
