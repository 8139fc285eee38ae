"""The pages' own files: nothing inline, nothing from elsewhere, every picture and element that scripts name is there."""

import asyncio
import re
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from earwitness import web
from earwitness.domain.account import PERMISSIONS, AccountRole
from earwitness.domain.visitor import VISITOR, Visitor
from earwitness.server.rules import PAGES
from earwitness.web.pages import page_router, safe_return
from tests.unit.server.serving import person

HERE = Path(web.__file__).parent
PATHS = {
    "/": "main.js",
    "/history": "history.js",
    "/misunderstandings": "misunderstandings.js",
    "/privacy": "privacy.js",
    "/listens": "listens.js",
    "/people": "people.js",
    "/account": "account.js",
    "/household": "household.js",
    "/remote": "remote.js",
}
"""Each page of the frame and the script that begins it."""
BARE = {"/sign-in": "sign_in.js", "/setup": "setup.js", "/invitation": "invitation.js"}
"""Those that are seen before anybody is signed in."""
IMPORT = re.compile(r'from "\./([\w-]+\.js)"')
FILES = [one for folder in ("templates", "static") for one in sorted((HERE / folder).iterdir()) if one.suffix != ".flac"]
SCRIPTS = sorted((HERE / "static").glob("*.js"))


def rendered(path: str, *, role: AccountRole = AccountRole.OWNER) -> str:
    """A page as the browser of somebody in that role gets it."""
    app = FastAPI()
    app.include_router(page_router(wake_words=lambda: ["hey jarvis"]))

    async def let_in(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, VISITOR: Visitor(person=person(role))}, receive, send)

    async def fetch() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(let_in), base_url="http://127.0.0.1") as client:
            answer = await client.get(path)
            assert answer.status_code == 200
            return answer.text

    return asyncio.run(fetch())


def imported(script: Path) -> set[Path]:
    """A module and all that it imports, at any depth."""
    found, waiting = set[Path](), [script]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [one.parent / name for name in IMPORT.findall(one.read_text(encoding="utf-8"))]
    return found


@pytest.mark.parametrize("path", [*PATHS, *BARE, "/sign-in?next=/history"])
def test_pages_hold_no_inline_code_or_style(path: str) -> None:
    text = rendered(path)
    assert re.search(r"<script(?![^>]*\bsrc=)", text) is None
    assert re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text) is None
    assert '<html lang="en">' in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    found = re.findall(r"(?:https?:)?//[a-z0-9][\w.-]*\.[a-z]+[^\s\"')]*", path.read_text(encoding="utf-8"))
    assert set(found) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_set_text_never_html(script: Path) -> None:
    assert re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script.read_text()) is None


@pytest.mark.parametrize(("path", "entry"), (PATHS | BARE).items())
def test_every_element_and_picture_that_is_named_is_there(path: str, entry: str) -> None:
    page = rendered(path)
    pictures = set(re.findall(r'<symbol id="([\w-]+)"', page))
    scripts = "".join(script.read_text(encoding="utf-8") for script in imported(HERE / "static" / entry))
    assert f'src="/static/{entry}"' in page
    assert set(re.findall(r'byId\("([\w-]+)"\)', scripts)) <= set(re.findall(r'\bid="([\w-]+)"', page))
    assert set(re.findall(r'href="#([id]-[\w-]+)"', page)) <= pictures
    assert set(re.findall(r'"#?([id]-[a-z][\w-]+)"', scripts)) <= pictures


@pytest.mark.parametrize("path", [*PATHS, *BARE])
def test_labels_and_descriptions_point_at_something_and_ids_are_unique(path: str) -> None:
    page = rendered(path)
    ids = re.findall(r'\bid="([\w-]+)"', page)
    assert len(ids) == len(set(ids))
    named = re.findall(r'(?:aria-labelledby|aria-describedby|for|data-shows)="([\w -]+)"', page)
    assert {one for names in named for one in names.split()} <= set(ids)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_knows_itself_in_the_navigation(path: str) -> None:
    page = rendered(path)
    assert re.findall(r'<a [^>]*href="([^"]+)" aria-current="page">', page) == [path]
    assert page.count("<h1") == 1


@pytest.mark.parametrize("role", AccountRole)
def test_the_header_leads_only_where_the_gate_lets_the_account_in(role: AccountRole) -> None:
    page = rendered("/account", role=role)
    header = page[page.index('<nav class="pages') : page.index("</nav>")]
    for path in re.findall(r'<a href="([^"]+)"', header):
        assert PAGES[path].permissions & PERMISSIONS[role], path
    for path, rule in PAGES.items():
        if rule.permissions & PERMISSIONS[role]:
            assert f'href="{path}"' in page, path


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/history", "/history"),
        ("/listens?turn=1", "/listens?turn=1"),
        ("/devices", "/devices"),
        ("", "/"),
        ("/", "/"),
        ("//evil.example", "/"),
        ("https://evil.example/history", "/"),
        ("/\\evil.example", "/"),
        ("/history/../../evil", "/"),
        ("/%2f%2fevil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/history\r\nset-cookie: a=b", "/"),
        ("/history?" + "a" * 600, "/"),
        ("/sign-in?next=/history", "/"),
        ("/api/v1/me", "/"),
    ],
)
def test_after_signing_in_one_comes_to_a_page_of_ours(asked: str, given: str) -> None:
    assert safe_return(asked) == given
    assert f'data-back="{given}"' in rendered(f"/sign-in?next={quote(asked, safe='')}") or len(asked) > 500


def test_every_module_that_is_imported_is_there() -> None:
    for script in SCRIPTS:
        for name in IMPORT.findall(script.read_text(encoding="utf-8")):
            assert (HERE / "static" / name).is_file()
