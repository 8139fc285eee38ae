"""Manifests: files with one JSON object a line, each an item to evaluate. Reads and checks them; never opens the audio.

Every key is optional, but an item needs `audio` or `text`:

    audio      path of a recording, see below
    text       what is said in it, or the sentence itself
    intent     name of the intent; "oos" or null for what is no request
    slots      object of slot names and values (text, number, boolean, or a list of alternatives)
    keyword    the wake word that is said in it
    context    object; its `area` is the room in which it was said
    speaker, duration_seconds, and any other key are allowed and not used

A relative audio path is looked for in the manifest's own folder, then in that folder's parents, up to the root.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earwitness.domain.errors import ManifestError
from earwitness.improve.metrics import SlotTruth

OUT_OF_SCOPE = frozenset({"oos", "out_of_scope", "none"})
"""Intent names by which manifests say that a sentence is no request."""
LONGEST_LINE = 1_000_000
"""Characters of one line; a manifest line holds a sentence, not a book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a manifest. `has_intent` tells "no request" (True, `intent` None) from "not said" (False)."""

    line: int
    audio: Path | None = None
    text: str | None = None
    intent: str | None = None
    has_intent: bool = False
    slots: Mapping[str, SlotTruth] = field(default_factory=dict)
    keyword: str | None = None
    area: str | None = None


def read_manifest(path: Path) -> tuple[Item, ...]:
    """Every item of the manifest. Raises ManifestError, naming the line, at the first that is wrong; also if there is none."""
    items = tuple(_items(path))
    if not items:
        raise ManifestError(f"The manifest {path} has no items; each line must be a JSON object.")
    return items


def _items(path: Path) -> Iterator[Item]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise _wrong(path, number, f"is longer than {LONGEST_LINE:,} characters")
                if line.strip():
                    yield _item(line, path=path, number=number)
    except FileNotFoundError as error:
        raise ManifestError(f"There is no manifest at {path}.") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"The manifest {path} is not UTF-8 text; save it as JSON lines in UTF-8.") from error
    except OSError as error:
        raise ManifestError(f"The manifest {path} cannot be read; check that it is a file you may read.") from error


def _wrong(path: Path, number: int, what: str) -> ManifestError:
    return ManifestError(f"Line {number} of {path} {what}.")


def _item(line: str, *, path: Path, number: int) -> Item:
    try:
        entry: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _wrong(path, number, "is not JSON") from error
    if not isinstance(entry, dict):
        raise _wrong(path, number, "is not a JSON object")
    reader = _Reader(entry=entry, path=path, number=number)
    audio, text = reader.text("audio"), reader.text("text")
    if audio is None and text is None:
        raise _wrong(path, number, "has neither audio nor text")
    intent = reader.text("intent")
    return Item(
        line=number,
        audio=None if audio is None else reader.audio(audio),
        text=text,
        intent=None if intent is None or intent.lower() in OUT_OF_SCOPE else intent,
        has_intent="intent" in entry,
        slots=reader.slots(),
        keyword=reader.text("keyword"),
        area=reader.area(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """One line's object, read key by key."""

    entry: dict[str, Any]
    path: Path
    number: int

    def text(self, key: str) -> str | None:
        value = self.entry.get(key)
        if value is None or isinstance(value, str):
            return value
        raise _wrong(self.path, self.number, f"has a {key} that is not text")

    def audio(self, name: str) -> Path:
        if not name or "\0" in name:
            raise _wrong(self.path, self.number, "names no audio file")
        given = Path(name)
        folder = self.path.resolve().parent
        try:
            for place in (folder, *folder.parents):
                if (place / given).is_file():
                    return place / given
        except OSError as error:
            raise _wrong(self.path, self.number, "names an audio file that cannot be reached") from error
        raise _wrong(self.path, self.number, f"names {name}, which is neither below {folder} nor below its parents")

    def slots(self) -> Mapping[str, SlotTruth]:
        value = self.entry.get("slots")
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(_is_truth(slot) for slot in value.values()):
            raise _wrong(self.path, self.number, "has slots that are not an object of text, numbers, booleans or lists of them")
        return value

    def area(self) -> str | None:
        value = self.entry.get("context")
        if value is None:
            return None
        area = value.get("area") if isinstance(value, dict) else 0
        if area is None or isinstance(area, str):
            return area
        raise _wrong(self.path, self.number, "has a context that is not an object with a room's name as area")


def _is_truth(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, str | int | float) for one in value)
    return isinstance(value, str | int | float)
