"""The page and the sign-in form as HTML, and the files they load. No state: everything else comes over the session."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from earwitness import __version__

_HERE: Final = Path(__file__).parent
_PROBLEMS: Final = {
    "wrong": "That is not the access code. It is server.access_code in the settings.",
    "wait": "Too many attempts. Wait five minutes, then try again.",
}


def page_router(*, wake_words: Sequence[str] = ()) -> APIRouter:
    """The routes `/` and `/sign-in`; the page names `wake_words` where it is hands-free."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(default=True), undefined=StrictUndefined
    )

    @router.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse(templates.get_template("page.html").render(version=__version__, wake_words=list(wake_words)))

    @router.get("/sign-in")
    async def sign_in(problem: Annotated[Literal["wrong", "wait"] | None, Query()] = None) -> HTMLResponse:
        sentence = _PROBLEMS[problem] if problem else ""
        status = 429 if problem == "wait" else 200
        return HTMLResponse(templates.get_template("sign_in.html").render(problem=sentence), status_code=status)

    return router


def static_files() -> ASGIApp:
    """The scripts, styles and pictures of the page."""
    return StaticFiles(directory=_HERE / "static")
