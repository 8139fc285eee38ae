"""A process of its own that reads ZIM files: `python -m earwitness.links.zim_reader FOLDER`, a question in JSON per line.

It is apart because libzim is native code that meets files from anywhere, and under the GPL: nothing else imports libzim, and
whoever started this process ends it when it does not answer. It opens no connection and writes no file.
"""

import json
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from earwitness.links.article_facts import Fact, asked_fact, find_fact
from earwitness.links.article_text import LONGEST_SENTENCE, Article, read_article

MOST_FILES: Final = 50
MOST_PAGE_BYTES: Final = 4 * 1024 * 1024
MOST_MEMORY_BYTES: Final = 1024 * 1024 * 1024
MOST_MORE: Final = 6
NOT_INSTALLED: Final = 3
"""How the process ends without libzim."""
_MOST_REDIRECTS: Final = 5
_MOST_TRIED: Final = 10


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL_WORDS: Final = _words(
    "a an the of in on at by for to and or is are was were be been do does did who what when where why how "
    "which that this about tell me you know can please"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One open file."""

    archive: Any
    name: str
    """Its title, such as "Simple English Wikipedia"."""
    dated: str
    """The month of its making, such as "March 2026", or empty."""

    @property
    def source(self) -> str:
        return f"{self.name}, {self.dated}" if self.dated else self.name


class Shelf:
    """The files of a folder, opened when they are first seen and again when they change. What cannot be opened is counted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[tuple[str, int, int], Book | None] = {}

    def books(self) -> list[Book]:
        seen: dict[tuple[str, int, int], Book | None] = {}
        for path in sorted(self._folder.glob("*.zim"))[:MOST_FILES]:
            with suppress(OSError):
                found = path.stat()
                sign = (path.name, found.st_mtime_ns, found.st_size)
                seen[sign] = self._open[sign] if sign in self._open else _opened(path)
        self._open = seen
        return [book for book in seen.values() if book is not None]

    @property
    def damaged(self) -> int:
        return sum(book is None for book in self._open.values())


def _opened(path: Path) -> Book | None:
    from libzim.reader import Archive

    try:
        archive = Archive(path)
        name = _metadata(archive, "Title") or path.stem.replace("_", " ")
        dated = ""
        with suppress(ValueError):
            dated = date.fromisoformat(_metadata(archive, "Date")).strftime("%B %Y")
    except Exception:  # native code on a file from anywhere
        return None
    return Book(archive=archive, name=name, dated=dated)


def _metadata(archive: Any, name: str) -> str:
    if name not in archive.metadata_keys:
        return ""
    text = bytes(archive.get_metadata(name)[:500]).decode("utf-8", "replace")
    return " ".join(text.split())[:80]


def answer(shelf: Shelf, question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question, as it goes on the wire."""
    words = " ".join(str(question.get("words", ""))[:300].split())
    match question.get("do"):
        case "look_up":
            return {"answer": _look_up(shelf, words)}
        case "fact":
            return {"answer": _fact(shelf, words)}
        case "search":
            return {"titles": [title for title, _ in _searched(shelf, words)]}
        case _:
            books = [{"name": book.name, "dated": book.dated, "articles": book.archive.article_count} for book in shelf.books()]
            return {"books": books, "damaged": shelf.damaged}


def _look_up(shelf: Shelf, words: str) -> dict[str, Any] | None:
    topic = re.sub(r"^(?:the|a|an) ", "", words.strip(" ?.!"), flags=re.I)
    for book in shelf.books():
        for entry in (*_titled(book, topic), *_about(book, topic)):
            title, article = entry.title, _article(entry)
            if article is None or article.is_signpost:
                continue
            first, *more = article.lead or article.body or ("",)
            if 0 < len(first) <= LONGEST_SENTENCE:
                return _told(first, more, title=title, book=book)
    return None


def _fact(shelf: Shelf, words: str) -> dict[str, Any] | None:
    fact = asked_fact(words)
    return next(_facts(shelf, fact), None) if fact else None


def _facts(shelf: Shelf, fact: Fact) -> Iterator[dict[str, Any]]:
    for book in shelf.books():
        for entry in _titled(book, fact.topic):
            article = _article(entry)
            if article is not None and not article.is_signpost and (found := find_fact(article, fact, title=entry.title)):
                yield _told(found, [], title=entry.title, book=book)


def _told(first: str, more: list[str], *, title: str, book: Book) -> dict[str, Any]:
    kept = [sentence for sentence in more if len(sentence) <= LONGEST_SENTENCE][:MOST_MORE]
    return {"sentence": first, "more": kept, "title": title[:200], "source": f"{title[:200]} in {book.source}"}


def _titled(book: Book, topic: str) -> Iterator[Any]:
    """Articles with that very title, whatever its case; also what it is another name of."""
    wanted = _plain(topic)
    seen: set[str] = set()
    for title in dict.fromkeys((topic, topic[:1].upper() + topic[1:], topic.title())):
        with suppress(Exception):  # libzim raises KeyError and RuntimeError
            if book.archive.has_entry_by_title(title):
                yield from _once(_resolved(book.archive.get_entry_by_title(title)), seen)
    for path in _suggested(book, topic):
        with suppress(Exception):
            entry = book.archive.get_entry_by_path(path)
            if _plain(entry.title) == wanted:
                yield from _once(_resolved(entry), seen)


def _once(entry: Any, seen: set[str]) -> Iterator[Any]:
    if entry is not None and entry.path not in seen:
        seen.add(entry.path)
        yield entry


def _about(book: Book, topic: str) -> Iterator[Any]:
    """Articles that a search in the text finds first and whose title names the topic."""
    wanted = set(_plain(topic).split()) - _SMALL_WORDS
    for path in _found(book, topic)[:_MOST_TRIED]:
        with suppress(Exception):
            entry = _resolved(book.archive.get_entry_by_path(path))
            if entry is not None and wanted and wanted <= set(_plain(entry.title).split()):
                yield entry


def _searched(shelf: Shelf, words: str, *, most: int = 5) -> list[tuple[str, str]]:
    """Titles of the articles that a search finds, the best of each file first, with the file they are in."""
    found: list[tuple[str, str]] = []
    for book in shelf.books():
        for path in (*_suggested(book, words), *_found(book, words)):
            with suppress(Exception):
                entry = _resolved(book.archive.get_entry_by_path(path))
                if entry is not None and (entry.title, book.name) not in found and len(found) < most:
                    found.append((entry.title[:200], book.name))
    return found


def _suggested(book: Book, words: str) -> list[str]:
    from libzim.suggestion import SuggestionSearcher

    with suppress(Exception):
        return list(SuggestionSearcher(book.archive).suggest(words).getResults(0, _MOST_TRIED))
    return []


def _found(book: Book, words: str) -> list[str]:
    from libzim.search import Query, Searcher

    said = " ".join(word for word in re.findall(r"\w+", words) if word.casefold() not in _SMALL_WORDS)
    with suppress(Exception):
        if said and book.archive.has_fulltext_index:
            return list(Searcher(book.archive).search(Query().set_query(said)).getResults(0, _MOST_TRIED))
    return []


def _resolved(entry: Any) -> Any:
    for _ in range(_MOST_REDIRECTS):
        if not entry.is_redirect:
            return entry
        entry = entry.get_redirect_entry()
    return None


def _article(entry: Any) -> Article | None:
    with suppress(Exception):
        item = entry.get_item()
        if item.mimetype.startswith("text/html") and item.size <= MOST_PAGE_BYTES:
            return read_article(bytes(item.content))
    return None


def _plain(title: str) -> str:
    return " ".join(re.findall(r"\w+", re.sub(r"^(?:the|a|an) ", "", title.casefold())))


def main() -> None:
    """Answer a question per line until there are no more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Files are mapped, which does not count; what is unpacked from them does.
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    try:
        import libzim  # noqa: F401
    except ImportError:
        sys.exit(NOT_INSTALLED)
    shelf = Shelf(Path(sys.argv[1]))
    shelf.books()
    print(json.dumps({"id": 0}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps({"id": question["id"], **answer(shelf, question)}), flush=True)


if __name__ == "__main__":
    main()
