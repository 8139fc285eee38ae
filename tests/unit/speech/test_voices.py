"""The catalogue of voices, on engines that answer with counted samples instead of speech."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import SettingsError, TextError, VoiceError
from earwitness.domain.voice import Voice
from earwitness.speech.models import ModelStore
from earwitness.speech.pinned import PINNED
from earwitness.speech.tts.kokoro import symbols
from earwitness.speech.tts.kokoro_styles import STYLES
from earwitness.speech.voices import LONGEST_TEXT, VoiceCatalogue


class Ticker:
    """An engine that gives one sample per letter and remembers what it was asked."""

    name = "ticker"

    def __init__(self, *voices: str) -> None:
        self._voices = voices
        self.said: list[tuple[str, str, float, float]] = []

    def voices(self) -> tuple[Voice, ...]:
        return tuple(
            Voice(name=name, engine=self.name, language="en", gender="none", description="ticks") for name in self._voices
        )

    def say(self, sentence: str, *, voice: str, speed: float, pause_seconds: float) -> Iterator[Pcm]:
        self.said.append((sentence, voice, speed, pause_seconds))
        yield Pcm(data=b"\1\0" * len(sentence))
        yield Pcm(data=b"")


def _catalogue(*engines: Ticker) -> VoiceCatalogue:
    return VoiceCatalogue(ModelStore(Path("nowhere")), engines=engines or (Ticker("anna", "bella"),))


def test_sentences_come_one_by_one_and_only_when_asked_for() -> None:
    ticker = Ticker("anna")
    pieces = _catalogue(ticker).stream("One. Two is longer. Three.", voice="anna", speed=2.0)
    assert ticker.said == []
    assert next(pieces).sample_count == len("One.")
    assert [said[0] for said in ticker.said] == ["One."]
    assert [piece.sample_count for piece in pieces] == [len("Two is longer."), len("Three.")]
    assert [said[2] for said in ticker.said] == [2.0] * 3


def test_there_is_a_pause_between_sentences_but_none_at_the_end() -> None:
    ticker = Ticker("anna")
    list(_catalogue(ticker).stream("One. Two.", voice="anna"))
    first, last = (said[3] for said in ticker.said)
    assert first > 0
    assert last == 0


def test_an_unknown_voice_names_close_matches_at_once() -> None:
    with pytest.raises(VoiceError, match="did you mean bella") as caught:
        _catalogue().stream("Hello.", voice="Bela")
    assert caught.value.code == "voice.unknown"
    with pytest.raises(VoiceError, match="earwitness voices"):
        _catalogue().stream("Hello.", voice="zzzz" * 10_000)


@pytest.mark.parametrize("speed", [0.49, 2.01, 0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(SettingsError, match=r"0\.5 to 2"):
        _catalogue().stream("Hello.", voice="anna", speed=speed)


def test_too_long_a_text_is_refused_before_anything_is_said() -> None:
    ticker = Ticker("anna")
    with pytest.raises(TextError) as caught:
        _catalogue(ticker).stream("a" * (LONGEST_TEXT + 1), voice="anna")
    assert caught.value.code == "text.too_long"
    assert ticker.said == []
    assert sum(piece.sample_count for piece in _catalogue(ticker).stream("a" * LONGEST_TEXT, voice="anna")) >= LONGEST_TEXT


@pytest.mark.parametrize("text", ["", " \n", "\N{GRINNING FACE}", "..."])
def test_nothing_to_say_gives_nothing(text: str) -> None:
    assert list(_catalogue().stream(text, voice="anna")) == []


@given(st.text(max_size=300))
def test_no_text_upsets_the_catalogue(text: str) -> None:
    assert all(piece.data for piece in _catalogue().stream(text, voice="anna"))


def test_a_name_belongs_to_one_engine() -> None:
    with pytest.raises(ValueError, match="anna"):
        _catalogue(Ticker("anna"), Ticker("anna"))


def test_warming_speaks_once_into_nothing() -> None:
    ticker = Ticker("anna")
    _catalogue(ticker).warm("anna")
    assert len(ticker.said) == 1


def test_the_shipped_catalogue_lists_every_voice_also_without_models(tmp_path: Path) -> None:
    voices = VoiceCatalogue(ModelStore(tmp_path)).voices()
    assert voices[0].name == "heart"
    assert len({voice.name for voice in voices}) == len(voices) == len(STYLES) + 1
    assert {voice.engine for voice in voices} == {"hibari", "kokoro"}
    assert not any(voice.is_installed for voice in voices if voice.engine == "kokoro")
    kinds = {(voice.language, voice.gender) for voice in voices}
    assert kinds == {("en-US", "female"), ("en-US", "male"), ("en-GB", "female"), ("en-GB", "male")}


def test_every_kokoro_style_is_pinned_and_optional() -> None:
    pinned = {file.name: file for file in PINNED}
    assert all(pinned[style.file_name].sha256 == style.sha256 and pinned[style.file_name].is_optional for style in STYLES)
    assert len({style.sha256 for style in STYLES}) == len(STYLES) == 28


def test_the_symbol_table_is_one_to_one() -> None:
    numbers = symbols().values()
    assert len(set(numbers)) == len(numbers)
    assert all(len(character) == 1 and number > 0 for character, number in symbols().items())
