"""Phrases are kept once whole, found again, and bounded."""

from pathlib import Path

import pytest

from earwitness.domain.audio import Pcm
from earwitness.satellite.phrases import LONGEST_BYTES, Phrases


def test_a_phrase_is_kept_when_it_is_whole(tmp_path: Path) -> None:
    phrases = Phrases(tmp_path)
    phrases.begin("away", 9, rate_hz=24_000)
    phrases.feed(9, b"ab")
    assert phrases.find("away") is None
    phrases.feed(9, b"cd")
    keep = phrases.end(9)
    assert phrases.find("away") == Pcm(data=b"abcd", rate_hz=24_000)
    assert keep is not None
    keep()
    assert not phrases.is_coming(9)
    assert Phrases(tmp_path).find("away") == Pcm(data=b"abcd", rate_hz=24_000)


@pytest.mark.parametrize("name", ["../away", "Away", "", "a" * 33, "a/b"])
def test_a_name_that_is_none_is_passed_over(tmp_path: Path, name: str) -> None:
    phrases = Phrases(tmp_path)
    phrases.begin(name, 9, rate_hz=24_000)
    assert not phrases.is_coming(9)


def test_a_phrase_without_end_is_dropped(tmp_path: Path) -> None:
    phrases = Phrases(tmp_path)
    phrases.begin("away", 9, rate_hz=24_000)
    phrases.feed(9, bytes(LONGEST_BYTES))
    phrases.feed(9, b"ab")
    assert not phrases.is_coming(9)


@pytest.mark.parametrize(
    "content",
    [b"", b"earwitness phrase 1 24000\n", b"earwitness phrase 1 x\nabcd", b"earwitness phrase 1 24000\nabc", b"RIFF\nabcd"],
)
def test_a_damaged_file_is_no_phrase(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "away.pcm").write_bytes(content)
    assert Phrases(tmp_path).find("away") is None
