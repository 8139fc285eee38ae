"""The page's own files: nothing inline, nothing from elsewhere, every picture and element that scripts name is there."""

import re
from pathlib import Path

import pytest

from earwitness import web

HERE = Path(web.__file__).parent
PAGES = sorted((HERE / "templates").glob("*.html"))
FILES = [*sorted((HERE / "templates").iterdir()), *sorted((HERE / "static").iterdir())]
SCRIPTS = sorted((HERE / "static").glob("*.js"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_pages_hold_no_inline_code_or_style(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
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


def test_every_element_and_picture_that_is_named_is_there() -> None:
    page = (HERE / "templates" / "page.html").read_text(encoding="utf-8")
    pictures = set(re.findall(r'<symbol id="([\w-]+)"', (HERE / "templates" / "icons.svg").read_text(encoding="utf-8")))
    scripts = "".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
    assert set(re.findall(r'byId\("([\w-]+)"\)', scripts)) <= set(re.findall(r'\bid="([\w-]+)"', page))
    assert set(re.findall(r'href="#([id]-[\w-]+)"', page)) <= pictures
    assert set(re.findall(r'"#?([id]-[a-z][\w-]+)"', scripts)) <= pictures


def test_every_module_that_is_imported_is_there() -> None:
    for script in SCRIPTS:
        for name in re.findall(r'from "\./([\w-]+\.js)"', script.read_text(encoding="utf-8")):
            assert (HERE / "static" / name).is_file()
