"""The pages' own files: nothing inline, nothing from elsewhere, every picture and element that scripts name is there."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from earwitness import web
from earwitness.domain.person import Person
from earwitness.web.pages import Known, page_router

HERE = Path(web.__file__).parent
PATHS = {"/": "main.js", "/history": "history.js", "/privacy": "privacy.js", "/listens": "listens.js"}
"""Each page and the script that begins it."""
IMPORT = re.compile(r'from "\./([\w-]+\.js)"')
FILES = [*sorted((HERE / "templates").iterdir()), *sorted((HERE / "static").iterdir())]
SCRIPTS = sorted((HERE / "static").glob("*.js"))


def rendered(path: str, *, known: Known | None = None, headers: dict[str, str] | None = None) -> str:
    """A page as a browser gets it."""
    app = FastAPI()
    app.include_router(page_router(wake_words=["hey jarvis"], signed_in=known))

    async def fetch() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            answer = await client.get(path, headers=headers)
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


@pytest.mark.parametrize("path", [*PATHS, "/sign-in", "/sign-in?problem=wrong"])
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


@pytest.mark.parametrize(("path", "entry"), PATHS.items())
def test_every_element_and_picture_that_is_named_is_there(path: str, entry: str) -> None:
    page = rendered(path)
    pictures = set(re.findall(r'<symbol id="([\w-]+)"', page))
    scripts = "".join(script.read_text(encoding="utf-8") for script in imported(HERE / "static" / entry))
    assert f'src="/static/{entry}"' in page
    assert set(re.findall(r'byId\("([\w-]+)"\)', scripts)) <= set(re.findall(r'\bid="([\w-]+)"', page))
    assert set(re.findall(r'href="#([id]-[\w-]+)"', page)) <= pictures
    assert set(re.findall(r'"#?([id]-[a-z][\w-]+)"', scripts)) <= pictures


@pytest.mark.parametrize("path", PATHS)
def test_labels_and_descriptions_point_at_something_and_ids_are_unique(path: str) -> None:
    page = rendered(path)
    ids = re.findall(r'\bid="([\w-]+)"', page)
    assert len(ids) == len(set(ids))
    named = re.findall(r'(?:aria-labelledby|aria-describedby|for|data-shows)="([\w -]+)"', page)
    assert {one for names in named for one in names.split()} <= set(ids)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_knows_itself_in_the_navigation(path: str) -> None:
    page = rendered(path)
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page) == [path]
    assert page.count("<h1") == 1


def test_a_page_says_that_nobody_is_signed_in_only_when_that_is_certain() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    anna = Person(
        person_id="p1",
        name="Anna",
        alias="quiet-urchin-1040",
        created_at=moment,
        restricted_at=None,
        saw_listens_at=moment,
        is_told_aloud=False,
    )

    async def known(cookies: str) -> Person | None:
        return anna if cookies == "earwitness-person=token" else None

    direct, linked = {"sec-fetch-site": "none"}, {"sec-fetch-site": "cross-site"}
    assert 'data-signed-in="no"' in rendered("/history", known=known, headers=direct)
    assert 'data-signed-in="maybe"' in rendered("/history", known=known, headers=direct | {"cookie": "earwitness-person=token"})
    assert 'data-signed-in="maybe"' in rendered("/history", known=known, headers=linked)
    assert 'data-signed-in="maybe"' in rendered("/history", headers=direct)
    assert "Anna" not in rendered("/history", known=known, headers=direct | {"cookie": "earwitness-person=token"})


def test_every_module_that_is_imported_is_there() -> None:
    for script in SCRIPTS:
        for name in IMPORT.findall(script.read_text(encoding="utf-8")):
            assert (HERE / "static" / name).is_file()
