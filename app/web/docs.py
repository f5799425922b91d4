"""The API for readers: a browser of its operations, its description, the guides and the pages of problems; all from this node."""

import functools
import hashlib
import re
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse

import app
from app.core.conditional import is_fresh
from app.core.declared import CONDITIONAL, SPOKEN
from app.core.http import JSON
from app.core.language import language_of
from app.core.problems import Problem
from app.settings import Settings
from app.web.page import GUARDED, page_answer, shipped, words

FILES = {
    "swagger-ui-bundle.js": ("static/swagger-ui/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    "swagger-ui.css": ("static/swagger-ui/swagger-ui.css", "text/css; charset=utf-8"),
    "swagger-ui-licence.txt": ("static/swagger-ui/LICENSE", "text/plain; charset=utf-8"),
    "start.js": ("static/start.js", "text/javascript; charset=utf-8"),
    "istmo.css": ("static/istmo.css", "text/css; charset=utf-8"),
    "favicon.svg": ("static/favicon.svg", "image/svg+xml"),
}
"""Every file that a page may ask for, with its place in the package and its media type."""

GUIDES = ("partner", "secretariat", "analyst", "alerts", "client", "operator")
_IN_PORTUGUESE = {"partner"}
_PAGE = re.compile(r"[A-Za-z0-9-]+(\.(es|pt))?\.md")
_CACHED = "public, max-age=3600"
_DESCRIPTION: dict[int | str, dict[str, Any]] = {
    200: {"description": "OpenAPI 3.1", "content": {JSON: {"schema": {"type": "object"}}}},
    **CONDITIONAL,
}
_PLAIN: dict[int | str, dict[str, Any]] = {
    200: {"description": "the page as text", "content": {"text/plain": {"schema": {"type": "string"}}}},
    **CONDITIONAL,
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the file",
        "content": {media: {"schema": {"type": "string"}} for media in ("text/javascript", "text/css", "text/plain", "image/svg+xml")},
    },
    **CONDITIONAL,
}

Name = Annotated[str, InPath(max_length=64, description="the file's name")]
router = APIRouter()


@router.get("/openapi.json", operation_id="api_description", responses=_DESCRIPTION, response_class=Response, tags=["running"])
def api_description(request: Request) -> Response:
    """This description (public)."""
    state = request.app.state
    if not hasattr(state, "described"):
        state.described = orjson.dumps(request.app.openapi())
    return _answer(request, state.described, JSON, "public, max-age=60")


@router.get("/docs", operation_id="docs_page", responses={200: SPOKEN, **CONDITIONAL}, response_class=HTMLResponse, tags=["running"])
async def docs_page(request: Request) -> Response:
    """The API's operations to read and to try, with how to authorise and the guides, in the reader's language (public)."""
    settings: Settings = request.app.state.settings
    language = language_of(request)
    texts = {
        "lead": "docs-lead",
        "authorise_title": "docs-authorise-title",
        "authorise": "docs-authorise",
        "guides_title": "docs-guides-title",
        "description_link": "link-description",
        "problems_link": "docs-problems",
        "home_link": "docs-home",
        "no_script": "docs-no-script",
    }
    parts = {name: words(code, language) for name, code in texts.items()}
    guides = (f'<li><a href="docs/guide/{_guide(guide, language)}">{words(f"guide-{guide}", language)}</a></li>' for guide in GUIDES)
    title = words("docs-title", language, node=settings.node_name)
    return page_answer(request, "docs.html", language, {**parts, "title": title, "guides": "\n".join(guides)})


@router.get("/docs/{name}", operation_id="docs_file", responses=_FILE, response_class=Response, tags=["running"])
async def docs_file(request: Request, name: Name) -> Response:
    """A file of the pages: script, style or picture (public)."""
    if name not in FILES:
        raise Problem("not-found")
    place, media_type = FILES[name]
    return _answer(request, shipped(place), media_type, _CACHED)


@router.get("/docs/guide/{name}", operation_id="docs_guide", responses=_PLAIN, response_class=Response, tags=["running"])
async def docs_guide(request: Request, name: Name) -> Response:
    """A guide for one kind of reader, as text (public)."""
    return _page(request, "guide", name)


@router.get("/docs/problems/{name}", operation_id="docs_problem", responses=_PLAIN, response_class=Response, tags=["running"])
async def docs_problem(request: Request, name: Name) -> Response:
    """The page of a problem's code, as text: its sentence in three languages and what to do (public)."""
    return _page(request, "problems", name)


def _page(request: Request, shelf: str, name: str) -> Response:
    page = _documents() / shelf / name
    if not _PAGE.fullmatch(name) or not page.is_file():
        raise Problem("not-found")
    return _answer(request, _text_of(page), "text/plain; charset=utf-8", _CACHED)


def _guide(guide: str, language: str) -> str:
    there = language == "es" or (language == "pt" and guide in _IN_PORTUGUESE)
    return f"{guide}.{language}.md" if there else f"{guide}.md"


@functools.cache
def _documents() -> Path:
    """The folder beside the package, or the copy inside an installed wheel."""
    package = Path(app.__file__).parent
    return next(place for place in (package / "_docs", package.parent / "docs") if place.is_dir())


@functools.cache
def _text_of(page: Path) -> bytes:
    return page.read_bytes()


@functools.lru_cache(maxsize=64)
def _tag_of(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _answer(request: Request, content: bytes, media_type: str, cached: str) -> Response:
    etag = _tag_of(content)
    headers = {**GUARDED, "ETag": etag, "Cache-Control": cached}
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)
