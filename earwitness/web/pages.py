"""The pages as HTML, and the files they load. No state: all that is personal comes over the API.

The gate has seen to it that whoever is shown a page may see it; a page lists the others that this account may open.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from earwitness import __version__
from earwitness.domain.visitor import VISITOR, Visitor
from earwitness.web.navigation import Navigation, navigation

_HERE: Final = Path(__file__).parent
_PAGES: Final = {
    "/": "talk",
    "/planner": "planner",
    "/history": "history",
    "/misunderstandings": "misunderstandings",
    "/privacy": "privacy",
    "/listens": "listens",
    "/drawn": "drawn",
    "/review": "review",
    "/review/lead": "lead",
    "/demands": "demands",
    "/oversight": "oversight",
    "/people": "people",
    "/household": "household",
    "/remote": "remote",
    "/links": "links",
    "/improve": "improve",
    "/contacts": "contacts",
    "/calls": "calls",
    "/messages": "messages",
    "/skills": "skills",
    "/account": "account",
}
LONGEST_RETURN: Final = 500


def page_router(
    *,
    wake_words: Callable[[], Sequence[str]] = tuple,
    also: Sequence[str] = (),
    instead: Mapping[str, str] = MappingProxyType({}),
) -> APIRouter:
    """The routes of the pages, `/sign-in`, `/invitation` and `/setup`. The talk page names `wake_words` where it is hands-free;
    `also` are the names of further pages, whose template and path are called so; `instead` names other templates of pages."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    templates = page_templates()
    names = _PAGES | {f"/{name}": name for name in also}

    async def page(request: Request) -> HTMLResponse:
        name = names[request.url.path]
        visitor: Visitor | None = request.scope.get(VISITOR)
        text = templates.get_template(f"{instead.get(name, name)}.html").render(
            page=name, version=__version__, wake_words=list(wake_words()), navigation=_navigation(visitor)
        )
        return HTMLResponse(text)

    for path in names:
        router.add_api_route(path, page)

    @router.get("/sign-in")
    async def sign_in(back: Annotated[str, Query(alias="next", max_length=1000)] = "/") -> HTMLResponse:
        return HTMLResponse(templates.get_template("sign_in.html").render(back=safe_return(back)))

    @router.get("/setup")
    async def setup() -> HTMLResponse:
        return HTMLResponse(templates.get_template("setup.html").render())

    @router.get("/invitation")
    async def invitation() -> HTMLResponse:
        return HTMLResponse(templates.get_template("invitation.html").render())

    return router


def page_templates() -> Environment:
    """The templates of the pages."""
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(default=True), undefined=StrictUndefined
    )


def static_files() -> ASGIApp:
    """The scripts, styles and pictures of the pages."""
    return StaticFiles(directory=_HERE / "static")


def safe_return(path: str) -> str:
    """Where to go after signing in: a page of ours, else the first one. `path` may be anything that somebody put in a link."""
    page = unquote(path).partition("?")[0].partition("#")[0]
    is_ours = page in _PAGES or page == "/devices"
    return path if is_ours and len(path) <= LONGEST_RETURN and path.isascii() and path.isprintable() else "/"


def _navigation(visitor: Visitor | None) -> Navigation:
    """The header of an account; without an account, with all pages."""
    return navigation(visitor.person.may if visitor is not None else lambda _: True)
