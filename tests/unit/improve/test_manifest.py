import json
from pathlib import Path

import pytest

from earwitness.domain.errors import ManifestError
from earwitness.improve.manifest import read_manifest


def write(folder: Path, *lines: object) -> Path:
    path = folder / "m.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_items_carry_what_the_line_says(tmp_path: Path) -> None:
    line = {"text": "on", "intent": "HassTurnOn", "slots": {"name": "Lamp", "brightness": 5.0, "color": ["red", "ruby"]}}
    path = write(
        tmp_path, line | {"context": {"area": "Kitchen"}, "speaker": 7}, "", {"text": "hm", "intent": "oos"}, {"text": "a"}
    )
    first, second, third = read_manifest(path)
    assert (first.line, first.text, first.intent, first.area) == (1, "on", "HassTurnOn", "Kitchen")
    assert first.slots == line["slots"]
    assert (second.line, second.intent, second.has_intent) == (3, None, True)
    assert not third.has_intent


@pytest.mark.parametrize("place", ["audio/a.flac", "data/audio/a.flac", "data/lists/audio/a.flac"])
def test_audio_is_found_below_the_manifest_or_its_parents(tmp_path: Path, place: str) -> None:
    recording = tmp_path / place
    recording.parent.mkdir(parents=True)
    recording.touch()
    folder = tmp_path / "data" / "lists"
    folder.mkdir(parents=True, exist_ok=True)
    (item,) = read_manifest(write(folder, {"audio": "audio/a.flac"}))
    assert item.audio is not None
    assert item.audio.samefile(recording)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "null",
        "7",
        "[" * 100_000,
        {},
        {"audio": None},
        {"audio": 3},
        {"audio": ""},
        {"audio": "a\0b"},
        {"audio": "nowhere.flac"},
        {"audio": "x" * 5000},
        {"text": 3},
        {"text": "a", "intent": 4},
        {"text": "a", "slots": []},
        {"text": "a", "slots": {"name": {}}},
        {"text": "a", "slots": {"name": []}},
        {"text": "a", "context": "Kitchen"},
        {"text": "a", "context": {"area": 5}},
        {"text": "a", "keyword": 5},
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: object) -> None:
    with pytest.raises(ManifestError, match="Line 2 of ") as caught:
        read_manifest(write(tmp_path, {"text": "fine"}, line))
    assert caught.value.code == "manifest.invalid"
    assert "\n" not in caught.value.sentence


def test_files_that_are_no_manifests(tmp_path: Path) -> None:
    binary = tmp_path / "b.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    endless = tmp_path / "e.jsonl"
    endless.write_text("x" * 1_000_010, encoding="utf-8")
    for path in (tmp_path / "none.jsonl", tmp_path, write(tmp_path, "", "  "), binary, endless):
        with pytest.raises(ManifestError):
            read_manifest(path)
