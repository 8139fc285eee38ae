"""The pages and the sign-in form as HTML, and the files they load. No state: all that is personal comes over the API."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from earwitness import __version__
from earwitness.domain.person import Person

_HERE: Final = Path(__file__).parent
_PAGES: Final = {"/": "talk", "/history": "history", "/privacy": "privacy", "/listens": "listens"}
_PROBLEMS: Final = {
    "wrong": "That is not the access code. It is server.access_code in the settings.",
    "wait": "Too many attempts. Wait five minutes, then try again.",
}
Known = Callable[[str], Awaitable[Person | None]]
"""Who a Cookie header stands for, None for nobody."""


def page_router(*, wake_words: Sequence[str] = (), signed_in: Known | None = None) -> APIRouter:
    """The routes of the pages and `/sign-in`. The talk page names `wake_words` where it is hands-free; `signed_in` spares the
    pages a question when nobody is."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(default=True), undefined=StrictUndefined
    )

    async def page(request: Request) -> HTMLResponse:
        name = _PAGES[request.url.path]
        is_nobody = signed_in is not None and await _is_nobody(request, signed_in)
        text = templates.get_template(f"{name}.html").render(
            page=name, version=__version__, wake_words=list(wake_words), is_nobody=is_nobody
        )
        return HTMLResponse(text)

    for path in _PAGES:
        router.add_api_route(path, page)

    @router.get("/sign-in")
    async def sign_in(problem: Annotated[Literal["wrong", "wait"] | None, Query()] = None) -> HTMLResponse:
        sentence = _PROBLEMS[problem] if problem else ""
        status = 429 if problem == "wait" else 200
        return HTMLResponse(templates.get_template("sign_in.html").render(problem=sentence), status_code=status)

    return router


def static_files() -> ASGIApp:
    """The scripts, styles and pictures of the pages."""
    return StaticFiles(directory=_HERE / "static")


async def _is_nobody(request: Request, signed_in: Known) -> bool:
    """Whether it is certain that nobody is signed in: a visit from another site brings no cookie, whoever is (SameSite)."""
    is_own = request.headers.get("sec-fetch-site") in {"none", "same-origin"}
    return is_own and await signed_in(request.headers.get("cookie", "")) is None
