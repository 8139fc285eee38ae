"""This machine's mouth and ear, on a sound card that a test stands for: when an answer ends, and that the microphone is shut."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from earwitness.cli.aloud import Heard
from earwitness.cli.machine_talk import MachineTalk
from earwitness.domain.audio import Pcm
from tests.fakes import LoudnessVad, ScriptedRecogniser, tone

CHUNK_BYTES = 1024
LOUD, QUIET = tone(0.032), bytes(CHUNK_BYTES)


@dataclass
class Stream:
    """Runs until it is closed."""

    work: Callable[["Stream"], None]
    is_closed: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> "Stream":
        threading.Thread(target=self.work, args=(self,), daemon=True).start()
        return self

    def close(self, **_: object) -> None:
        self.is_closed.set()


@dataclass
class Card:
    """Plays whatever it is given, and hears `sound`, then silence: eight times as fast as it would."""

    sound: bytes
    played: int = 0
    microphones: list[Stream] = field(default_factory=list)

    def open(self, direction: str, *, callback: Callable[..., None], block_seconds: float, **_: object) -> tuple[Stream, int]:
        if direction == "output":
            return Stream(lambda stream: self._play(stream, callback)).begin(), 24_000
        self.microphones.append(Stream(lambda stream: self._hear(stream, callback)).begin())
        return self.microphones[-1], 16_000

    def _play(self, stream: Stream, callback: Callable[..., None]) -> None:
        times, status = SimpleNamespace(outputBufferDacTime=0.0, currentTime=0.0), SimpleNamespace(output_underflow=False)
        while not stream.is_closed.wait(0.001):
            out = bytearray(480)
            callback(memoryview(out), 240, times, status)
            self.played += any(out)

    def _hear(self, stream: Stream, callback: Callable[..., None]) -> None:
        at = 0
        while not stream.is_closed.wait(0.004):
            callback(self.sound[at : at + CHUNK_BYTES] or QUIET, 512, None, None)
            at += CHUNK_BYTES


def talk(card: Card, recogniser: ScriptedRecogniser, *, is_typing: bool = False) -> MachineTalk:
    def speak(text: str, voice: str) -> list[Pcm]:
        return [Pcm(data=tone(0.1), rate_hz=16_000)]

    sound_card: Any = card
    return MachineTalk(sound_card, speak=speak, recogniser=recogniser, vad=LoudnessVad(), is_typing=lambda: is_typing)


def test_an_answer_ends_with_the_silence_after_it_and_the_microphone_is_shut() -> None:
    card, recogniser = Card(sound=20 * QUIET + 30 * LOUD + 10 * QUIET + 10 * LOUD), ScriptedRecogniser(text="Villa Test")
    assert talk(card, recogniser).hear(hints=()) == Heard(words="Villa Test")
    assert card.played > 0, "a tone comes first"
    assert [one.is_closed.is_set() for one in card.microphones] == [True]
    seconds = recogniser.calls[0]
    assert 70 * 0.032 + 0.8 < seconds < 70 * 0.032 + 1.6, "a pause within is no end"


def test_silence_is_no_answer() -> None:
    recogniser = ScriptedRecogniser()
    assert talk(Card(sound=b""), recogniser).hear(hints=()) == Heard(words="")
    assert recogniser.calls == []


def test_who_types_is_read_and_heard_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    card, recogniser = Card(sound=30 * LOUD), ScriptedRecogniser()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(readline=lambda: "Cabin\n"))
    assert talk(card, recogniser, is_typing=True).hear(hints=()) == Heard(words="Cabin", is_typed=True)
    assert recogniser.calls == []
    assert all(one.is_closed.is_set() for one in card.microphones)


def test_what_is_said_is_played() -> None:
    card = Card(sound=b"")
    talk(card, ScriptedRecogniser()).say("Hello", voice="heart")
    assert card.played > 0
    assert card.microphones == []
