"""The assistant on simple engines: alerts ring everywhere and end everywhere, single turns, voices that exist."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.board import Board
from earwitness.domain.errors import AudioError, TextError, VoiceError
from earwitness.domain.home import Home
from earwitness.domain.turn import Outcome
from earwitness.domain.voice import Voice
from earwitness.speech.audio_file import wav_header
from earwitness.turn.assistant import Assistant, Makers
from earwitness.turn.runner import Manner
from earwitness.turn.workers import Workers
from tests.fakes import Beeper, LoudnessVad, engines, silence, tone
from tests.unit.turn.test_runner import Recorder


class Catalogue(Beeper):
    def voices(self) -> tuple[Voice, ...]:
        installed = Voice(name="heart", engine="beeper", language="en-US", gender="female", description="A beep.")
        absent = Voice(name="bella", engine="beeper", language="en-US", gender="female", description="", is_installed=False)
        return installed, absent


class Empty:
    def board(self) -> Board:
        return Board(home=Home(name="empty", is_simulated=True))

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


class DeafEar:
    def hear(self, chunk: bytes) -> tuple[str | None, bytes]:
        return None, b""

    def open(self) -> bytes:
        return b""

    def close(self) -> None:
        pass


@pytest.fixture
def stopped() -> list[str]:
    return []


@pytest.fixture
def assistant(stopped: list[str]) -> Iterator[Assistant]:
    with Workers() as workers:
        parts = engines(workers)
        yield Assistant(
            makers=Makers(engines=lambda: parts, vad=LoudnessVad, ear=DeafEar, cue=lambda name: Pcm(data=b"")),
            voices=Catalogue(),
            house=Empty(),
            acknowledge=stopped.append,
            manner=Manner(),
            area=None,
        )


async def test_an_alert_rings_everywhere_and_ends_everywhere(assistant: Assistant, stopped: list[str]) -> None:
    kitchen, bedroom = Recorder(), Recorder()
    first = assistant.converse(kitchen, is_hands_free=False)
    assistant.ring("t1", "Your timer is done.")
    second = assistant.converse(bedroom, is_hands_free=False)
    tasks = [asyncio.create_task(conversation.run()) for conversation in (first, second)]
    for room in (kitchen, bedroom):
        await room.until(type="alert", id="t1")
    await first.stop()
    for room in (kitchen, bedroom):
        await room.until(type="alert_end", id="t1")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert stopped == ["t1"]


async def test_a_typed_request_is_answered_without_a_device(assistant: Assistant) -> None:
    turn = await assistant.ask_text("turn on the lamp")
    assert (turn.outcome, turn.reply) == (Outcome.DONE, "Turned on the lamp.")


async def test_the_bytes_of_a_recording_are_answered(assistant: Assistant) -> None:
    sound = silence(0.5) + tone(1.0) + silence(0.5)
    turn = await assistant.ask_audio(wav_header(len(sound), rate_hz=16_000) + sound)
    assert turn.transcript == "turn on the lamp"


async def test_bad_requests_are_refused_by_name(assistant: Assistant) -> None:
    with pytest.raises(TextError):
        await assistant.ask_text("x" * 100_000)
    with pytest.raises(VoiceError, match="no voice called nobody"):
        await assistant.ask_text("hello", voice="nobody")
    with pytest.raises(VoiceError, match="not installed"):
        await assistant.ask_text("hello", voice="bella")
    with pytest.raises(AudioError):
        await assistant.ask_audio(b"not sound")


async def test_a_spoken_reply_is_returned_as_sound(assistant: Assistant) -> None:
    _, speech = await assistant.ask("turn on the lamp", is_silent=False)
    assert sum(part.seconds for part in speech) == 1.0
