"""The node's own pages in the reader's language: texts of the catalogue in a template, under a policy that lets nothing in from outside."""

import functools
import html
import importlib.resources
from collections.abc import Mapping
from string import Template

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.core.catalogue import filled, sentences
from app.core.conditional import answer_etag, is_fresh
from app.core.declared import CONDITIONAL, SPOKEN
from app.core.language import language_of
from app.directory.codes import conferences
from app.settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of every page: this node's own files, nothing inline, nothing from elsewhere."""

GUARDED: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every page and file for browsers."""

router = APIRouter()


@functools.cache
def shipped(name: str) -> bytes:
    """A file of this package, read once."""
    return importlib.resources.files("app.web").joinpath(name).read_bytes()


def words(code: str, language: str, **figures: object) -> str:
    """A text of the pages' catalogue, safe inside HTML."""
    return html.escape(filled(sentences("app.web", "pages.toml")[code][language], figures))


def page_answer(request: Request, template: str, language: str, parts: Mapping[str, str]) -> Response:
    """A template with its parts in place, in one language; 304 where the reader has it already."""
    content = Template(shipped(template).decode()).substitute(parts, lang=language).encode()
    etag = answer_etag(content)
    headers = {**GUARDED, "ETag": etag, "Cache-Control": "no-cache", "Content-Language": language, "Vary": "Accept-Language"}
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(content, headers=headers)


@router.get("/", operation_id="front_page", responses={200: SPOKEN, **CONDITIONAL}, response_class=HTMLResponse, tags=["running"])
async def front_page(request: Request) -> Response:
    """What this node is, where its description stands and whom to ask for a key, in the reader's language (public)."""
    settings: Settings = request.app.state.settings
    language = language_of(request)
    known = {conference.code: conference.labels[language] for conference in conferences()}
    named = (f"<li>{html.escape(known.get(code, code))} (<code>{html.escape(code)}</code>)</li>" for code in settings.authored)
    texts = {
        "lead": "lead",
        "conferences_title": "conferences",
        "key_title": "key-title",
        "key": "key",
        "links_title": "links-title",
        "docs_link": "link-docs",
        "description_link": "link-description",
        "keys_link": "link-keys",
    }
    parts = {name: words(code, language) for name, code in texts.items()}
    title = words("title", language, node=settings.node_name)
    return page_answer(request, "page.html", language, {**parts, "title": title, "conferences": "\n".join(named)})
