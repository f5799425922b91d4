"""Routes of the vocabularies: every code that crosses the wire, with its labels in three languages (contract: Routes)."""

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from app.access.rules import Reader
from app.core.declared import CONDITIONAL
from app.core.query import NoQuery, PageQuery
from app.directory.codes import Term, Vocabulary
from app.directory.pages import fresh_or, page
from app.directory.vocabularies import all_vocabularies, known_vocabulary
from app.wire.directory import VocabularyDocument, VocabularyPage

router = APIRouter(prefix="/v1/vocabularies", tags=["directory"])


@router.get("", operation_id="list_vocabularies", response_model=VocabularyPage, responses=CONDITIONAL)
def list_vocabularies(request: Request, caller: Reader, query: Annotated[PageQuery, Query()]) -> Response:
    """The vocabularies: name, version, labels and number of terms; one with a `pattern` also takes codes of that form."""
    del caller
    return page(request, query, [(name, {**_named(one), "terms": len(one.terms)}) for name, one in all_vocabularies().items()])


@router.get("/{name}", operation_id="get_vocabulary", response_model=VocabularyDocument, responses=CONDITIONAL)
def get_vocabulary(
    request: Request,
    caller: Reader,
    name: Annotated[str, Path(max_length=64, description="a vocabulary's name")],
    query: Annotated[NoQuery, Query()],
) -> Response:
    """A vocabulary with all its terms: each code with its labels and what else the list says of it."""
    del caller, query
    return fresh_or(request, _document(known_vocabulary(name).name))


@cache
def _document(name: str) -> dict[str, Any]:
    one = known_vocabulary(name)
    return {**_named(one), "terms": [_term(term) for term in one.terms.values()]}


def _term(term: Term) -> dict[str, Any]:
    defined = {"definitions": dict(term.definitions)} if term.definitions else {}
    return {"code": term.code, "labels": dict(term.labels), **defined, "attributes": dict(term.attributes)}


def _named(one: Vocabulary) -> dict[str, Any]:
    return {"name": one.name, "version": one.version, "labels": dict(one.labels), "pattern": one.pattern}
