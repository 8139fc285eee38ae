"""Makes ZIM files for tests, with indexes of titles and texts, out of pages as Wikipedia writes them."""

from collections.abc import Mapping
from pathlib import Path

from libzim.writer import Creator, Hint, Item, StringProvider


class Page(Item):  # type: ignore[misc]
    """One article."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self.title, self.text = title, text

    def get_path(self) -> str:
        return self.title.replace(" ", "_")

    def get_title(self) -> str:
        return self.title

    def get_mimetype(self) -> str:
        return "text/html"

    def get_contentprovider(self) -> StringProvider:
        return StringProvider(self.text)

    def get_hints(self) -> dict[Hint, int]:
        return {Hint.FRONT_ARTICLE: 1}


def make_zim(path: Path, pages: Mapping[str, str], *, redirects: Mapping[str, str], title: str, dated: str) -> Path:
    """A file with these pages (title to HTML) and other names for them; its own title and date."""
    with Creator(path).config_indexing(True, "eng") as creator:
        creator.set_mainpath(next(iter(pages)).replace(" ", "_"))
        for name, text in pages.items():
            creator.add_item(Page(name, f"<html><head><title>{name}</title></head><body>{text}</body></html>"))
        for name, target in redirects.items():
            creator.add_redirection(name.replace(" ", "_"), name, target.replace(" ", "_"), {Hint.FRONT_ARTICLE: 1})
        for key, value in {"Title": title, "Date": dated, "Language": "eng", "Name": path.stem}.items():
            creator.add_metadata(key, value)
    return path
